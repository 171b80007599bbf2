"""The pass over all people runs apart: asked once to end, made to where it does not, and never heard of."""

import os
import subprocess
import sys
from threading import Event, Timer
from urllib.parse import urlsplit

import pytest
from django.db import connection

from rapport.people import nightly

_COUNTS = """
import signal, sys, time
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
print("ready", flush=True)
while not asked: time.sleep(0.01)
time.sleep(0.2)
sys.exit(len(asked))
"""
_STAYS = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""


def _running(script: str, monkeypatch: pytest.MonkeyPatch) -> Event:
    """`run_apart` runs this instead; what is given back is set once it runs."""
    began, popen = Event(), subprocess.Popen

    def start(command: list[str], **_: object) -> "subprocess.Popen[bytes]":
        process = popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        began.set()
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    return began


def test_it_is_asked_to_end_once_and_has_time_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "_PATIENCE_S", 60.0)
    assert nightly.run_apart(_running(_COUNTS, monkeypatch)) == 1


def test_where_it_does_not_end_it_is_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "_PATIENCE_S", 0.2)
    assert nightly.run_apart(_running(_STAYS, monkeypatch)) == -9


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [0.3, 0.6])
def test_whenever_it_is_ended_nothing_is_said(
    after: float, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    monkeypatch.setenv("DATABASE_URL", url)
    stopping = Event()
    timer = Timer(after, stopping.set)
    timer.start()
    nightly.run_apart(stopping)
    timer.join()
    assert capfd.readouterr().err == ""
