"""Slack's way of writing text to plain text and back. Pure.

https://docs.slack.dev/messaging/formatting-message-text and, for blocks, https://docs.slack.dev/reference/block-kit.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapport.channels.kinds.slack.values import TEXT_MAX, ident, obj, rows, text

_TOKEN = re.compile(r"<([^<>\n]{1,4000})>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_DEPTH_MAX = 6
_MENTIONS_MAX = 100


def plain(written: str, names: Mapping[str, str]) -> str:
    """What a person reads. `names` are those of users and channels by id, as far as they are known."""
    parts, end = [], 0
    for token in _TOKEN.finditer(written):
        parts += [_unescaped(written[end : token.start()]), _token(token[1], names)]
        end = token.end()
    return "".join([*parts, _unescaped(written[end:])])


def escaped(words: str) -> str:
    """Words as they are to be sent, so that nothing in them becomes a mention or a link to elsewhere."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mentioned(written: str) -> Sequence[str]:
    """The ids of the users that a text names, the first hundred."""
    found = (token[1].partition("|")[0] for token in _TOKEN.finditer(written))
    users = (ident(one[1:]) for one in found if one.startswith("@"))
    return list(dict.fromkeys(one for one in users if one))[:_MENTIONS_MAX]


def text_of(message: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """All words of a message: its text, or else its blocks, and what is attached but not fetched from a link."""
    said = plain(text(message.get("text"), TEXT_MAX), names).strip()
    if not said:
        said = "\n".join(one for one in (_block(block, names) for block in rows(message.get("blocks"))) if one)
    attached = (_attachment(one, names) for one in rows(message.get("attachments"), 20))
    return "\n\n".join(one for one in (said.strip(), *attached) if one)[:TEXT_MAX]


def _unescaped(written: str) -> str:
    for entity, character in _ENTITIES:
        written = written.replace(entity, character)
    return written


def _token(token: str, names: Mapping[str, str]) -> str:
    what, _, label = token.partition("|")
    what, label = _unescaped(what), _unescaped(label)
    if what.startswith("@"):
        return f"@{(label or names.get(what[1:]) or what[1:]).removeprefix('@')}"
    if what.startswith("#"):
        return f"#{(label or names.get(what[1:]) or what[1:]).removeprefix('#')}"
    if what.startswith("!"):
        return _special(what[1:], label)
    address = what.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in (what, address) or what in (f"https://{label}", f"http://{label}"):
        return address
    return f"{label} ({address})"


def _special(what: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@group>`, `<!date^1392734382^{date}|18 Feb 2014>`."""
    if label:
        return label if what.startswith("date^") else f"@{label.removeprefix('@')}"
    return f"@{what.partition('^')[2] or what}"


def _block(block: Mapping[str, Any], names: Mapping[str, str], depth: int = 0) -> str:
    """The words of one block, whatever kind it is of."""
    if depth > _DEPTH_MAX:
        return ""
    kind, given = text(block.get("type")), block.get("text")
    if kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
        return "".join(_inline(one, names) for one in rows(block.get("elements"), 1_000))
    own = plain(text(given if isinstance(given, str) else obj(given).get("text"), TEXT_MAX), names)
    alt = text(block.get("alt_text"), 2_000) if kind == "image" else ""
    inner = [*rows(block.get("fields")), *rows(block.get("elements"))] if kind != "actions" else []
    below = (_block(one, names, depth + 1) for one in inner)
    return "\n".join(one for one in (own, alt, *below) if one)


def _inline(element: Mapping[str, Any], names: Mapping[str, str]) -> str:
    kind, words = text(element.get("type")), text(element.get("text"), TEXT_MAX)
    user, channel = ident(element.get("user_id")), ident(element.get("channel_id"))
    said = {
        "text": words, "user": f"@{names.get(user) or user}", "channel": f"#{names.get(channel) or channel}",
        "emoji": f":{text(element.get('name'))}:", "broadcast": f"@{text(element.get('range'))}",
    }  # fmt: skip
    if kind == "link":
        address = text(element.get("url"), 2_000)
        return f"{words} ({address})" if words and words != address else address
    return said.get(kind, words)


def _attachment(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What an attachment says (the older way of laying out a message); previews of links say nothing of their own."""
    if one.get("from_url") or one.get("original_url"):
        return ""
    told = [text(one.get(name), TEXT_MAX) for name in ("pretext", "title", "text")]
    told = [plain(words, names) for words in told if words]
    blocks = [_block(block, names) for block in rows(one.get("blocks"))]
    return "\n".join(line for line in [*told, *blocks] if line) or plain(text(one.get("fallback"), 4_000), names)
