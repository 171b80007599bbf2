"""What was learned, beside one conversation: what it suggests, and on demand what spoke for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.conversations import queries
from rapport.conversations.models import Conversation, Priority, Status, Topic
from rapport.core.errors import RapportError
from rapport.ownership import learned
from rapport.ownership.kinds import KINDS, OF_A_TEAM, PRIORITY, TEAM, TOPIC, Slot
from rapport.ownership.models import Example
from rapport.ownership.policy import PRIORITIES
from rapport.staff.models import Team
from rapport.web import locales, unsaid_words
from rapport.web.learned_facts import in_words
from rapport.web.rights import page
from rapport.web.second_why import Elsewhere, opinions
from rapport.web.shell import shell_of
from rapport.web.timeline import Why

if TYPE_CHECKING:
    from rapport.ownership.learning.values import Explanation, Neighbour


@dataclass(frozen=True)
class Guess:
    """One thing that is suggested: in words, how likely, whether it was done by itself, whether it can be accepted.

    `take` is what a form sends to accept it.
    """

    kind: str
    name: str
    percent: str
    acted: bool
    offers: bool
    take: str
    #: Who says so, where it is neither a rule nor what was learned.
    second: Elsewhere | None = None
    #: Why it was not done by itself.
    held: str = ""


@dataclass(frozen=True)
class Suggested:
    """All that is suggested for a conversation."""

    guesses: tuple[Guess, ...]

    @cached_property
    def offered(self) -> list[Guess]:
        """What there is to accept."""
        return [one for one in self.guesses if one.offers]

    @property
    def take_all(self) -> str:
        """What a form sends to accept all of it."""
        return ",".join(one.take for one in self.offered)

    @property
    def team(self) -> Guess | None:
        """What is suggested of the owner."""
        return next((one for one in self.guesses if one.kind == TEAM), None)


def suggested(found: Conversation, why: Why | None, teams: Iterable[Team], topics: Iterable[Topic]) -> Suggested | None:
    """What the page shows; nothing where nothing was learned, or what it says is gone or in confidence by now."""
    if why is None:
        return None
    told, team = why.guesses, why.learned.get("team")
    said = _said_by_hand(found) if told or team or why.has_opinion else set()
    guesses = [_team(found, why, said, teams)] if team and not found.confidential else []
    if told:
        guesses += [_topic(found, told, said, topics), _priority(found, told, said)]
    shown = tuple(one for one in guesses if one is not None)
    shown += _second(found, why, (shown, said), {TEAM: list(teams), TOPIC: list(topics)})
    return Suggested(shown) if shown else None


def _second(
    found: Conversation, why: Why, given: tuple[Iterable[Guess], set[str]], known: Mapping[str, Sequence[Any]]
) -> tuple[Guess, ...]:  # fmt: skip
    """What an endpoint elsewhere says where nothing else does; what it names may be gone by now.

    `given`: what is shown already, and of what people have said what it is.
    """
    if not why.has_opinion:
        return ()
    guesses, (shown, said) = [], given
    for kind, slug, percent, whose in opinions(found, {one.kind for one in shown}):
        named = next((one for one in known.get(kind, ()) if one.slug == slug), None)
        if named is not None:
            is_open = found.status == Status.OPEN and kind not in said
            offers = is_open and (not why.is_by_member if kind == TEAM else found.topic_id is None)
            guesses.append(Guess(kind, named.name, percent, False, offers, f"{kind}:{named.id}", whose))
    return tuple(guesses)


def _team(found: Conversation, why: Why, said: set[str], teams: Iterable[Team]) -> Guess | None:
    told = why.learned
    team = next((one for one in teams if one.slug == told.get("team")), None)
    if team is None:
        return None
    # Where it is theirs already, accepting says that this is right.
    offers = found.status == Status.OPEN and why.is_undecided and TEAM not in said
    return _guess(TEAM, team.name, told, offers, f"team:{team.id}")


def _topic(found: Conversation, told: Mapping[str, Any], said: set[str], topics: Iterable[Topic]) -> Guess | None:
    guess = told.get(TOPIC) or {}
    topic = next((one for one in topics if one.slug == guess.get("label")), None)
    if topic is None:
        return None
    offers = found.status == Status.OPEN and TOPIC not in said and found.topic_id != topic.id
    return _guess(TOPIC, topic.name, guess, offers, f"topic:{topic.id}")


def _priority(found: Conversation, told: Mapping[str, Any], said: set[str]) -> Guess | None:
    guess = told.get(PRIORITY) or {}
    if guess.get("label") not in PRIORITIES:
        return None
    priority = PRIORITIES.index(guess["label"])
    offers = found.status == Status.OPEN and PRIORITY not in said and found.priority != priority
    return _guess(PRIORITY, str(Priority(priority).label), guess, offers, f"priority:{priority}")


def _guess(kind: str, name: str, told: Mapping[str, Any], offers: bool, take: str) -> Guess:
    acted, why_not = bool(told.get("acted")), unsaid_words.held(told)
    return Guess(kind, name, locales.likely(told["probability"]), acted, offers, take, held=why_not)


def _said_by_hand(found: Conversation) -> set[str]:
    """Of what somebody has said what it is, so that nothing is suggested any more."""
    said = Example.objects.filter(conversation_id=found.id, implied=False)
    return set(said.values_list("kind", flat=True))


@page()
@require_GET
def learned_why(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Words and facts for and against, and the past conversations most alike: a fragment, made when somebody asks.

    `kind` in the query is what is asked about: team, topic or priority.
    """
    found = queries.get_conversation(conversation_id)
    slot = _slot(found, request.GET.get("kind", TEAM))
    told = None
    if slot is not None:
        try:
            explained = learned.explained(found.id, slot)
        except (RapportError, LookupError):
            explained = None
        told = _told(request, explained, slot.kind) if explained and explained.prediction.label else None
    return render(request, "web/conversation/learned.html", {"told": told})


def _slot(found: Conversation, kind: str) -> Slot | None:
    """Which model is asked of it: one of what all may see, in confidence the owning team's own or none."""
    if kind not in KINDS:
        return None
    if not found.confidential:
        return Slot(kind)
    return Slot(kind, found.owner_team_id) if kind in OF_A_TEAM and found.owner_team_id else None


def names_of(kind: str, teams: Iterable[Team], topics: Iterable[Topic]) -> dict[str, str]:
    """What labels of a kind are called, by their short names."""
    if kind == TEAM:
        return {team.slug: team.name for team in teams}
    if kind == TOPIC:
        return {topic.slug: topic.name for topic in topics}
    return {slug: str(Priority(at).label) for at, slug in enumerate(PRIORITIES)}


def none_of(kind: str) -> str:
    """What it is called that none of the labels fits."""
    return _("none of ours") if kind == TEAM else _("no topic")


def _told(request: HttpRequest, explained: "Explanation", kind: str) -> dict[str, Any]:
    teams = shell_of(request).all_teams
    names = names_of(kind, teams, queries.active_topics() if kind == TOPIC else ())
    slugs = names_of(TEAM, teams, ())
    said = explained.prediction
    pieces = [(in_words(one.kind, one.what, slugs), one.said) for one in explained.pieces]
    facts = {one.what: in_words(one.kind, one.what, slugs) for one in explained.pieces if one.kind == "fact"}
    return {
        "team": names.get(said.label, said.label),
        "percent": locales.likely(said.probability),
        "pro": [what for what, spoke in pieces if spoke > 0],
        "against": [what for what, spoke in pieces if spoke < 0],
        "otherwise": ", ".join(facts.get(what, what) for what in explained.otherwise),
        "then": names.get(explained.then, explained.then),
        "alike": _alike(explained.neighbours, names, none_of(kind)),
    }


def _alike(found: Sequence["Neighbour"], names: dict[str, str], nothing: str) -> list[dict[str, Any]]:
    """Past conversations, as far as whoever looks may see them."""
    seen = Example.objects.filter(id__in=[one.id for one in found]).select_related("conversation")
    # Of a conversation about which something else was said later, only the later counts.
    newest = {one.conversation_id: one for one in sorted(seen, key=lambda one: one.id)}
    by_id = {str(one.id): one.conversation for one in newest.values()}
    return [
        {
            "id": by_id[one.id].id, "subject": by_id[one.id].subject,
            "team": names.get(one.label or "", nothing), "likeness": locales.percent(one.likeness),
        }
        for one in found if one.id in by_id
    ]  # fmt: skip
