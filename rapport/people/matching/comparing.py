"""How well the values of two records agree, kind by kind. Symmetric: whoever is asked first."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rapidfuzz.distance import OSA, JaroWinkler

from rapport.people.matching import names
from rapport.people.matching.folding import listed, sound
from rapport.people.matching.kinds import CROSSED, KINDS
from rapport.people.matching.table import Column, Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Levels = NDArray[np.int8]

#: Particles that are written together with the name that follows.
_GLUED = listed("van vander vande vanden von vonder de del della di da la le al el ter ten o mc mac")

Comparison = Callable[[str, str], int]


def _levels(kind: str) -> dict[str, int]:
    return {name: KINDS[kind].level(name) for name in KINDS[kind].levels}


def _typo(one: str, other: str, most: int | None = None) -> int | None:
    """How many slips of the keys lead from one to the other; None when too many to be slips."""
    length = min(len(one), len(other))
    allowed = most if most is not None else 0 if length < 4 else 1 if length < 8 else 2
    if allowed == 0 or abs(len(one) - len(other)) > allowed:
        return None
    found: int = OSA.distance(one, other, score_cutoff=allowed)
    return found if found <= allowed else None


_alike = JaroWinkler.similarity


def _name(kind: str) -> Comparison:
    at = _levels(kind)
    given = kind == "given"

    def compare(one: str, other: str) -> int:
        ones, others = one.split(" "), other.split(" ")
        joined, joined_other = one.replace(" ", ""), other.replace(" ", "")
        if joined == joined_other:
            return at["exact"]
        if given and names.same_person_may_have(ones[0], others[0]):
            return at["part"] if ones[0] == others[0] else at["nickname"]
        if len(ones[0]) == 1 or len(others[0]) == 1:
            return at["initial"] if ones[0][0] == others[0][0] else at["different"]
        if len(ones) + len(others) > 2 and any(len(word) > 2 for word in set(ones).intersection(others)):
            # Who goes by a second name is called by nothing else there; two who share a second name are two.
            return at["similar"] if given and len(ones) > 1 and len(others) > 1 else at["part"]
        shorter, longer = (joined, joined_other) if len(joined) <= len(joined_other) else (joined_other, joined)
        if given and len(shorter) > 2 and longer.startswith(shorter):
            return at["nickname"]
        if not given and len(shorter) > 3 and longer.endswith(shorter) and longer[: -len(shorter)] in _GLUED:
            return at["part"]
        alike = _alike(joined, joined_other)
        if alike >= 0.93 or (alike > 0.7 and _typo(joined, joined_other) is not None):
            return at["close"]
        if len(shorter) > 2 and (sound(joined) == sound(joined_other) and len(sound(joined)) > 1):
            return at["sound"]
        return at["similar"] if alike >= 0.84 else at["different"]

    return compare


def _years_apart(one: str, other: str) -> bool:
    """Whether a generation lies between two birth dates."""
    return abs(int(one[:4]) - int(other[:4])) >= 15


def _birth_date() -> Comparison:
    at = _levels("birth_date")

    def compare(one: str, other: str) -> int:
        if len(one) < 8 or len(other) < 8:
            length = min(len(one), len(other))
            if one[:length] == other[:length]:
                return at["year"]
            return at["apart"] if _years_apart(one, other) else at["different"]
        turned = other[:4] + other[6:] + other[4:6]
        if one == turned or _typo(one, other, 1) is not None:
            return at["close"]
        if _typo(one, other, 2) is not None and (one[:4] == other[:4] or one[4:] == other[4:]):
            return at["near"]
        if one[:4] == other[:4]:
            return at["year"]
        if one[4:] == other[4:] and one[4:] != "0101":
            return at["near"]
        # The first of January often says that only the year is known.
        if "0101" in (one[4:], other[4:]) and _typo(one[:4], other[:4]) is not None:
            return at["year"]
        return at["apart"] if _years_apart(one, other) else at["different"]

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
        plain, plain_other = ("".join(filter(str.isalnum, part)) for part in (local, local_other))
        return at["local"] if plain == plain_other and len(plain) > 4 else at["different"]

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
        alike = _alike(one, other)
        if alike >= 0.75:
            joined, joined_other = one.replace(" ", ""), other.replace(" ", "")
            alike = _alike(joined, joined_other)
            if alike >= 0.95 or joined == joined_other or (len(joined) > 4 and _typo(joined, joined_other) is not None):
                return at["close"]
            if alike >= 0.87:
                return at["similar"]
        shared = set(one.split()).intersection(other.split())
        if shared and sorted(one.split()) == sorted(other.split()):
            return at["close"]
        return at["similar"] if any(len(word) > 3 for word in shared) else at["different"]

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
        if alike >= 0.94 or (alike > 0.7 and _typo(joined, joined_other) is not None):
            return at["close"]
        return at["similar"] if alike >= 0.86 or set(one.split()) <= set(other.split()) else at["different"]

    return compare


def _house() -> Comparison:
    at = _levels("street_number")

    def compare(one: str, other: str) -> int:
        return at["close"] if _typo(one, other, 1) is not None and len(one + other) > 2 else at["different"]

    return compare


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
            _crossed(table, (kind, other_kind), (ones, others), levels, agreed)
    if "given" in levels and "family" in levels:
        _second_families(table, (ones, others), levels)
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


def _second_families(table: Table, pairs: tuple["Numbers", "Numbers"], levels: dict[str, "Levels"]) -> None:
    """Who has two family names often leaves the second out: "María García López" and "María García"."""
    import numpy as np

    given, family = levels["given"], levels["family"]
    same = (KINDS["given"].level("part"), KINDS["given"].level("nickname"))
    for n in np.flatnonzero((family == KINDS["family"].level("different")) & np.isin(given, same)).tolist():
        one, other = int(pairs[0][n]), int(pairs[1][n])
        words, words_other = (table.value("given", record).split()[1:] for record in (one, other))
        if table.value("family", other) in words or table.value("family", one) in words_other:
            family[n] = KINDS["family"].level("part")


def _crossed(
    table: Table,
    kinds: tuple[str, str],
    pairs: tuple["Numbers", "Numbers"],
    levels: dict[str, "Levels"],
    agreed: dict[str, "Numbers"],
) -> None:
    """Where values stand in each other's place: both, or one where the other is missing."""
    import numpy as np

    first, second = kinds
    bad = [levels[kind] <= KINDS[kind].level("similar") for kind in kinds]
    asked = np.flatnonzero(bad[0] & bad[1])
    if not len(asked):
        return
    a, b = table.columns[first].first, table.columns[second].first
    words, close = table.columns[first].words, KINDS[second].level("close")
    one, other = pairs[0][asked], pairs[1][asked]
    sides = [(a[one], b[other]), (b[one], a[other])]
    found = [_single(COMPARE[second], KINDS[second].exact, words, *side) for side in sides]
    hits, missing = [level >= close for level in found], [level == 0 for level in found]
    both = hits[0] & hits[1]
    single = (hits[0] & missing[1]) | (hits[1] & missing[0])
    same = [np.where(codes == others, codes, -1) for codes, others in sides]
    for kind in kinds:
        levels[kind][asked[both]] = KINDS[kind].level("crossed")
    for n in np.flatnonzero(both).tolist():
        # In an order that does not depend on who is asked first, or on which words were met before.
        met = sorted((int(codes[n]) for codes in same), key=lambda code: (code < 0, words[code]))
        agreed[first][asked[n]], agreed[second][asked[n]] = met
    # One alone is said once: by the first kind; of the second there is nothing to compare.
    levels[first][asked[single]] = KINDS[first].level("crossed")
    agreed[first][asked[single]] = np.where(hits[0], same[0], same[1])[single]
    levels[second][asked[single]] = 0
