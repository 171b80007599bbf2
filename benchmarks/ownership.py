"""How long deciding an owner takes: `python benchmarks/ownership.py` prints one JSON object.

Compared in the same run with folding the same texts, which any search for words has to do first; with patterns in
place of words, and with ten thousand rules.
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
_MANY = 10_000


def main() -> None:
    """Print the best of five rounds, in microseconds (of many rules in milliseconds) a mail."""
    policy = policy_from_dict({"triage": "support", "rules": [_rule(n) for n in range(_RULES)]})
    patterns = policy_from_dict({"triage": "support", "rules": [_with_pattern(_rule(n), n) for n in range(_RULES)]})
    directory = Directory({"support": TeamEntry(UUID(int=1), "support", "Support")})
    texts = [f"Hello {n}, I ordered a kettle and it has never arrived at my place. " * 12 for n in range(_MAILS)]
    print(
        json.dumps(
            {
                "rules": _RULES,
                "mails": _MAILS,
                "patterns_us": _best(lambda: [decide(patterns, f, directory) for f in map(_facts, texts)]),
                "many_rules": _MANY,
                "many_ms": _many(texts, directory),
                "many_with_a_thousand_patterns_ms": _many(texts, directory, patterns=True),
                "decide_us": _best(lambda: [decide(policy, f, directory) for f in map(_facts, texts)]),
                "fold_only_us": _best(lambda: [FoldedText(text) for text in texts]),
            }
        )
    )


def _rule(number: int) -> dict[str, object]:
    return {"name": f"Rule {number}", "when": {"words": [f"word{number}", "never heard"]}, "then": {"owner": "support"}}


def _with_pattern(rule: dict[str, object], number: int) -> dict[str, object]:
    return {**rule, "when": {"matches": rf"INV{number % 1000}-\d{{6}}"}}


def _many(texts: list[str], directory: Directory, *, patterns: bool = False) -> float:
    rules = [_with_pattern(_rule(n), n) if patterns else _rule(n) for n in range(_MANY)]
    policy = policy_from_dict({"triage": "support", "rules": rules})
    return round(_best(lambda: [decide(policy, f, directory) for f in map(_facts, texts[:5])], 5) / 1000, 1)


def _facts(text: str) -> Facts:
    return Facts(at=datetime(2026, 3, 4, 12, tzinfo=UTC), text=text, subject="Where is it")


def _best(work: Callable[[], object], mails: int = _MAILS) -> float:
    taken = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return round(min(taken) / mails * 1e6, 1)


if __name__ == "__main__":
    main()
