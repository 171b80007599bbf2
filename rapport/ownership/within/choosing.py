"""The choice itself. Pure: the order in which members are given does not matter, and the same always comes out.

Who is absent, outside their hours, full or without the skills asked for is left out; of the others
`best` adds up points, `rotation` takes whoever waited longest, `load` who has the most room. The points:

    ANSWERED_HERE    this very conversation was last answered by them
    ANSWERED         this person was last answered by them, of those who can take it
    HOLDS            they hold the relationship with the sender
    LANGUAGE         they speak its language; as much against who speaks others and not this one
    ROOM             against them, by the share of their capacity that it would take in all
    WEEK             for or against, by what they were given in seven days for the time they worked in them
    LATELY           against them, for each weight given within the hour: what comes all at once is spread

Of equals whoever waited longest is chosen. Nobody has to be known: what is not known has no points. Weights are
fractions that were added up in some order: what differs only by what adding leaves behind is equal (`_even`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import fsum
from uuid import UUID

from rapport.ownership.within.values import (
    AWAY,
    FULL,
    OFF,
    READS,
    SKILL,
    Ask,
    Choice,
    Factor,
    MemberLoad,
    Weighed,
)

ANSWERED_HERE, ANSWERED, HOLDS, LANGUAGE = 50, 30, 25, 20
ROOM, WEEK, LATELY, LATELY_MOST = 40, 20, 3, 15
DAY = 8 * 60.0
"""So many minutes of working time count as if they had been spent with the team's average: who comes back after weeks
is not behind, and is not flooded."""
_NEVER = datetime.min.replace(tzinfo=UTC)
_LITTLE = 5
"""From so many points on, being given little this week is worth a word."""


def choose(members: Iterable[MemberLoad], ask: Ask) -> Choice:
    """Whom to give it to, by the way that is asked for, and why; nobody (the team's queue) where nobody can."""
    everyone = sorted(members, key=lambda one: one.id)
    if ask.how == "holder":
        return choose_holder(everyone, ask.holder, ask.holder_name)
    if not everyone:
        return Choice(None, "the team has no members")
    out = {one.id: why for one in everyone if (why := _left_out(one))}
    on_call = [one for one in everyone if one.on_call and out.get(one.id) not in (AWAY, READS)]
    if ask.how == "on_call" and on_call:
        return _chosen(on_call[0], f"{on_call[0].name} is on call", everyone, out, {})
    able = [one for one in everyone if one.id not in out]
    before = ["nobody of the team is on call"] if ask.how == "on_call" else []
    if not able:
        nobody_there = all(why != FULL for why in out.values())
        if nobody_there and ask.urgent and on_call and ask.how != "load":
            return _chosen(on_call[0], _said("nobody of the team is present", f"{on_call[0].name} is on call"),
                           everyone, out, {})  # fmt: skip
        said = "nobody of the team is present" if nobody_there else "everyone present has as much as they can take"
        return _chosen(None, _said(*before, said), everyone, out, {})
    skilled = [one for one in able if _knows(one, ask.skills)] if ask.skills else able
    if skilled:
        out |= {one.id: SKILL for one in able if not _knows(one, ask.skills)} if ask.skills else {}
    else:
        before.append(f"nobody present with room knows {_listed(ask.skills)}")
    return _among(skilled or able, ask, before, (everyone, out))


def _among(
    able: Sequence[MemberLoad], ask: Ask, before: list[str], company: tuple[Sequence[MemberLoad], Mapping[UUID, str]]
) -> Choice:
    """Of those who can take it, one; each way has its own order."""
    points: dict[UUID, tuple[Factor, ...]]
    if ask.how == "load":
        best = min(able, key=_by_load)
        points = {one.id: (_room(one, ask.weight),) for one in able}
        why = f"{best.name} has the most room of those present ({_figures(best)})"
    elif ask.how == "rotation":
        best = min(able, key=_turn)
        points = {}
        why = f"{best.name} is next in turn"
    else:
        points = _points(able, ask)
        sums = {id: _sum(factors) for id, factors in points.items()}
        best = min(able, key=lambda one: (-sums[one.id], *_turn(one)))
        why = f"{best.name} suits it best: {_pros(best, points[best.id], ask)}"
    return _chosen(best, _said(*before, why), *company, points)


def choose_holder(members: Iterable[MemberLoad], address: str, name: str) -> Choice:
    """The member who holds the relationship, unless they are away or not of the team; then the team's queue."""
    if not address:
        return Choice(None, "nobody holds the relationship with the sender")
    holder = next((member for member in members if member.email == address), None)
    if holder is None:
        return Choice(None, f"{name}, who holds the relationship, is not of the team")
    if not holder.present:
        return Choice(None, f"{name}, who holds the relationship, is not present")
    return Choice(holder, f"{name} holds the relationship")


def _by_load(member: MemberLoad) -> tuple[float, datetime, UUID]:
    """The smaller, the more room: the share of the capacity taken, then who waited longest."""
    return _even(member.open_count / member.capacity), *_turn(member)


def _even(figure: float) -> float:
    """Without the last digits, in which 0.1 + 0.2 is not 0.3."""
    return round(figure, 9)


def _left_out(member: MemberLoad) -> str:
    if member.reads:
        return READS
    if not member.present:
        return AWAY if member.away else OFF
    return FULL if _even(member.open_count) >= member.capacity else ""


def _knows(member: MemberLoad, skills: Sequence[str]) -> bool:
    return set(skills) <= set(member.skills)


def _turn(member: MemberLoad) -> tuple[datetime, UUID]:
    return member.last_assigned_at or _NEVER, member.id


def _points(able: Sequence[MemberLoad], ask: Ask) -> dict[UUID, tuple[Factor, ...]]:
    """What spoke for and against each, nothing that does not matter."""
    here, before = _latest(able, ask.answered_here), _latest(able, ask.answered)
    rate, language = _rate(able), _main(ask.language)
    return {one.id: tuple(_factors(one, ask, (here, before), (rate, language))) for one in able}


def _factors(
    one: MemberLoad, ask: Ask, last: tuple[UUID | None, UUID | None], company: tuple[float, str]
) -> Iterator[Factor]:
    rate, language = company
    if one.id == last[0]:
        yield Factor("here", ANSWERED_HERE)
    elif one.id == last[1]:
        yield Factor("person", ANSWERED)
    if ask.holder and one.email == ask.holder:
        yield Factor("holder", HOLDS)
    if language and one.languages:
        yield Factor("language", LANGUAGE if language in map(_main, one.languages) else -LANGUAGE)
    yield _room(one, ask.weight)
    if rate and (week := _week(one, rate)):
        yield Factor("week", week)
    if one.lately:
        yield Factor("lately", -min(LATELY * _even(one.lately), LATELY_MOST))


def _sum(factors: Iterable[Factor]) -> float:
    return round(fsum(points for _, points in factors), 3)


def _main(language: str) -> str:
    """The language of a code: "pt" of "pt-BR"."""
    return language.partition("-")[0]


def _latest(able: Iterable[MemberLoad], when: Mapping[UUID, datetime]) -> UUID | None:
    """Of those who can take it, who answered last."""
    known = [one.id for one in able if one.id in when]
    return max(known, key=lambda id: (when[id], id)) if known else None


def _room(one: MemberLoad, weight: float) -> Factor:
    return Factor("room", -ROOM * min(1, _even((one.open_count + weight) / one.capacity)))


def _rate(able: Sequence[MemberLoad]) -> float:
    """What was given to them together for each minute that they worked. Summed exactly: in any order the same."""
    worked = fsum(one.worked for one in able)
    return fsum(one.given for one in able) / worked if worked else 0


def _week(one: MemberLoad, rate: float) -> float:
    own = (one.given + rate * DAY) / (one.worked + DAY)
    return -WEEK * max(-1.0, min(1.0, _even(own / rate - 1)))


def _chosen(
    best: MemberLoad | None, reason: str, everyone: Sequence[MemberLoad], out: Mapping[UUID, str],
    points: Mapping[UUID, tuple[Factor, ...]],
) -> Choice:  # fmt: skip
    first = best.id if best else None
    weighed = [
        Weighed(one.id, found := points.get(one.id, ()), "" if one.id == first else out.get(one.id, ""), _sum(found))
        for one in everyone
    ]
    weighed.sort(key=lambda one: (one.member_id != first, bool(one.out), -one.points, one.member_id))
    return Choice(best, reason, tuple(weighed))


def _pros(best: MemberLoad, factors: Iterable[Factor], ask: Ask) -> str:
    """What spoke for the one who is chosen, as clauses."""
    found = {one.name: one.points for one in factors}
    words = [
        ("answered this conversation last", found.get("here", 0) > 0),
        ("answered this person last", found.get("person", 0) > 0),
        ("holds the relationship", found.get("holder", 0) > 0),
        ("speaks its language", found.get("language", 0) > 0),
        (f"knows {_listed(ask.skills)}", bool(ask.skills) and _knows(best, ask.skills)),
        ("was given little this week", found.get("week", 0) >= _LITTLE),
    ]
    said = [word for word, holds in words if holds]
    return " and ".join([*said, f"has room for it ({_figures(best)})"])


def _figures(one: MemberLoad) -> str:
    return f"{one.open_count:g} of {one.capacity}"


def _listed(skills: Sequence[str]) -> str:
    return ", ".join(skills)


def _said(*clauses: str) -> str:
    return "; ".join(clauses)
