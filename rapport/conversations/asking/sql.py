"""What was asked, as SQL: conditions over `conversations_conversation`, and a text search over messages."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, tzinfo
from typing import Any

from rapport.conversations.asking.language import Asked, Term, bounds
from rapport.conversations.asking.operators import PRIORITIES
from rapport.conversations.asking.resolve import Looker, Names

C = "conversations_conversation"
Condition = tuple[str, list[Any]]
#: Operators that are asked of messages, with the words.
OF_MESSAGES = frozenset({"to", "subject"})
HAS_LINK = ("has", "link")
NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+"
)
_TOGETHER = frozenset({"is", "has"})


def conditions(asked: Asked, names: Names, looker: Looker, zone: tzinfo) -> Condition:
    """Everything that was asked of conversations, and when they were last active, as one condition."""
    parts: list[str] = []
    params: list[Any] = []
    for sql, given in [*of_conversations(asked, names, looker), *_days(asked, looker.today, zone)]:
        parts.append(f"({sql})")
        params += given
    return " AND ".join(parts) or "true", params


def of_conversations(asked: Asked, names: Names, looker: Looker) -> list[Condition]:
    """What was asked of conversations but for dates: values of one operator are alternatives, states hold together."""
    groups: dict[tuple[str, bool, str], list[Condition]] = {}
    for one in asked.filters:
        builder = _BUILDERS.get(one.operator)
        if builder is None or (one.operator, one.value) in {*names.dropped, HAS_LINK}:
            continue
        alone = one.value if one.operator in _TOGETHER else ""
        groups.setdefault((one.operator, one.negated, alone), []).append(builder(one.value, names, looker))
    return [_any(group, negated) for (_, negated, _), group in groups.items()]


def _any(group: list[Condition], negated: bool) -> Condition:
    sql = " OR ".join(f"coalesce({sql}, false)" if negated else f"({sql})" for sql, _ in group)
    return (f"NOT ({sql})" if negated else sql), [one for _, params in group for one in params]


def _days(asked: Asked, today: date, zone: tzinfo) -> list[Condition]:
    return [(f"{C}.last_activity_at {sign} %s", [at]) for sign, at in instants(asked, today, zone)]


def named(asked: Asked) -> list[tuple[str, str]]:
    """The one value, where it is only one, of each operator whose name stands for conversations."""
    found = []
    for operator in ("from", "org"):
        values = asked.values(operator)
        if len(values) == 1:
            found.append((operator, values[0]))
    return found


def instants(asked: Asked, today: date, zone: tzinfo) -> list[tuple[str, datetime]]:
    """The dates asked for as comparisons with instants."""
    first, end = bounds(asked, today)
    found = []
    for sign, day in ((">=", first), ("<", end)):
        if day is not None:
            found.append((sign, datetime.combine(day, time.min, zone)))
    return found


def _ids(column: str, operator: str) -> Callable[[str, Names, Looker], Condition]:
    def build(value: str, names: Names, looker: Looker) -> Condition:
        if value.lower() in ("none", "nobody"):
            return f"{C}.{column} IS NULL", []
        ids = names.ids.get((operator, value), [])
        # Of one, an index has the order, too.
        return (f"{C}.{column} = %s", ids) if len(ids) == 1 else (f"{C}.{column} = ANY(%s::uuid[])", [ids])

    return build


def _of_people(operator: str) -> Callable[[str, Names, Looker], Condition]:
    def build(value: str, names: Names, looker: Looker) -> Condition:
        if operator == "from" and value.lower() == "me":
            said = "SELECT 1 FROM conversations_message m WHERE m.conversation_id = conversations_conversation.id"
            return f"EXISTS ({said} AND m.member_id = %s)", [looker.member_id]
        return f"{C}.id = ANY(%s::uuid[])", [names.ids.get((operator, value), [])]

    return build


def _involved(value: str, names: Names, looker: Looker) -> Condition:
    if value.lower() == "none":
        return f"{C}.involved = '{{}}'", []
    return f"{C}.involved && %s::uuid[]", [names.ids.get(("involved", value), [])]


def _state(value: str, names: Names, looker: Looker) -> Condition:
    seen = f"""EXISTS (SELECT 1 FROM conversations_seen s WHERE s.conversation_id = {C}.id AND s.member_id = %s
        AND s.at >= {C}.last_activity_at)"""
    states: dict[str, Condition] = {
        "snoozed": (f"{C}.snoozed", []),
        "unowned": (f"{C}.owner_member_id IS NULL", []),
        "confidential": (f"{C}.confidential", []),
        "late": (f"{C}.due_at < now()", []),
        "due-today": (
            f"{C}.due_at >= %s::date AND {C}.due_at < %s::date + 1", [looker.today.isoformat()] * 2,
        ),
        "unread": (f"NOT {seen}", [looker.member_id]),
        "waiting": (f"{C}.awaiting_answer AND {C}.status = 'open'", []),
    }  # fmt: skip
    return states[value]


def _has(value: str, names: Names, looker: Looker) -> Condition:
    tables = {"attachment": "attachment x", "note": "message x", "draft": "draft x"}
    more = " AND x.direction = 'note'" if value == "note" else ""
    return f"EXISTS (SELECT 1 FROM conversations_{tables[value]} WHERE x.conversation_id = {C}.id{more})", []


_BUILDERS: dict[str, Callable[[str, Names, Looker], Condition]] = {
    "from": _of_people("from"),
    "org": _of_people("org"),
    "involved": _involved,
    "is": _state,
    "has": _has,
    "team": _ids("owner_team_id", "team"),
    "owner": _ids("owner_member_id", "owner"),
    "topic": _ids("topic_id", "topic"),
    "channel": _ids("channel_id", "channel"),
    "kind": _ids("channel_id", "kind"),
    "status": lambda value, names, looker: (f"{C}.status = %s", [value]),
    "priority": lambda value, names, looker: (f"{C}.priority = %s", [PRIORITIES.index(value)]),
    "lang": lambda value, names, looker: (f"lower({C}.language) = %s", [value.lower()]),
}


def text_query(
    asked: Asked, unfinished: str = "", variants: list[str] | None = None
) -> tuple[list[Condition], Condition]:
    """SQL that makes a tsquery of each thing that must be, and one of what must not be (empty where there is nothing).

    `unfinished` is the last word while somebody types it; `variants` are words it may become, or None for all.
    """
    wanted: list[Condition] = []
    unwanted: list[Condition] = []
    for term in asked.terms:
        begun = bool(unfinished) and term == Term(unfinished)
        (unwanted if term.negated else wanted).extend(_begun(unfinished, variants) if begun else _word(term.text))
    for one in asked.filters:
        tags = []
        if one.operator == "to":
            tags = [f"{_quoted('to:' + one.value.lower())}:*"]
        elif one.operator == "subject":
            tags = [f"{_quoted('s:' + word)}:*" for word in re.findall(r"\w+", one.value.lower())]
        elif (one.operator, one.value) == HAS_LINK:
            tags = ["'has:link'"]
        (unwanted if one.negated else wanted).extend(("%s::tsquery", [tag]) for tag in tags)
    return wanted, (" || ".join(f"({sql})" for sql, _ in unwanted), [one for _, given in unwanted for one in given])


def _word(text: str) -> list[Condition]:
    """Words between spaces, and pairs of letters of what is written without."""
    parts: list[Condition] = []
    rest = NO_SPACES.sub(" ", text)
    if re.search(r"\w", rest):
        parts.append(("plainto_tsquery('simple', %s)", [rest]))
    for run in NO_SPACES.findall(text.lower()):
        pairs = [run[i : i + 2] for i in range(len(run) - 1)]
        parts.append(("%s::tsquery", [" & ".join(map(_quoted, pairs)) if pairs else f"{_quoted(run)}:*"]))
    return parts


def _begun(word: str, variants: list[str] | None) -> list[Condition]:
    if NO_SPACES.search(word) or not re.fullmatch(r"\w+", word):
        return _word(word)
    if variants is None:
        return [("%s::tsquery", [f"{_quoted(word.lower())}:*"])]
    return [("%s::tsquery", [" | ".join(map(_quoted, dict.fromkeys([word.lower(), *variants])))])]


def _quoted(lexeme: str) -> str:
    doubled = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{doubled}'"


def passages(asked: Asked) -> list[str]:
    """Patterns the text itself must have: phrases, and runs of letters of which the index knows only the pairs."""
    found = []
    for term in asked.terms:
        words = re.findall(r"[^\W_]+", term.text.lower())
        runs = [run for run in NO_SPACES.findall(term.text.lower()) if len(run) > 2]
        if not term.negated and term.phrase and len(words) > 1:
            found.append(r"[\W_]+".join(map(re.escape, words)))
        elif not term.negated:
            found += map(re.escape, runs)
    return found
