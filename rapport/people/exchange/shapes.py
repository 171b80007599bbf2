"""What a column of a file may stand for, and what its name and values suggest. Pure."""

import hashlib
import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rapport.core.errors import Invalid
from rapport.people.exchange import cells

#: Targets that several columns may have: their values are put together.
SEVERAL = frozenset({"email", "phone", "handle", "relationship", "categories", "external_ids", "consent", "consents",
                     "field", "new_field", "note", "domain"})  # fmt: skip
#: Targets by which a person is known again.
IDENTIFYING = frozenset({"email", "phone", "handle", "external_id", "external_ids", "rapport_id"})
#: Targets that need a word more: a kind of handle, a purpose, the key of a field, the name of a new one.
DETAILED = frozenset({"handle", "consent", "field", "new_field"})
_NAMES: AnyMapping[str, str] = {
    "rapport_id": "rapport_id",
    "external_id": "external_id,id,uid,customer id,customer number,contact id,record id,kundennummer,kunden-nr,"
    "kundennr,kd-nr,personalnummer,numéro client,customer no",
    "external_ids": "external_ids",
    "name": "name,full name,display name,displayname,cn,fn,contact,contact name,nom complet",
    "given": "given,given name,givenname,first name,firstname,forename,vorname,prénom,prenom,nombre,imię",
    "family": "family,family name,last name,lastname,surname,sn,nachname,nom,nom de famille,apellido,apellidos,"
    "nazwisko",
    "email": "email,e-mail,mail,email address,e-mail address,e-mail-adresse,emailadresse,address,courriel,correo,"
    "correo electrónico",
    "phone": "phone,telephone,tel,phone number,mobile,mobile phone,cell,cell phone,business phone,home phone,telefon,"
    "handy,mobil,téléphone,teléfono,telefono",
    "handle": "handle,handles",
    "organization": "organization,organisation,company,org,company name,firma,unternehmen,société,empresa,account name",
    "domain": "domain,website domain,company domain",
    "role": "role,title,job title,jobtitle,position,funktion,poste,cargo",
    "relationship": "relationship,relationships,relation,type,category",
    "categories": "categories,tags,labels",
    "since": "since,customer since,start date,from,seit",
    "until": "until,end date,to,bis",
    "language": "language,lang,locale,sprache,langue,idioma",
    "time_zone": "time_zone,time zone,timezone,tz,zeitzone",
    "preferred": "preferred,preferred channel",
    "holder": "holder,owner,account owner,contact owner,account manager,betreuer",
    "note": "note,notes,comment,comments,description,notiz,notizen,bemerkung",
    "consents": "consents",
    "do_not_contact": "do_not_contact,do not contact,dnc,do not email,has opted out of email",
}
_BY_NAME = {alias: target for target, aliases in _NAMES.items() for alias in aliases.split(",")}
_NUMBERED = re.compile(r"[\s_-]*\(?\d{1,2}\)?(?:\s*-\s*(?:value|type))?$")
TARGETS = (*_NAMES, "consent", "field", "new_field")


@dataclass(frozen=True, slots=True)
class Column:
    """What one column stands for; target "" is passed over."""

    target: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mapping:
    """What every column stands for, and what holds for the whole file.

    `source`: whose external ids they are ("" for ids that are Rapport's own). `country`: the prefix of national phone
    numbers. `relationship`: what everybody in the file is to us.
    """

    columns: tuple[Column, ...]
    source: str = ""
    country: str = ""
    relationship: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "columns": [list(asdict(one).values()) for one in self.columns],
            "source": self.source, "country": self.country, "relationship": self.relationship,
        }  # fmt: skip


def mapping_of(plain: AnyMapping[str, Any]) -> Mapping:
    """What `plain` wrote."""
    columns = tuple(Column(str(target), str(detail)) for target, detail in plain.get("columns", []))
    words = {name: str(plain.get(name, "")) for name in ("source", "country", "relationship")}
    return Mapping(columns, **words)


def digest(columns: Sequence[str]) -> str:
    """By what a file with the same columns is known again."""
    return hashlib.sha256("\x1f".join(one.strip().lower() for one in columns).encode("utf-8", "replace")).hexdigest()


def guess(names: Sequence[str], samples: Sequence[Sequence[str]], fields: AnyMapping[str, str]) -> tuple[Column, ...]:
    """What columns probably stand for, by name and else by their first values; `fields` is label -> key of our own."""
    found: list[Column] = []
    taken: set[str] = set()
    for at, name in enumerate(names):
        one = _by_name(name, fields) or _by_values([row[at] for row in samples if at < len(row)])
        if one.target in taken and one.target not in SEVERAL:
            one = Column()
        taken.add(one.target)
        found.append(one)
    return tuple(found)


def _by_name(name: str, fields: AnyMapping[str, str]) -> Column | None:
    bare = name.strip().lower()
    if bare.startswith(("handle:", "consent:", "field:")):
        kind, detail = bare.partition(":")[0], name.strip().partition(":")[2]
        return Column(kind, detail) if kind != "field" or detail in fields.values() else Column("new_field", detail)
    if bare.startswith("rapport: "):  # what a report of ours added
        return Column()
    target = _BY_NAME.get(bare) or _BY_NAME.get(bare.replace("_", " ")) or _BY_NAME.get(_NUMBERED.sub("", bare))
    if target:
        return Column(target)
    key = {label.lower(): key for label, key in fields.items()}.get(bare)
    return Column("field", key) if key else None


def _by_values(values: Sequence[str]) -> Column:
    said = [one for one in values if one.strip()]
    if said and all(cells.email(one) for one in said):
        return Column("email")
    return Column()


def checked(mapping: Mapping, names: Sequence[str], kinds: Sequence[str]) -> Mapping:
    """The mapping, if it can be used. Raises Invalid in words for whoever chose it."""
    if len(mapping.columns) != len(names):
        raise Invalid("The columns of the file are others.", "Load the page again.")
    seen: dict[str, str] = {}
    for one, name in zip(mapping.columns, names, strict=True):
        _check(one, name, seen)
    if not IDENTIFYING & seen.keys():
        raise Invalid(
            "No column says how a person is known again.",
            "Name at least one as e-mail, phone, another handle or external id.",
        )
    if mapping.relationship and mapping.relationship not in kinds:
        raise Invalid(f"There is no relationship {mapping.relationship!r}.", f"Use {', '.join(kinds)}.")
    country = mapping.country.strip().lstrip("+0")
    if country and not (country.isascii() and country.isdigit() and len(country) <= 3):
        raise Invalid("The prefix of a country is one to three digits, such as 49.", "Leave it empty otherwise.")
    return replace(mapping, country=country, source=cells.line(mapping.source, 60).replace("=", "-"))


def _check(one: Column, name: str, seen: dict[str, str]) -> None:
    if not one.target:
        return
    if one.target not in TARGETS:
        raise Invalid(f"There is nothing called {one.target!r}.", "Choose from the list.")
    if one.target in seen and one.target not in SEVERAL:
        raise Invalid(
            f"Two columns, {seen[one.target]!r} and {name!r}, are both {one.target.replace('_', ' ')}.",
            "Leave one of them out.",
        )
    if one.target in DETAILED and not one.detail.strip() and one.target != "handle":
        what = {"consent": "for what", "field": "which field", "new_field": "the name of the new field"}[one.target]
        raise Invalid(f"Say {what} the column {name!r} stands for.", "Write it beside the column.")
    if one.target == "consent" and len(one.detail) > 40:
        raise Invalid("A purpose has at most 40 characters.", "Make it shorter.")
    seen[one.target] = name
