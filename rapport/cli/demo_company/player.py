"""Plays the weeks gone by: mails through SMTP to the company's own listener, answers through the real actions.

Everything goes in the order of time. Played again, with the same anchor, it changes nothing: the mails are the same
bytes, and what members did is looked up before it is done.
"""

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from rapport.cli.demo_company.company import Company
from rapport.cli.demo_company.mails import Letter, Said, compose
from rapport.cli.demo_company.plan import Play, Step, letter_id, plan
from rapport.cli.demo_company.scripts import ASSIGN, NOTE, RESOLVE, SAY, THEM, all_scripts
from rapport.conversations import actions
from rapport.conversations.models import Conversation, Message
from rapport.core import clock, scope
from rapport.core.errors import RapportError
from rapport.core.models import Event
from rapport.inbound.models import RawItem, RawState
from rapport.staff.models import Member, Team

_DRAIN_SECONDS_MAX = 120.0
_DRAIN_PAUSE_SECONDS = 0.01
_MACHINES = frozenset({"auto", "bounce"})


@dataclass
class Played:
    """What has been played so far."""

    mails: int = 0
    actions: int = 0
    left_out: int = 0


@dataclass
class _Scene:
    """One conversation while it is played."""

    first_id: str
    said: list[Said] = field(default_factory=list)
    conversation_id: UUID | None = None
    is_on_its_way: bool = False


class Player:
    """Plays a company's plan. `listener` is the (host, port) of its mail listener; `tell(done, all)` hears of progress.

    `wait` returns when the intake has worked off what was delivered.
    """

    def __init__(
        self,
        company: Company,
        anchor: datetime,
        listener: tuple[str, int],
        tell: Callable[[int, int], None] = lambda done, whole: None,
        wait: Callable[[], None] | None = None,
    ) -> None:
        self._company = company
        self._anchor = anchor
        self._listener = listener
        self._tell = tell
        self._wait = wait or until_worked_off
        self._scenes: dict[str, _Scene] = {}
        self._members = {one.email: one for one in Member.objects.all()}
        self._teams = {team.slug: team for team in Team.objects.all()}
        self._played = Played()

    def play(self) -> Played:
        """Play every step in the order of time, and say how much there was."""
        steps = plan(self._company, all_scripts(), self._anchor)
        with smtplib.SMTP(*self._listener, timeout=60) as server:
            for number, step in enumerate(steps, 1):
                self._do(step, server)
                self._tell(number, len(steps))
        self._arrive()
        return self._played

    def _do(self, step: Step, server: smtplib.SMTP) -> None:
        scene = self._scenes.setdefault(step.play.key, _Scene(letter_id(step.play, 0, self._anchor)))
        if step.turn.by == THEM:
            self._mail(step, scene, server)
            return
        if scene.is_on_its_way:
            self._arrive()
        if scene.conversation_id is None:
            # Quarantined, or taken for something that makes no conversation: then nobody answers it.
            self._played.left_out += 1
            return
        self._act(step, scene, scene.conversation_id)

    def _mail(self, step: Step, scene: _Scene, server: smtplib.SMTP) -> None:
        letter = _letter(step, self._company, self._anchor, tuple(scene.said))
        sender = "" if step.turn.flags & _MACHINES else letter.address
        server.sendmail(sender, [letter.to], compose(letter))
        if not step.turn.flags & _MACHINES:
            scene.said.append(Said(letter.message_id, letter.name, letter.text, letter.at))
        scene.is_on_its_way = True
        self._played.mails += 1

    def _arrive(self) -> None:
        """Let everything on its way arrive, and learn which conversations it came to."""
        self._wait()
        waiting = {scene.first_id: scene for scene in self._scenes.values() if scene.is_on_its_way}
        with scope.system():
            arrived = Message.objects.filter(message_id__in=waiting).values_list(
                "message_id", "conversation_id"
            )
            for message_id, conversation_id in arrived:
                waiting[message_id].conversation_id = conversation_id
        for scene in waiting.values():
            scene.is_on_its_way = False

    def _act(self, step: Step, scene: _Scene, conversation_id: UUID) -> None:
        """What a member does, at its moment; left out when it has been done already."""
        with scope.system():
            conversation = Conversation.objects.select_related("owner_member").get(id=conversation_id)
            done = Event.objects.filter(conversation_id=conversation_id, at=step.at).exists()
        member = self._members[self._company.member(step.turn.by).email]
        with clock.travel(step.at):
            if step.turn.verb == SAY:
                message = (
                    self._said(conversation, member, step) if done else self._say(conversation, member, step)
                )
                scene.said.append(Said(message.message_id, member.name, step.text, step.at))
            elif not done:
                _VERBS[step.turn.verb](self, conversation, member, step)
        self._played.actions += not done
