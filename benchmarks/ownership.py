"""How long deciding an owner takes: `python benchmarks/ownership.py` prints one JSON object.

Compared in the same run with folding the same texts, which any search for words has to do first.
"""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from rapport.ownership.engine import Directory, TeamEntry, decide
from rapport.ownership.facts import Facts
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.words import FoldedText

_RULES = 15
_MAILS = 500
_ROUNDS = 5


def main() -> None:
    """Print the best of five rounds, in microseconds a mail."""
    policy = policy_from_dict({"triage": "support", "rules": [_rule(n) for n in range(_RULES)]})
    directory = Directory({"support": TeamEntry(UUID(int=1), "support", "Support")})
    texts = [f"Hello {n}, I ordered a kettle and it has never arrived at my place. " * 12 for n in range(_MAILS)]
    print(
        json.dumps(
            {
                "rules": _RULES,
                "mails": _MAILS,
                "decide_us": _best(lambda: [decide(policy, f, directory) for f in map(_facts, texts)]),
                "fold_only_us": _best(lambda: [FoldedText(text) for text in texts]),
            }
        )
    )


def _rule(number: int) -> dict[str, object]:
    return {"name": f"Rule {number}", "when": {"words": [f"word{number}", "never heard"]}, "then": {"owner": "support"}}


def _facts(text: str) -> Facts:
    return Facts(at=datetime(2026, 3, 4, 12, tzinfo=UTC), text=text, subject="Where is it")


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return round(min(taken) / _MAILS * 1e6, 1)


if __name__ == "__main__":
    main()
