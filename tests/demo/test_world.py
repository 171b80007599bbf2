"""The world outside takes mail in, answers what is new to it, and writes anew."""

import asyncio
import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from rapport.channels.kinds.email.model import ParsedMail
from rapport.channels.kinds.email.parse import parse_mail
from rapport.cli.demo_company import state, world
from rapport.cli.demo_company.company import load
from rapport.cli.demo_company.mails import Letter, Said, compose
from rapport.cli.demo_company.plan import plan
from rapport.cli.demo_company.scripts import SAY, THEM, all_scripts
from rapport.cli.demo_company.world import Place
from tests.support import free_port

ANCHOR = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
_PATIENCE_SECONDS = 60.0


class Company:
    """Stands for the company's listener: keeps what the world sends to it."""

    def __init__(self) -> None:
        self.mails: list[ParsedMail] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.mails.append(parse_mail(envelope.content))
        return "250 OK"


@pytest.fixture
def listening() -> Iterator[tuple[Company, int]]:
    company = Company()
    controller = Controller(company, "127.0.0.1", free_port())
    controller.start()
    yield company, controller.port
    controller.stop()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "ANSWER_AFTER_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(world, "FIRST_AFTER_SECONDS", 0.01)
    monkeypatch.setattr(world, "PAUSE_SECONDS", (0.01, 0.01))


def answer_of_the_company(text: str) -> bytes:
    company = load()
    person = next(person for person in company.people if person.language == "de")
    before = (Said(f"question@{person.email.rpartition('@')[2]}", person.name, "Warum?", ANCHOR),)
    return compose(
        Letter(
            "ours.1@tarnholt.example",
            "Jonas",
            "support@tarnholt.example",
            person.email,
            "Akku",
            text,
            ANCHOR,
            before=before,
        )
    )


def _hand_in(port: int, address: str, mail: bytes) -> None:
    """Give the world a mail, as soon as it listens."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            server = smtplib.SMTP("127.0.0.1", port)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < until, "the world never listened"
            time.sleep(0.02)
    with server:
        server.sendmail("support@tarnholt.example", [address], mail)


async def in_the_world(place: Place, company: Company, mails: list[bytes], wanted: int, *, live: bool = False) -> None:
    running = asyncio.create_task(world.run(place, with_live_messages=live))
    person = next(person for person in load().people if person.language == "de")
    for mail in mails:
        await asyncio.to_thread(_hand_in, place.sink_port, person.email, mail)
    until = time.monotonic() + (_PATIENCE_SECONDS if wanted else 0.5)
    while len(company.mails) < max(wanted, 1) and time.monotonic() < until:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def test_what_a_member_writes_is_answered_in_the_same_thread_and_language(
    listening: tuple[Company, int], tmp_path: Path
) -> None:
    company, port = listening
    place = Place(port, free_port(), tmp_path)
    asyncio.run(in_the_world(place, company, [answer_of_the_company("Bitte einmal ausschalten.")], 1))
    (mail,) = company.mails
    assert mail.in_reply_to == ("ours.1@tarnholt.example",)
    assert len(mail.references) == 2
    assert mail.to[0].address == "support@tarnholt.example"
    assert mail.subject == "Re: Akku"
    assert "Bitte einmal ausschalten." in mail.quote


def test_answers_of_the_history_are_not_answered_again(listening: tuple[Company, int], tmp_path: Path) -> None:
    company, port = listening
    state.write(tmp_path, state.State(ANCHOR.isoformat()))
    steps = plan(load(), all_scripts(), ANCHOR)
    old = sorted((s.text for s in steps if s.turn.verb == SAY and s.turn.by != THEM), key=len)
    place = Place(port, free_port(), tmp_path)
    mails = [answer_of_the_company(f"{text}\n\n-- \nJonas") for text in (old[0], old[-1])]
    asyncio.run(in_the_world(place, company, mails, 0))
    assert company.mails == []


def test_one_thread_is_answered_twice_at_most(listening: tuple[Company, int], tmp_path: Path) -> None:
    company, port = listening
    place = Place(port, free_port(), tmp_path)
    mails = [answer_of_the_company(f"Versuch {number}") for number in range(4)]
    asyncio.run(in_the_world(place, company, mails, 2))
    assert len(company.mails) == 2


def test_new_mail_arrives_only_once_the_history_is_played_and_is_counted(
    listening: tuple[Company, int], tmp_path: Path
) -> None:
    company, port = listening
    state.write(tmp_path, state.State(ANCHOR.isoformat(), is_played=True))
    asyncio.run(in_the_world(Place(port, free_port(), tmp_path), company, [], 7, live=True))
    assert len({mail.subject for mail in company.mails[:7]}) == 7
    kept = state.read(tmp_path)
    assert kept is not None
    assert kept.arrived >= 7
    nudges = [mail for mail in company.mails[:7] if mail.in_reply_to]
    assert len(nudges) == 1


def test_a_folder_of_somebody_else_is_not_taken_for_the_demos(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    (tmp_path / state.MARKER).write_text('{"something": "else"}')
    with pytest.raises(ValueError, match="not what the demo wrote"):
        state.read(tmp_path)
