"""An invented world of people: names as frequent and as skewed as real ones, and what happens when somebody types.

Names are those of the package `nicknames` and of syllables; everything is drawn from a seed.
"""

import random
from datetime import date, timedelta

from nicknames import name_triplets

Row = dict[str, str]

SYLLABLES = [
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
CITIES = [
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
DOMAINS = ["gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "example.net"]
JOBS = [
    *"teacher painter lawyer farmer engineer nurse writer soldier merchant priest physician clerk smith".split(),
    *"baker sailor".split(),
]
STREETS = [
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
                self.chance.choice(SYLLABLES)
                + self.chance.choice(["", self.chance.choice(SYLLABLES)])
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
