"""Whom to compare with whom: those that share a key. No key that many share makes many pairs."""

from array import array
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rapport.people.matching import names
from rapport.people.matching.folding import sound
from rapport.people.matching.model import number_of
from rapport.people.matching.records import Prepared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

#: Names of rules; their numbers stand in the lowest bits of keys, so they are only ever added to.
RULES = (
    "email", "local", "phone", "account", "number", "number_start", "number_end", "names", "short", "born_family",
    "born_given", "born", "family_postcode", "given_postcode", "family_city", "given_city", "street",
    "street_city", "work_family",
    "work_given",    "family_year", "place_family", "family_initial", "given_family_start", "text", "exact_name",
)  # fmt: skip
_RULE_BITS = 5
#: However few share keys: below this many sharing one, all of them are compared.
CAP_LEAST, CAP_MOST = 12, 400
#: Of a rule, for each record, so many pairs at most (but some for a small table).
_PAIRS_EACH, _PAIRS_LEAST = 8, 150_000


def keys(record: Prepared) -> Iterator[tuple[int, str]]:
    """The keys of a record, each with the number of its rule."""
    for rule, text in _keys(record):
        yield RULES.index(rule), text


def numbers(record: Prepared, salt: bytes) -> list[int]:
    """The same as signed 64-bit numbers from which no word can be read; their lowest five bits are the rule's."""
    found = (number_of(f"{rule}:{text}", salt) >> _RULE_BITS << _RULE_BITS | rule for rule, text in keys(record))
    return list(dict.fromkeys(found))


def rule_of(number: int) -> int:
    """The rule of a key."""
    return number & ((1 << _RULE_BITS) - 1)


def _keys(record: Prepared) -> Iterator[tuple[str, str]]:
    given, family = record.one("given"), record.one("family")
    yield from _own(record)
    parts = sorted(filter(None, (given, family)))
    sounds = [sound(part) for part in parts]
    if parts:
        yield "names", " ".join(sorted(sounds))
    if given and family:
        first = given.split()[0]
        yield "exact_name", " ".join(sorted((first, family)))
        yield "short", f"{sound(names.root(first))} {sound(family.split()[-1])}"
        yield "given_family_start", f"{first} {family[:2]}"
        yield "family_initial", f"{given[0]} {family}"
    yield from _born(record, given, family)
    for field, rule in (("postcode", "postcode"), ("city", "city")):
        value = record.one(field)[:12]
        if value:
            for part in dict.fromkeys(filter(None, (given, family))):
                # Under one rule for both, so that those who stand in the wrong column meet.
                yield f"family_{rule}", f"{sound(part)} {value}"
    for place in record.values.get("domain", ()) + record.values.get("organization", ()):
        for part in dict.fromkeys(filter(None, (given, family))):
            yield "work_family", f"{sound(part)} {place}"
    if record.one("birth_place"):
        yield "place_family", f"{sound(family or given)} {record.one('birth_place')}"


def _own(record: Prepared) -> Iterator[tuple[str, str]]:
    """What alone may be enough."""
    for email in record.values.get("email", ()):
        yield "email", email
        local = email.partition("@")[0]
        if len(local) > 4:
            yield "local", local.replace(".", "").replace("_", "").replace("-", "")
    for kind in ("phone", "account"):
        for value in record.values.get(kind, ()):
            yield kind, value
    for value in record.values.get("number", ()):
        yield "number", value
        if len(value) > 5:
            half = len(value) // 2
            yield "number_start", value[: half + 1]
            yield "number_end", value[half - 1 :]
    streets = sorted({record.one("street"), record.one("street2")} - {""})
    if streets and record.one("street_number"):
        for street in streets:
            yield "street", f"{street} {record.one('street_number')}"
    for street in streets:
        place = record.one("city")[:5] or record.one("postcode")
        yield "street_city", f"{sound(street)} {place}"
    if record.one("text"):
        yield "text", record.one("text")


def _born(record: Prepared, given: str, family: str) -> Iterator[tuple[str, str]]:
    born = record.one("birth_date")
    if not born:
        return
    if len(born) == 8:
        yield "born", born
    for part in dict.fromkeys(filter(None, (given, family))):
        yield "born_family", f"{part[:1]} {born}"
        yield "family_year", f"{sound(part)} {born[:4]}"
        if len(born) == 8:
            yield "born_given", f"{sound(part)} {born[4:]}"


class Keys:
    """Collects keys of records numbered from 0, by rule."""

    def __init__(self, salt: bytes = b"") -> None:
        self._salt = salt
        self._numbers: list[array[int]] = [array("q") for _ in RULES]
        self._records: list[array[int]] = [array("i") for _ in RULES]
        self._size = 0

    def add(self, record: Prepared) -> list[int]:
        """Take the keys of the next record; they are returned, too."""
        found = numbers(record, self._salt)
        for number in found:
            rule = rule_of(number)
            self._numbers[rule].append(number)
            self._records[rule].append(self._size)
        self._size += 1
        return found

    def caps(self, most: int = CAP_MOST, each: int = _PAIRS_EACH) -> dict[int, int]:
        """For each rule how many may share a key, so that the pairs of all its keys stay within bounds: `each`
        for every record, and `most` by one key."""
        return {rule: min(most, self._cap(rule, each)) for rule in range(len(RULES))}

    def crowded(self, least: int = 1000) -> frozenset[int]:
        """The keys that more than `least` share."""
        import numpy as np

        found: list[int] = []
        for numbers_ in self._numbers:
            if len(numbers_):
                unique, counts = np.unique(np.frombuffer(numbers_, np.int64), return_counts=True)
                found += unique[counts > least].tolist()
        return frozenset(found)

    def _cap(self, rule: int, each_record: int) -> int:
        import numpy as np

        if not self._numbers[rule]:
            return CAP_MOST
        _, sizes = np.unique(np.frombuffer(self._numbers[rule], np.int64), return_counts=True)
        by_size = np.bincount(np.minimum(sizes, CAP_MOST + 1), minlength=CAP_MOST + 2)[: CAP_MOST + 1]
        each = np.arange(CAP_MOST + 1)
        pairs = np.cumsum(by_size * each * (each - 1) // 2)
        allowed = max(_PAIRS_LEAST, each_record * self._size)
        return max(CAP_LEAST, int(np.searchsorted(pairs, allowed, side="right")) - 1)

    def pairs(self, caps: dict[int, int], window: int = 0) -> tuple["Numbers", "Numbers"]:
        """Every two records that share a key which no more than its rule's cap share, once: (lower, higher).

        `window`: of those that more share, each is still paired with so many of its neighbours.
        """
        import numpy as np

        found = [
            _pairs_of(self._numbers[rule], self._records[rule], caps[rule], window, self._size)
            for rule in range(len(RULES))
            if self._numbers[rule]
        ]
        together = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
        return together // max(1, self._size), together % max(1, self._size)


def _pairs_of(numbers: "array[int]", records: "array[int]", cap: int, window: int, size: int) -> "Numbers":
    """Pairs as low * size + high."""
    import numpy as np

    keys_, members = np.frombuffer(numbers, np.int64), np.frombuffer(records, np.int32).astype(np.int64)
    order = np.lexsort((members, keys_))
    keys_, members = keys_[order], members[order]
    starts = np.flatnonzero(np.concatenate(([True], keys_[1:] != keys_[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys_)])))
    found = []
    for length in np.unique(sizes).tolist():
        if length < 2:
            continue
        begins = starts[sizes == length]
        if length <= cap:
            one, other = np.triu_indices(length, 1)
        elif window:
            steps = np.arange(length)
            one = np.concatenate([steps[:-gap] for gap in range(1, min(window, length - 1) + 1)])
            other = np.concatenate([steps[gap:] for gap in range(1, min(window, length - 1) + 1)])
        else:
            continue
        left, right = members[begins[:, None] + one].ravel(), members[begins[:, None] + other].ravel()
        found.append(np.minimum(left, right) * size + np.maximum(left, right))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
