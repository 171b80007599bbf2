"""What a message's channel tells of it beside its words: who can read it, what became of it, where it is, its files.

Drawn in Python like the entries around it (`itemdraw`); every value that others wrote goes through `escape`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from rapport.conversations.models import Direction, Message
from rapport.web import locales
from rapport.web.icons import icon

_REACTIONS_SHOWN = 12
_LINKS_SHOWN = 40
_BEFORE_SHOWN = 20


def marks(message: Message) -> str:
    """Badges for the head of an entry: public, changed, taken back, found, proven."""
    about: Mapping[str, Any] = message.about or {}
    found = []
    if message.public:
        found.append(_badge(_("Public"), "badge-info", "globe-alt"))
    if about.get("origin") in ("search", "feed"):
        found.append(_badge(_("Found: %(by)s") % {"by": str(about.get("found_by", ""))[:80]}))
    if about.get("origin") == "own":
        found.append(_badge(_("Said outside Rapport")))
    if "erased" in about:
        found.append(_badge(_("Erased")))
    if about.get("verified") and message.direction == Direction.IN:
        found.append(_badge(_("Proven: %(what)s") % {"what": str(about["verified"][0])[:80]}, "badge-good"))
    if message.deleted_at:
        when = locales.moment(message.deleted_at)
        found.append(_badge(_("Deleted by its author, %(when)s") % {"when": when}, "badge-danger"))
    elif message.edited_at:
        found.append(_badge(_("Changed, %(when)s") % {"when": locales.moment(message.edited_at)}, "badge-warn"))
    return "\n".join(found)


def warning(message: Message) -> str:
    """The author's warning of what is in it, before it."""
    said = str((message.about or {}).get("warning", ""))
    return f'<p class="item-warning">{icon("micro", "eye-slash", 12)}{escape(said[:500])}</p>' if said else ""


def beside(message: Message, before: Sequence[str]) -> str:
    """What stands under the words: what they were before, files elsewhere, reactions, and a link to the original."""
    about: Mapping[str, Any] = message.about or {}
    found = [_links(about.get("links")), _reactions(about.get("reactions")), _original(str(about.get("url", "")))]
    parts = [_before(before), *found]
    return "".join(parts)


def is_web(url: str) -> bool:
    """Whether an address may be a link here: of the web, and nothing that runs."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _badge(text: str, kind: str = "", drawn: str = "") -> str:
    image = str(icon("micro", drawn, 12)) if drawn else ""
    return f'<span class="{f"badge {kind}".strip()}" dir="auto">{image}{escape(text)}</span>'


def _before(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    lines = "".join(f'<li dir="auto">{escape(text)}</li>' for text in texts[-_BEFORE_SHOWN:])
    said = escape(_("What it said before"))
    return f'<details class="item-before"><summary>{said}</summary><ol>{lines}</ol></details>'


def _links(links: Any) -> str:
    if not isinstance(links, list) or not links:
        return ""
    lines = "".join(_link(one) for one in links[:_LINKS_SHOWN] if isinstance(one, dict) and is_web(str(one.get("url"))))
    return f'<ul class="files" aria-label="{escape(_("Files over there"))}">{lines}</ul>' if lines else ""


def _link(one: Mapping[str, Any]) -> str:
    said = str(one.get("description") or one.get("name") or one.get("type") or urlsplit(str(one["url"])).hostname)
    return (
        f'<li><a class="file" href="{escape(str(one["url"]))}" rel="noopener noreferrer nofollow" target="_blank">'
        f'{icon("mini", "link", 14)}<span class="clip" dir="auto">{escape(said[:300])}</span></a></li>'
    )


def _reactions(reactions: Any) -> str:
    if not isinstance(reactions, list) or not reactions:
        return ""
    signs = Counter(str(one[0]) for one in reactions if isinstance(one, list) and len(one) == 2)
    names = ", ".join(str(one[1]) for one in reactions[:_REACTIONS_SHOWN] if isinstance(one, list) and len(one) == 2)
    shown = "".join(f"<span>{escape(sign)} {count}</span>" for sign, count in signs.most_common(_REACTIONS_SHOWN))
    label = escape(_("Reactions of %(names)s") % {"names": names})
    return f'<div class="item-reactions" role="group" aria-label="{label}" title="{label}">{shown}</div>'


def _original(url: str) -> str:
    if not is_web(url):
        return ""
    said = escape(_("See it where it was said"))
    return (
        f'<a class="item-original" href="{escape(url)}" rel="noopener noreferrer" target="_blank">{said}'
        f'{icon("micro", "arrow-top-right-on-square", 12)}</a>'
    )
