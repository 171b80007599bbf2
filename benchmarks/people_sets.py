"""Invented tables of people with known truth, as other programs and registers keep them: each as (rows, truth).

They imitate the shapes and faults of tables met in the wild, not any one of them. Names are those of the package
`nicknames` and of syllables; everything is drawn from a seed.
"""

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

from nicknames import name_triplets

Row = dict[str, str]
Set = tuple[list[Row], list[str]]

_SYLLABLES = [
    *"ba ber bo bur car col dan der do ev fal fer gar gil ham har hol jen kel ken lan lar low mar mor".split(),
    *"nel nor ol par pen per rad ram ros sal sand shel sim sto tal tar ten thor tom val wal war wil win".split(),
]
_ENDS = [
    "son",
    "ton",
    "ley",
    "man",
    "field",
    "ford",
    "well",
    "ham",
    "by",
    "er",
    "s",
    "ner",
    "stein",
    "berg",
    "ski",
    "dez",
    "ez",
    "ini",
    "elli",
    "eau",
    "oux",
    "sen",
    "ström",
    "ak",
]
_CITIES = [
    f"{a}{b}"
    for a in ("north", "south", "new", "port", "lake", "")
    for b in (
        "haven",
        "ville",
        "bury",
        "borough",
        "mouth",
        "chester",
        "stead",
        "wick",
        "dale",
        "minster",
        "pool",
        "gate",
    )
]
_DOMAINS = ["gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "example.net"]
_JOBS = [
    *"teacher painter lawyer farmer engineer nurse writer soldier merchant priest physician clerk smith".split(),
    *"baker sailor".split(),
]
_STREETS = [
    "Mill",
    "Church",
    "Station",
    "High",
    "Park",
    "Victoria",
    "King",
    "Queen",
    "Oak",
    "Elm",
    "River",
    "Hill",
    "Green",
    "School",
    "Castle",
    "Bridge",
]


class World:
    """Names with frequencies as skewed as real ones, and what happens to them when somebody types."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        triplets = [one for one in name_triplets() if one.relationship == "has_nickname"]
        given = sorted({one.name1 for one in triplets})
        self.chance.shuffle(given)
        self.given_names = given[:600]
        self.nicknames: dict[str, list[str]] = {}
        for one in triplets:
            self.nicknames.setdefault(one.name1, []).append(one.name2)
        self.families = list(
            dict.fromkeys(
                self.chance.choice(_SYLLABLES)
                + self.chance.choice(["", self.chance.choice(_SYLLABLES)])
                + self.chance.choice(_ENDS)
                for _ in range(20_000)
            )
        )

    def skewed(self, values: list[str]) -> str:
        return values[min(len(values) - 1, int(len(values) * self.chance.random() ** 3))]

    def given(self) -> str:
        return self.skewed(self.given_names)

    def family(self) -> str:
        return self.skewed(self.families)

    def born(self) -> date:
        return date(1930, 1, 1) + timedelta(days=self.chance.randrange(28_000))

    def typo(self, text: str) -> str:
        if len(text) < 3:
            return text
        n = self.chance.randrange(len(text) - 1)
        letter = self.chance.choice(
            "abcdefghijklmnopqrstuvwxyz0123456789" if text[n].isdigit() else "abcdefghijklmnopqrstuvwxyz"
        )
        return self.chance.choice(
            (
                text[:n] + text[n + 1 :],
                text[:n] + text[n + 1] + text[n] + text[n + 2 :],
                text[:n] + letter + text[n + 1 :],
                text[:n] + text[n] + text[n:],
            )
        )

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def spoil(self, row: Row, typo: float, missing: float, keep: tuple[str, ...] = ()) -> Row:
        return {
            key: value
            if key in keep
            else ""
            if self.maybe(missing)
            else self.typo(value)
            if self.maybe(typo)
            else value
            for key, value in row.items()
        }


def small_form(seed: int = 1, people: int = 260, typo: float = 0.18, missing: float = 0.15) -> Set:
    """A thousand rows of first name, surname, birth date, city, e-mail; every value often missing or mistyped."""
    w = World(seed)
    rows, truth = [], []
    for n in range(people):
        given, family = w.given(), w.family()
        one = {
            "unique_id": "",
            "first_name": given.title(),
            "surname": family.title(),
            "dob": w.born().isoformat(),
            "city": w.skewed(_CITIES).title(),
            "email": f"{given}.{family}@{w.chance.choice(_DOMAINS)}"
            if w.maybe(0.5)
            else f"{w.chance.choice(_SYLLABLES)}{w.chance.randrange(9999)}@{w.chance.choice(_DOMAINS)}",
        }
        for _ in range(w.chance.choice((1, 2, 3, 4, 5, 6))):
            row = w.spoil(one, typo, missing, ("unique_id",))
            if w.maybe(0.05):
                row["first_name"], row["surname"] = row["surname"], row["first_name"]
            rows.append(row | {"unique_id": str(len(rows))})
            truth.append(str(n))
    return rows, truth


def register(seed: int = 2, people: int = 5_000) -> Set:
    """A historical register: whole names in several forms, birth, place, occupation; up to a dozen rows each."""
    w = World(seed)
    rows, truth = [], []
    for n in range(people):
        given, middle, family = w.given(), w.given(), w.family()
        born = w.born() - timedelta(days=365 * 60)
        one = {
            "full_name": f"{given} {middle} {family}",
            "first_and_surname": f"{given} {family}",
            "first_name": given,
            "surname": family,
            "dob": born.isoformat(),
            "birth_place": w.skewed(_CITIES),
            "postcode_fake": f"{w.chance.choice('abcdefgh')}{w.chance.randrange(1, 30)} {w.chance.randrange(1, 9)}{w.chance.choice('abcdxyz')}{w.chance.choice('abcdxyz')}",
            "gender": w.chance.choice(("male", "female")),
            "occupation": w.skewed(_JOBS),
        }
        for _ in range(min(12, 1 + int(w.chance.expovariate(0.3)))):
            row = dict(one)
            if w.maybe(0.12):
                row["first_name"] = w.chance.choice(w.nicknames.get(given, [given]))
            if w.maybe(0.1):
                row["dob"] = f"{born.year}-01-01"
            if w.maybe(0.1):
                row["postcode_fake"] = f"z{w.chance.randrange(1, 30)} {w.chance.randrange(1, 9)}ab"
            row = w.spoil(row, 0.07, 0.1)
            row["first_and_surname"] = f"{row['first_name']} {row['surname']}".strip()
            if row["full_name"]:
                row["full_name"] = (
                    f"{row['first_name'] or given} {middle} {row['surname'] or family}"
                    if w.maybe(0.5)
                    else row["first_and_surname"]
                )
            rows.append(row)
            truth.append(str(n))
    return rows, truth


def households(seed: int = 3, homes: int = 3_000) -> Set:
    """A register of voters: families at one address with one telephone, fathers and sons of one name, twins."""
    w = World(seed)
    rows, truth = [], []
    for home in range(homes):
        family, city = w.family(), w.skewed(_CITIES)
        street = f"{w.chance.randrange(1, 300)} {w.chance.choice(_STREETS)} {w.chance.choice(('St', 'Rd', 'Ave'))}"
        postcode, phone = (
            str(27000 + _CITIES.index(city) * 7 + w.chance.randrange(3)),
            f"919{w.chance.randrange(10**7):07d}",
        )
        born = w.born()
        names: list[str] = []
        for member in range(w.chance.choice((1, 1, 2, 2, 3, 4, 5))):
            given = names[0] if member == 2 and w.maybe(0.1) else w.given()
            names.append(given)
            if not (member > 2 and w.maybe(0.05)):
                born = w.born()
            one = {
                "first_name": given.upper(),
                "midl_name": w.given().upper() if w.maybe(0.7) else "",
                "last_name": family.upper(),
                "birth_age": str(2024 - born.year),
                "gender_code": w.chance.choice("MF"),
                "res_street_address": street.upper(),
                "res_city_desc": city.upper(),
                "zip_code": postcode,
                "full_phone_number": phone if w.maybe(0.6) else "",
                "birth_date": born.strftime("%m/%d/%Y"),
            }
            for copy in range(1 + w.maybe(0.3)):
                row = dict(one)
                if copy:
                    row = w.spoil(one, 0.06, 0.04)
                    if w.maybe(0.12):
                        row |= {
                            "res_street_address": f"{w.chance.randrange(1, 300)} {w.chance.choice(_STREETS)} ST".upper(),
                            "zip_code": str(27000 + w.chance.randrange(500)),
                            "res_city_desc": w.skewed(_CITIES).upper(),
                            "full_phone_number": "",
                        }
                    if w.maybe(0.05):
                        row["last_name"] = w.family().upper()
                    if w.maybe(0.05):
                        row["first_name"] = w.chance.choice(w.nicknames.get(given, [given])).upper()
                rows.append(row)
                truth.append(f"{home}-{member}")
    return rows, truth


def customers(seed: int = 4, people: int = 4_000) -> Set:
    """A CRM's export: name, e-mail, telephone, company, title; role addresses, switchboards, colleagues, name orders."""
    w = World(seed)
    companies = [
        f"{w.family().title()} {w.chance.choice(('Ltd', 'GmbH', 'Inc.', 'Systems', 'Group'))}"
        for _ in range(people // 12)
    ]
    rows, truth = [], []
    for n in range(people):
        given, family, company = w.given(), w.family(), w.skewed(companies)
        domain = company.split()[0].lower().replace("ö", "o") + ".example"
        switchboard = f"+44 20 {7_000_0000 + companies.index(company)}"
        one = {
            "Name": f"{given.title()} {family.title()}",
            "E-Mail": f"{given[0]}.{family}@{domain}"
            if w.maybe(0.7)
            else f"info@{domain}"
            if w.maybe(0.1)
            else f"{given}{w.chance.randrange(99)}@{w.chance.choice(_DOMAINS)}",
            "Phone": switchboard if w.maybe(0.3) else f"+44 7{w.chance.randrange(10**9):09d}",
            "Company": company,
            "Job Title": w.chance.choice(_JOBS),
        }
        for copy in range(1 + w.maybe(0.35) + w.maybe(0.1)):
            row = dict(one)
            if copy:
                short = w.chance.choice(w.nicknames.get(given, [given])).title()
                row["Name"] = w.chance.choice(
                    (
                        row["Name"],
                        f"{family.title()}, {given.title()}",
                        f"{given[0].upper()}. {family.title()}",
                        f"{short} {family.title()}",
                        w.typo(row["Name"]),
                        f"Dr. {row['Name']}",
                        row["Name"].upper(),
                    )
                )
                if w.maybe(0.5):
                    row["E-Mail"] = f"{given}.{family}@{w.chance.choice(_DOMAINS)}"
                if w.maybe(0.4):
                    row["Phone"] = w.chance.choice(
                        ("", row["Phone"].replace("+44 ", "0"), f"+44 7{w.chance.randrange(10**9):09d}")
                    )
                if w.maybe(0.2):
                    row["Company"] = w.chance.choice(("", company.split()[0], w.skewed(companies)))
                row = w.spoil(row, 0.03, 0.08)
            rows.append(row)
            truth.append(str(n))
    return rows, truth


_CYRILLIC = dict(zip("abvgdezijklmnoprstufhc", "абвгдезийклмнопрстуфхц", strict=True))


def scripts(seed: int = 5, people: int = 1_500) -> Set:
    """Names in several scripts and orders, with an address and a city."""
    w = World(seed)
    russian = [
        (g, f)
        for g in ["ivan", "boris", "sergei", "dmitri", "anna", "olga", "irina", "tatiana", "mihail", "nikolai"]
        for f in (f"{s}{e}" for s in _SYLLABLES for e in ("ov", "enko", "in"))
    ]
    chinese = [(a + b, f) for f in "王李张刘陈杨赵黄周吴" for a in "伟芳娜敏静丽强磊军洋" for b in ["", *"明华平文红"]]
    rows, truth = [], []
    for n in range(people):
        city = w.skewed(_CITIES)
        email = f"user{w.chance.randrange(10**6)}@{w.chance.choice(_DOMAINS)}"
        kind = w.chance.random()
        if kind < 0.4:
            given, family = w.chance.choice(russian)
            cyrillic = [
                "".join(_CYRILLIC.get(c, c) for c in text).replace("y", "ы").replace("w", "в")
                for text in (given, family)
            ]
            forms = [
                f"{given} {family}".title(),
                f"{family.title()} {given.title()}",
                " ".join(cyrillic).title(),
                " ".join(reversed(cyrillic)).title(),
            ]
        elif kind < 0.7:
            given, family = w.chance.choice(chinese)
            from anyascii import anyascii

            latin = (anyascii(family), anyascii(given).capitalize())
            forms = [family + given, f"{latin[0]} {latin[1]}", f"{latin[1]} {latin[0]}"]
        else:
            given, family = w.given().title(), w.family().title()
            forms = [
                f"{given} {family}",
                f"{family} {given}",
                f"{family.upper()} {given}",
                f"{given} {family}".replace("o", "ö").replace("e", "é"),
            ]
        for copy in range(1 + w.maybe(0.5)):
            row = {
                "name": w.chance.choice(forms),
                "email": email if not copy or w.maybe(0.4) else "",
                "city": city if w.maybe(0.9) else "",
            }
            rows.append(row)
            truth.append(str(n))
    return rows, truth


def alone(seed: int = 6, people: int = 3_000) -> Set:
    """Nobody twice, but namesakes: nothing may be joined."""
    w = World(seed)
    rows = [
        {"first_name": w.given(), "last_name": w.family(), "dob": w.born().isoformat(), "city": w.skewed(_CITIES)}
        for _ in range(people)
    ]
    return rows, [str(n) for n in range(people)]


def crowds(seed: int = 7, people: int = 60) -> Set:
    """Few people, each with very many rows."""
    w = World(seed)
    rows, truth = [], []
    for n in range(people):
        given, family = w.given(), w.family()
        one = {
            "given_name": given,
            "family_name": family,
            "dob": w.born().isoformat(),
            "email": f"{given}{n}@{w.chance.choice(_DOMAINS)}",
            "town": w.skewed(_CITIES),
        }
        for _ in range(w.chance.choice((20, 50, 150))):
            rows.append(w.spoil(one, 0.08, 0.1))
            truth.append(str(n))
    return rows, truth


def sparse(seed: int = 8, people: int = 2_000) -> Set:
    """Many fields, most of them empty."""
    w = World(seed)
    rows, truth = [], []
    for n in range(people):
        given, family = w.given(), w.family()
        one = {
            "forename": given,
            "surname": family,
            "dob": w.born().strftime("%d/%m/%Y"),
            "email": f"{given}.{family}@{w.chance.choice(_DOMAINS)}",
            "mobile": f"07{w.chance.randrange(10**9):09d}",
            "city": w.skewed(_CITIES),
            "postcode": f"{w.chance.choice('ABCDE')}{w.chance.randrange(99)} {w.chance.randrange(9)}XY",
            "occupation": w.skewed(_JOBS),
            "company": w.family() + " ltd",
        }
        for _ in range(1 + w.maybe(0.5)):
            rows.append(w.spoil(one, 0.03, 0.45, ("surname",)))
            truth.append(str(n))
    return rows, truth


def name_and_city(seed: int = 9, people: int = 3_000) -> Set:
    """No more than a name and a city."""
    w = World(seed)
    rows, truth = [], []
    for n in range(people):
        name, city = f"{w.given().title()} {w.family().title()}", w.skewed(_CITIES)
        for _ in range(1 + w.maybe(0.3)):
            rows.append({"name": w.typo(name) if w.maybe(0.2) else name, "city": city})
            truth.append(str(n))
    return rows, truth


SETS: dict[str, Callable[[], Set]] = {
    "small_form": small_form, "register": register, "households": households, "customers": customers, "scripts": scripts,
    "alone": alone, "crowds": crowds, "sparse": sparse, "name_and_city": name_and_city,
}  # fmt: skip


def write(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each set as a CSV with its truth in the column "cluster"."""
    for name, make in SETS.items():
        rows, truth = make()
        path = folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*rows[0], "cluster"])
            writer.writeheader()
            writer.writerows(row | {"cluster": one} for row, one in zip(rows, truth, strict=True))
        yield name, path


if __name__ == "__main__":
    import sys

    for name, path in write(Path(sys.argv[1])):
        print(name, path)
