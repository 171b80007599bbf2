"""Who may be the same human, suggested: shortly after somebody came (`match_new`), and nightly of everybody
(`rapport.people.full_pass`), by the same functions. Nothing is joined here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import bulk, scope
from rapport.core.clock import now
from rapport.people import gathering
from rapport.people.evidence import Pair, PairState
from rapport.people.gathering import Known
from rapport.people.learning import MatchModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rapport.people.matching.model import Model
    from rapport.people.matching.scoring import Scores

SURE, IMPERSONATION = "sure", "impersonation"
#: A public account with the displayed name of somebody we know, and nothing else: never likelier than this.
_IMPERSONATION_MOST = 0.3
#: So many who have that name: then it is a name many have, and no sign of anything.
NAMESAKES_MOST = 5
#: How many share a key at most, and how many a newcomer is compared with.
CAP_MOST = 100
_CANDIDATES_MOST = 400
_BATCH = 25
#: What a name alone, or that nothing contradicts it, is worth as evidence that an account is not an impersonator's.
_NO_EVIDENCE = frozenset({"given", "family", "language"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pair as it is written: `low` is the smaller id."""

    low: UUID
    high: UUID
    probability: float
    evidence: list[dict[str, Any]]
    flags: tuple[str, ...]


def match_new(limit: int = 200) -> int:
    """Compare people whom nobody was compared with yet, and write what is suggested; how many they were.

    A few to a transaction, each in its own: whoever changes one of them meanwhile waits for milliseconds.
    """
    done = 0
    while done < limit:
        with scope.system():
            taken = _match_batch(min(_BATCH, limit - done))
        done += taken
        if taken < _BATCH:
            break
    return done


def newest_model() -> tuple[str, "Model"]:
    """The model that counts, with its id; made from what is generally so where nothing was learned yet."""
    row = MatchModel.objects.order_by("-made_at").values("id").first()
    if row is None:
        import secrets

        from rapport.people.matching.model import default

        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM people_person")
            people = int(cursor.fetchone()[0])
        model = default(people, secrets.token_bytes(16))
        made = MatchModel.objects.create(parameters=model.to_json(), records=people)
        return str(made.id), model
    return str(row["id"]), _model(row["id"])


@lru_cache(maxsize=2)
def _model(model_id: UUID) -> "Model":
    from rapport.people.matching.model import Model

    return Model.from_json(MatchModel.objects.get(id=model_id).parameters)


def _match_batch(limit: int) -> int:
    """Claim, key, compare and write: in one transaction. Claimed first, so that a change that comes meanwhile asks for
    another comparison."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE people_person SET matched_at = %s WHERE id IN (SELECT id FROM people_person
                WHERE matched_at IS NULL ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) RETURNING id""",
            [now(), limit],
        )
        claimed = [row[0] for row in cursor.fetchall()]
    if not claimed:
        return 0
    name, model = newest_model()
    newcomers = gathering.some(claimed)
    keys = write_keys(newcomers, model.salt)
    gone = set(claimed) - {one.id for one in newcomers}
    if gone:
        forget(gone)
    found = _partners(keys, model)
    known = {one.id: one for one in newcomers}
    known |= {
        one.id: one for one in gathering.some({other for others in found.values() for other in others} - known.keys())
    }
    refused = refused_trees()
    suggestions: dict[tuple[UUID, UUID], Suggestion] = {}
    for newcomer in newcomers:
        candidates = [known[other] for other in found[newcomer.id] if other in known]
        for made in compare(model, newcomer, candidates):
            suggestions[made.low, made.high] = made
    keep = best_of_trees(suggestions.values(), {one.id: one.root for one in known.values()}, refused)
    write(keep, name)
    _withdraw([one.id for one in newcomers], keep)
    return len(claimed)


def compare(model: "Model", newcomer: Known, candidates: list[Known]) -> list[Suggestion]:
    """What is suggested of a newcomer among these, with its evidence."""
    from rapport.people.matching.linking import against

    candidates = [one for one in candidates if one.root != newcomer.root and one.id != newcomer.id]
    if not candidates:
        return []
    return judged(
        model,
        against(model, newcomer.record, [one.record for one in candidates]),
        [(newcomer, one) for one in candidates],
    )


def judged(
    model: "Model", scores: "Scores", pairs: list[tuple[Known, Known]], namesakes: int | None = None
) -> list[Suggestion]:
    """Suggestions from scores: what is likelier than not, and public accounts that bear somebody's name. `namesakes`:
    of how many; None counts those among the pairs."""
    from rapport.people.matching.explaining import pieces
    from rapport.people.matching.linking import SUGGEST, is_sure

    probabilities, sure = scores.probability.tolist(), is_sure(scores).tolist()
    named = bears_the_name(scores).tolist()
    found = []
    if namesakes is None:
        namesakes = sum(_may_impersonate(*pair) and named[n] for n, pair in enumerate(pairs))
    for n, (one, other) in enumerate(pairs):
        impersonates = named[n] and _may_impersonate(one, other)
        if probabilities[n] < SUGGEST and not (impersonates and namesakes <= NAMESAKES_MOST):
            continue
        low, high = (one, other) if one.id < other.id else (other, one)
        flags = (IMPERSONATION,) if impersonates else (SURE,) if sure[n] and not (one.public or other.public) else ()
        likely = min(probabilities[n], _IMPERSONATION_MOST) if impersonates else probabilities[n]
        found.append(Suggestion(low.id, high.id, likely, pieces(scores, n, model, low.shown, high.shown), flags))
    return found


def _may_impersonate(one: Known, other: Known) -> bool:
    """A public account beside somebody known by more."""
    return one.public != other.public


def bears_the_name(scores: "Scores") -> "NDArray[np.bool_]":
    """For each pair whether the name is the same and nothing else says that they are one."""
    import numpy as np

    from rapport.people.matching.kinds import KINDS

    size = len(scores.total)
    if "given" not in scores.levels:
        return np.zeros(size, bool)
    same: NDArray[np.bool_] = np.isin(scores.levels["given"], (KINDS["given"].exact, KINDS["given"].level("crossed")))
    if "family" in scores.levels:
        same &= np.isin(scores.levels["family"], (0, KINDS["family"].exact, KINDS["family"].level("crossed")))
    for kind, bits in scores.bits.items():
        if kind not in _NO_EVIDENCE:
            same &= ~((scores.levels[kind] > 0) & (bits > 1.0))
    return same


def _partners(keys: Mapping[UUID, list[int]], model: "Model") -> dict[UUID, list[UUID]]:
    """For each newcomer those who share a key with them that not too many share; the rarest keys first."""
    from rapport.people.matching.blocking import CAP_MOST as GENERAL
    from rapport.people.matching.blocking import rule_of

    asked = sorted({key for some in keys.values() for key in some} - model.crowded)
    caps = [min(CAP_MOST, model.caps.get(rule_of(key), GENERAL)) for key in asked]
    members: dict[int, list[UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        # The planner believes that any key is common, and would read the table from its beginning.
        cursor.execute("SELECT set_config('enable_seqscan', 'off', true)")
        cursor.execute(
            """SELECT k.key, m.person_id FROM unnest(%s::bigint[], %s::int[]) AS k(key, cap)
            CROSS JOIN LATERAL (SELECT person_id FROM people_matchkeys WHERE keys @> ARRAY[k.key] LIMIT k.cap + 1) m""",
            [asked, caps],
        )
        for key, person in cursor.fetchall():
            members[key].append(person)
        cursor.execute("SELECT set_config('enable_seqscan', 'on', true)")
    allowed = {key: found for (key, cap) in zip(asked, caps, strict=True) if 1 < len(found := members[key]) <= cap}
    partners: dict[UUID, list[UUID]] = {}
    for person, own in keys.items():
        met: dict[UUID, None] = {}
        for key in sorted((key for key in own if key in allowed), key=lambda key: len(allowed[key])):
            met |= dict.fromkeys(allowed[key])
            if len(met) > _CANDIDATES_MOST:
                break
        met.pop(person, None)
        partners[person] = list(met)[:_CANDIDATES_MOST]
    return partners


def write_keys(people: Iterable[Known], salt: bytes) -> dict[UUID, list[int]]:
    """Store the keys of these people; returns them."""
    from rapport.people.matching.blocking import numbers

    keys = {one.id: numbers(one.record, salt) for one in people}
    bulk.insert(
        "people_matchkeys",
        {"person_id": ("uuid", list(keys)), "keys": ("bigint[]", [bulk.array_text(some) for some in keys.values()])},
        """ON CONFLICT (person_id) DO UPDATE SET keys = excluded.keys
        WHERE people_matchkeys.keys IS DISTINCT FROM excluded.keys""",
    )
    return keys


def forget(ids: Iterable[UUID]) -> None:
    """No keys and no open suggestions any more of those who became nobody in particular, or were erased."""
    with connection.cursor() as cursor:
        gone = list(ids)
        cursor.execute("DELETE FROM people_matchkeys WHERE person_id = ANY(%s)", [gone])
        cursor.execute(
            "DELETE FROM people_pair WHERE state = %s AND (low_id = ANY(%s) OR high_id = ANY(%s))",
            [PairState.OPEN, gone, gone],
        )


def refused_trees() -> set[tuple[UUID, UUID]]:
    """The tops of trees that hold a refused pair, both ways round."""
    with connection.cursor() as cursor:
        # Written out, so that the index of refused pairs is seen to hold them all.
        cursor.execute(
            """SELECT a.root, b.root FROM people_pair r JOIN people_person a ON a.id = r.low_id
            JOIN people_person b ON b.id = r.high_id WHERE r.state = 'refused'"""
        )
        pairs = cursor.fetchall()
    return {pair for one, other in pairs for pair in ((one, other), (other, one))}


def best_of_trees(
    found: Iterable[Suggestion], roots: Mapping[UUID, UUID], refused: set[tuple[UUID, UUID]]
) -> list[Suggestion]:
    """One suggestion for two trees of rows, the likeliest; none where a pair of theirs was refused."""
    best: dict[tuple[UUID, UUID], Suggestion] = {}
    for one in found:
        low, high = sorted((roots[one.low], roots[one.high]))
        if low == high or (low, high) in refused:
            continue
        before = best.get((low, high))
        if before is None or (one.probability, before.low, before.high) > (before.probability, one.low, one.high):
            best[low, high] = one
    return list(best.values())


def write(found: Iterable[Suggestion], model: str) -> None:
    """Store suggestions; what was decided of a pair stays decided."""
    rows = list(found)
    at = now()
    bulk.insert(
        "people_pair",
        {
            "low_id": ("uuid", [row.low for row in rows]),
            "high_id": ("uuid", [row.high for row in rows]),
            "probability": ("float8", [row.probability for row in rows]),
            "evidence": ("jsonb", [orjson.dumps(row.evidence).decode() for row in rows]),
            "flags": ("varchar[]", [bulk.array_text(row.flags) for row in rows]),
            "state": ("text", [PairState.OPEN.value] * len(rows)),
            "model": ("text", [model] * len(rows)),
            "made_at": ("timestamptz", [at] * len(rows)),
        },
        # What was proved no comparison finds again: it stays, and so does how likely it made the pair.
        """ON CONFLICT (low_id, high_id) DO UPDATE SET evidence = excluded.evidence, model = excluded.model,
            probability = CASE WHEN people_pair.proved = '[]' THEN excluded.probability
                ELSE greatest(excluded.probability, people_pair.probability) END,
            flags = CASE WHEN people_pair.proved = '[]' THEN excluded.flags
                ELSE array_remove(excluded.flags, 'impersonation') END
        WHERE people_pair.state = 'open'""",
    )


def _withdraw(newcomers: list[UUID], kept: Iterable[Suggestion]) -> None:
    """Open suggestions of people who were compared anew, and are suggested no more."""
    pairs = [(one.low, one.high) for one in kept]
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM people_pair p WHERE state = 'open' AND proved = '[]'
            AND (low_id = ANY(%s) OR high_id = ANY(%s))
            AND NOT EXISTS (SELECT 1 FROM unnest(%s::uuid[], %s::uuid[]) AS k(low, high)
                WHERE k.low = p.low_id AND k.high = p.high_id)""",
            [newcomers, newcomers, [low for low, _ in pairs], [high for _, high in pairs]],
        )


def waiting() -> bool:
    """Whether somebody was not compared yet."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM people_person WHERE matched_at IS NULL)")
        return bool(cursor.fetchone()[0])


def open_pairs() -> int:
    """How many suggestions wait for a decision."""
    return Pair.objects.filter(state=PairState.OPEN).count()
