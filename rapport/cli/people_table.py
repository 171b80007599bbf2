"""Tables of people in CSV files: which column is what, and which rows are one human."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rapport.core.errors import Invalid
from rapport.people.matching.folding import fold
from rapport.people.matching.kinds import KINDS
from rapport.people.matching.records import RAW

#: How columns are called for each kind, without spaces, lower case. Also "name" (whole) and "middle".
_CALLED = {
    "name": "name fullname displayname contactname personname customername nameofperson wholename "
    "firstandsurname nom_complet "
    "vollername ansprechpartner contact person",
    "given": "given givenname firstname first forename fname vorname rufname prenom nombre nombres nome imie "
    "voornaam christianname",
    "middle": "middlename middle middleinitial midlname mname secondname middleinit",
    "family": "surname lastname last familyname family lname sname nachname familienname nomdefamille "
    "apellido apellidos cognome "
    "sobrenome nazwisko achternaam lastnames",
    "birth_date": "dob dateofbirth birthdate birthday birthdt datebirth bdate born geburtsdatum geburtstag "
    "datedenaissance "
    "fechadenacimiento fechanacimiento birthyear yearofbirth yob dataurodzenia",
    "age": "age birthage alter ageyears ageatyearend",
    "email": "email emailaddress mail emails mailaddress emailid correo courriel eposta emailaddress1 "
    "workemail primaryemail",
    "phone": "phone telephone tel mobile cell cellphone mobilephone phonenumber telephonenumber mobilenumber "
    "phoneno telefon handy "
    "fullphonenumber fullphonenum homephone workphone telefono rufnummer phone1 phone2 mobil gsm msisdn",
    "account": "account username handle login twitter mastodon nickname screenname userid user",
    "number": "socsecid ssn socialsecuritynumber socialsecurity nationalid nationalinsurancenumber nino "
    "nhsnumber nin taxid "
    "taxnumber passport passportnumber steuerid steuernummer svnr insurancenumber medicare medicarenumber "
    "personalnumber "
    "personnummer pesel cpf dni nif curp driverlicense driverslicense licensenumber patientnumber mrn "
    "idnumber socsec",
    "organization": "company organization organisation companyname org employer firma unternehmen business "
    "businessname "
    "accountname societe empresa workplace institution affiliation",
    "domain": "domain website web url homepage companydomain",
    "occupation": "occupation job jobtitle profession title role position beruf employment jobrole",
    "street": "address1 address street streetaddress streetname addressline1 addressline strasse adresse "
    "resstreetaddress "
    "line1 addr addr1 direccion rue street1 mailaddr1 postaladdress addressstreet",
    "street2": "address2 addressline2 line2 addr2 street2 unit apartment building housename",
    "street_number": "streetnumber housenumber houseno streetno hausnummer number streetnum housenum numero",
    "postcode": "postcode zip zipcode postalcode plz postcodefake postleitzahl codepostal cp codigopostal "
    "postal rescode",
    "city": "city suburb town locality ort stadt wohnort ville ciudad municipality place placename "
    "rescitydesc cityname "
    "residence miasto",
    "state": "state region province county bundesland statecd stateprovince departement statecode countydesc",
    "country": "country land nation pays pais countrycode countryname",
    "birth_place": "birthplace placeofbirth birthcity birthcountry geburtsort lieudenaissance pob birthtown "
    "birthstate",
    "gender": "gender sex geschlecht sexe gendercode sexo sexcode",
    "language": "language lang locale sprache",
}  # fmt: skip
_KIND_OF = {called: kind for kind, all_of in _CALLED.items() for called in all_of.replace("_", "").split()}
#: Words that stand before or behind what a column is: "res_city_desc", "customer_first_name".
_AROUND = frozenset(
    [
        "res",
        "desc",
        "customer",
        "contact",
        "client",
        "patient",
        "person",
        "voter",
        "user",
        "my",
        "home",
        "work",
        "primary",
        "main",
        "current",
        "code",
        "txt",
        "value",
        "field",
        "the",
        "cd",
        "orig",
        "original",
        "raw",
        "clean",
        "norm",
        "fake",
        "mailing",
        "billing",
        "shipping",
        "personal",
        "business",
    ]
)
_FEBRL = re.compile(r"^(.*?\d+)-(?:org|dup-?\d+)$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_AMERICAN = re.compile(r"^\s*(\d{1,2})/(\d{1,2})/\d{2,4}")
#: Several in one --map: a comma counts only where the next one begins.
_SEVERAL = re.compile(r",(?=[^,=]+=)")
_BYTES_MAX = 2_000_000_000


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """Rows by column as read, and what their columns are taken as (kind -> columns)."""

    rows: Sequence[Mapping[str, str]]
    columns: Mapping[str, Sequence[str]]
    truth_column: str
    truth: Sequence[str]
    ignored: Sequence[str] = field(default_factory=list)
    month_first: bool = False

    def raw(self, row: Mapping[str, str]) -> dict[str, list[str]]:
        """A row as matching takes it."""
        return {kind: [row.get(column, "") for column in columns] for kind, columns in self.columns.items()}


def read(files: Sequence[Path], truth: str, mapping: Sequence[str] = ()) -> PeopleTable:
    """One table of all files. Raises Invalid where a file, a column or the truth is no good; says what would be."""
    rows: list[dict[str, str]] = []
    header: list[str] = []
    for path in files:
        names, found = _rows(path)
        header += [name for name in names if name not in header]
        rows += found
    if len(rows) < 2:
        raise Invalid(
            f"There {'is one row' if rows else 'are no rows'} in {_named(files)}.", "Give at least two people."
        )
    truth_column = _column(header, truth)
    columns, ignored = _columns(header, rows, truth_column, mapping)
    dates = [row.get(column) or "" for column in columns.get("birth_date", ()) for row in rows]
    return PeopleTable(rows, columns, truth_column, entities(rows, truth_column), ignored, _month_first(dates))


def entities(rows: Sequence[Mapping[str, str]], column: str) -> list[str]:
    """For each row which human it is, by its truth column; who has none is alone. Raises Invalid where all are one."""
    values = [(row.get(column) or "").strip() for row in rows]
    given = [value for value in values if value]
    if not given:
        raise Invalid(f"The column {column!r} is empty.", "It must have the same value in all rows of the same human.")
    found = [_FEBRL.match(value) for value in given]
    if all(found):
        values = [match[1] if (match := _FEBRL.match(value)) else "" for value in values]
    if len({value for value in values if value}) == 1 and len(given) == len(values):
        raise Invalid(
            f"The column {column!r} has one value only: everybody would be the same human.", "Name another column."
        )
    return [value or f"row {number} alone" for number, value in enumerate(values)]


def _named(files: Iterable[Path]) -> str:
    return ", ".join(path.name for path in files)


def _rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    if path.stat().st_size > _BYTES_MAX:
        raise Invalid(f"{path.name} is larger than 2 GB.", "Split it.")
    text = _decoded(path.read_bytes())
    if not text.strip():
        raise Invalid(f"{path.name} is empty.", "Give a CSV file whose first line names its columns.")
    if "\0" in text[:10_000]:
        raise Invalid(f"{path.name} is no text.", "Give a CSV file whose first line names its columns.")
    first = text.lstrip().splitlines()[0]
    mark = max(",;\t|", key=first.count)
    csv.field_size_limit(10_000_000)
    reader = csv.reader(io.StringIO(text.lstrip("\r\n"), newline=""), delimiter=mark, skipinitialspace=True)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise Invalid(f"{path.name}, line {reader.line_num}: {error}.", "Is it a CSV file?") from error
    header = [name.strip() or f"column {number}" for number, name in enumerate(lines[0], 1)]
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise Invalid(f"{path.name} has two columns called {twice[0]!r}.", "Name them differently.")
    return header, [dict(zip(header, (cell.strip() for cell in line), strict=False)) for line in lines[1:]]


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _column(header: Sequence[str], wanted: str) -> str:
    """The column of that name; capitals and spaces do not matter."""
    for name in header:
        if name == wanted:
            return name
    for name in header:
        if _compact(name) == _compact(wanted):
            return name
    raise Invalid(f"There is no column {wanted!r}.", f"The columns are {', '.join(header)}.")


def _compact(text: str) -> str:
    return fold(text).replace(" ", "")


def _columns(
    header: Sequence[str], rows: Sequence[Mapping[str, str]], truth: str, mapping: Sequence[str]
) -> tuple[dict[str, list[str]], list[str]]:
    columns: dict[str, list[str]] = {}
    chosen = dict(_chosen(header, truth, mapping))
    ignored = []
    for name in header:
        kind = chosen.get(name, "") if name in chosen else _kind(name, rows)
        if name == truth or kind not in RAW:
            ignored += [name] if name != truth else []
        elif kind in columns and not (kind == "name" or KINDS.get(kind, KINDS["text"]).many or name in chosen):
            ignored.append(name)
        else:
            columns.setdefault(kind, []).append(name)
    filled = {kind for kind, names in columns.items() if any(row.get(name) for row in rows[:5000] for name in names)}
    if not filled:
        raise Invalid(
            f"None of the columns says anything of a person: {', '.join(header)}.",
            f"Say which is what with --map field=column; fields are {', '.join(sorted(RAW))}.",
        )
    return columns, ignored


def _chosen(header: Sequence[str], truth: str, mapping: Sequence[str]) -> Iterable[tuple[str, str]]:
    for one in (part for several in mapping for part in _SEVERAL.split(several)):
        kind, column = _mapped(one, header)
        if column == truth:
            raise Invalid(f"The column {column!r} is the truth.", "What is to be found out may not be looked at.")
        yield column, kind


def _mapped(one: str, header: Sequence[str]) -> tuple[str, str]:
    """Field and column; also the other way round, as `rapport people import` is told it."""
    left, _, right = (part.strip() for part in one.partition("="))
    known = {_compact(name) for name in header}
    for called, name in ((left, right), (right, left)):
        if (kind := _field(called)) and _compact(name) in known:
            return kind, _column(header, name)
    if not _field(left) or not right:
        raise Invalid(
            f"--map {one!r} names no field.",
            f"Write field=column; fields are {', '.join(sorted(RAW))}, and ignore.",
        )
    return _field(left), _column(header, right)


def _field(called: str) -> str:
    kind = called.lower().replace("-", "_")
    return kind if kind in RAW or kind == "ignore" else _KIND_OF.get(_compact(kind), "")


def _kind(name: str, rows: Sequence[Mapping[str, str]]) -> str:
    """What a column is by its name, or by its values where these are addresses."""
    whole = _compact(name)
    if whole in _KIND_OF:
        return _KIND_OF[whole]
    split = fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).split()
    words = [word for word in split if word not in _AROUND and not word.isdigit()]
    if "".join(words) in _KIND_OF and not {"id", "created", "updated", "modified"} & set(split):
        return _KIND_OF["".join(words)]
    values = [value for row in rows[:200] if (value := row.get(name))]
    if values and sum(bool(_EMAIL.match(value)) for value in values) > 0.8 * len(values):
        return "email"
    return ""


def _month_first(values: Iterable[str]) -> bool:
    """Whether dates with slashes begin with the month: where the second number is often no month."""
    first = second = 0
    for value in values:
        if found := _AMERICAN.match(value):
            first += int(found[1]) > 12
            second += int(found[2]) > 12
    return second > first
