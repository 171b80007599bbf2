"""Everybody compared with everybody, nightly: a model is learned anew; suggestions are written, refreshed, withdrawn.

A million people are columns of numbers here, not objects; what a pair is compared by is read again for the few that are
suggested. `rapport.people.nightly` runs it in a process of its own, whose memory ends with it.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.postgres.launch import die_with
from rapport.people import gathering, suggesting
from rapport.people.learning import MatchModel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rapport.people.matching.blocking import Keys
    from rapport.people.matching.model import Model
    from rapport.people.matching.table import Table

    Numbers = NDArray[np.int64]

log = logging.getLogger(__name__)
_LOCK = 7_301_966
#: Of a rule of blocking, so many pairs for each person at most.
_PAIRS_EACH = 2
_CHUNK = 200_000
_WRITTEN_AT_ONCE = 1000
#: Fewer pairs than this are not worth a second process.
_PARALLEL_FROM = 500_000
_MODELS_KEPT = 3


@dataclass(frozen=True, slots=True)
class Done:
    """What a pass did, and how long it took, by part."""

    people: int
    pairs_compared: int
    suggested: int
    seconds: dict[str, float]


@dataclass(frozen=True)
class _Everybody:
    """All people as a table, with their ids and roots (16 bytes each, by id) and whether they are public only."""

    table: "Table"
    keys: "Keys"
    ids: bytes
    roots: bytes
    public: bytes
    salt: bytes

    def id(self, number: int) -> UUID:
        return UUID(bytes=self.ids[number * 16 : number * 16 + 16])

    def root(self, number: int) -> UUID:
        return UUID(bytes=self.roots[number * 16 : number * 16 + 16])


def full_pass(processes: int = 1) -> Done | None:
    """Compare everybody; None where another pass is running. `processes` above 1 fork: only without threads."""
    watch, began = _Watch(), now()
    with scope.system():
        if not _alone():
            return None
        _claim(began)
        everybody = _read(watch)
    try:
        model, pairs = _learn(everybody, watch)
        chosen = _score(everybody, model, pairs, processes)
        watch.stop("score")
        with scope.system():
            if not _alone():
                raise Invalid("Another pass over all people began meanwhile.", "Its result will do.")
            written = _suggest(everybody, model, chosen)
    except BaseException:
        with scope.system():
            _give_back(began)
        raise
    watch.stop("write")
    return Done(everybody.table.size, len(pairs[0]), written, watch.seconds)


def _claim(at: datetime) -> None:
    """Whoever was not compared yet will be now. Before they are read: a later change asks for another time."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET matched_at = %s WHERE matched_at IS NULL", [at])


def _give_back(at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_person SET matched_at = NULL WHERE matched_at = %s", [at])


class _Watch:
    """How long parts took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.monotonic()

    def stop(self, part: str) -> None:
        at = time.monotonic()
        self.seconds[part], self._at = round(at - self._at, 2), at
        log.info("matching: %s took %.1f s", part, self.seconds[part])


def _alone() -> bool:
    """Whether no other pass runs, and none begins until this transaction ends; without a limit of time."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _read(watch: _Watch) -> _Everybody:
    """Read everybody, and store keys that have changed."""
    from rapport.people.matching.blocking import Keys
    from rapport.people.matching.table import Builder

    _, model = suggesting.newest_model()
    builder, keys = Builder(), Keys(model.salt)
    ids, roots, public = bytearray(), bytearray(), bytearray()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE matching_now (person_id uuid, keys bigint[]) ON COMMIT DROP")
    waiting: list[str] = []
    for one in gathering.everybody():
        builder.add(one.record)
        found = keys.add(one.record)
        waiting.append(f"{one.id}\t{{{','.join(map(str, found))}}}\n")
        ids += one.id.bytes
        roots += one.root.bytes
        public.append(one.public)
        if len(waiting) >= 20_000:
            _copy(waiting)
            waiting = []
    _copy(waiting)
    table = builder.table()
    watch.stop("read")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE matching_now")
        cursor.execute(
            "DELETE FROM people_matchkeys k WHERE NOT EXISTS (SELECT 1 FROM matching_now n WHERE "
            "n.person_id = k.person_id)"
        )
        cursor.execute(
            """INSERT INTO people_matchkeys AS k SELECT n.person_id, n.keys FROM matching_now n
            LEFT JOIN people_matchkeys o ON o.person_id = n.person_id WHERE o.keys IS DISTINCT FROM n.keys
            ON CONFLICT (person_id) DO UPDATE SET keys = excluded.keys"""
        )
        cursor.execute("DROP TABLE matching_now")
    watch.stop("keys")
    return _Everybody(table, keys, bytes(ids), bytes(roots), bytes(public), model.salt)


def _copy(lines: list[str]) -> None:
    with connection.connection.cursor() as cursor, cursor.copy("COPY matching_now FROM STDIN") as copy:
        copy.write("".join(lines))


def _learn(everybody: _Everybody, watch: _Watch) -> tuple["Model", tuple["Numbers", "Numbers"]]:
    from rapport.people.matching.estimating import estimate

    caps = everybody.keys.caps(suggesting.CAP_MOST, _PAIRS_EACH)
    pairs = everybody.keys.pairs(caps)
    watch.stop("pairs")
    model = estimate(everybody.table, pairs, everybody.salt, caps)
    model = replace(model, crowded=everybody.keys.crowded())
    watch.stop("learn")
    return model, pairs


def _score(
    everybody: _Everybody, model: "Model", pairs: tuple["Numbers", "Numbers"], processes: int
) -> tuple["Numbers", "Numbers"]:
    """Of all pairs those that are worth a suggestion: what is likelier than not, and bearers of somebody's name."""
    import numpy as np

    parts = [(pairs[0][at : at + _CHUNK], pairs[1][at : at + _CHUNK]) for at in range(0, len(pairs[0]), _CHUNK)]
    if processes > 1 and len(pairs[0]) >= _PARALLEL_FROM:
        global _forked
        _forked = (everybody, model)
        # A process that is killed ends this one with an error, where a Pool would wait for it for ever; and they end
        # with this one, whose parts they would wait for.
        fork, mine = multiprocessing.get_context("fork"), (os.getpid(), signal.SIGKILL)
        with ProcessPoolExecutor(processes, fork, initializer=die_with, initargs=mine) as pool:
            found = list(pool.map(_score_forked, parts))
        _forked = None
    else:
        found = [_score_part(everybody, model, part) for part in parts]
    if not found:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    ones, others, named = (np.concatenate([part[n] for part in found]) for n in range(3))
    return _without_common_names(everybody, ones, others, named)


#: What a forked process inherits, in place of receiving it.
_forked: tuple[_Everybody, "Model"] | None = None


def _score_forked(part: tuple["Numbers", "Numbers"]) -> tuple["Numbers", "Numbers", "NDArray[np.bool_]"]:
    if _forked is None:
        raise RuntimeError("nothing was inherited")
    return _score_part(*_forked, part)


def _score_part(
    everybody: _Everybody, model: "Model", part: tuple["Numbers", "Numbers"]
) -> tuple["Numbers", "Numbers", "NDArray[np.bool_]"]:
    """The pairs of a part that are worth telling; whether each is only a bearer of the name."""
    import numpy as np

    from rapport.people.matching.scoring import score

    scores = score(everybody.table, model, *part)
    public = np.frombuffer(everybody.public, np.bool_)
    named = suggesting.bears_the_name(scores) & (public[part[0]] != public[part[1]])
    chosen = (scores.total >= 0) | named
    return part[0][chosen], part[1][chosen], named[chosen]


def _without_common_names(
    everybody: _Everybody, ones: "Numbers", others: "Numbers", named: "NDArray[np.bool_]"
) -> tuple["Numbers", "Numbers"]:
    """Leave out public accounts whose name too many have."""
    import numpy as np

    counted = np.bincount(np.concatenate((ones[named], others[named])), minlength=everybody.table.size)
    common = named & (np.maximum(counted[ones], counted[others]) > suggesting.NAMESAKES_MOST)
    return ones[~common], others[~common]


def _keep(model: "Model") -> str:
    """Store the model; older ones go."""
    made = MatchModel.objects.create(parameters=model.to_json(), records=model.records, learned=True)
    kept = MatchModel.objects.order_by("-made_at").values_list("id", flat=True)[:_MODELS_KEPT]
    MatchModel.objects.exclude(id__in=list(kept)).delete()
    return str(made.id)


def _suggest(everybody: _Everybody, model: "Model", chosen: tuple["Numbers", "Numbers"]) -> int:
    """Write what is suggested, one for two trees, refresh what was before, withdraw the rest; how many they are."""
    name, began = _keep(model), now()
    refused = suggesting.refused_trees()
    best: dict[tuple[UUID, UUID], suggesting.Suggestion] = {}
    asked = {
        (everybody.id(one), everybody.id(other)) for one, other in zip(*(part.tolist() for part in chosen), strict=True)
    }
    for pairs in _batches(sorted(asked | _open_pairs())):
        known = {one.id: one for one in gathering.some({person for pair in pairs for person in pair})}
        there = [(known[low], known[high]) for low, high in pairs if low in known and high in known]
        roots = {one.id: one.root for one in known.values()}
        for one in suggesting.best_of_trees(_scored_again(model, there), roots, refused):
            low, high = sorted((roots[one.low], roots[one.high]))
            if (low, high) not in best or one.probability > best[low, high].probability:
                best[low, high] = one
    found = list(best.values())
    for at in range(0, len(found), _WRITTEN_AT_ONCE):
        suggesting.write(found[at : at + _WRITTEN_AT_ONCE], name)
    with connection.cursor() as cursor:
        # What this model did not make again; but not what newcomers were given meanwhile.
        cursor.execute(
            "DELETE FROM people_pair WHERE state = 'open' AND proved = '[]' AND model <> %s AND made_at < %s",
            [name, began],
        )
    return len(best)


def _scored_again(model: "Model", pairs: list[tuple[gathering.Known, gathering.Known]]) -> list[suggesting.Suggestion]:
    """Suggestions of these pairs, with their evidence."""
    import numpy as np

    from rapport.people.matching.scoring import score
    from rapport.people.matching.table import table_of

    pairs = [(one, other) for one, other in pairs if one.root != other.root]
    if not pairs:
        return []
    table = table_of(one.record for pair in pairs for one in pair)
    evens = np.arange(0, table.size, 2)
    return suggesting.judged(model, score(table, model, evens, evens + 1), pairs, namesakes=0)


def _open_pairs() -> set[tuple[UUID, UUID]]:
    """What is suggested already: compared anew even where too many share their keys by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT low_id, high_id FROM people_pair WHERE state = 'open' AND NOT 'impersonation' = ANY(flags)"
        )
        return {(low, high) for low, high in cursor.fetchall()}


def _batches(pairs: list[tuple[UUID, UUID]]) -> Iterator[list[tuple[UUID, UUID]]]:
    for at in range(0, len(pairs), _WRITTEN_AT_ONCE):
        yield pairs[at : at + _WRITTEN_AT_ONCE]
