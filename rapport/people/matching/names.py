"""Names of people from all over the world: which part is given, which is the family's, and what is short for what."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from rapport.people.matching.folding import fold, fold_name, listed

_TITLES = listed(
    "mr mrs ms miss mx dr drs prof professor herr frau fr hr dott dottssa sig sigra sra srta don dona doña "
    "sir dame lord "
    "lady rev ing dipl mag mme mlle m monsieur madame mw dhr pan pani sri smt shri hon capt captain lt col"
)
_SUFFIXES = listed("jr sr jnr snr ii iii iv phd md mba esq cpa dds msc bsc ma ba llm llb junior senior")
_PARTICLES = listed(
    "van von vom zu zum zur de der den del della dei di da do dos das du la le el al bin ibn binti bint ben "
    "bar ter ten te "
    "af av st saint san santa y e und"
)
_HAN = re.compile(r"^[\u4e00-\u9fff\u3400-\u4dbf]{2,4}$")
_HANGUL = re.compile(r"^[\uac00-\ud7af]{2,4}$")
_EAST = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u3400-\u4dbf\uac00-\ud7af]")
_TWO_LETTER_FAMILIES = listed(
    "欧阳 歐陽 司马 司馬 诸葛 諸葛 上官 司徒 夏侯 慕容 令狐 皇甫 尉迟 南宫 남궁 황보 제갈 선우 독고"
)
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]|[\"“”«»][^\"“”«»]*[\"“”«»]|<[^>]*>")
#: "Ann from Example", "Ann via Forum", "Ann | Example": what a service or a company adds to a name.
_TAIL = re.compile(r"\s+(?:via|from|bei|at|chez|@)\s+.*$|\s+[|/·•–—-]\s+.*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """The folded parts of a name; either may be "". Several words have spaces between them."""

    given: str = ""
    family: str = ""


@lru_cache(maxsize=65536)
def parse(text: str) -> Name:
    """The parts of a whole name as people write it. An address is no name; a single word counts as given.

    "Dr. Jan van der Berg", "BERG, Jan", "Nagy Anna" (its order is found when it is compared), "李小龙".
    """
    text = _TAIL.sub("", _ASIDE.sub(" ", text)).strip()
    if not text or "@" in text:
        return Name()
    if _EAST.search(text):
        return _eastern(text)
    before, comma, after = text.partition(",")
    if comma and _words(after) and not set(fold(after).split()) <= _SUFFIXES | _TITLES:
        return Name(_joined(_words(after)), _joined(_family(_words(before))))
    words = _words(before)
    shouted = [word for word in words if len(word) > 1 and word.isupper()]
    if shouted and len(shouted) < len(words) and sum(map(len, shouted)) > 2:
        return Name(_joined([word for word in words if word not in shouted]), _joined(_family(shouted)))
    if len(words) < 2:
        return Name(_joined(words))
    start = next(
        (n for n, word in enumerate(words) if 0 < n < len(words) - 1 and fold(word) in _PARTICLES), len(words) - 1
    )
    return Name(_joined(words[:start]), _joined(_family(words[start:])))


@lru_cache(maxsize=65536)
def part(text: str) -> str:
    """A given or a family name that stands alone, folded; titles and what stands in brackets are left out."""
    if _EAST.search(text):
        return "".join(fold_name(text).split())
    return _joined(_family(_words(_ASIDE.sub(" ", text))))


def _eastern(text: str) -> Name:
    """Family name first. Without a space its length tells: one letter, but for the few families with two."""
    words = text.replace("·", " ").replace("・", " ").replace(",", " ").split()
    if len(words) == 1 and (_HAN.match(text) or _HANGUL.match(text)):
        length = 2 if text[:2] in _TWO_LETTER_FAMILIES and len(text) > 2 else 1
        words = [text[:length], text[length:]]
    folded = ["".join(fold_name(word).split()) for word in words]
    return Name(" ".join(folded[1:]), folded[0]) if len(folded) > 1 else Name(" ".join(folded))


def _words(text: str) -> list[str]:
    """The words without titles in front and degrees behind."""
    words = [word for word in re.split(r"[\s.]+", text) if fold(word)]
    while len(words) > 1 and fold(words[0]) in _TITLES:
        words = words[1:]
    while len(words) > 1 and fold(words[-1]) in _SUFFIXES:
        words = words[:-1]
    return words


def _family(words: list[str]) -> list[str]:
    """Without particles, which come and go: "van der Berg" is "Berg"."""
    return [word for word in words if fold(word) not in _PARTICLES] or words


def _joined(words: list[str]) -> str:
    return " ".join(filter(None, (fold_name(word) for word in words)))


@lru_cache(maxsize=1)
def _short() -> dict[str, frozenset[str]]:
    """For each folded name, the full names it may be short for."""
    from nicknames import name_triplets

    full: dict[str, set[str]] = defaultdict(set)
    for one in name_triplets():
        if one.relationship == "has_nickname":
            full[fold_name(one.name2)].add(fold_name(one.name1))
    more = resources.files("rapport.people.matching").joinpath("short_names.txt").read_text("utf-8")
    for line in more.splitlines():
        if line and not line.startswith("#"):
            name, _, shorts = line.partition(":")
            for short in shorts.split():
                full[fold_name(short)].add(fold_name(name))
    return {short: frozenset(names - {short}) for short, names in full.items()}


def same_person_may_have(one: str, other: str) -> bool:
    """Whether two folded given names go together: one is short for the other, or both for the same."""
    if one == other:
        return True
    short = _short()
    ones, others = short.get(one, frozenset()), short.get(other, frozenset())
    return one in others or other in ones or bool(ones & others)


@lru_cache(maxsize=65536)
def root(given: str) -> str:
    """One full name for all its short forms, as far as there is one: the one with most short forms."""
    names = _short().get(given)
    return max(names, key=lambda name: (_weights().get(name, 0), name)) if names else given


@lru_cache(maxsize=1)
def _weights() -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for names in _short().values():
        for name in names:
            counted[name] += 1
    return counted
