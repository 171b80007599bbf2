"""A thread for each channel on which something is to be sent: one whose server hangs holds up nobody else."""

import logging
import threading
from threading import Event
from uuid import UUID

import psycopg
from django.db import Error as DatabaseError
from django.db import connection

from rapport.core.errors import RapportError
from rapport.outbound import deliver, queue

log = logging.getLogger(__name__)
_LINGER_S = 20.0
_AFTER_FAULT_S = 1.0


class Senders:
    """The senders of one worker; `at_most` channels are sent on at the same time. Used from one thread."""

    def __init__(self, stopping: Event, at_most: int) -> None:
        self._stopping, self._at_most = stopping, at_most
        self._running: dict[UUID, _Sender] = {}

    def call(self) -> None:
        """See to it that whatever is due is being sent. Raises OperationalError without a database."""
        due = queue.due_channels()
        self._running = {id: one for id, one in self._running.items() if one.is_alive()}
        for channel_id in due:
            sender = self._running.get(channel_id)
            if sender is None and self._has_room():
                sender = self._running[channel_id] = _Sender(channel_id, self._stopping)
                sender.start()
            if sender is not None:
                sender.called.set()

    def join(self, seconds: float) -> None:
        """Wait for those that are sending, up to so long each."""
        for one in self._running.values():
            one.called.set()
        for one in self._running.values():
            one.join(seconds)

    def _has_room(self) -> bool:
        """Whether one more may begin; else those that only linger make room, for the next time."""
        if len(self._running) < self._at_most:
            return True
        for one in self._running.values():
            one.dismiss()
        return False


class _Sender(threading.Thread):
    """Sends what is due on one channel, one message after the other, and lingers for more: connecting anew costs."""

    def __init__(self, channel_id: UUID, stopping: Event) -> None:
        super().__init__(name=f"send {channel_id}", daemon=True)
        self.called = Event()
        self._channel_id, self._stopping, self._dismissed = channel_id, stopping, Event()

    def dismiss(self) -> None:
        """End, as soon as nothing is due."""
        self._dismissed.set()
        self.called.set()

    def run(self) -> None:
        """Until nothing was due for a while. A fault is logged; the channel is tried again when it is called."""
        try:
            while self.called.wait(_LINGER_S) and not self._stopping.is_set():
                self.called.clear()
                while not self._stopping.is_set() and deliver.run_batch(only=self._channel_id):
                    pass
                if self._dismissed.is_set():
                    return
        except (DatabaseError, psycopg.Error, OSError, RapportError) as error:
            log.warning("%s: %s", self.name, error)
            self._stopping.wait(_AFTER_FAULT_S)
        except Exception:  # one channel's fault must not end the others' sending
            log.exception("%s failed", self.name)
            self._stopping.wait(_AFTER_FAULT_S)
        finally:
            _drop_connection()


def _drop_connection() -> None:
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None
