"""An answer in the form Mastodon takes: who is mentioned, who may see it, and as how many posts. Pure.

How a server counts (https://docs.joinmastodon.org/user/posting/#text): graphemes, any link as 23 characters, a mention
without its host, and the content warning with the text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from rapport.channels.base import Account, Draft, Invalid, Outgoing
from rapport.channels.kinds.mastodon.parse import full_handle
from rapport.channels.kinds.mastodon.settings import Settings, read
from rapport.channels.kinds.mastodon.text import clean

PARTS_MAX = 25
MENTIONED_MAX = 10
FILES_MAX = 4
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w/])(@[\w.-]+)@[\w.-]+\w")
_WORDS = re.compile(r"\S+|\s+")
_ROOM_MIN = 40
_NUMBERS = 8  # " (25/25)"


def prepare(account: Account, draft: Draft) -> Outgoing:
    """The posts of a draft, in order. Raises Invalid where it cannot be said here."""
    settings = read(account.config)
    text = clean(draft.text).strip()
    if not text and not draft.files:
        raise Invalid("There is nothing to say.", "Write something, or attach a file.")
    if len(draft.files) > FILES_MAX:
        raise Invalid(f"A post can carry {FILES_MAX} files.", "Take some away.")
    mentioned = _mentioned(settings, draft)
    warning = _warning(settings, draft.answering)
    posts = {
        "texts": split(text, " ".join(mentioned), signed(draft.author), _room(settings, warning), settings.link),
        "in_reply_to": str(draft.answering.get("id") or ""),
        "visibility": visibility(settings, draft),
        "warning": warning,
        "language": str(draft.answering.get("language") or ""),
        "key": draft.key,
    }
    return Outgoing(orjson.dumps(posts), settings.own_name, mentioned, draft.files)


def visibility(settings: Settings, draft: Draft) -> str:
    """Who may see it: whoever may see what is answered, unless the member chose.

    What was said to followers only is answered to its author alone: our followers are not theirs. Raises Invalid where
    the channel may not speak in public.
    """
    asked = draft.answering.get("visibility")
    open_already = asked in ("public", "unlisted")
    begins = not draft.answering and not draft.to
    wanted = draft.public if draft.public is not None else (open_already or begins)
    if not wanted:
        return "direct"
    if not settings.public:
        if draft.public is None and not begins:
            return "direct"
        raise Invalid("This channel does not speak in public.", "Answer in private.")
    return str(asked) if open_already else settings.new_posts


def signed(author: str) -> str:
    """How a member signs: ^ML for Mara Lind; "" without a name."""
    letters = [word[0] for word in re.findall(r"[^\W\d_]+", author)]
    picked = letters if len(letters) < 3 else [letters[0], letters[-1]]
    return "^" + "".join(picked).upper() if picked else ""


def length(text: str, link: int = 23) -> int:
    """How much of its limit a server thinks a text takes."""
    import regex  # type: ignore[import-untyped,unused-ignore]

    counted = _MENTION.sub(r"\1", _LINK.sub("x" * link, text))
    return len(counted) if counted.isascii() and "\r" not in counted else len(regex.findall(r"\X", counted))


def split(text: str, lead: str, sign: str, room: int, link: int) -> list[str]:
    """The text as one post, or as several, each with its number; every one mentions, the last is signed.

    Nothing is left out but white space where it is cut. Raises Invalid where it would be more than PARTS_MAX.
    """
    head = f"{lead} " if lead else ""
    tail = f" {sign}" if sign else ""
    whole = f"{head}{text}{tail}".strip()
    if length(whole, link) <= room:
        return [whole]
    inner = room - length(head, link) - length(tail, link) - _NUMBERS
    if inner < _ROOM_MIN:
        raise Invalid("So many are mentioned that there is no room for words.", "Take some recipients away.")
    cut = list(_pieces(text, inner, link))
    if len(cut) > PARTS_MAX:
        raise Invalid(f"This would be {len(cut)} posts; {PARTS_MAX} is the most.", "Say it shorter, or as a file.")
    last = len(cut)
    return [f"{head}{one}{tail if n == last else ''} ({n}/{last})" for n, one in enumerate(cut, 1)]


def _pieces(text: str, room: int, link: int) -> Iterator[str]:
    """Stretches of words that fit, cut at the last white space; a word that is too long alone is cut inside."""
    held, size = "", 0
    for word in _words(text, room, link):
        takes = length(word, link)
        if size + takes > room and held.strip():
            yield held.strip()
            held, size = "", 0
        if held or not word.isspace():
            held, size = held + word, size + takes
    if held.strip():
        yield held.strip()


def _words(text: str, room: int, link: int) -> Iterator[str]:
    import regex  # type: ignore[import-untyped,unused-ignore]

    for word in _WORDS.findall(text):
        if length(word, link) <= room or word.isspace():
            yield word
            continue
        signs = regex.findall(r"\X", word)
        yield from ("".join(signs[at : at + room]) for at in range(0, len(signs), room))


def _room(settings: Settings, warning: str) -> int:
    return settings.characters - length(warning, settings.link)


def _warning(settings: Settings, answering: Mapping[str, Any]) -> str:
    """The content warning of what is answered, as Mastodon's own page hands it on."""
    words = str(answering.get("warning") or "").strip() if settings.warn else ""
    return words if not words or words.lower().startswith("re: ") else f"re: {words}"


def _mentioned(settings: Settings, draft: Draft) -> Sequence[str]:
    """Whom the posts must begin with: without that nobody is told, and a direct post is seen by nobody."""
    own = f"{settings.own_name}@{settings.domain}"
    asked = str(draft.answering.get("acct") or "")
    named = [asked, *(address for _, address in (*draft.to, *draft.cc))]
    found: dict[str, str] = {}
    for one in named:
        handle = full_handle(one, settings.domain)
        if handle and handle.lower() != own and re.fullmatch(r"[\w.-]+@[\w.:-]+", handle):
            local = handle.rpartition("@")[2].lower() == settings.domain
            found.setdefault(handle.lower(), "@" + (handle.partition("@")[0] if local else handle))
    if len(found) > MENTIONED_MAX:
        raise Invalid(f"A post can be to {MENTIONED_MAX} people.", "Take some recipients away.")
    return list(found.values())
