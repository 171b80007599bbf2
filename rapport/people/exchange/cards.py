"""vCards (2.1, 3.0 and 4.0) as the records of a table, one card after another; and vCards written. Pure.

Read by hand and line by line: the known library (vobject) reads 4.0 as if it were 3.0, gives up at a bad line of 2.1
and keeps every photo. Here a card is a few lines that say something; pictures, sounds and keys are passed over.
"""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rapport.core.errors import Invalid
from rapport.people.exchange import cells
from rapport.people.exchange.sheets import BYTES_MAX, RECORDS_MAX, Layout, Record, encoding_of, text_of

_LINES_MAX = 2_000
_VALUE_MAX = 20_000
_COLUMNS_MAX = 200
_HEAVY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY", "CALADRURI", "AGENT"})
_SILENT = frozenset({"VERSION", "PRODID", "REV", "KIND", "SOURCE", "CLIENTPIDMAP", "XML", "MAILER", "LABEL", "PROFILE"})
_NAMED = {
    "FN": "name", "EMAIL": "email", "TEL": "phone", "TITLE": "role", "ROLE": "role", "CATEGORIES": "categories",
    "UID": "external_id", "LANG": "language", "LANGUAGE": "language", "TZ": "time_zone", "NOTE": "note",
    "BDAY": "birthday", "NICKNAME": "nickname", "URL": "url", "GENDER": "gender",
}  # fmt: skip
#: Several values of these stand together in a cell; of others the first counts, notes are put below one another.
_MANY = frozenset({"email", "phone", "categories", "handle", "url"})
#: What the address of an account (IMPP, SOCIALPROFILE) says of its kind, where ours has another name.
_SCHEMES = {"mxid": "matrix", "acct": "fediverse", "mastodon": "fediverse", "skype": "", "https": "", "http": ""}
_LINE = re.compile(r"(?:[\w-]+\.)?(?P<name>[\w-]+)(?P<params>(?:;(?:\"[^\"]*\"|[^\":;]|;)*)?):(?P<value>.*)", re.DOTALL)
_PARAM = re.compile(r";([^=;\"]+)(?:=((?:\"[^\"]*\"|[^\";])*))?")
_ESCAPED = re.compile(r"\\([nN\\,;:])")


@dataclass(slots=True)
class _Property:
    name: str
    params: dict[str, str]
    value: str


@dataclass(slots=True)
class _Card:
    line: int
    lines: list[str] = field(default_factory=list)
    whole: bool = False
    wrong: str = ""


def looks_like_cards(data: bytes) -> bool:
    """Whether a vCard begins somewhere near the start of a file, whatever its name."""
    head = data[:4096].replace(b"\0", b"").upper()
    return b"BEGIN:VCARD" in head


def layout_of(data: bytes, encoding: str = "") -> Layout:
    """The columns that the cards have, in the order met. Raises Invalid where there is no card or too much."""
    if len(data) > BYTES_MAX:
        raise Invalid("The file is larger than 50 MB.", "Split it.")
    encoding = encoding or encoding_of(data)
    names: dict[str, None] = {}
    count = 0
    for card in _cards(text_of(data, encoding)):
        count += 1
        if len(names) < _COLUMNS_MAX:
            names |= dict.fromkeys(_values(card))
    if not count:
        raise Invalid("This is no vCard file: it has no BEGIN:VCARD.", "Give a .vcf file (RFC 6350) or a .csv file.")
    return Layout(encoding, "", tuple(names)[:_COLUMNS_MAX])


def records(data: bytes, layout: Layout) -> Iterator[Record]:
    """One record a card; `line` is the number of the card."""
    for number, card in enumerate(_cards(text_of(data, layout.encoding)), 1):
        if number > RECORDS_MAX:
            raise Invalid(f"The file has more than {RECORDS_MAX:,} cards.", "Split it.")
        values = _values(card)
        wrong = card.wrong or ("card_empty" if not values else "")
        yield Record(number, tuple(values.get(name, "") for name in layout.columns), wrong)


def _cards(file: Iterable[str]) -> Iterator[_Card]:
    """The lines of each card, unfolded. A card ends at its END, at the next BEGIN, or with the file."""
    card: _Card | None = None
    skipping = quoted = False
    for raw in _bounded(file):
        text = raw.rstrip("\r\n").replace("\0", "")
        word = text.strip().upper()
        if word == "BEGIN:VCARD":
            if card:
                yield card
            card, skipping, quoted = _Card(0), False, False
        elif card is None:
            continue
        elif word == "END:VCARD":
            card.whole = True
            yield card
            card = None
        elif quoted:
            quoted = _goes_on(card, text, text.endswith("="))
        elif text[:1] in (" ", "\t"):
            if not skipping:
                _goes_on(card, text[1:], False)
        elif text and len(card.lines) < _LINES_MAX:
            skipping = _property_name(text) in _HEAVY
            if not skipping:
                card.lines.append(text[:_VALUE_MAX])
                quoted = text.endswith("=") and "QUOTED-PRINTABLE" in text[:200].upper()
    if card:
        yield card


def _bounded(file: Iterable[str]) -> Iterator[str]:
    return (line[: 8 * _VALUE_MAX] for line in file)


def _goes_on(card: _Card, text: str, more: bool) -> bool:
    if card.lines and len(card.lines[-1]) < _VALUE_MAX:
        card.lines[-1] += f"\n{text}" if card.lines[-1].endswith("=") else text
    return more


def _property_name(text: str) -> str:
    return re.split(r"[:;]", text, maxsplit=1)[0].rpartition(".")[2].upper()


def _values(card: _Card) -> dict[str, str]:
    """The cells of a card by column."""
    found: dict[str, list[str]] = {}
    for text in card.lines:
        one = _property(text)
        if one is not None:
            for column, value in _columns(one):
                if value:
                    found.setdefault(column, []).append(value)
    return {column: _cell(column, values) for column, values in found.items()}


def _cell(column: str, values: list[str]) -> str:
    if column in _MANY:
        return cells.joined(dict.fromkeys(values))
    return "\n".join(values) if column == "note" else values[0]


def _property(text: str) -> _Property | None:
    found = _LINE.fullmatch(text)
    if not found:
        return None
    params: dict[str, str] = {}
    for name, value in _PARAM.findall(found["params"]):
        bare = name.strip().upper()
        # 2.1 writes what it means without its name: TEL;CELL, NOTE;QUOTED-PRINTABLE.
        params["ENCODING" if bare in ("QUOTED-PRINTABLE", "BASE64") else bare] = value.strip('"') or bare
    return _Property(found["name"].upper(), params, _decoded(found["value"], params))


def _decoded(value: str, params: Mapping[str, str]) -> str:
    if params.get("ENCODING", "").upper() != "QUOTED-PRINTABLE":
        return value
    charset = params.get("CHARSET", "utf-8")
    try:
        return quopri.decodestring(value.encode("utf-8", "replace")).decode(charset, "replace").replace("\r\n", "\n")
    except (LookupError, ValueError, binascii.Error):
        return value


def _columns(one: _Property) -> Iterator[tuple[str, str]]:
    """Which cells a property fills."""
    parts = [_text(part) for part in _taken_apart(one.value, ";")]
    if one.name == "N":
        yield "given", " ".join(part for part in (parts[1:3]) if part)
        yield "family", parts[0]
    elif one.name == "ORG":
        yield "organization", parts[0]
        yield "department", ", ".join(part for part in parts[1:] if part)
    elif one.name == "ADR":
        yield "address", ", ".join(part for part in parts if part)
    elif one.name == "CATEGORIES":
        for part in _taken_apart(one.value, ","):
            yield "categories", _text(part)
    elif one.name in ("IMPP", "SOCIALPROFILE", "X-SOCIALPROFILE"):
        yield "handle", _account(one)
    elif one.name == "X-RAPPORT-FIELD":
        yield f"field:{one.params.get('X-KEY', '')}", _text(one.value)
    elif one.name == "X-RAPPORT-HANDLE":
        for value in cells.split(_text(one.value)):
            yield "handle", value
    elif one.name.startswith("X-RAPPORT-"):
        yield one.name[10:].lower().replace("-", "_"), _text(one.value)
    elif one.name in ("EMAIL", "TEL"):
        yield _NAMED[one.name], _text(one.value).removeprefix("tel:").removeprefix("mailto:")
    elif one.name == "UID":
        yield "external_id", _text(one.value).removeprefix("urn:uuid:")
    elif one.name not in _SILENT:
        yield _NAMED.get(one.name, one.name.lower()), _text(one.value)


def _account(one: _Property) -> str:
    """An account as kind:value; "" for what is only an address of a page."""
    value = _text(one.value)
    scheme, colon, rest = value.partition(":")
    kind = _SCHEMES.get(scheme.lower(), scheme.lower())
    service = one.params.get("SERVICE-TYPE", one.params.get("X-SERVICE-TYPE", "")).lower()
    if not kind and service:
        kind = _SCHEMES.get(service, service)
    return f"{kind}:{rest}" if colon and kind and rest and not rest.startswith("//") else ""


def _taken_apart(value: str, separator: str) -> list[str]:
    return re.findall(rf"((?:\\.|[^\\{separator}])*)(?:{separator}|$)", value, re.DOTALL)[:40] or [""]


def _text(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()



_WRITTEN = {"name": "FN", "role": "TITLE", "language": "LANG", "time_zone": "TZ", "note": "NOTE", "external_id": "UID"}


def card(row: Mapping[str, str]) -> str:
    """A person as a vCard 4.0 (RFC 6350), from the cells of an export; what has no property there is X-RAPPORT-."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"FN:{_escaped(row.get('name') or '')}"]
    for column, value in row.items():
        if not value or column == "name":
            continue
        if column == "email":
            lines += [f"EMAIL:{_escaped(one)}" for one in cells.split(value)]
        elif column == "phone":
            lines += [f"TEL;VALUE=uri:tel:{_escaped(one)}" for one in cells.split(value)]
        elif column == "organization":
            lines.append(f"ORG:{_escaped(value)}")
        elif column in _WRITTEN:
            lines.append(f"{_WRITTEN[column]}:{_escaped(value)}")
        elif column.startswith("field:"):
            lines.append(f"X-RAPPORT-FIELD;X-KEY={column[6:]}:{_escaped(value)}")
        else:
            lines.append(f"X-RAPPORT-{column.upper().replace('_', '-')}:{_escaped(value)}")
    return "".join(f"{_folded(one)}\r\n" for one in (*lines, "END:VCARD"))


def _escaped(value: str) -> str:
    return re.sub(r"([\\,;])", r"\\\1", value).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(text: str) -> str:
    """Lines of at most 75 bytes (RFC 6350, 3.2), never within a character."""
    pieces: list[str] = []
    size = start = 0
    for at, sign in enumerate(text):
        width = len(sign.encode("utf-8", "replace"))
        if size + width > (75 if not pieces else 74):
            pieces.append(text[start:at])
            start, size = at, 0
        size += width
    return "\r\n ".join([*pieces, text[start:]])

