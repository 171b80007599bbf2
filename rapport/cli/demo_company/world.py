"""Everybody outside the demo company, as one small process without database or Django.

It takes in the mail the company sends, answers what the person at the keyboard wrote, and writes anew now and
then. Nothing of it ever leaves the machine.
"""

import asyncio
import random
import smtplib
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parseaddr
from pathlib import Path
from typing import cast
from uuid import uuid4

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from rapport.cli.demo_company import state as states
from rapport.cli.demo_company.company import FOLDER, Company, Person, load
from rapport.cli.demo_company.mails import Letter, Said, compose
from rapport.cli.demo_company.plan import Play, first_letter_id, plan, plays
from rapport.cli.demo_company.scripts import SAY, THEM, Script, all_scripts, live_scripts, render

FIRST_AFTER_SECONDS = 4.0
PAUSE_SECONDS = (20.0, 60.0)
ANSWER_AFTER_SECONDS = (6.0, 18.0)
LETTERS_A_START = 24
NUDGE_EVERY = 5
_ANSWERS_A_THREAD = 2
_MAIL_BYTES_MAX = 40_000_000
_COMPARED_CHARACTERS = 60
_UNTIL_PLAYED_SECONDS = 0.5


@dataclass(frozen=True)
class Place:
    """Where the world meets the company."""

    listener_port: int
    sink_port: int
    folder: Path


class World:
    """The people outside. `handle_DATA` is aiosmtpd's hook for a mail that came in from the company."""

    def __init__(self, place: Place, company: Company) -> None:
        self._place = place
        self._company = company
        self._people = {person.email: person for person in company.people}
        self._answers = tomllib.loads((FOLDER / "answers.toml").read_text(encoding="utf-8"))
        self._nudged: dict[str, list[str]] = self._answers.pop("nudge")
        self._history = history_texts(company, place.folder)
        self._answered: Counter[str] = Counter()
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take in whatever the company sends; the one it is for may answer a little later."""
        # The sink has a loop of its own, in its own thread.
        self._loop.call_soon_threadsafe(self._read, cast(bytes, envelope.content), list(envelope.rcpt_tos))
        return "250 Taken in"

    def _read(self, body: bytes, recipients: Sequence[str]) -> None:
        mail = message_from_bytes(body, policy=modern)
        person = next((self._people[one.lower()] for one in recipients if one.lower() in self._people), None)
        if person is None or _flat(_text_of(mail)).startswith(self._history):
            return
        root = (str(mail["References"] or "").split() or [str(mail["Message-ID"])])[0]
        if self._answered[root] >= _ANSWERS_A_THREAD:
            return
        self._answered[root] += 1
        task = self._loop.create_task(self._answer(mail, person))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer(self, mail: EmailMessage, person: Person) -> None:
        await asyncio.sleep(random.uniform(*ANSWER_AFTER_SECONDS))
        before = [Said(one.strip("<>"), "", "", datetime.now(UTC)) for one in str(mail["References"] or "").split()]
        last = Said(str(mail["Message-ID"]).strip("<>"), str(mail["From"]), _text_of(mail), datetime.now(UTC))
        text: str = random.choice(self._answers.get(person.language, self._answers["en"]))
        subject = str(mail["Subject"] or "").removeprefix("Re: ")
        to = parseaddr(str(mail["Reply-To"] or mail["From"]))[1]
        await self._send(_letter(person, to, subject, f"{text}\n\n{person.first}", (*before, last)))

    async def live(self) -> None:
        """Write anew for a while, once the history has been played."""
        while not (kept := states.read(self._place.folder)) or not kept.is_played:
            await asyncio.sleep(_UNTIL_PLAYED_SECONDS)
        nudges = self._nudges(kept.at)
        await asyncio.sleep(FIRST_AFTER_SECONDS)
        for _ in range(LETTERS_A_START):
            arrived = states.one_more_arrived(self._place.folder)
            nudge = nudges.get(arrived)
            await self._send(nudge or fresh_letter(self._company, arrived))
            await asyncio.sleep(random.uniform(*PAUSE_SECONDS))

    def _nudges(self, anchor: datetime) -> dict[int, Letter]:
        """By the number of the live mail: somebody whom nobody answered writes again."""
        waiting = [
            play for play in plays(self._company, all_scripts(), anchor) if len(play.turns) < len(play.script.turns)
        ]
        return {
            (number + 1) * NUDGE_EVERY - 1: self._nudge(play, number, anchor) for number, play in enumerate(waiting)
        }

    def _nudge(self, play: Play, number: int, anchor: datetime) -> Letter:
        said = Said(first_letter_id(play, anchor), play.person.name, play.subject, play.starts_at)
        texts = self._nudged.get(play.person.language, self._nudged["en"])
        text = texts[number % len(texts)]
        to = self._company.channel(play.script.to).address
        return _letter(play.person, to, play.subject, f"{text}\n\n{play.person.name}", (said,))

    async def _send(self, letter: Letter) -> None:
        await asyncio.to_thread(post, self._place.listener_port, letter)


def history_texts(company: Company, folder: Path) -> tuple[str, ...]:
    """How the answers of the history begin: nobody outside answers those a second time."""
    kept = states.read(folder)
    steps = plan(company, all_scripts(), kept.at) if kept else []
    return tuple(
        _flat(step.text)[:_COMPARED_CHARACTERS] for step in steps if step.turn.verb == SAY and step.turn.by != THEM
    )


def fresh_letter(company: Company, number: int) -> Letter:
    """The `number`-th letter that arrives while one looks: scripts in turn, senders in turn."""
    scripts = live_scripts()
    script, index = scripts[number % len(scripts)], number // len(scripts)
    person = _one_of(_fitting(company, script), number)
    filled = {
        "first": person.first,
        "name": person.name,
        "org": person.organization,
        "city": person.city,
        "model": ("Heron", "Otter", "Wren")[number % 3],
        "order": f"T-{69_000 + number}",
    }
    subject = render(script.subjects[index % len(script.subjects)], index, filled)
    turn = script.turns[0]
    text = render(turn.text, index, filled)
    return _letter(person, company.channel(script.to).address, subject, text, flags=turn.flags)


def post(listener_port: int, letter: Letter) -> None:
    """Hand a letter to the company's own mail listener, as any mail server would."""
    with smtplib.SMTP("127.0.0.1", listener_port, timeout=30) as server:
        server.sendmail(letter.address, [letter.to], compose(letter))


def _letter(
    person: Person,
    to: str,
    subject: str,
    text: str,
    before: tuple[Said, ...] = (),
    flags: frozenset[str] = frozenset(),
) -> Letter:
    message_id = f"{uuid4().hex}@{person.email.rpartition('@')[2]}"
    return Letter(message_id, person.name, person.email, to, subject, text, datetime.now(UTC), flags, before)


def _fitting(company: Company, script: Script) -> list[Person]:
    return [
        person
        for person in company.people
        if (person.relationships or ("stranger",))[0] == script.cast and person.language == script.language
    ]


def _one_of(people: Sequence[Person], number: int) -> Person:
    return people[(number * 7 + 3) % len(people)]


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain", "html"))
    return str(part.get_content()) if part else ""


def _flat(text: str) -> str:
    return " ".join(text.split())


async def run(place: Place, *, with_live_messages: bool) -> None:
    """Be the world until the process is stopped."""
    world = World(place, load())
    sink = Controller(world, "127.0.0.1", place.sink_port, data_size_limit=_MAIL_BYTES_MAX)
    sink.start()
    try:
        if with_live_messages:
            await _live_as_long_as_the_company_listens(world)
        await asyncio.Event().wait()
    finally:
        sink.stop()


async def _live_as_long_as_the_company_listens(world: World) -> None:
    while True:
        try:
            return await world.live()
        except (OSError, smtplib.SMTPException):
            # The company's listener is not up yet, or is being started again: the world waits and goes on.
            await asyncio.sleep(_UNTIL_PLAYED_SECONDS)


def serve(place: Place, *, with_live_messages: bool) -> None:
    """Be the world until told to stop by a signal."""
    with suppress(KeyboardInterrupt):
        asyncio.run(run(place, with_live_messages=with_live_messages))
