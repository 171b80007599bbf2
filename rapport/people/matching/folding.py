"""Text as matching sees it: lower case, plain letters of ASCII, however it was written; and how it sounds."""

import re
from functools import lru_cache

_APOSTROPHES = re.compile(r"['’‘ʻʼ`´]")
_OTHER = re.compile(r"[^a-z0-9]+")
_SYLLABLE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_REPEATED = re.compile(r"(.)\1+")
#: Two spellings of one letter: Müller and Mueller, Aagaard and Ågård.
_DOUBLED = re.compile(r"(?<=.)(?:ae|oe|ue|aa)")
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(?:kn|gn|pn)", "n"), (r"^wr", "r"), (r"^ps", "s"), (r"^mac|^mc", "mk"), (r"^x|^zh", "s"),
        (r"tsch|tch|tsh|ch(?=[^r])|ch$|cz|cs(?=.)|ts|tz", "s"), (r"sch|shch|sh|sz|zs|zh|j(?=$)", "s"),
        (r"ph|pf|v|w|b", "f"), (r"th|dh", "t"), (r"kh|gh|ck|cq|qu|q|c(?=[aourlkt])|c$|x", "k"), (r"c", "s"),
        (r"g", "k"), (r"j|y", "i"), (r"d", "t"), (r"z", "s"), (r"h", ""), (r"p", "f"),
    )
]  # fmt: skip


def listed(text: str) -> frozenset[str]:
    """The words of a text, for lists that are easier to read so."""
    return frozenset(text.split())


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Words of ASCII letters and digits with single spaces: "Łukasz O’Brien-Żółw" is "lukasz obrien zolw"."""
    if not text.isascii():
        from anyascii import anyascii

        text = _SYLLABLE.sub(" ", anyascii(text)) if any(ord(letter) > 0x2E7F for letter in text) else anyascii(text)
    return _OTHER.sub(" ", _APOSTROPHES.sub("", text).lower()).strip()


@lru_cache(maxsize=65536)
def fold_name(text: str) -> str:
    """The same for names, where a letter may be written as two: "Müller" and "Mueller" are both "muller"."""
    return " ".join(_DOUBLED.sub(lambda two: two[0][0], word) for word in fold(text).split())


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """How a folded word roughly sounds, whatever language wrote it: consonants by class, vowels only in front.

    Coarse on purpose: it also holds for transliterations, and for scripts that write no vowels.
    """
    text = word.replace(" ", "")
    for pattern, heard in _SOUNDS:
        text = pattern.sub(heard, text)
    text = _REPEATED.sub(r"\1", text)
    if not text:
        return word[:1]
    first = "a" if text[0] in "aeiou" else text[0]
    return _REPEATED.sub(r"\1", first + re.sub(r"[aeiou]", "", text[1:]))
