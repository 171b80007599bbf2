"""What a conversation is about, by the words of the company's own topics. Pure, and linear in the text."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapport.ownership.words import FoldedText, Phrase, phrase

_SUBJECT_WEIGHT = 2


@dataclass(frozen=True, slots=True)
class TopicWords:
    """A topic of the company and what gives it away."""

    slug: str
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TopicHit:
    """A topic found in a conversation, with the first word that gave it away, as the company wrote it."""

    slug: str
    name: str
    word: str = ""


class TopicMatcher:
    """The topics of the company, indexed by the first word of each of their phrases."""

    def __init__(self, topics: Iterable[TopicWords]) -> None:
        self.topics = tuple(topics)
        self._by_first: dict[str, list[tuple[int, Phrase]]] = {}
        self._anywhere: list[tuple[int, Phrase]] = []
        for number, topic in enumerate(self.topics):
            for made in filter(None, map(phrase, topic.words)):
                place = self._by_first.setdefault(made.first, []) if made.first else self._anywhere
                place.append((number, made))
        self._firsts = frozenset(self._by_first)

    def match(self, subject: str, whole: FoldedText) -> tuple[TopicHit, ...]:
        """The topics found in `whole` (subject and text), the best first.

        They are ordered by how many of their words are there, those in the subject counting twice.
        """
        found = [pair for first in self._firsts & whole.words for pair in self._by_first[first]]
        found = [(number, made) for number, made in (*found, *self._anywhere) if made.is_in(whole)]
        if not found:
            return ()
        return self._ranked(found, FoldedText(subject))

    def _ranked(self, found: list[tuple[int, Phrase]], subject: FoldedText) -> tuple[TopicHit, ...]:
        weights: dict[int, int] = {}
        words: dict[int, str] = {}
        for number, made in sorted(
            found, key=lambda pair: (pair[0], self.topics[pair[0]].words.index(pair[1].written))
        ):
            weights[number] = weights.get(number, 0) + (_SUBJECT_WEIGHT if made.is_in(subject) else 1)
            words.setdefault(number, made.written)
        order = sorted(weights, key=lambda number: (-weights[number], number))
        return tuple(TopicHit(self.topics[n].slug, self.topics[n].name, words[n]) for n in order)
