"""Consent and do-not-contact as they stand in the database, for the whole tree of a person's rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection

from rapport.core import bulk, events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.people import consent
from rapport.people.consent import Said, Verdict, may_write
from rapport.people.models import Consent, Handle, Person, Purpose, Silence
from rapport.people.secrecy import digest_of, digests_of
from rapport.staff.models import Member

#: What a proof may be, as `proof["what"]`; `proof["where"]` says which (a message's id, a file's name, a form).
PROOFS = ("message", "file", "form", "spoken", "other")
_TEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class Statement:
    """What somebody said: yes or no to a purpose, on one kind of channel or on all (""), when, and how it is known.

    `source` says in a word what recorded it ("hand", "import", "sms"); `proof` has "what" (one of `PROOFS`), "where".
    """

    purpose: str
    given: bool
    channel: str = ""
    at: datetime | None = None
    source: str = "hand"
    proof: Mapping[str, str] = field(default_factory=dict)


def purposes(*, all_of_them: bool = False) -> list[Purpose]:
    """What the company writes to people for, in order; what there is by itself where it has said nothing."""
    found = list(Purpose.objects.all())
    if not found:
        found = [Purpose(slug=slug, name=name, needs=needs, position=number)
                 for number, (slug, name, needs) in enumerate(consent.DEFAULTS)]  # fmt: skip
    return [one for one in found if one.is_active or all_of_them]


def record_consent(person_id: UUID, said: Statement, member: Member | None) -> Consent:
    """Add a statement to a person's history, in the caller's transaction. Raises Invalid for a purpose there is not."""
    known = {one.slug for one in purposes(all_of_them=True)} | {consent.CONTACT}
    if said.purpose not in known:
        raise Invalid(f"There is no purpose {said.purpose!r}.", f"The purposes are {', '.join(sorted(known))}.")
    if said.at is not None and said.at > now():
        raise Invalid("That is in the future.", "Give the day on which it was said.")
    return record_all([(person_id, said)], member.id if member else None)[0]


def record_all(said: Iterable[tuple[UUID, Statement]], member_id: UUID | None) -> list[Consent]:
    """The same of many people by two statements; for purposes that are known, or will be (what a file speaks of)."""
    made = [
        Consent(
            id=new_id(), person_id=person, purpose=one.purpose[:40], channel=one.channel[:30], given=one.given,
            at=one.at or now(), source=one.source[:60], member_id=member_id, created_at=now(),
            proof={key: str(value)[:_TEXT_MAX] for key, value in one.proof.items()},
        )
        for person, one in said
    ]  # fmt: skip
    columns = {
        "id": "uuid", "person_id": "uuid", "purpose": "text", "channel": "text", "given": "boolean",
        "at": "timestamptz", "source": "text", "member_id": "uuid", "created_at": "timestamptz",
    }  # fmt: skip
    bulk.insert(
        "people_consent",
        {name: (kind, [getattr(row, name) for row in made]) for name, kind in columns.items()}
        | {"proof": ("jsonb", [orjson.dumps(row.proof).decode() for row in made])},
    )
    events.record_many(
        Event(
            id=new_id(), at=row.created_at, kind="consent.given" if row.given else "consent.withdrawn",
            actor_id=member_id, conversation_id=None, subject="",
            data={"person": str(row.person_id), "purpose": row.purpose, "channel": row.channel, "consent": str(row.id)},
        )
        for row in made
    )  # fmt: skip
    return made


def note_contact(people: Sequence[UUID], silent: bool, source: str, member_id: UUID | None) -> None:
    """Keep that rows of people were marked, or are no longer, as not to be contacted; the caller has marked them."""
    said = Statement(consent.CONTACT, not silent, source=source, proof={"what": "other"})
    record_all([(one, said) for one in people], member_id)
    if not silent:
        _unsilence(people)


def set_do_not_contact(person_id: UUID, on: bool, proof: Mapping[str, str], member: Member | None) -> bool:
    """Say that a person is not to be written to, or is again; False where it stood so already."""
    if not Person.objects.filter(id=person_id, do_not_contact=not on).update(do_not_contact=on):
        return False
    record_consent(person_id, Statement(consent.CONTACT, not on, proof=proof), member)
    if not on:
        _unsilence([person_id])
    return True


def _unsilence(people: Sequence[UUID]) -> None:
    with scope.system():
        if Silence.objects.exists():
            Silence.objects.filter(digest__in=digests_of(_handles(people))).delete()


@dataclass(frozen=True, slots=True)
class Standing:
    """One purpose on one kind of channel (or all), and whether they may be written to."""

    purpose: Purpose
    channel: str
    verdict: Verdict


def history(person_id: UUID) -> list[Consent]:
    """Every statement of the tree that one may see, the latest first."""
    return history_of(_root(person_id))


def history_of(root: UUID) -> list[Consent]:
    """The same, where the root of the tree is known."""
    found = Consent.objects.filter(person__root=root).select_related("member")
    return list(found.order_by("-at", "-id"))


def standings(statements: Iterable[Consent], known: Iterable[Purpose], *, silent: bool) -> list[Standing]:
    """How it stands for every `known` purpose on all channels, and on those kinds of them where it differs."""
    said = [Said(one.purpose, one.channel, one.given, one.at) for one in statements]
    found = []
    for purpose in known:
        general = may_write(purpose.slug, purpose.needs, "", said, do_not_contact=silent)
        found.append(Standing(purpose, "", general))
        for channel in sorted({one.channel for one in said if one.purpose == purpose.slug and one.channel}):
            special = may_write(purpose.slug, purpose.needs, channel, said, do_not_contact=silent)
            if special.allowed != general.allowed:
                found.append(Standing(purpose, channel, special))
    return found


def may(person_id: UUID, purpose: str, channel: str) -> Verdict:
    """Whether a person may be written to for a purpose on a kind of channel. Raises Invalid for an unknown purpose."""
    found = next((one for one in purposes() if one.slug == purpose), None)
    if found is None:
        raise Invalid(f"There is no purpose {purpose!r}.", "Look at the page of purposes.")
    said = [Said(one.purpose, one.channel, one.given, one.at) for one in history(person_id)]
    return may_write(purpose, found.needs, channel, said, do_not_contact=is_silent(person_id))


def is_marked(person_id: UUID | None) -> bool:
    """Whether what one may see says so: for a hint on a page, by one statement; `is_silent` is what holds."""
    if person_id is None:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_MARKED, [person_id])
        marked, some_erased = cursor.fetchone()
    return bool(marked or (some_erased and is_silent(person_id)))


def is_silent(person_id: UUID) -> bool:
    """Whether a person asked not to be contacted: any row of the tree did, or an address of theirs before an erasure.

    Rows that the member may not see count too: what somebody asked for holds for everybody.
    """
    with scope.system():
        if Person.objects.filter(root=_root(person_id), do_not_contact=True).exists():
            return True
        return Silence.objects.exists() and _among_silent([digest_of(*key) for key in _tree_handles(person_id)])


def silent_among(addresses: Sequence[str], person_id: UUID | None = None) -> list[str]:
    """Those of some mail addresses that are not to be written to; and "" for a person (of a channel without addresses).

    One statement; more where somebody silent was ever erased.
    """
    wanted = {address.strip().lower(): address for address in addresses if address}
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(_SILENT, [list(wanted), person_id])
        values, is_theirs, some_erased = cursor.fetchone()
        found = set(values or ())
        if some_erased:
            digests = {digest_of("email", value): value for value in wanted}
            known = Silence.objects.filter(digest__in=list(digests)).values_list("digest", flat=True)
            found |= {digests[one] for one in known}
            is_theirs = is_theirs or (person_id is not None and is_silent(person_id))
    return [address for value, address in wanted.items() if value in found] + ([""] if is_theirs else [])


def _among_silent(digests: list[str]) -> bool:
    return Silence.objects.filter(digest__in=digests).exists()


def _root(person_id: UUID) -> UUID:
    found: UUID | None = Person.objects.filter(id=person_id).values_list("root", flat=True).first()
    return found or person_id


def _handles(people: Iterable[UUID]) -> list[tuple[str, str]]:
    return list(Handle.objects.filter(person__in=list(people)).values_list("kind", "value"))


def _tree_handles(person_id: UUID) -> list[tuple[str, str]]:
    return list(Handle.objects.filter(person__root=_root(person_id)).values_list("kind", "value"))


_MARKED = """SELECT EXISTS (SELECT 1 FROM people_person p JOIN people_person t ON t.root = p.root
    WHERE p.id = %s AND t.do_not_contact), EXISTS (SELECT 1 FROM people_silence)"""
_SILENT = """SELECT
    (SELECT array_agg(h.value::text) FROM people_handle h JOIN people_person p ON p.id = h.person_id
        WHERE h.kind = 'email' AND h.value = ANY(%s)
        AND EXISTS (SELECT 1 FROM people_person t WHERE t.root = p.root AND t.do_not_contact)),
    EXISTS (SELECT 1 FROM people_person p JOIN people_person t ON t.root = p.root
        WHERE p.id = %s AND t.do_not_contact),
    EXISTS (SELECT 1 FROM people_silence)"""
