"""The conversations' part of an erasure: what they said, its files and earlier forms, and their names in the rest."""

from typing import Any
from uuid import UUID

import orjson

from rapport.conversations.snippets import snippet_of
from rapport.conversations.threading import bare_subject
from rapport.core import bulk
from rapport.people.forgetting import Place, Step, Target, changed, column, counted, next_after
from rapport.people.naming import pattern_of

_Rows = list[tuple[Any, ...]]
_THEIRS = """FROM conversations_message WHERE person_id = ANY(%s) AND direction = 'in'
    AND (NOT about ? 'erased' OR about ->> 'erased' = 'words kept' AND NOT %s)"""


def _messages(target: Target, _after: UUID, limit: int) -> tuple[int, Place]:
    """What they said: emptied, or without their names. Its files and earlier forms go in both cases."""
    rows: _Rows = bulk.select(
        f"SELECT conversation_id, id, subject, text, recipients {_THEIRS} ORDER BY id LIMIT %s FOR UPDATE",
        [target.ids, target.keep_words, limit],
    )
    if rows:
        erase_messages(rows, target)
    return len(rows), next_after(rows, limit, lambda row: row[1])


def erase_messages(rows: _Rows, target: Target | None) -> None:
    """Empty messages (conversation, id, subject, text, recipients), or take names from them where a target keeps words.

    Their files go, and the index of words is made anew: in it stand names that the text does not have.
    """
    conversations, ids = [row[0] for row in rows], [row[1] for row in rows]
    kept = target if target is not None and target.keep_words else None
    bulk.update(
        "conversations_message",
        ["conversation_id", "id"],
        {
            "conversation_id": ("uuid", conversations),
            "id": ("uuid", ids),
            "subject": ("text", [kept.redacted(row[2]) if kept else "" for row in rows]),
            "text": ("text", [kept.redacted(row[3]) if kept else "" for row in rows]),
            "recipients": ("text", [_json(kept.unaddressed(row[4])) if kept else "{}" for row in rows]),
        },
        f"""subject = row.subject, text = row.text, recipients = row.recipients::jsonb, html = '', message_id = '',
        has_html = false, has_more = false, problems = '{{}}',
        about = '{{"erased": "{"words kept" if kept else "all"}"}}'""",
    )
    _drop_files(ids, conversations)
    changed("DELETE FROM conversations_revision WHERE message_id = ANY(%s)", [ids])
    changed("DELETE FROM search_message WHERE message_id = ANY(%s)", [ids])
    changed(
        """INSERT INTO search_message SELECT id, conversation_id, at FROM conversations_message
        WHERE conversation_id = ANY(%s) AND id = ANY(%s)""",
        [conversations, ids],
    )
    _latest_words(sorted(set(conversations)))


def _drop_files(messages: list[UUID], conversations: list[UUID]) -> None:
    """The files of messages; their bytes too, unless the same stand in somebody else's message or draft."""
    blobs = column(
        """DELETE FROM conversations_attachment WHERE conversation_id = ANY(%s) AND message_id = ANY(%s)
        RETURNING blob_id""",
        [sorted(set(conversations)), messages],
    )
    drop_bytes([one for one in blobs if one])


def drop_bytes(digests: list[str]) -> None:
    """Bytes that nothing points to any more."""
    changed(
        """DELETE FROM conversations_blob b WHERE sha256 = ANY(%s)
        AND NOT EXISTS (SELECT 1 FROM conversations_attachment a WHERE a.blob_id = b.sha256)
        AND NOT EXISTS (SELECT 1 FROM conversations_upload u WHERE u.blob_id = b.sha256)""",
        [digests],
    )


def _latest_words(conversations: list[UUID]) -> None:
    """The lists show the first words of the latest message as it is now."""
    rows = bulk.select(
        """SELECT c.id, (SELECT left(m.text, 700) FROM conversations_message m WHERE m.conversation_id = c.id
            AND m.direction <> 'note' ORDER BY m.at DESC, m.id DESC LIMIT 1)
        FROM conversations_conversation c WHERE c.id = ANY(%s)""",
        [conversations],
    )
    bulk.update(
        "conversations_conversation",
        ["id"],
        {"id": ("uuid", [row[0] for row in rows]), "snippet": ("text", [snippet_of(row[1] or "") for row in rows])},
        "snippet = row.snippet",
    )


def _subjects(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """The subject of a conversation that they began is theirs, also where others' answers repeat it."""
    rows: _Rows = bulk.select(
        """SELECT c.id, c.subject, (SELECT m.person_id = ANY(%s) AND m.direction = 'in' FROM conversations_message m
            WHERE m.conversation_id = c.id ORDER BY m.at, m.id LIMIT 1)
        FROM conversations_conversation c WHERE c.id > %s AND c.id IN (
            SELECT conversation_id FROM conversations_message WHERE person_id = ANY(%s)
            UNION ALL SELECT id FROM conversations_conversation WHERE person_id = ANY(%s))
        ORDER BY c.id LIMIT %s FOR UPDATE OF c""",
        [target.ids, after, target.ids, target.ids, limit],
    )
    done = 0
    for conversation, subject, theirs in rows:
        fresh = "" if theirs and not target.keep_words else target.redacted(subject)
        if fresh != subject:
            done += 1
            changed("UPDATE conversations_conversation SET subject = %s WHERE id = %s", [fresh, conversation])
            _repeated(conversation, subject, fresh)
    return done, next_after(rows, limit, lambda row: row[0])


def erase_subjects(conversations: list[UUID]) -> None:
    """Take the subject of conversations, also where others' answers repeat it."""
    for id, subject in bulk.select(
        "SELECT id, subject FROM conversations_conversation WHERE id = ANY(%s) AND subject <> '' FOR UPDATE",
        [conversations],
    ):
        changed("UPDATE conversations_conversation SET subject = '' WHERE id = %s", [id])
        _repeated(id, subject, "")


def _repeated(conversation: UUID, subject: str, fresh: str) -> None:
    wanted = bare_subject(subject)
    rows = bulk.select(
        "SELECT id, subject FROM conversations_message WHERE conversation_id = %s AND subject <> ''", [conversation]
    )
    # A conversation keeps 300 letters of a subject, a message all of them.
    repeat = [row[0] for row in rows if wanted and bare_subject(row[1])[: len(wanted)] == wanted]
    changed(
        "UPDATE conversations_message SET subject = %s WHERE conversation_id = %s AND id = ANY(%s)",
        [fresh, conversation, repeat],
    )
    changed(
        """UPDATE conversations_draft SET subject = %s WHERE conversation_id = %s AND subject <> ''""",
        [fresh, conversation],
    )


def _recipients(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """Their name and address among those whom others wrote to."""
    if not target.likes:
        return 0, None
    rows: _Rows = bulk.select(
        """SELECT conversation_id, id, recipients FROM conversations_message
        WHERE id > %s AND recipients::text ILIKE ANY(%s) ORDER BY id LIMIT %s FOR UPDATE""",
        [after, target.likes, limit],
    )
    fresh = [(row[0], row[1], target.unaddressed(row[2])) for row in rows]
    done = [one for one, row in zip(fresh, rows, strict=True) if one[2] != row[2]]
    bulk.update(
        "conversations_message",
        ["conversation_id", "id"],
        {
            "conversation_id": ("uuid", [row[0] for row in done]),
            "id": ("uuid", [row[1] for row in done]),
            "recipients": ("text", [_json(row[2]) for row in done]),
        },
        "recipients = row.recipients::jsonb",
    )
    return len(done), next_after(rows, limit, lambda row: row[1])


def _reactions(target: Target, after: UUID, limit: int) -> tuple[int, Place]:
    """Their name on what others said, where they put a sign on it."""
    known = {one.lower() for one in (*target.names, *target.addresses)}
    rows: _Rows = bulk.select(
        """SELECT conversation_id, id, about FROM conversations_message WHERE id > %s AND about ? 'reactions'
        AND conversation_id IN (SELECT conversation_id FROM conversations_message WHERE person_id = ANY(%s)
            UNION ALL SELECT id FROM conversations_conversation WHERE person_id = ANY(%s))
        ORDER BY id LIMIT %s FOR UPDATE""",
        [after, target.ids, target.ids, limit],
    )
    done = 0
    for conversation, id, about in rows:
        kept = [[sign, target.pseudonym if str(who).lower() in known else who] for sign, who in about["reactions"]]
        if kept != about["reactions"]:
            done += 1
            changed(
                "UPDATE conversations_message SET about = %s::jsonb WHERE conversation_id = %s AND id = %s",
                [_json(about | {"reactions": kept}), conversation, id],
            )
    return done, next_after(rows, limit, lambda row: row[1])


_DRAFTS = """FROM conversations_draft d WHERE (d.recipients::text ILIKE ANY(%s) AND d.recipients::text ~* %s)
    OR (d.kind = 'reply' AND EXISTS (SELECT 1 FROM conversations_conversation c
        WHERE c.id = d.conversation_id AND c.person_id = ANY(%s)))"""


def _drafts(target: Target, _after: UUID, _limit: int) -> tuple[int, Place]:
    """What members were writing to them: there is nobody to send it to."""
    ids = column(f"SELECT d.id {_DRAFTS} FOR UPDATE", _drafts_of(target))
    blobs = column("DELETE FROM conversations_upload WHERE draft_id = ANY(%s) RETURNING blob_id", [ids])
    drop_bytes(blobs)
    return changed("DELETE FROM conversations_draft WHERE id = ANY(%s)", [ids]), None


def _drafts_of(target: Target) -> list[Any]:
    return [target.likes, pattern_of(target.addresses), target.ids]


_MENTIONS = "(author_kind, author_value) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"


def _mentions(target: Target, _after: UUID, _limit: int) -> tuple[int, Place]:
    """Public posts of theirs that a search found. The row stays, so that the next search does not bring it again."""
    sql = f"""UPDATE conversations_mention SET text = '', subject = '', url = '', author_name = '', author_value = '',
        author_kind = '', external_id = 'erased:' || id, deleted_at = coalesce(deleted_at, now()) WHERE {_MENTIONS}"""
    return changed(sql, target.keys), None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


STEPS = (
    Step("drafts", _drafts, lambda t: counted(f"SELECT count(*) {_DRAFTS}", _drafts_of(t))),
    Step(
        "subjects", _subjects,
        lambda t: counted("SELECT count(*) FROM conversations_conversation WHERE person_id = ANY(%s)", [t.ids]),
    ),
    Step("messages", _messages, lambda t: counted(f"SELECT count(*) {_THEIRS}", [t.ids, t.keep_words])),
    Step(
        "recipients", _recipients,
        lambda t: counted(
            """SELECT count(*) FROM conversations_message WHERE recipients::text ILIKE ANY(%s)
            AND (person_id IS NULL OR person_id <> ALL(%s))""",
            [t.likes, t.ids],
        ),
    ),
    Step("reactions", _reactions, lambda _t: 0),
    Step(
        "mentions", _mentions,
        lambda t: counted(f"SELECT count(*) FROM conversations_mention WHERE {_MENTIONS}", t.keys),
    ),
)  # fmt: skip


def files_of(target: Target) -> int:
    """How many files came with what they said; they go with it."""
    return counted(
        f"""SELECT count(*) FROM conversations_attachment WHERE (conversation_id, message_id) IN
        (SELECT conversation_id, id {_THEIRS})""",
        [target.ids, target.keep_words],
    )
