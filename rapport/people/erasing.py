"""The directory's part of an erasure: who it is about, their rows blanked at once, and what hangs on these."""

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from rapport.core import bulk
from rapport.core.clock import now
from rapport.people.consenting import is_silent
from rapport.people.directory.keeping import drop_empty
from rapport.people.exchange import forgetting as exchange
from rapport.people.forgetting import START, Step, Target, at_once, changed, column, counted, words_of
from rapport.people.models import Erasure, Handle, Hold, Person, Release, Silence
from rapport.people.secrecy import digest_of

_HALVES_MIN = 2
_WORD_LEAST = 3


def rows_to_erase(person_id: UUID) -> list[UUID]:
    """The rows of a person's tree that are under no hold, in the system's scope."""
    held = Hold.objects.filter(ended_at=None).values("person_id")
    root = Person.objects.filter(id=person_id).values_list("root", flat=True).first()
    return list(Person.objects.filter(root=root).exclude(id__in=held).order_by("id").values_list("id", flat=True))


def pseudonym_of(person_id: UUID) -> str:
    """A name that tells nothing and stays the same: from a keyed digest of the row's id."""
    return f"Person {digest_of('pseudonym', str(person_id))[:6]}"


def target_of(erasure: Erasure) -> Target:
    """What an erasure looks for: as it stands in the directory, or, once that was blanked, as it was kept."""
    kept = erasure.target or _looked_up(erasure.people)
    return Target(
        erasure.id, tuple(erasure.people), tuple((kind, value) for kind, value in kept["handles"]),
        tuple(kept["addresses"]), tuple(kept["names"]), erasure.pseudonym,
        keep_words=erasure.mode == "pseudonymise",
    )  # fmt: skip


def _looked_up(people: Sequence[UUID]) -> dict[str, Any]:
    handles = list(Handle.objects.filter(person__in=people))
    written = [text for one in handles for text in (one.value, one.written, *one.former)]
    written += _released(people)
    names = Person.objects.filter(id__in=people).values_list("name", flat=True)
    whole = words_of(names)
    return {
        "handles": [[one.kind, one.value] for one in handles],
        "addresses": words_of(written),
        # A first name alone would be taken from everybody's words: only names of several words, and those as one.
        "names": [one for one in whole if len(one.split()) >= _HALVES_MIN or len(whole) == 1],
    }


def _released(people: Sequence[UUID]) -> list[str]:
    """Addresses that they let go, unless these are somebody's by now."""
    gone = Release.objects.filter(person__in=people)
    free = [one for one in gone if not Handle.objects.filter(kind=one.kind, value=one.value).exists()]
    return [str(text) for one in free for text in (one.value, one.handle.get("written", ""),
                                                   *(one.handle.get("former") or ()))]  # fmt: skip


def blank(erasure: Erasure) -> None:
    """Keep what is looked for, then take the handles and empty the rows, in the caller's transaction.

    From its commit on they are gone from every page, and whoever writes from their address is somebody new.
    """
    if not erasure.target:
        erasure.target = _looked_up(erasure.people)
    rows = list(Person.objects.select_for_update().filter(id__in=erasure.people).order_by("id"))
    handles = list(Handle.objects.select_for_update().filter(person__in=rows))
    if any(is_silent(row.id) for row in rows):
        digests = [digest_of(one.kind, one.value) for one in handles]
        erasure.silences = sorted({*erasure.silences, *digests})
        kept = [Silence(digest=one, erasure_id=erasure.id) for one in digests]
        Silence.objects.bulk_create(kept, ignore_conflicts=True)
    Handle.objects.filter(person__in=rows).delete()
    # An answer or a way back that comes meanwhile must find nothing.
    for step in (_QUESTIONS, _RELEASES, _FORMER):
        step.take(target_of(erasure), START, 0)
    exchange.forget_ids(erasure.people)
    erased = erasure.mode == "erase"
    organizations = [row.organization_id for row in rows if row.organization_id]
    Person.objects.filter(id__in=erasure.people).update(
        name="" if erased else erasure.pseudonym, organization=None, holder=None, note="", fields={}, role="",
        preferred="", external_id=None, time_zone="", do_not_contact=False, shared=False, matched_at=now(),
        erased_at=now(),
    )  # fmt: skip
    drop_empty(organizations)
    with connection.cursor() as cursor:
        # The index of names is written anew also where only handles went, which no trigger sees.
        cursor.execute("UPDATE search_name SET revision = revision + 1 WHERE id = ANY(%s)", [erasure.people])


def _former(target: Target, _after: UUID, _limit: int) -> tuple[int, None]:
    """Whose people they were, and what these organizations were called once where that names them, or where nobody
    else was ever of it: of others it is the history of a company, and stays.
    """
    theirs = "DELETE FROM people_personformer WHERE person_id = ANY(%s) RETURNING organization_id"
    gone = column(theirs, [target.ids])
    now_of = column("SELECT organization_id FROM people_person WHERE id = ANY(%s)", [target.ids])
    organizations = list({one for one in (*gone, *now_of) if one})
    called = bulk.select(_CALLED, [target.ids, target.ids, organizations])
    names = [id for id, alone, was in called if alone or _is_named(target, was or "")]
    changed("DELETE FROM core_former WHERE id = ANY(%s)", [names])
    return len(gone), None


def _is_named(target: Target, called: str) -> bool:
    """Whether the name or domain of an organization has theirs in it: a word of it, also joined to others."""
    words = {word for name in target.names for word in re.findall(r"\w+", name) if len(word) >= _WORD_LEAST}
    joined = [re.escape(one) if len(one) > _WORD_LEAST else rf"(?<!\w){re.escape(one)}(?!\w)" for one in words]
    named = bool(words) and re.search("|".join(joined), called, re.IGNORECASE) is not None
    return named or target.redacted(called) != called


#: Former names of organizations, and whether nobody but those erased is or was of it.
_CALLED = """
SELECT f.id, NOT EXISTS (SELECT 1 FROM people_person p
        WHERE p.organization_id = f.row_id AND p.id <> ALL(%s::uuid[]))
    AND NOT EXISTS (SELECT 1 FROM people_personformer p
        WHERE p.organization_id = f.row_id AND p.person_id <> ALL(%s::uuid[])),
    concat_ws(' ', f.was ->> 'name', f.was ->> 'domain')
FROM core_former f WHERE f.kind = 'people_organization' AND f.row_id = ANY(%s)
"""


def _relationships(target: Target, _after: UUID, _limit: int) -> tuple[int, None]:
    """Those erased were nothing to us; of a pseudonym it stays what they were, for the figures."""
    if target.keep_words:
        sql = """UPDATE people_relationship SET organization_id = NULL, source = ''
            WHERE person_id = ANY(%s) AND (organization_id IS NOT NULL OR source <> '')"""
        return changed(sql, [target.ids]), None
    return changed("DELETE FROM people_relationship WHERE person_id = ANY(%s)", [target.ids]), None


def _about(name: str, table: str, where: str, params: Callable[[Target], list[Any]]) -> Step:
    """A step that deletes the rows of a table where something holds."""
    return Step(
        name, at_once(f"DELETE FROM {table} WHERE {where}", params),
        lambda target: counted(f"SELECT count(*) FROM {table} WHERE {where}", params(target)),
    )  # fmt: skip


_QUESTIONS = _about(
    "questions", "people_question", "(person_id = ANY(%s) OR other_id = ANY(%s) OR (kind, value) IN "
    "(SELECT * FROM unnest(%s::text[], %s::text[])) OR lower(address) = ANY(%s))",
    lambda t: [*[t.ids] * 2, *t.keys, t.lowered],
)  # fmt: skip
_FORMER = Step(
    "former", _former,
    lambda t: counted("SELECT count(*) FROM people_personformer WHERE person_id = ANY(%s)", [t.ids]),
)  # fmt: skip
_RELEASES = _about("releases", "people_release", "person_id = ANY(%s)", lambda t: [t.ids])
_MERGES = "UPDATE people_merge SET evidence = '[]', filled = '{}' WHERE child_id = ANY(%s) OR into_id = ANY(%s)"

STEPS = (
    _about("pairs", "people_pair", "low_id = ANY(%s) OR high_id = ANY(%s)", lambda t: [t.ids] * 2),
    Step(
        "merges", at_once(_MERGES, lambda t: [t.ids] * 2),
        lambda t: counted(
            "SELECT count(*) FROM people_merge WHERE child_id = ANY(%s) OR into_id = ANY(%s)", [t.ids] * 2
        ),
    ),
    Step(
        "relationships", _relationships,
        lambda t: counted("SELECT count(*) FROM people_relationship WHERE person_id = ANY(%s)", [t.ids]),
    ),
    _about("consent", "people_consent", "person_id = ANY(%s)", lambda t: [t.ids]),
    _QUESTIONS,
    _RELEASES,
    _FORMER,
    _about("match_keys", "people_matchkeys", "person_id = ANY(%s)", lambda t: [t.ids]),
    *exchange.STEPS,
    Step(
        "archives",
        at_once(
            """WITH gone AS (DELETE FROM people_archivepiece WHERE archive_id IN
                (SELECT id FROM people_archive WHERE person_id = ANY(%s)))
            DELETE FROM people_archive WHERE person_id = ANY(%s)""",
            lambda t: [t.ids] * 2,
        ),
        lambda t: counted("SELECT count(*) FROM people_archive WHERE person_id = ANY(%s)", [t.ids]),
    ),
)  # fmt: skip
