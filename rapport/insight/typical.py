"""Which words are typical for some texts and not for others. Pure."""

from collections.abc import Iterable
from math import log

from rapport.ownership.words import FoldedText

WORDS_MAX, PERSONS_MIN = 6, 3
_SHORT = 3
_TWICE = 2.0

Said = tuple[object, str]
"""Who says it, and the text."""


def typical(these: Iterable[Said], *others: Iterable[Said]) -> list[str]:
    """Up to WORDS_MAX words that are said in these by at least PERSONS_MIN persons, and at least twice as often as in
    each of the others: the most telling first, folded as rules compare them. Who says it in many texts says it once.
    """
    mine, rests = _by_person(these), [_by_person(one) for one in others]
    counts, behind = _counts(mine), [(_counts(one), len(one)) for one in rests]
    found = []
    for word, count in counts.items():
        else_ = max((of.get(word, 0) / max(1, all_) for of, all_ in behind), default=0.0)
        if count >= PERSONS_MIN and count / len(mine) >= _TWICE * else_ and _tells(word):
            odds = max((_odds(of.get(word, 0), all_) for of, all_ in behind), default=0.0)
            found.append((_odds(count, len(mine)) - odds, word))
    return [word for _score, word in sorted(found, key=lambda one: (-one[0], one[1]))[:WORDS_MAX]]


def _by_person(said: Iterable[Said]) -> dict[object, frozenset[str]]:
    found: dict[object, frozenset[str]] = {}
    for place, (person, text) in enumerate(said):
        key = person if person is not None else place
        found[key] = found.get(key, frozenset()) | FoldedText(text).words
    return found


def _counts(texts: dict[object, frozenset[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for words in texts.values():
        for word in words:
            found[word] = found.get(word, 0) + 1
    return found


def _odds(count: int, of: int) -> float:
    return log((count + 0.5) / (of - count + 0.5))


def _tells(word: str) -> bool:
    """Numbers and the shortest words tell nothing, but for scripts in which one sign is a word."""
    return not word.isdecimal() and (len(word) >= _SHORT or not word.isascii())
