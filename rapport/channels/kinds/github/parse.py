"""An event of GitHub's webhooks as what was said (https://docs.github.com/webhooks/webhook-events-and-payloads). Pure.

Only what is needed is read, leniently: what GitHub sends differs from its own schema in many small ways.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from rapport.channels.base import (
    Account,
    Author,
    Deleted,
    Edited,
    Incoming,
    Message,
    NothingSaid,
    Said,
    Unreadable,
    deletion_of,
)
from rapport.channels.kinds.github.values import TEXT_MAX, link, number, obj, text, when

_SUBJECT_MAX = 500


@dataclass(frozen=True, slots=True)
class _Kind:
    """Where an event keeps what was said: the thread's field, the comment's ("" for the opening), its first action."""

    thread: str
    comment: str
    begins: str


_KINDS: Mapping[str, _Kind] = {
    "issues": _Kind("issue", "", "opened"),
    "issue_comment": _Kind("issue", "comment", "created"),
    "discussion": _Kind("discussion", "", "created"),
    "discussion_comment": _Kind("discussion", "comment", "created"),
    "pull_request": _Kind("pull_request", "", "opened"),
}


def parse(account: Account, item: Incoming) -> Sequence[Said]:
    """What one delivery says. Raises NothingSaid for other events and actions, Unreadable for what is no event."""
    payload = payload_of(item.body)
    event = _event(item, payload)
    if event == "ping":
        raise NothingSaid("GitHub tries whether the webhook is reached.")
    kind = _KINDS.get(event)
    action = text(payload.get("action"))
    if kind is None:
        raise NothingSaid(f"The event “{event or 'without a name'}” says nothing.")
    do = {kind.begins: _began, "edited": _edited, "deleted": _deleted}.get(action)
    if do is None:
        raise NothingSaid(f"{event}: {action or 'nothing'} happened, and nothing was said.")
    return do(account, payload, kind)


def deletion(event: str, body: bytes) -> str:
    """The name of the item that takes a message back; "" for an item that takes none back. Never raises."""
    try:
        payload = payload_of(body)
        kind = _KINDS.get(event)
        if kind is None or payload.get("action") != "deleted":
            return ""
        return deletion_of(_name(payload, kind))
    except Unreadable:
        return ""


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The object that a delivery is. Raises Unreadable."""
    try:
        whole = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Unreadable("It is no JSON.") from error
    if not isinstance(whole, dict) or not whole:
        raise Unreadable("It is no event of GitHub.")
    return whole


def root_of(repository: str, thread: int) -> str:
    """What the world calls an issue, a pull request or a discussion: GitHub numbers all three together."""
    return f"github:{repository.lower()}#{thread}"


def comment_of(repository: str, thread: int, comment: int) -> str:
    """What the world calls a comment below one of them."""
    return f"{root_of(repository, thread)}/{comment}"


def _event(item: Incoming, payload: Mapping[str, Any]) -> str:
    """As the delivery's header said; an item that came without it is known by what it holds."""
    given = text(item.envelope.get("event"), 100)
    if given:
        return given
    if "zen" in payload:
        return "ping"
    has_comment = "comment" in payload
    for name, kind in _KINDS.items():
        if kind.thread in payload and bool(kind.comment) == has_comment:
            return name
    return ""


def _began(account: Account, payload: Mapping[str, Any], kind: _Kind) -> Sequence[Said]:
    return [_message(account, payload, kind)]


def _edited(account: Account, payload: Mapping[str, Any], kind: _Kind) -> Sequence[Said]:
    changes = payload.get("changes")
    if isinstance(changes, dict) and changes and not {"body", "title"} & set(changes):
        raise NothingSaid("Something other than its words was changed.")
    return [Edited(_message(account, payload, kind, is_edited=True))]


def _deleted(account: Account, payload: Mapping[str, Any], kind: _Kind) -> Sequence[Said]:
    # The payload has no time of the deletion.
    return [Deleted(_name(payload, kind))]


def _message(account: Account, payload: Mapping[str, Any], kind: _Kind, is_edited: bool = False) -> Message:
    repository, thread = _where(payload, kind)
    around = obj(payload.get(kind.thread))
    said = obj(payload.get(kind.comment)) if kind.comment else around
    root, name = root_of(repository, thread), _name(payload, kind)
    author = _author(obj(said.get("user")))
    begun, changed = when(said.get("created_at")), when(said.get("updated_at"))
    is_discussion = kind.thread == "discussion"
    return Message(
        external_id=name,
        author=author,
        text=text(said.get("body"), TEXT_MAX),
        at=begun,
        subject=text(around.get("title"), _SUBJECT_MAX),
        refers_to=_refers(root, said) if kind.comment else (),
        recipients={"from": [(author.name, author.written)]} if author else {},
        public=is_public(obj(payload.get("repository"))),
        origin="own" if author and author.value == own_login(account) else "addressed",
        url=link(said.get("html_url")),
        edited_at=(changed or begun) if is_edited else None,
        answer={
            "repository": repository, "number": thread, "discussion": text(around.get("node_id")) if is_discussion
            else "", "comment": _top_comment(said) if is_discussion and kind.comment else "",
        },
    )  # fmt: skip


def _refers(root: str, comment: Mapping[str, Any]) -> tuple[str, ...]:
    parent = number(comment.get("parent_id"))
    return (root, f"{root}/{parent}") if parent else (root,)


def _top_comment(comment: Mapping[str, Any]) -> str:
    """The node to answer below. Answers are one level deep, and an answer's own parent is only known by number."""
    return "" if number(comment.get("parent_id")) else text(comment.get("node_id"))


def _name(payload: Mapping[str, Any], kind: _Kind) -> str:
    repository, thread = _where(payload, kind)
    if not kind.comment:
        return root_of(repository, thread)
    comment = number(obj(payload.get(kind.comment)).get("id"))
    if not comment:
        raise Unreadable("The comment has no number.")
    return comment_of(repository, thread, comment)


def _where(payload: Mapping[str, Any], kind: _Kind) -> tuple[str, int]:
    repository = text(obj(payload.get("repository")).get("full_name"), 200)
    thread = number(obj(payload.get(kind.thread)).get("number"))
    if not repository or not thread or len(repository.split("/")) != 2:
        raise Unreadable(f"It does not say which {kind.thread.replace('_', ' ')} of which repository it is about.")
    return repository, thread


def _author(user: Mapping[str, Any]) -> Author | None:
    """Accounts that were deleted are called ghost, or are null."""
    login = text(user.get("login"), 100).strip()
    if not login or login == "ghost":
        return None
    automated = text(user.get("type")) == "Bot" or login.endswith("[bot]")
    return Author(
        "github", login.lower(), f"@{login}", text(user.get("name"), 200) or login, link(user.get("html_url")),
        automated=automated,
    )  # fmt: skip


def is_public(repository: Mapping[str, Any]) -> bool:
    """Whether everybody may read it: "internal" repositories are for a company's own people."""
    visibility = text(repository.get("visibility"))
    return visibility == "public" if visibility else repository.get("private") is False


def own_login(account: Account) -> str:
    """Our own login there, lower case; "" where it is not known."""
    found = text(obj(account.config.get("own")).get("login"), 100) or text(account.config.get("login"), 100)
    return found.strip().lower()
