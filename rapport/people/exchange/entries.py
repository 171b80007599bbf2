"""A record and its mapping become what a file says of one person. Pure.

A reason is {"what": slug, **what its sentence names}; `reasons` puts it into words.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from rapport.people.exchange import cells
from rapport.people.exchange.cells import Span
from rapport.people.exchange.shapes import Column
from rapport.people.exchange.shapes import Mapping as Shape
from rapport.people.exchange.sheets import Record
from rapport.people.roles import is_role_address

Key = tuple[str, str]
"""A handle, or an external id with its source ("" for Rapport's own)."""
Reason = dict[str, str]
EMAIL, PHONE = "email", "phone"
HANDLES_MAX = 50
NOTE_MAX = 20_000
#: How many characters are kept of what may be longer in a file; the rest is said to be left out.
_KEPT = {"name": 200, "given": 100, "family": 100, "role": 120, "organization": 200, "note": NOTE_MAX, "field": 500,
         "new_field": 500}  # fmt: skip
_KIND = re.compile(r"[a-z][a-z0-9_-]{0,29}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_FOLDED = frozenset({"fediverse", "bluesky", "github", "xmpp", "matrix", "sip"})
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


@dataclass(frozen=True, slots=True)
class FieldShape:
    """A custom field: its kind ("text", "number", "date", "choice", "yes") and what a choice may be."""

    kind: str = "text"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """One statement of consent; `at` is None where the file does not say when."""

    purpose: str
    given: bool
    channel: str = ""
    at: datetime | None = None


@dataclass(slots=True)
class Entry:
    """One person as a file or directory names them; empty says nothing. `wrong` is why it cannot be taken.

    `handles` are theirs and `shared` those of nobody in particular, both by (kind, value) -> as written.
    """

    line: int
    id: UUID | None = None
    texts: dict[str, str] = field(default_factory=dict)
    handles: dict[Key, str] = field(default_factory=dict)
    shared: dict[Key, str] = field(default_factory=dict)
    external: list[Key] = field(default_factory=list)
    organization: str = ""
    domains: list[str] = field(default_factory=list)
    holder: str = ""
    spans: list[Span] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    consents: list[Said] = field(default_factory=list)
    do_not_contact: bool = False
    remarks: list[Reason] = field(default_factory=list)
    wrong: Reason | None = None
    cells: Sequence[str] = ()

    @property
    def name(self) -> str:
        """How they call themselves."""
        return self.texts.get("name", "")


@dataclass(frozen=True, slots=True)
class Terms:
    """What entries are read by: the mapping, the kinds of relationship there are, our own fields by key, and the kinds
    of channel by which somebody may prefer to be reached."""

    shape: Shape
    kinds: tuple[str, ...]
    fields: Mapping[str, FieldShape]
    ways: frozenset[str] = frozenset()


def entry(record: Record, terms: Terms) -> Entry:
    """What a record says. Never raises: what cannot be taken is in `wrong`, what was left out in `remarks`."""
    made = Entry(record.line, cells=record.cells)
    if record.wrong:
        made.wrong = {"what": record.wrong}
        return made
    reader = _Reader(made, terms)
    for column, cell in zip(terms.shape.columns, record.cells, strict=False):
        if column.target and cell.strip():
            reader.take(column, cell)
    reader.finish()
    return made


class _Reader:
    """Fills one entry, cell by cell."""

    def __init__(self, made: Entry, terms: Terms) -> None:
        self.entry, self.terms = made, terms
        self.given = self.family = ""
        self.since: date | None = None
        self.until: date | None = None

    def take(self, column: Column, cell: str) -> None:
        """One cell."""
        verb = _VERBS.get(column.target)
        if verb:
            verb(self, column.detail, cell)
        most = _KEPT.get(column.target)
        if most and len(cell.strip()) > most:
            self.remark("cut", value=f"{cell.strip()[:40]}…", most=str(most))

    def refuse(self, what: str, **given: str) -> None:
        """The first thing that is wrong counts."""
        self.entry.wrong = self.entry.wrong or {"what": what, **given}

    def remark(self, what: str, **given: str) -> None:
        """Something of the record is left out."""
        self.entry.remarks.append({"what": what, **{name: value[:200] for name, value in given.items()}})

    def finish(self) -> None:
        """What only the whole record can say."""
        made = self.entry
        if not made.texts.get("name") and (self.given or self.family):
            made.texts["name"] = _whole_name(self.given, self.family)
        spans = [
            span if span.since or span.until else Span(span.kind, self.since, self.until) for span in made.spans
        ]
        if self.terms.shape.relationship and all(one.kind != self.terms.shape.relationship for one in spans):
            spans.append(Span(self.terms.shape.relationship, self.since, self.until))
        made.spans = list(dict.fromkeys(spans))
        if len(made.handles) + len(made.shared) > HANDLES_MAX:
            self.refuse("too_many_handles", most=str(HANDLES_MAX))
        if not made.handles and not made.shared and not made.external and not made.id:
            bad = next((one for one in made.remarks if one["what"] == "no_phone"), None)
            self.refuse(**bad) if bad else self.refuse("no_handle")

    def name_(self, detail: str, cell: str) -> None:
        if name := cells.line(cell, 200):
            self.entry.texts["name"] = name

    def given_(self, detail: str, cell: str) -> None:
        self.given = cells.line(cell, 100)

    def family_(self, detail: str, cell: str) -> None:
        self.family = cells.line(cell, 100)

    def email_(self, detail: str, cell: str) -> None:
        for written in cells.split(cell):
            value = cells.email(written)
            if not value:
                self.refuse("no_email", value=written[:200])
                continue
            kept = self.entry.shared if is_role_address(value) else self.entry.handles
            kept.setdefault((EMAIL, value), cells.line(written, 320))

    def phone_(self, detail: str, cell: str) -> None:
        for written in cells.split(cell):
            value = cells.phone(written, self.terms.shape.country)
            if value:
                self.entry.handles.setdefault((PHONE, value), cells.line(written, 320))
            else:
                self.remark("no_phone", value=written)

    def handle_(self, detail: str, cell: str) -> None:
        for written in cells.split(cell):
            kind, value = (detail, written) if detail else [part.strip() for part in _pair(written, ":")]
            kind = kind.lower()
            if kind in (EMAIL, PHONE):
                _VERBS[kind](self, "", value)
                continue
            value = cells.line(value, 320)
            if kind in _FOLDED:
                value = value.lower().removeprefix("@" if kind != "matrix" else "")
            if not value or not _KIND.fullmatch(kind):
                self.remark("no_handle_kind", value=written)
            else:
                self.entry.handles.setdefault((kind, value), cells.line(written, 320))

    def organization_(self, detail: str, cell: str) -> None:
        self.entry.organization = cells.line(cell, 200)

    def domain_(self, detail: str, cell: str) -> None:
        for written in cells.split(cell):
            address = cells.email(f"x@{re.sub(r'^https?://|^www[.]|/.*$', '', written.strip().lower())}")
            if address:
                self.entry.domains.append(address[2:])
            else:
                self.remark("no_domain", value=written)

    def role_(self, detail: str, cell: str) -> None:
        self.entry.texts["role"] = cells.line(cell, 120)

    def relationship_(self, detail: str, cell: str) -> None:
        for written in cells.split(cell):
            span = cells.span(written)
            if span is None:
                self.refuse("no_date", value=written[:200])
            elif span.kind not in self.terms.kinds:
                self.refuse("no_relationship", value=span.kind[:200], kinds=", ".join(self.terms.kinds))
            elif span.since and span.until and span.until < span.since:
                self.refuse("dates_reversed", value=written[:200])
            else:
                self.entry.spans.append(span)

    def categories_(self, detail: str, cell: str) -> None:
        """Categories are anything; those that are relationships are taken."""
        found = (cells.line(one, 60).lower() for one in cells.split(cell))
        self.entry.spans += [Span(one) for one in found if one in self.terms.kinds]

    def since_(self, detail: str, cell: str) -> None:
        self.since = cells.day(cell)
        if self.since is None:
            self.refuse("no_date", value=cell[:200])

    def until_(self, detail: str, cell: str) -> None:
        self.until = cells.day(cell)
        if self.until is None:
            self.refuse("no_date", value=cell[:200])

    def language_(self, detail: str, cell: str) -> None:
        code = cells.line(cell, 20).lower().replace("_", "-").partition(".")[0]
        if _LANGUAGE.fullmatch(code) and len(code) <= 10:
            self.entry.texts["language"] = code
        else:
            self.remark("no_language", value=cell)

    def time_zone_(self, detail: str, cell: str) -> None:
        name = cells.line(cell, 60)
        if name in _zones():
            self.entry.texts["time_zone"] = name
        else:
            self.remark("no_time_zone", value=cell)

    def preferred_(self, detail: str, cell: str) -> None:
        kind = cells.line(cell, 30).lower()
        if (kind := "email" if kind == "e-mail" else kind) in self.terms.ways:
            self.entry.texts["preferred"] = kind
        else:
            self.remark("no_way", value=cell)

    def holder_(self, detail: str, cell: str) -> None:
        self.entry.holder = cells.email(cell) or cells.line(cell, 254).lower()

    def note_(self, detail: str, cell: str) -> None:
        before = self.entry.texts.get("note", "")
        self.entry.texts["note"] = "\n".join(part for part in (before, cells.clean(cell, NOTE_MAX)) if part)[:NOTE_MAX]

    def external_id_(self, detail: str, cell: str) -> None:
        if value := cells.line(cell, 200):
            self.entry.external.append((self.terms.shape.source, value))

    def external_ids_(self, detail: str, cell: str) -> None:
        for one in cells.split(cell):
            source, value = _pair(one, "=")
            if value := cells.line(value, 200):
                self.entry.external.append((cells.line(source, 60), value))

    def rapport_id_(self, detail: str, cell: str) -> None:
        try:
            self.entry.id = UUID(cell.strip())
        except ValueError:
            self.refuse("no_id", value=cell[:200])

    def consent_(self, detail: str, cell: str) -> None:
        given = cells.yes(cell)
        if given is None:
            self.refuse("no_yes", value=cell[:200])
        else:
            self.entry.consents.append(Said(detail.strip(), given))

    def consents_(self, detail: str, cell: str) -> None:
        for one in cells.split(cell):
            said = consent(one)
            if said is None:
                self.refuse("no_consent", value=one[:200])
            else:
                self.entry.consents.append(said)

    def do_not_contact_(self, detail: str, cell: str) -> None:
        said = cells.yes(cell)
        if said is None:
            self.refuse("no_yes", value=cell[:200])
        self.entry.do_not_contact = self.entry.do_not_contact or bool(said)

    def field_(self, detail: str, cell: str) -> None:
        shape = self.terms.fields.get(detail)
        if shape is None:
            self.remark("no_field", value=detail)
            return
        value = field_value(shape, cell)
        if value is None:
            self.refuse("no_field_value", value=cell[:200], field=detail, kind=shape.kind)
        else:
            self.entry.fields[detail] = value

    def new_field_(self, detail: str, cell: str) -> None:
        """Before the run makes it a field: its text, so that the preview shows it."""
        self.entry.fields[detail] = cells.clean(cell, 500)


_Verb = Callable[[_Reader, str, str], None]
_VERBS: dict[str, _Verb] = {
    name[:-1]: verb for name, verb in vars(_Reader).items() if name.endswith("_") and not name.startswith("_")
}
_ZONES: set[str] = set()


def _zones() -> set[str]:
    if not _ZONES:
        _ZONES.update(available_timezones())
    return _ZONES


def field_value(shape: FieldShape, cell: str) -> Any:
    """The value of a custom field as it is stored; None where the cell has none of its kind."""
    text = cells.clean(cell, 500)
    if shape.kind == "number":
        bare = text.replace(" ", "").replace("\u00a0", "")
        if not re.fullmatch(r"-?\d{1,15}([.,]\d{1,9})?", bare, re.ASCII):
            return None
        number = float(bare.replace(",", "."))
        return int(number) if number.is_integer() else number
    if shape.kind == "date":
        found = cells.day(text)
        return found.isoformat() if found else None
    if shape.kind == "choice":
        return next((one for one in shape.choices if one.lower() == text.lower()), None)
    return cells.yes(text) if shape.kind == "yes" else text


def consent(text: str) -> Said | None:
    """One statement as an export writes it: purpose[@channel]=yes[ 2020-01-31T10:00:00+00:00]."""
    head, _, tail = text.rpartition("=")
    purpose, _, channel = head.partition("@")
    word, _, moment = tail.strip().partition(" ")
    given = cells.yes(word)
    try:
        at = datetime.fromisoformat(moment) if moment else None
    except ValueError:
        return None
    if given is None or not purpose.strip() or len(purpose) > 40 or len(channel) > 30:
        return None
    return Said(purpose.strip(), given, channel.strip(), at if at is None or at.tzinfo else at.replace(tzinfo=UTC))


def _whole_name(given: str, family: str) -> str:
    """As it is read aloud; names in Chinese, Japanese or Korean letters begin with the family and have no space."""
    if _CJK.fullmatch(given) and _CJK.fullmatch(family):
        return f"{family}{given}"
    return f"{given} {family}".strip()[:200]


def _pair(text: str, separator: str) -> tuple[str, str]:
    head, found, tail = text.partition(separator)
    return (head, tail) if found else ("", text)
