"""How the pages look: the member's choice of contrast, and the living page of the design system."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import NotVisible
from rapport.core.options import options
from rapport.staff.models import Member
from rapport.web.rights import member_of, page

_TOKENS = Path(__file__).parent / "static" / "rapport" / "css" / "tokens.css"
_TOKEN = re.compile(r"^  --([a-z0-9-]+): (.+);$", re.MULTILINE)
_COLORS = [
    "canvas", "surface", "raised", "sunken", "hover", "selected", "line", "line-strong",
    "text", "text-soft", "text-faint", "accent", "accent-solid", "on-accent", "accent-tint",
    "danger", "danger-tint", "warn", "warn-tint", "good", "good-tint", "info", "info-tint",
    "note", "note-line", "mark", "focus",
]  # fmt: skip


@dataclass(frozen=True)
class Token:
    """One word of the vocabulary with its value, as the style sheet has it."""

    name: str
    value: str


@page()
@require_POST
def contrast(request: HttpRequest) -> HttpResponse:
    """Keep the chosen contrast with the member, and go back."""
    more = request.POST.get("contrast") == "more"
    Member.objects.filter(id=member_of(request).id).update(contrast=more)
    target = request.POST.get("next", "/")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if allowed else "/")


@page()
@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """The design system as it is: read from the style sheet, drawn with the components. In development and the demo."""
    if not (settings.DEBUG or options().demo):
        raise NotVisible("There is no such page.")
    tokens = tokens_of(_TOKENS.read_text(encoding="utf-8"))
    named = {token.name: token for token in tokens}
    context = {
        "colors": [named[name] for name in _COLORS],
        "sizes": [token for token in tokens if token.name.startswith("size-")],
        "spaces": [token for token in tokens if token.name.startswith("space-")],
        "radii": [token for token in tokens if token.name.startswith("radius-")],
        "shadows": [token for token in tokens if token.name.startswith("shadow-")],
        "tones": ["", "accent", "good", "info", "warn", "danger"],
        "names": ["Ana Agent", "Bo Berg", "Chi Cheng", "Dora Dahl", "Emre Er", "Fay Fox", "Gus Grau", "Hana Hart"],
    }
    return render(request, "web/styleguide.html", context)


def tokens_of(sheet: str) -> list[Token]:
    """The tokens of a style sheet's first block, in its order."""
    block = sheet[: sheet.index("\n}")]
    return [Token(name, value) for name, value in _TOKEN.findall(block)]
