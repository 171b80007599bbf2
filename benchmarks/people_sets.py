"""Invented tables of people with known truth, as other programs and registers keep them: each as (rows, truth).

They imitate the shapes and faults of tables met in the wild, not any one of them. Everything is drawn from a seed.
"""

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from people_world import CITIES, DOMAINS, JOBS, STREETS, SYLLABLES, Row, World

Set = tuple[list[Row], list[str]]


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
            "city": w.skewed(CITIES).title(),
            "email": f"{given}.{family}@{w.chance.choice(DOMAINS)}"
            if w.maybe(0.5)
            else f"{w.chance.choice(SYLLABLES)}{w.chance.randrange(9999)}@{w.chance.choice(DOMAINS)}",
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
            "birth_place": w.skewed(CITIES),
            "postcode_fake": f"{w.chance.choice('abcdefgh')}{w.chance.randrange(1, 30)} {w.chance.randrange(1, 9)}{w.chance.choice('abcdxyz')}{w.chance.choice('abcdxyz')}",
            "gender": w.chance.choice(("male", "female")),
            "occupation": w.skewed(JOBS),
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
        family, city = w.family(), w.skewed(CITIES)
        street = f"{w.chance.randrange(1, 300)} {w.chance.choice(STREETS)} {w.chance.choice(('St', 'Rd', 'Ave'))}"
        postcode, phone = (
            str(27000 + CITIES.index(city) * 7 + w.chance.randrange(3)),
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
                            "res_street_address": f"{w.chance.randrange(1, 300)} {w.chance.choice(STREETS)} ST".upper(),
                            "zip_code": str(27000 + w.chance.randrange(500)),
                            "res_city_desc": w.skewed(CITIES).upper(),
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
            else f"{given}{w.chance.randrange(99)}@{w.chance.choice(DOMAINS)}",
            "Phone": switchboard if w.maybe(0.3) else f"+44 7{w.chance.randrange(10**9):09d}",
            "Company": company,
            "Job Title": w.chance.choice(JOBS),
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
                    row["E-Mail"] = f"{given}.{family}@{w.chance.choice(DOMAINS)}"
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
        for f in (f"{s}{e}" for s in SYLLABLES for e in ("ov", "enko", "in"))
    ]
    chinese = [(a + b, f) for f in "王李张刘陈杨赵黄周吴" for a in "伟芳娜敏静丽强磊军洋" for b in ["", *"明华平文红"]]
    rows, truth = [], []
    for n in range(people):
        city = w.skewed(CITIES)
        email = f"user{w.chance.randrange(10**6)}@{w.chance.choice(DOMAINS)}"
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
        {"first_name": w.given(), "last_name": w.family(), "dob": w.born().isoformat(), "city": w.skewed(CITIES)}
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
            "email": f"{given}{n}@{w.chance.choice(DOMAINS)}",
            "town": w.skewed(CITIES),
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
            "email": f"{given}.{family}@{w.chance.choice(DOMAINS)}",
            "mobile": f"07{w.chance.randrange(10**9):09d}",
            "city": w.skewed(CITIES),
            "postcode": f"{w.chance.choice('ABCDE')}{w.chance.randrange(99)} {w.chance.randrange(9)}XY",
            "occupation": w.skewed(JOBS),
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
        name, city = f"{w.given().title()} {w.family().title()}", w.skewed(CITIES)
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
