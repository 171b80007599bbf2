"""What is known of somebody, in the form in which it is compared."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rapport.people.matching import names, values
from rapport.people.matching.folding import fold_name, listed
from rapport.people.matching.kinds import KINDS

#: What a raw record may have beside the kinds themselves: whole names are taken apart.
RAW = frozenset(KINDS) | {"name", "middle"}
_ROLES = listed(
    "info support sales office contact admin mail hello team service help kontakt noreply no-reply post "
    "billing press "
    "jobs hr marketing webmaster newsletter"
)
_WORD = re.compile(r"[^a-z]+")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Values by kind, each normalised; kinds of which nothing is known are absent. `derived`: its mail addresses are
    made of its name, and so say little that the name does not. `guessed`: its name was read from an address."""

    values: Mapping[str, tuple[str, ...]]
    derived: bool = False
    guessed: bool = False
    shown: Mapping[str, str] = field(default_factory=dict)

    def one(self, kind: str) -> str:
        """The first value of a kind, or ""."""
        found = self.values.get(kind)
        return found[0] if found else ""


_CLEAN: dict[str, Callable[[str], str]] = {
    "given": names.part, "family": names.part, "email": values.email, "phone": values.phone, "number": values.number,
    "account": values.account, "organization": values.organization, "street": values.street, "street2": values.street,
    "postcode": values.postcode, "gender": values.gender, "birth_date": values.date,
    "street_number": lambda value: values.text(value).replace(" ", ""),
    "domain": lambda value: value.strip().lower(),
}  # fmt: skip


def prepare(raw: Mapping[str, Iterable[str]], month_first: bool = False) -> Prepared:
    """A record of raw values by kind (and "name" for a whole one). What cannot be understood is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, given in raw.items():
        if kind not in KINDS:
            continue
        clean = _CLEAN.get(kind, values.text)
        if kind == "birth_date" and month_first:
            made = [values.date(one, month_first=True) for one in given if one]
        else:
            made = [clean(one) for one in given if one]
        kept = tuple(dict.fromkeys(one for one in made if one))
        if kept:
            found[kind] = kept[:8] if KINDS[kind].many else kept[:1]
    _named(found, raw)
    middle = names.part(next((one for one in raw.get("middle", ()) if one), ""))
    if middle and "given" in found and middle not in found["given"][0].split():
        found["given"] = (f"{found['given'][0]} {middle}",)
    _housed(found, raw)
    guessed = _guess(found)
    return Prepared(found, _derived(found), guessed)


def _named(found: dict[str, tuple[str, ...]], raw: Mapping[str, Iterable[str]]) -> None:
    """Take a whole name apart where its parts are not known. A part that is a whole name is one."""
    if "family" not in found and "given" in found and "name" not in raw:
        whole = names.parse(next(iter(raw["given"]), ""))
        if whole.family and len(found["given"][0].split()) < 4 and "," in next(iter(raw["given"]), ""):
            found["given"], found["family"] = (whole.given,), (whole.family,)
    whole_name = next((one for one in raw.get("name", ()) if one), "")
    if not whole_name or ("given" in found and "family" in found):
        return
    name = names.parse(whole_name)
    if not values.text(whole_name):
        return
    for kind, value in (("given", name.given), ("family", name.family)):
        if value and kind not in found and value not in (found.get("given", ("",))[0], found.get("family", ("",))[0]):
            found[kind] = (value,)


def _housed(found: dict[str, tuple[str, ...]], raw: Mapping[str, Iterable[str]]) -> None:
    """A house number that stands in the street's line."""
    if "street" in found and "street_number" not in found:
        street, number = values.house(next(iter(raw["street"]), ""))
        if number:
            found["street"], found["street_number"] = (values.street(street),), (values.text(number).replace(" ", ""),)


def _words_of(address: str) -> list[str]:
    return [fold_name(word) for word in _WORD.split(address.partition("@")[0]) if len(word) > 1]


def _guess(found: dict[str, tuple[str, ...]]) -> bool:
    """Read a name from an address like ann.miller@, where no name is known."""
    if "given" in found or "family" in found or "email" not in found:
        return False
    words = _words_of(found["email"][0])
    if len(words) not in (2, 3) or words[0] in _ROLES or min(map(len, words)) < 2:
        return False
    found["given"], found["family"] = (words[0],), (words[-1],)
    return True


def _derived(found: dict[str, tuple[str, ...]]) -> bool:
    """Whether an address is made of the name and of little more."""
    parts = [word for kind in ("given", "family") for word in found.get(kind, ("",))[0].split() if len(word) > 1]
    return bool(parts) and any(
        _made_of(fold_name(address.partition("@")[0]).replace(" ", ""), parts)
        for address in (*found.get("email", ()), *found.get("account", ()))
    )


def _made_of(local: str, parts: list[str]) -> bool:
    rest = local
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(part, "", 1)
    return len(rest) < 3 and rest != local
