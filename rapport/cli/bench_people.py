"""`rapport bench people`: how well matching finds out which rows are one human, where that is known."""

import csv
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rapport.cli.bench_meter import peak_rss_mb
from rapport.cli.people_table import PeopleTable, read
from rapport.core.errors import Invalid
from rapport.people.matching.linking import SUGGEST, SURE_BITS, Linked, against, link
from rapport.people.matching.records import Prepared, prepare

_NEWCOMERS = 200
_CANDIDATES = 200


def measure(files: Sequence[Path], truth: str, mapping: Sequence[str]) -> dict[str, Any]:
    """Everything that is told of a table. Raises Invalid for what is no table of people."""
    began = time.monotonic()
    table = read(files, truth, mapping)
    _say(
        f"{len(table.rows):,} rows; "
        + ", ".join(f"{kind}: {' + '.join(names)}" for kind, names in table.columns.items())
    )
    records = [prepare(table.raw(row), table.month_first) for row in table.rows]
    linked = link(records)
    _say(f"{len(linked.ones):,} pairs compared")
    found = _agreement(linked.people().tolist(), table.truth)
    automatic = _agreement(linked.sure_people().tolist(), table.truth)
    seconds = time.monotonic() - began
    memory = peak_rss_mb()
    direct = _direct(linked, table)
    return {
        **{name: found[name] for name in ("precision", "recall", "f1")},
        "false_merge_rate": automatic["false_share"],
        "coverage": automatic["recall"],
        "thresholds": {"decision": SUGGEST, "automatic": round(1 - 1 / (1 + 2**SURE_BITS), 7)},
        "decision": found | {"direct": direct},
        "automatic": automatic | {"false_per_pair_compared": automatic["false"] / max(1, len(linked.ones))},
        "records": len(table.rows),
        "people": len(set(table.truth)),
        "true_pairs": found["true"],
        "pairs_compared": len(linked.ones),
        "seconds": round(seconds, 2),
        "peak_memory_mb": memory,
        "incremental": _incremental(records, linked),
        "columns": table.columns,
        "truth_column": table.truth_column,
        "columns_not_used": table.ignored,
    }


def _agreement(labels: Sequence[int], truth: Sequence[str]) -> dict[str, Any]:
    """Of all pairs of rows that stand in one group, which are one human, and how many of these there are."""

    def pairs(groups: Iterable[object]) -> int:
        return sum(count * (count - 1) // 2 for count in Counter(groups).values())

    joined, true, right = pairs(labels), pairs(truth), pairs(zip(labels, truth, strict=True))
    precision = right / joined if joined else 1.0
    recall = right / true if true else 1.0
    return {
        "precision": round(precision, 6),
        "recall": round(recall, 6),
        "f1": round(2 * precision * recall / (precision + recall), 6) if precision + recall else 0.0,
        "pairs": joined,
        "false": joined - right,
        "false_share": (joined - right) / joined if joined else 0.0,
        "true": true,
    }


def _direct(linked: Linked, table: PeopleTable) -> dict[str, float]:
    """Precision and recall of single pairs, before they are put together to people."""
    kept = (linked.bits > 0).nonzero()[0].tolist()
    right = sum(table.truth[int(linked.ones[n])] == table.truth[int(linked.others[n])] for n in kept)
    true = sum(count * (count - 1) // 2 for count in Counter(table.truth).values())
    met = sum(
        table.truth[one] == table.truth[other]
        for one, other in zip(linked.ones.tolist(), linked.others.tolist(), strict=True)
    )
    return {
        "precision": round(right / len(kept), 6) if kept else 1.0,
        "recall": round(right / true, 6) if true else 1.0,
        "recall_of_blocking": round(met / true, 6) if true else 1.0,
    }


def _incremental(records: Sequence[Prepared], linked: Linked) -> dict[str, Any]:
    """Newcomers against those they share a key with, by the same model; and whether all scores are the same."""
    chance = random.Random(1)  # noqa: S311 - a sample
    asked = chance.sample(range(len(records)), min(_NEWCOMERS, len(records)))
    wanted = set(asked)
    partners: dict[int, list[tuple[int, float]]] = {n: [] for n in asked}
    for one, other, bits in zip(linked.ones.tolist(), linked.others.tolist(), linked.bits.tolist(), strict=True):
        if one in wanted:
            partners[one].append((other, bits))
        if other in wanted:
            partners[other].append((one, bits))
    spent, differing = [], 0
    for number, candidates in partners.items():
        began = time.perf_counter()
        found = against(linked.model, records[number], [records[other] for other, _ in candidates[:_CANDIDATES]])
        spent.append((time.perf_counter() - began) * 1000)
        differing += sum(abs(a - b[1]) > 1e-6 for a, b in zip(found.total.tolist(), candidates, strict=False))
    spent.sort()
    return {
        "newcomers": len(asked),
        "ms_p50": round(spent[len(spent) // 2], 2),
        "ms_p99": round(spent[int(len(spent) * 0.99)], 2),
        "scores_unlike_batch": differing,
    }


def nicknames(path: Path) -> dict[str, Any]:
    """How many of a file's pairs of a name and its short form are known to go together, and how many random ones.

    The file has the columns name1, relationship, name2. Raises Invalid for another.
    """
    from rapport.people.matching.folding import fold_name
    from rapport.people.matching.names import same_person_may_have

    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not {"name1", "name2"} <= set(reader.fieldnames or ()):
            raise Invalid(
                f"{path.name} is no table of short names.", "It needs the columns name1, relationship, name2."
            )
        pairs = [(fold_name(row["name1"] or ""), fold_name(row["name2"] or "")) for row in reader]
    pairs = [(one, other) for one, other in pairs if one and other]
    if not pairs:
        raise Invalid(f"{path.name} has no pairs of names.", "It needs the columns name1, relationship, name2.")
    chance = random.Random(1)  # noqa: S311 - a sample
    firsts, known = sorted({name for pair in pairs for name in pair}), {frozenset(pair) for pair in pairs}
    apart = [pair for _ in range(20_000) if frozenset(pair := chance.sample(firsts, 2)) not in known]
    return {
        "pairs": len(pairs),
        "recall": round(sum(same_person_may_have(*pair) for pair in pairs) / len(pairs), 6),
        "random_pairs": len(apart),
        "random_pairs_taken_for_short_names": round(
            sum(same_person_may_have(*pair) for pair in apart) / max(1, len(apart)), 6
        ),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress
