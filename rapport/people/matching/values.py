"""One value in the form in which it is compared; "" where it says nothing."""

import re
from functools import lru_cache

from rapport.people.matching.folding import fold, listed

_DIGITS = re.compile(r"\d+")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")
_NOTHING = listed(
    "na n a nan none null nil unknown unbekannt inconnu not available not given tbd tba test xxx x keine kein"
    " no email "
    "anonymous guest user nobody"
) | {"n a", "not available", "not given", "no email", "no name", "no reply"}
_LEGAL = listed(
    "gmbh ag kg co ltd limited inc incorporated corp corporation company llc llp plc sa sas sarl srl spa bv "
    "nv ab as oy "
    "oyj aps kk pty pvt gbr ohg ug se ev ou sro zrt kft sp zoo the and und et y"
)
_STREETS = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "avenue": "ave", "av": "ave", "drive": "dr",
    "place": "pl",    "crescent": "cr", "cres": "cr", "court": "ct", "lane": "ln", "boulevard": "blvd",
    "circuit": "cct", "square": "sq",
    "terrace": "ter", "close": "cl", "parade": "pde", "highway": "hwy", "north": "n", "south": "s", "east": "e",
    "west": "w",    "saint": "st", "apartment": "apt", "unit": "apt", "suite": "ste", "platz": "pl",
    "rue": "r", "calle": "c",
    "via": "v",}  # fmt: skip
_GENDERS = {
    "m": "m", "male": "m", "man": "m", "mann": "m", "maennlich": "m", "mannlich": "m", "homme": "m", "hombre": "m",
    "f": "f", "female": "f", "woman": "f", "w": "f", "frau": "f", "weiblich": "f", "femme": "f", "mujer": "f",
}  # fmt: skip
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january janvier enero", "feb februar february fevrier febrero",
            "mar marz maerz march mars marzo",
            "apr april avril abril", "may mai mayo", "jun juni june juin junio", "jul juli july juillet julio",
            "aug august aout agosto", "sep sept september septembre septiembre",
            "oct okt oktober october octobre octubre",
            "nov november novembre noviembre", "dec dez dezember december decembre diciembre",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_LEADING = re.compile(r"^(\d+[a-z]?(?: ?/ ?\d+[a-z]?)?)[\s,]+(\D.+)$", re.IGNORECASE)
_TRAILING = re.compile(r"^(\D{3,}?)[\s,]+(\d+\s?[a-z]?)$", re.IGNORECASE)


@lru_cache(maxsize=65536)
def text(value: str) -> str:
    """Any text, folded; what only says that nothing is known is nothing."""
    folded = fold(value)
    return "" if folded in _NOTHING else folded


def date(value: str, month_first: bool = False) -> str:
    """A day as YYYYMMDD, or as much as is known (YYYYMM, YYYY); the first of 03/04/1980 is the day unless told."""
    value = value.strip().split("T")[0].split(" 00:")[0]
    compact = _COMPACT.match(value.removesuffix(".0"))
    if compact:
        return "".join(compact.groups())
    words = fold(value).split()
    months = [_MONTHS[word] for word in words if word in _MONTHS]
    numbers = [word for word in words if word.isdigit()]
    if months and len(numbers) == 2:
        day, year = sorted(numbers, key=len)
        return _ymd(year, str(months[0]), day)
    if len(numbers) == 3 and len(numbers[0]) == 4:
        return _ymd(*numbers)
    if len(numbers) == 3:
        first, second, year = numbers
        if int(second) > 12 or (month_first and int(first) <= 12):
            first, second = second, first
        return _ymd(year, second, first)
    return "".join(number.zfill(2) for number in numbers[:2]) if numbers and len(numbers[0]) == 4 else ""


def _ymd(year: str, month: str, day: str) -> str:
    if len(year) == 2:
        year = ("19" if int(year) > 26 else "20") + year
    return f"{year[:4]}{month[:2].zfill(2)}{day[:2].zfill(2)}"


def email(value: str) -> str:
    """Lower case, without a +tag; without the dots that Gmail ignores."""
    value = value.strip().strip("<>").lower().removeprefix("mailto:")
    if not _EMAIL.match(value):
        return ""
    local, _, domain = value.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def phone(value: str) -> str:
    """The last nine digits, which stay the same with and without a country; "" for what is too short."""
    digits = "".join(_DIGITS.findall(value.removesuffix(".0"))).lstrip("0")
    return digits[-9:] if len(digits) >= 6 and len(set(digits)) > 1 else ""


def number(value: str) -> str:
    """Something only one person has: letters and digits alone."""
    folded = fold(value.strip().removesuffix(".0")).replace(" ", "")
    return folded if len(folded) > 2 and len(set(folded)) > 1 else ""


@lru_cache(maxsize=65536)
def organization(value: str) -> str:
    """A company's name without its legal form."""
    words = text(value).split()
    return " ".join(word for word in words if word not in _LEGAL) or " ".join(words)


@lru_cache(maxsize=65536)
def street(value: str) -> str:
    """A street, with what is often abbreviated in its short form."""
    folded = text(re.sub(r"(?i)(?<=[a-zß])(str\.?|straße|strasse)(?=\s|$)", " st", value))
    return " ".join(_STREETS.get(word, word) for word in folded.split())


def house(value: str) -> tuple[str, str]:
    """Street and number of a line that has both: "12 Main Street", "Hauptstr. 12"."""
    value = value.strip()
    if found := _LEADING.match(value):
        return found[2], found[1]
    if found := _TRAILING.match(value):
        return found[1], found[2]
    return value, ""


def postcode(value: str) -> str:
    """Letters and digits alone; of an American one the first five."""
    folded = fold(value.strip().removesuffix(".0")).replace(" ", "")
    return folded[:5] if len(folded) == 9 and folded.isdigit() else folded


def gender(value: str) -> str:
    """m, f, or the word itself; "" where it says that it is not known ("u")."""
    folded = text(value)
    return "" if folded in ("u", "undesignated", "unknown") else _GENDERS.get(folded, folded)


def account(value: str) -> str:
    """The name of an account without what the service adds: "@Ann@example.org" is "ann"."""
    return fold(value.strip().lstrip("@").partition("@")[0]).replace(" ", "")
