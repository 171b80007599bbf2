"""What matching knows of people, kind by kind: how well two values can agree, and how often that is so.

`levels` are from worst to best; level 0 is always "nothing to compare". `same` is how often each level is met in two
records of one human, `chance` in two records of different people: what estimation begins with and is held near to
where the data says little. Exact agreement is weighed by how rare the value is.
"""

from dataclasses import dataclass

DIFFERENT, EXACT = "different", "exact"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of field. `group`: fields of a group say partly the same (a city and its postcode)."""

    name: str
    levels: tuple[str, ...]
    same: tuple[float, ...]
    chance: tuple[float, ...]
    group: str = ""
    vocabulary: str = ""
    many: bool = False
    personal: bool = False
    #: The most that may be learned of how often records of one human are different: else colleagues who share a first
    #: name, or a family, are taken for a human who changes the other.
    different_most: float = 0.6

    @property
    def words(self) -> str:
        """The name of the vocabulary its values are in; kinds that may be in one another's place share one."""
        return self.vocabulary or self.name

    def level(self, name: str) -> int:
        """The number of a level; 0 where the kind has none of that name."""
        return self.levels.index(name) + 1 if name in self.levels else 0

    @property
    def exact(self) -> int:
        """The number of the best level."""
        return len(self.levels)


def _kind(name: str, table: str, **more: str | bool | float) -> Kind:
    """From "level same chance, level same chance"; the rest of `chance` and `same` goes to the first level."""
    rows = [row.split() for row in table.split(",")]
    same, chance = ([float(row[n]) for row in rows] for n in (1, 2))
    return Kind(
        name,
        tuple(row[0] for row in rows),
        (max(1e-9, 1 - sum(same)), *same[1:]) if same[0] == 0 else tuple(one / sum(same) for one in same),
        (max(1e-9, 1 - sum(chance[1:])), *chance[1:]),
        **more,  # type: ignore[arg-type]
    )


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "given",
            "different .03 0, similar .015 .03, sound .02 .004, initial .02 .04, part .03 .003, nickname .05 .004,"
            "close .08 .004, crossed .03 .0002, exact .725 .006",
            vocabulary="name", different_most=0.1,
        ),
        _kind(
            "family",
            "different .03 0, similar .015 .02, sound .02 .002, initial .01 .02, part .03 .001, close .08 .002,"
            "crossed .03 .0002, exact .785 .002",
            vocabulary="name", different_most=0.12,
        ),
        _kind(
            "birth_date",
            "apart .01 0, different .02 .25, year .02 .014, near .03 .003, close .07 .0008, exact .85 .00005",
            group="born", personal=True, different_most=0.06,
        ),
        _kind("age", "different .15 0, near .15 .05, exact .7 .015", group="born"),
        _kind(
            "email", "different .35 0, close .06 .0001, local .08 .0003, exact .51 .00001",
            many=True, personal=True,
        ),
        _kind("phone", "different .25 0, close .05 .00005, exact .7 .00001", many=True, personal=True),
        _kind("account", "different .3 0, close .05 .0003, exact .65 .00002", many=True, personal=True),
        _kind(
            "number", "different .04 0, near .02 .0003, close .07 .0001, exact .87 .00001", personal=True, many=True,
            different_most=0.2,
        ),
        _kind("organization", "different .2 0, similar .1 .004, exact .7 .002", group="work"),
        _kind("domain", "different .25 0, exact .75 .002", group="work", many=True),
        _kind("occupation", "different .25 0, similar .15 .02, exact .6 .02", group="work"),
        _kind(
            "street", "different .12 0, similar .06 .01, close .1 .001, crossed .03 .0002, exact .69 .0005",
            group="place", vocabulary="street",
        ),
        _kind(
            "street2", "different .15 0, similar .06 .01, close .12 .001, crossed .03 .0002, exact .64 .001",
            group="place", vocabulary="street",
        ),
        _kind("street_number", "different .12 0, close .08 .08, exact .8 .015", group="place"),
        _kind("postcode", "different .12 0, area .04 .05, close .09 .005, exact .75 .001", group="place"),
        _kind("city", "different .12 0, similar .03 .01, close .1 .002, exact .75 .01", group="place"),
        _kind("state", "different .06 0, exact .94 .15", group="place"),
        _kind("country", "different .04 0, exact .96 .4", group="place"),
        _kind("birth_place", "different .08 0, similar .07 .02, exact .85 .01", group="born"),
        _kind("gender", "different .03 0, exact .97 .5"),
        _kind("language", "different .1 0, exact .9 .4", group="place"),
        _kind("text", "different .2 0, similar .1 .02, exact .7 .02"),
    )
}  # fmt: skip

#: Which two may have each other's value, as when a form was filled in in the wrong order.
CROSSED = (("given", "family"), ("street", "street2"))
