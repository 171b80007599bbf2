"""Who says what when: four weeks of conversations, reckoned back from an anchor, always the same. Pure."""

import random
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rapport.cli.demo_company.company import Company, Member, Person
from rapport.cli.demo_company.scripts import SAY, THEM, Script, Turn, render
from rapport.staff.hours import Hours, add_business_time, make_hours

DAYS = 28
MODELS = ("Heron", "Otter", "Wren")
_FIRST_DAYS = ((0.1, 15.0), (9.0, DAYS), (16.0, DAYS))
"""How many days ago a script is played for the first, second, third time: no two alike on the first page."""
_LEFT_ALONE_DAYS = (1.5, 5.0)
_LEFT_ALONE = frozenset(
    {
        "charged-twice", "dealer-stock", "festival-stand", "kopplung-app", "liefertermin", "open-api", "paint-chip",
        "photo-rights", "reembolso", "vat-invoice",
    }
)  # fmt: skip
"""What was never answered, the first time it is played: a company without a broken promise is not believable."""
_AWAKE_FROM, _AWAKE_UNTIL = 7, 22
_WORKDAY = ("09:00", "17:30")


@dataclass(frozen=True)
class Step:
    """A turn of a play, with its moment (UTC), its text as it is said, and its place in the play."""

    play: "Play"
    number: int
    turn: Turn
    at: datetime
    text: str


@dataclass(frozen=True)
class Play:
    """A script, played by somebody: `key` is unique, `index` says which of the script's times it is."""

    key: str
    script: Script
    index: int
    person: Person
    subject: str
    filled: dict[str, str]
    starts_at: datetime
    turns: tuple[Turn, ...]


def plan(company: Company, scripts: tuple[Script, ...], anchor: datetime) -> list[Step]:
    """Every step before `anchor` (aware), in the order of time."""
    steps = [step for play in plays(company, scripts, anchor) for step in _steps(play, company, anchor)]
    return sorted(steps, key=lambda step: (step.at, step.play.key, step.number))


def plays(company: Company, scripts: tuple[Script, ...], anchor: datetime) -> list[Play]:
    """Every script as often as it has subjects, cast with people of its kind and language in turn."""
    casting = _Casting(company)
    dice = random.Random(company.name)
    made: list[Play] = []
    for script in scripts:
        for index, subject in enumerate(script.subjects):
            person = casting.next(script)
            filled = _filled(person, company, dice)
            left_alone = index == 0 and script.key in _LEFT_ALONE
            days = _LEFT_ALONE_DAYS if left_alone else _FIRST_DAYS[min(index, len(_FIRST_DAYS) - 1)]
            starts_at = _started(days, anchor, dice)
            turns = script.turns[:1] if left_alone else script.turns
            key = f"{script.key}-{index + 1}"
            subject = render(subject, index, filled)
            made.append(Play(key, script, index, person, subject, filled, starts_at, turns))
    return made


class _Casting:
    """Hands out people in turn, by relationship and language."""

    def __init__(self, company: Company) -> None:
        self._queues: dict[tuple[str, str], deque[Person]] = defaultdict(deque)
        for person in company.people:
            # The first relationship is what somebody mainly is; nobody's is a stranger.
            self._queues[(person.relationships or ("stranger",))[0], person.language].append(person)

    def next(self, script: Script) -> Person:
        queue = self._queues[script.cast, script.language]
        if not queue:
            raise ValueError(f"{script.key}: nobody is a {script.cast} who writes {script.language!r}")
        queue.rotate(-1)
        return queue[-1]


def _filled(person: Person, company: Company, dice: random.Random) -> dict[str, str]:
    return {
        "first": person.first,
        "name": person.name,
        "org": person.organization,
        "city": person.city,
        "model": dice.choice(MODELS),
        "order": f"T-{dice.randint(40_000, 68_999)}",
    }


def _started(days: tuple[float, float], anchor: datetime, dice: random.Random) -> datetime:
    at = anchor - timedelta(days=dice.uniform(*days))
    if at.weekday() >= 5 and dice.random() < 0.6:
        at -= timedelta(days=at.weekday() - 4)
    return min(_awake(at, dice), anchor - timedelta(minutes=dice.randint(3, 300)))


def _steps(play: Play, company: Company, anchor: datetime) -> Iterator[Step]:
    dice = random.Random(play.key)
    at = play.starts_at
    for number, turn in enumerate(play.turns):
        if number:
            at = _next_moment(at, turn, company, dice)
        if at >= anchor:
            return
        yield Step(play, number, turn, at, render(turn.text, play.index, play.filled))


def _next_moment(at: datetime, turn: Turn, company: Company, dice: random.Random) -> datetime:
    pause = timedelta(hours=turn.hours * dice.uniform(0.5, 1.2), seconds=dice.randint(20, 900))
    if turn.by == THEM:
        machine = turn.flags & {"auto", "bounce"}
        return at + timedelta(seconds=dice.randint(5, 60)) if machine else _awake(at + pause, dice)
    if turn.verb != SAY and turn.hours <= 1:
        return at + timedelta(minutes=dice.uniform(0.5, 9))
    return add_business_time(at, pause, _working_hours(company.member(turn.by)))


def _awake(at: datetime, dice: random.Random) -> datetime:
    """`at`, or the next morning when (middle) Europe sleeps; to the second, as mails are dated."""
    local = at.astimezone(ZoneInfo("Europe/Berlin"))
    if not _AWAKE_FROM <= local.hour < _AWAKE_UNTIL:
        days = 1 if local.hour >= _AWAKE_UNTIL else 0
        local = (local + timedelta(days=days)).replace(hour=_AWAKE_FROM) + timedelta(minutes=dice.randint(0, 200))
    return local.astimezone(UTC).replace(microsecond=0)


def _working_hours(member: Member) -> Hours:
    return make_hours(member.time_zone, [[weekday, *_WORKDAY] for weekday in range(5)])


def letter_id(play: Play, number: int, anchor: datetime) -> str:
    """The Message-ID, without brackets, of the mail that is turn `number` of a play."""
    return f"{play.key}.{number}.{anchor:%Y%m%d%H%M%S}@{play.person.email.rpartition('@')[2]}"


def first_letter_id(play: Play, anchor: datetime) -> str:
    """The Message-ID of the mail a play begins with."""
    return letter_id(play, 0, anchor)
