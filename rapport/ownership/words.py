"""Finding words and phrases in what people write: whole words, whatever the case and the accents, in linear
time.

Pure. Both sides are folded in the same way, so that "Rückerstattung", "RUCKERSTATTUNG" and "ruckerstattung"
are one.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

CHARACTERS_READ_MAX = 50_000
"""What comes after this many characters of a text is not looked at."""

_KEPT_LENGTH_MAX = 40
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u00ad\u200b-\u200d\u2060\ufeff]+")
_TYPOGRAPHY = "\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2022\u20ac"
# Letters that Unicode does not take apart into a letter and an accent, though people write one for the other.
_LOOKALIKES = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th"})
# Translating ASCII and splitting at spaces takes a quarter of the time of a regular expression.
_ASCII_TO_WORDS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
# \w leaves out the vowel signs of South and South-East Asian scripts, which would cut their words in pieces.
_ANY_WORD = re.compile("[\\w\u0900-\u0963\u0966-\u109f\u1780-\u17d3]+")
# Scripts written without spaces, or with endings glued on: Thai, Lao, Burmese, Khmer, kana, Han, Hangul.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


def fold(text: str) -> str:
    """`text` without case, accents, invisible characters and typographic variants, its words one space apart."""
    if text.isascii():
        return text.lower().replace("_", " ")
    # Most words even of German or Polish are plain ASCII, and the others come again and again.
    return " ".join([word.lower() if word.isascii() else _fold_word(word) for word in text.split()]).replace("_", " ")


def _fold_word(word: str) -> str:
    return _fold_kept(word) if len(word) <= _KEPT_LENGTH_MAX else _fold_any(word)


def _fold_any(word: str) -> str:
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", word).casefold())
    for mark in _TYPOGRAPHY:
        folded = folded.replace(mark, " ")
    if not folded.isascii():
        folded = unicodedata.normalize("NFC", folded).translate(_LOOKALIKES)
    return folded


_fold_kept = lru_cache(maxsize=10_000)(_fold_any)


class FoldedText:
    """A text made ready to be searched, once, for any number of phrases.

    `in_order` has its words, folded, and `words` each of them once.
    """

    __slots__ = ("_spaced", "in_order", "words")

    def __init__(self, text: str) -> None:
        self.in_order = _words_of(text[:CHARACTERS_READ_MAX])
        self.words = frozenset(self.in_order)
        self._spaced = ""

    @property
    def spaced(self) -> str:
        """The folded words with one space before, between and after them."""
        if not self._spaced:
            self._spaced = f" {' '.join(self.in_order)} "
        return self._spaced


def _words_of(text: str) -> list[str]:
    folded = text if text.isascii() else fold(text)
    if folded.isascii():
        return folded.translate(_ASCII_TO_WORDS).split()
    return _ANY_WORD.findall(folded)


@dataclass(frozen=True, slots=True)
class Phrase:
    """One word or phrase to look for.

    `first` is its first word where that must stand in the text as a whole, else empty; `needle` is what to
    find in `FoldedText.spaced`; `single` says that finding `first` is enough.
    """

    written: str
    first: str
    needle: str
    single: bool

    def is_in(self, text: FoldedText) -> bool:
        """Whether the text says it."""
        if self.first and self.first not in text.words:
            return False
        return self.single or self.needle in text.spaced


def phrase(written: str) -> Phrase | None:
    """Make `written` ready to be looked for; None when it has neither letter nor digit.

    A star at the end stands for any ending ("refund*"). A phrase in a script written without spaces is found
    anywhere.
    """
    words = FoldedText(written).in_order
    if not words:
        return None
    together = " ".join(words)
    if _UNSPACED.search(together):
        return Phrase(written, "", together, False)
    if written.rstrip().endswith("*"):
        return Phrase(written, words[0] if len(words) > 1 else "", f" {together}", False)
    return Phrase(written, words[0], f" {together} ", len(words) == 1)


class Phrases:
    """Several words and phrases looked for together."""

    def __init__(self, written: Iterable[str]) -> None:
        self.all = tuple(made for word in written if (made := phrase(word)))
        self._firsts = frozenset(one.first for one in self.all)
        self._all_whole = "" not in self._firsts

    def first_found(self, text: FoldedText) -> str | None:
        """The first one that the text says, as it was written; None when it says none."""
        if self._all_whole and self._firsts.isdisjoint(text.words):
            return None
        return next((one.written for one in self.all if one.is_in(text)), None)

    def first_missing(self, text: FoldedText) -> str | None:
        """The first one that the text does not say; None when it says them all."""
        return next((one.written for one in self.all if not one.is_in(text)), None)
