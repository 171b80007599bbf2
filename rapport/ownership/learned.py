"""Asking what was learned: at the decision, and when somebody wants to know why.

A model is loaded once a process; what was decided since comes on top of it before the next question. Whatever goes
wrong in here is logged and counted, and the conversation goes to triage as if nothing had been learned.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import F

from rapport.conversations.visibility import EVERYONE
from rapport.core import scope
from rapport.ownership import lessons, refitting
from rapport.ownership.facts import Facts
from rapport.ownership.models import LearnedModel

if TYPE_CHECKING:
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.values import Explanation, Prediction

_log = logging.getLogger(__name__)

ASKED_MAX, READ_MAX = 50, 10
"""So many of a batch are asked about, by words (0.2 ms each) or by meaning, too (12 ms each). More come only when old
mail is brought in, and that must not wait."""
LIKELY_LEAST = 0.3
"""Less likely, it is left to who sorts, without a word."""
_NEW_MAX = 200
_OVERLAP = timedelta(minutes=5)
_lock = threading.Lock()

_STATE = """SELECT m.id, coalesce((SELECT learned_assigns FROM staff_company WHERE id = 1), false),
    (SELECT id FROM ownership_example ORDER BY id DESC LIMIT 1)
FROM ownership_learnedmodel m ORDER BY m.made_at DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A team and how likely people would choose it; `acts`: it is certain enough, and a lead wants it to act."""

    team: str
    probability: float
    sure: float
    model: UUID
    acts: bool = False

    def plain(self, *, acted: bool) -> dict[str, Any]:
        """As a decision keeps it."""
        return {
            "team": self.team, "probability": round(self.probability, 4), "sure": round(self.sure, 4),
            "model": str(self.model), "acted": acted,
        }  # fmt: skip


class _State(NamedTuple):
    model: UUID
    assigns: bool
    newest: UUID | None


@dataclass
class _Loaded:
    """The model of this process, and which examples came on top of it."""

    model: UUID | None = None
    newest: UUID | None = None
    learner: "Learner | None" = None
    known: frozenset[str] = frozenset()
    made_at: datetime | None = None
    extra: set[str] = field(default_factory=set)


_loaded = _Loaded()


def ask(messages: Sequence[Facts]) -> list[Suggestion | None]:
    """What each is likely to be, in the system's scope: of the first so many (`ASKED_MAX`, `READ_MAX`), or of none
    where there is no model or it failed. Never raises.
    """
    if not messages:
        return []
    try:
        with transaction.atomic():
            state = _state()
            return _asked(messages[: READ_MAX if refitting.encoders() else ASKED_MAX], state) if state else []
    except Exception:  # noqa: BLE001 - triage is always an answer
        _log.exception("what was learned could not be asked")
        _count_failure(len(messages))
        return []


def explained(conversation_id: UUID) -> "Explanation | None":
    """Why it says what it says of a conversation, asked of the model of now; None without a model or words."""
    from rapport.ownership.learning.explain import explain

    with scope.system():
        state = _state()
        text, facts = lessons.message_of(conversation_id)
        if state is None or not text:
            return None
        with _lock:
            return explain(_ready(state), text, facts)


def _state() -> _State | None:
    with connection.cursor() as cursor:
        cursor.execute(_STATE)
        row = cursor.fetchone()
    return _State(*row) if row else None


def _asked(messages: Sequence[Facts], state: _State) -> list[Suggestion | None]:
    asked = [lessons.asked(one) for one in messages]
    with _lock:
        said = _ready(state).predict([text for text, _ in asked], [facts for _, facts in asked])
    return [_suggestion(one, text, state) for one, (text, _) in zip(said, asked, strict=True)]


def _suggestion(said: "Prediction", text: str, state: _State) -> Suggestion | None:
    if not text or not said.label or said.is_none or said.probability < LIKELY_LEAST:
        return None
    return Suggestion(said.label, said.probability, said.sure, state.model, said.certain and state.assigns)


def _ready(state: _State) -> "Learner":
    """The learner with the newest model and everything decided since; hold the lock."""
    if _loaded.model != state.model or _loaded.learner is None:
        _load(state.model)
    if _loaded.newest != state.newest:
        _catch_up()
        _loaded.newest = state.newest
    if _loaded.learner is None:
        raise LookupError("the model was loaded and is gone")
    return _loaded.learner


def _load(model_id: UUID) -> None:
    from rapport.ownership.learning.learner import Learner
    from rapport.ownership.learning.storing import from_bytes
    from rapport.ownership.learning.values import Example

    known = refitting.encoders()
    row = LearnedModel.objects.get(id=model_id)
    model = from_bytes(bytes(row.data), {one.id: one.version for one in known})
    learner = Learner(known)
    # What the model was made of is known by its ids alone: enough to say which past decisions were alike.
    learner.examples = {
        id: Example(id, "", label) for id, label in zip(model.ids, model.chosen_labels, strict=True) if id
    }
    learner.adopt(model)
    _watch(learner)
    _loaded.learner, _loaded.model, _loaded.made_at = learner, model_id, row.made_at
    _loaded.known, _loaded.extra, _loaded.newest = frozenset(model.ids), set(), None


def _catch_up() -> None:
    """Learn what was decided since, and let go of what was taken back."""
    learner = _loaded.learner
    if learner is None or _loaded.made_at is None:
        return
    since = lessons.lessons(_loaded.made_at - _OVERLAP, _NEW_MAX)
    new = {one.id: one for one in since if one.id not in _loaded.known}
    learner.forget(ids=_loaded.extra - new.keys())
    for id in new.keys() - _loaded.extra:
        learner.learn(refitting.as_example(new[id]))
    _loaded.extra = set(new)


_OUTCOMES = """SELECT (d.suggestion->>'sure')::float, e.label IS NOT DISTINCT FROM d.suggestion->>'team'
FROM (SELECT id, conversation_id, label FROM ownership_example
    WHERE set_aside IS NULL AND audience @> ARRAY[%s::uuid] ORDER BY id DESC LIMIT 600) AS e
JOIN ownership_decision d ON d.conversation_id = e.conversation_id AND d.suggestion ? 'sure' ORDER BY e.id"""


def _watch(learner: "Learner") -> None:
    """What came of its latest suggestions: when people begin to overrule it, it is less sure."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, [EVERYONE])
        for sure, right in cursor.fetchall():
            learner.window.add(sure, right)


def _count_failure(count: int) -> None:
    try:
        with transaction.atomic():
            LearnedModel.objects.update(failed=F("failed") + count)
    except DatabaseError:
        _log.warning("that could not be counted either")
