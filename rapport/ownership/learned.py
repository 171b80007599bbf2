"""Asking what was learned: at the decision, and when somebody wants to know why.

A model is loaded once a process; what was decided since comes on top of it before the next question. Whatever goes
wrong in here is logged and counted, and the conversation goes on as if nothing had been learned.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from rapport.core import scope
from rapport.ownership import lessons, refitting
from rapport.ownership.kinds import TEAM, Slot
from rapport.ownership.models import LearnedModel
from rapport.ownership.outcomes import outcomes
from rapport.ownership.unsaid import APART, EMPTY, FAILED, MANY, NEW, NONE, UNLIKE, UNSURE, Silence

if TYPE_CHECKING:
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.values import Explanation, Prediction

_log = logging.getLogger(__name__)

ASKED_MAX, READ_MAX = 50, 10
"""So many of a batch are asked about, by words (0.2 ms each) or by meaning, too (12 ms each). More come only when old
mail is brought in, and that must not wait."""
LIKELY_LEAST: Mapping[str, float] = {"team": 0.3, "topic": 0.5, "priority": 0.5}
"""Less likely, it is left to who sorts, without a word. That there is no fitting topic is common, and no label."""
UNPROMISED, PROMISE, BURST, OFF = "unpromised", "promise", "burst", "off"
"""Why what is suggested does not act: nothing can be promised of it yet; it is not as sure as is promised; a burst of
decisions waits for a lead's look; no lead lets it. (`APART`: a confidential team's own model only ever suggests.)"""
_NEW_MAX = 200
_WANTED = 0.95
_OVERLAP = timedelta(minutes=5)
_lock = threading.Lock()

_STATE = """SELECT m.kind, m.audience, m.id, (SELECT id FROM ownership_example ORDER BY id DESC LIMIT 1),
    coalesce((SELECT learned_assigns FROM staff_company WHERE id = 1), false),
    (SELECT json_agg(json_build_array(kind, label, precision, acts))::text FROM ownership_wish),
    (SELECT array_agg(DISTINCT kind) FROM ownership_burst WHERE settled = '')
FROM (SELECT DISTINCT ON (kind, audience) kind, audience, id FROM ownership_learnedmodel
    ORDER BY kind, audience, made_at DESC) AS m"""


@dataclass(frozen=True, slots=True)
class Question:
    """A message to ask about: text, what is known beside it (`known`), and which models to ask."""

    text: str
    known: Mapping[str, str]
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A label and how likely people would choose it; `acts`: it is certain, and a lead wants it to act.

    `held` says why it does not act; where it is not as sure as is promised, `wanted` is how much is, in percent.
    """

    label: str
    probability: float
    sure: float
    model: UUID
    certain: bool = False
    acts: bool = False
    held: str = ""
    wanted: int | None = None

    def plain(self, *, acted: bool, name: str = "label", held: str = "") -> dict[str, Any]:
        """As a decision keeps it; `held` says why it was not done though it might have been."""
        why = "" if acted else self.held or held
        return {
            name: self.label, "probability": round(self.probability, 4), "sure": round(self.sure, 4),
            "certain": self.certain, "model": str(self.model), "acted": acted, **({"held": why} if why else {}),
            **({"wanted": self.wanted} if why == PROMISE else {}),
        }  # fmt: skip


Answers = dict[str, Suggestion | Silence]
"""By kind, for each that was to be asked about: what it says, or why it says nothing."""


@dataclass(frozen=True)
class State:
    """The newest models and example, the kinds that may act by themselves, and the precisions wanted by kind.

    `doubted`: kinds that might act, were it not for a burst that nobody has looked at yet.
    """

    models: Mapping[Slot, UUID]
    newest: UUID | None
    acting: frozenset[str]
    wants: Mapping[str, Mapping[str, float]]
    doubted: frozenset[str] = frozenset()


@dataclass
class _Loaded:
    """A model of this process, and which examples came on top of it."""

    model: UUID | None = None
    newest: UUID | None = None
    learner: "Learner | None" = None
    known: frozenset[str] = frozenset()
    made_at: datetime | None = None
    extra: set[str] = field(default_factory=set)


_loaded: dict[Slot, _Loaded] = {}


def state() -> State | None:
    """What there is to ask, by one statement, in the system's scope; None where there is no model at all."""
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        rows = cursor.fetchall()
    if not rows:
        return None
    newest, assigns, wishes, doubted = rows[0][3:]
    wants: dict[str, dict[str, float]] = {}
    acting = {TEAM} if assigns else set()
    for kind, label, precision, acts in orjson.loads(wishes or "[]"):
        wants.setdefault(kind, {})[label] = precision / 100
        acting |= {kind} if acts and not label else set()
    models = {Slot(kind, audience[0] if audience else None): id for kind, audience, id, *_ in rows}
    # While somebody's decisions contradict all that was known, a person looks before anything acts on them.
    held = acting & set(doubted or ())
    return State(models, newest, frozenset(acting - held), wants, frozenset(held))


def ask(questions: Sequence[Question]) -> list[Answers]:
    """What each is likely to be, in the system's scope: of the first so many (`ASKED_MAX`, `READ_MAX`), or of none
    where there is no model. What goes wrong with a model is its own matter, and what it was to say is left unsaid.
    """
    if not questions:
        return []
    found = state()
    if found is None:
        return [_unsaid(one, NEW) for one in questions]
    some = questions[: READ_MAX if refitting.encoders() else ASKED_MAX]
    answers = [_unsaid(one, NEW if at < len(some) else MANY) for at, one in enumerate(questions)]
    for slot in found.models:
        of_it = [place for place, one in enumerate(some) if slot in one.slots]
        if of_it:
            said = _tried([some[place] for place in of_it], slot, found)
            for place, one in zip(of_it, said, strict=True):
                answers[place][slot.kind] = one
    return answers


def _unsaid(question: Question, why: str) -> Answers:
    """For whoever sees a matter in confidence there is one reason only: what its team has learned is the team's."""
    return {slot.kind: Silence(APART if slot.team else why) for slot in question.slots}


def _tried(asked: Sequence[Question], slot: Slot, found: State) -> list[Suggestion | Silence]:
    try:
        with transaction.atomic(), _lock:
            said = ready(slot, found).predict([one.text for one in asked], [one.known for one in asked])
        return [_answer(one, asked[at].text, slot, found) for at, one in enumerate(said)]
    except Exception:  # noqa: BLE001 - triage is always an answer
        _log.exception("what was learned of %s could not be asked", slot.kind)
        _count_failure(slot, len(asked))
        return [Silence(APART if slot.team else FAILED)] * len(asked)


def explained(conversation_id: UUID, slot: Slot) -> "Explanation | None":
    """Why it says what it says of a conversation, asked of the model of now; None without a model or words."""
    from rapport.ownership.learning.explain import explain

    with scope.system():
        found = state()
        text, facts = lessons.message_of(conversation_id)
        if found is None or slot not in found.models or not text:
            return None
        with _lock:
            return explain(ready(slot, found), text, facts)


def _answer(said: "Prediction", text: str, slot: Slot, found: State) -> Suggestion | Silence:
    silence = _silence(said, text, slot)
    if silence is not None:
        return Silence(APART) if slot.team else silence
    held, wants = _held(said, slot, found), found.wants.get(slot.kind, {})
    wanted = round(wants.get(said.label, wants.get("", _WANTED)) * 100)
    return Suggestion(
        said.label, said.probability, said.sure, found.models[slot], said.certain, not held, held, wanted
    )


def _silence(said: "Prediction", text: str, slot: Slot) -> Silence | None:
    """Why that is not worth a suggestion; None where it is."""
    if not text:
        return Silence(EMPTY)
    if not said.label:
        return Silence(NEW)
    if said.is_none:
        return Silence(NONE, percent=int((said.none or 0) * 100))
    if said.probability < LIKELY_LEAST[slot.kind]:
        return Silence(UNLIKE if said.unlike else UNSURE, said.label, int(said.probability * 100))
    return None


def _held(said: "Prediction", slot: Slot, found: State) -> str:
    """Why nothing is done by it; empty where it is."""
    if slot.team is not None:
        # What a confidential team's own model says is only ever suggested: nobody else could watch over it.
        return APART
    if not said.certain:
        return PROMISE if said.promised else UNPROMISED
    if slot.kind in found.doubted:
        return BURST
    return "" if slot.kind in found.acting else OFF


def ready(slot: Slot, found: State) -> "Learner":
    """The learner with the newest model and everything decided since; hold the lock."""
    loaded = _loaded.setdefault(slot, _Loaded())
    if loaded.model != found.models[slot] or loaded.learner is None:
        _load(loaded, slot, found.models[slot])
    if loaded.newest != found.newest:
        _catch_up(loaded, slot)
        loaded.newest = found.newest
    if loaded.learner is None:
        raise LookupError("the model was loaded and is gone")
    loaded.learner.wants = found.wants.get(slot.kind, {})
    return loaded.learner


def as_made(row: LearnedModel) -> "Learner":
    """A learner with that model and nothing on top of it. Raises Invalid where it cannot be read."""
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.storing import from_bytes
    from rapport.ownership.learning.values import Example

    known = refitting.encoders()
    model = from_bytes(bytes(row.data), {one.id: one.version for one in known})
    learner = Learner(known)
    # What the model was made of is known by its ids alone: enough to say which past decisions were alike.
    learner.examples = {
        id: Example(id, "", label) for id, label in zip(model.ids, model.chosen_labels, strict=True) if id
    }
    learner.adopt(model)
    return learner


def _load(loaded: _Loaded, slot: Slot, model_id: UUID) -> None:
    row = LearnedModel.objects.get(id=model_id)
    learner = as_made(row)
    if slot.team is None:
        # What came of its latest suggestions: when people begin to overrule it, it is less sure.
        for one in outcomes(slot.kind):
            learner.saw(one.label, one.sure, one.right)
    loaded.learner, loaded.model, loaded.made_at = learner, model_id, row.made_at
    loaded.known, loaded.extra, loaded.newest = frozenset(learner.examples), set(), None


def _catch_up(loaded: _Loaded, slot: Slot) -> None:
    """Learn what was decided since, and let go of what was taken back."""
    learner = loaded.learner
    if learner is None or loaded.made_at is None:
        return
    since = lessons.lessons(loaded.made_at - _OVERLAP, _NEW_MAX, slot)
    new = {one.id: one for one in since if one.id not in loaded.known}
    learner.forget(ids=loaded.extra - new.keys())
    for id in new.keys() - loaded.extra:
        learner.learn(refitting.as_example(new[id]))
    loaded.extra = set(new)


def _count_failure(slot: Slot, count: int) -> None:
    try:
        with transaction.atomic():
            of_it = LearnedModel.objects.filter(kind=slot.kind, audience=slot.audience)
            of_it.update(failed=F("failed") + count)
    except DatabaseError:
        _log.warning("that could not be counted either")
