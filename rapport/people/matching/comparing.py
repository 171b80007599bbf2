"""How well the values of two records agree, kind by kind. Symmetric: whoever is asked first."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rapport.people.matching import names
from rapport.people.matching.folding import sound
from rapport.people.matching.kinds import CROSSED, KINDS
from rapport.people.matching.table import Column, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Levels = NDArray[np.int8]

Comparison = Callable[[str, str], int]


def _levels(kind: str) -> dict[str, int]:
    return {name: KINDS[kind].level(name) for name in KINDS[kind].levels}


def _typo(one: str, other: str, most: int | None = None) -> int | None:
    """How many slips of the keys lead from one to the other; None when too many to be slips."""
    from rapidfuzz.distance import OSA

    length = min(len(one), len(other))
    allowed = most if most is not None else 0 if length < 4 else 1 if length < 8 else 2
    found = OSA.distance(one, other, score_cutoff=allowed)
    return int(found) if found <= allowed else None


def _alike(one: str, other: str) -> float:
    from rapidfuzz.distance import JaroWinkler

    return float(JaroWinkler.normalized_similarity(one, other))


def _name(kind: str) -> Comparison:
    at = _levels(kind)
    given = kind == "given"

    def compare(one: str, other: str) -> int:
        ones, others = one.split(), other.split()
        joined, joined_other = "".join(ones), "".join(others)
        if joined == joined_other:
            return at["exact"]
        if given and names.same_person_may_have(ones[0], others[0]):
            return at["part"] if ones[0] == others[0] else at["nickname"]
        if len(ones[0]) == 1 or len(others[0]) == 1:
            return at["initial"] if ones[0][0] == others[0][0] else at["different"]
        if set(ones) & set(others) - {word for word in ones if len(word) < 3}:
            return at["part"]
        shorter, longer = sorted((joined, joined_other), key=len)
        if given and len(shorter) > 2 and longer.startswith(shorter):
            return at["nickname"]
        alike = _alike(joined, joined_other)
        if _typo(joined, joined_other) is not None or alike >= 0.93:
            return at["close"]
        if len(shorter) > 2 and (sound(joined) == sound(joined_other) and len(sound(joined)) > 1):
            return at["sound"]
        return at["similar"] if alike >= 0.84 else at["different"]

    return compare


def _birth_date() -> Comparison:
    at = _levels("birth_date")

    def compare(one: str, other: str) -> int:
        if len(one) < 8 or len(other) < 8:
            length = min(len(one), len(other))
            return at["year"] if one[:length] == other[:length] else at["different"]
        turned = other[:4] + other[6:] + other[4:6]
        if one == turned or _typo(one, other, 1) is not None:
            return at["close"]
        if _typo(one, other, 2) is not None and (one[:4] == other[:4] or one[4:] == other[4:]):
            return at["near"]
        if one[:4] == other[:4]:
            return at["year"]
        return at["near"] if one[4:] == other[4:] else at["different"]

    return compare


def _age() -> Comparison:
    at = _levels("age")

    def compare(one: str, other: str) -> int:
        if not (one.isdigit() and other.isdigit()):
            return at["different"]
        return at["near"] if abs(int(one) - int(other)) <= 2 else at["different"]

    return compare


def _email() -> Comparison:
    at = _levels("email")

    def compare(one: str, other: str) -> int:
        (local, _, domain), (local_other, _, domain_other) = one.rpartition("@"), other.rpartition("@")
        if local == local_other:
            return at["local"] if len(local) > 2 else at["different"]
        if _typo(one, other, 2 if len(local) > 6 else 1) is not None and _typo(local, local_other) is not None:
            return at["close"] if domain == domain_other or len(local) > 5 else at["different"]
        plain, plain_other = ("".join(filter(str.isalpha, part)) for part in (local, local_other))
        return at["local"] if plain == plain_other and len(plain) > 6 else at["different"]

    return compare


def _slips(kind: str, shortest: int) -> Comparison:
    """Numbers, telephones, accounts: the same but for a slip; only long enough ones."""
    at = _levels(kind)

    def compare(one: str, other: str) -> int:
        if min(len(one), len(other)) < shortest:
            return at["different"]
        slips = _typo(one, other, 2)
        if slips == 1:
            return at["close"]
        return at["near"] if slips == 2 and "near" in at and len(one) > 6 else at["different"]

    return compare


def _words(kind: str) -> Comparison:
    """Texts of several words: companies, occupations, places."""
    at = _levels(kind)

    def compare(one: str, other: str) -> int:
        if one.replace(" ", "") == other.replace(" ", ""):
            return at["exact"]
        ones, others = set(one.split()), set(other.split())
        within = (ones <= others or others <= ones) and max(map(len, ones & others)) > 2 if ones & others else False
        return at["similar"] if within or _alike(one, other) >= 0.92 else at["different"]

    return compare


def _street(kind: str) -> Comparison:
    at = _levels(kind)

    def compare(one: str, other: str) -> int:
        joined, joined_other = one.replace(" ", ""), other.replace(" ", "")
        if joined == joined_other or sorted(one.split()) == sorted(other.split()):
            return at["close"]
        alike = _alike(joined, joined_other)
        if (len(joined) > 4 and _typo(joined, joined_other) is not None) or alike >= 0.95:
            return at["close"]
        ones, others = ({word for word in text.split() if len(word) > 3} for text in (one, other))
        return at["similar"] if alike >= 0.87 or ones & others else at["different"]

    return compare


def _postcode() -> Comparison:
    at = _levels("postcode")

    def compare(one: str, other: str) -> int:
        if len(one) == len(other) and len(one) > 3 and _typo(one, other, 1) is not None:
            return at["close"]
        return at["area"] if len(one) > 2 and one[:2] == other[:2] else at["different"]

    return compare


def _city() -> Comparison:
    at = _levels("city")

    def compare(one: str, other: str) -> int:
        joined, joined_other = one.replace(" ", ""), other.replace(" ", "")
        alike = _alike(joined, joined_other)
        if joined == joined_other or _typo(joined, joined_other) is not None or alike >= 0.94:
            return at["close"]
        return at["similar"] if alike >= 0.86 or set(one.split()) <= set(other.split()) else at["different"]

    return compare


def _house() -> Comparison:
    at = _levels("street_number")
    return lambda one, other: at["close"] if _typo(one, other, 1) is not None and len(one + other) > 2 else at["different"]


def _plain(kind: str) -> Comparison:
    return lambda one, other: KINDS[kind].level("different")


COMPARE: dict[str, Comparison] = {
    "given": _name("given"), "family": _name("family"), "birth_date": _birth_date(), "age": _age(), "email": _email(),
    "phone": _slips("phone", 7), "account": _slips("account", 6), "number": _slips("number", 5),
    "organization": _words("organization"), "occupation": _words("occupation"), "birth_place": _words("birth_place"),
    "text": _words("text"), "street": _street("street"), "street2": _street("street2"), "postcode": _postcode(),
    "city": _city(), "street_number": _house(),
    **{kind: _plain(kind) for kind in ("domain", "state", "country", "gender", "language")},
}  # fmt: skip


def compare(table: Table, ones: "Numbers", others: "Numbers") -> tuple[dict[str, "Levels"], dict[str, "Numbers"]]:
    """For each kind the level at which each pair of records agrees (0: nothing to compare); and the number of the
    value by which they agree exactly (-1: they do not)."""
    import numpy as np

    levels: dict[str, Levels] = {}
    agreed: dict[str, Numbers] = {}
    for kind, column in table.columns.items():
        if column.most > 1:
            levels[kind], agreed[kind] = _many(column, ones, others)
        else:
            codes, other_codes = column.first[ones], column.first[others]
            levels[kind] = _single(COMPARE[kind], KINDS[kind].exact, column.words, codes, other_codes)
            agreed[kind] = np.where(codes == other_codes, codes, -1).astype(np.int64)
    for kind, other_kind in CROSSED:
        if kind in table.columns and other_kind in table.columns:
            _crossed(table, (kind, other_kind), (ones, others), levels)
    return levels, agreed


def _single(
    comparison: Comparison, exact: int, words: list[str], codes: "NDArray[np.int32]", others: "NDArray[np.int32]"
) -> "Levels":
    """Each two different values are compared once, however many pairs have them."""
    import numpy as np

    found = np.zeros(len(codes), np.int8)
    both = (codes >= 0) & (others >= 0)
    same = both & (codes == others)
    found[same] = exact
    rest = np.flatnonzero(both & ~same)
    if len(rest):
        low = np.minimum(codes[rest], others[rest]).astype(np.int64)
        high = np.maximum(codes[rest], others[rest]).astype(np.int64)
        unique, place = np.unique(low * len(words) + high, return_inverse=True)
        firsts, seconds = (unique // len(words)).tolist(), (unique % len(words)).tolist()
        judged = np.fromiter(
            # In one order of letters, so that no comparison depends on which value was met first.
            (
                comparison(words[first], words[second])
                if words[first] < words[second]
                else comparison(words[second], words[first])
                for first, second in zip(firsts, seconds, strict=True)
            ),
            np.int8,
            len(unique),
        )
        found[rest] = judged[place]
    return found


def _many(column: Column, ones: "Numbers", others: "Numbers") -> tuple["Levels", "Numbers"]:
    """The best level of any value of one with any value of the other."""
    import numpy as np

    counts = np.diff(column.starts)
    lengths, lengths_other = counts[ones], counts[others]
    combined = lengths * lengths_other
    pair = np.repeat(np.arange(len(ones)), combined)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(combined) - combined, combined)
    left = column.codes[column.starts[ones][pair] + within // np.maximum(1, lengths_other[pair])]
    right = column.codes[column.starts[others][pair] + within % np.maximum(1, lengths_other[pair])]
    kind = KINDS[column.kind]
    judged = _single(COMPARE[column.kind], kind.exact, column.words, left, right)
    found = np.zeros(len(ones), np.int8)
    np.maximum.at(found, pair, judged)
    agreed = np.full(len(ones), -1, np.int64)
    exact = left == right
    np.maximum.at(agreed, pair[exact], left[exact])
    return found, agreed


def _crossed(
    table: Table, kinds: tuple[str, str], pairs: tuple["Numbers", "Numbers"], levels: dict[str, "Levels"]
) -> None:
    """Where a value stands in the other's place: both crossed beats neither, or one where nothing speaks against it."""
    import numpy as np

    first, second = kinds
    straight = [levels[first], levels[second]]
    bad = [(level <= KINDS[kind].level("similar")) for kind, level in zip(kinds, straight, strict=True)]
    asked = np.flatnonzero(bad[0] & bad[1])
    if not len(asked):
        return
    one, other = pairs[0][asked], pairs[1][asked]
    a, b = table.columns[first].first, table.columns[second].first
    words = table.columns[first].words
    crosses = []
    for codes, codes_other in ((a[one], b[other]), (b[one], a[other])):
        level = _single(COMPARE[second], KINDS[second].exact, words, codes, codes_other)
        crosses.append((level >= KINDS[second].level("close"), level == 0))
    (hit, missing), (hit_other, missing_other) = crosses
    both = hit & hit_other
    single = (hit & missing_other) | (hit_other & missing)
    for kind in kinds:
        levels[kind][asked[both]] = KINDS[kind].level("crossed")
    # One alone is said once: by the first kind; the second has nothing to compare.
    levels[first][asked[single]] = KINDS[first].level("crossed")
    levels[second][asked[single]] = 0
