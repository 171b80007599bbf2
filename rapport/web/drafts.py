"""Where the editor keeps what is typed: drafts with revisions, and their files. Answers are JSON, for the script."""

import re
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.conversations import queries
from rapport.conversations.models import Draft, DraftKind, Upload
from rapport.core import scope
from rapport.core.errors import Invalid, NotVisible, RapportError
from rapport.outbound import drafts, richtext, uploads
from rapport.outbound.drafts import Given, Outcome, Place
from rapport.web import richview
from rapport.web.composer import uuid_or_none
from rapport.web.locales import size
from rapport.web.rights import WRITERS, member_of, page

_View = Callable[..., HttpResponse]


def for_script(view: _View) -> _View:
    """For what a script asks: whoever is signed out hears 401, and what is wrong is told in words."""

    allowed = page(WRITERS)(view)

    @wraps(allowed)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({"error": _("You are signed out.")}, status=401)
        try:
            response: HttpResponse = allowed(request, *args, **kwargs)  # type: ignore[assignment]
        except RapportError as error:
            status = 404 if isinstance(error, NotVisible) else 400 if isinstance(error, Invalid) else 403
            return JsonResponse({"error": f"{error.message} {error.hint}".strip()}, status=status)
        return response

    return asked


@for_script
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep a draft. 409 with what stands there now when it was changed elsewhere since."""
    given = request.POST
    outcome = drafts.save(member_of(request), _place(request), _given(request))
    if outcome.conflict:
        return JsonResponse(_conflict(outcome), status=409)
    draft = outcome.draft
    return JsonResponse({"id": draft and str(draft.id), "revision": draft and draft.revision, "kind": given["kind"]})


@for_script
@require_GET
def token(request: HttpRequest) -> HttpResponse:
    """The form secret of this session: a page that stood open over a sign-in asks for the new one."""
    return JsonResponse({"token": get_token(request)})


@for_script
@require_POST
def difference(request: HttpRequest) -> HttpResponse:
    """What the two tabs wrote, the one against the other."""
    internal = request.POST.get("kind") == DraftKind.NOTE
    mine, other = (richtext.read(request.POST.get(name, ""), internal=internal).text for name in ("mine", "other"))
    return render(request, "web/compose/difference.html", {"parts": _parts(other[:100_000], mine[:100_000])})


@for_script
@require_POST
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Throw a draft away."""
    drafts.discard(drafts.own(member_of(request), draft_id))
    return JsonResponse({})


@for_script
@require_POST
def take(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Go on with a colleague's draft."""
    draft = drafts.take(member_of(request), draft_id)
    if "X-CSRFToken" not in request.headers and draft.conversation_id:
        return redirect("conversation", draft.conversation_id)
    return JsonResponse({"kind": draft.kind, "revision": draft.revision, "id": str(draft.id)})


@page(WRITERS)
@require_GET
def others(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Who else is writing here, and what."""
    found = queries.get_conversation(conversation_id)
    writing = drafts.others(found.id, member_of(request))
    return render(request, "web/compose/others.html", {"others": writing, "conversation": found})


@for_script
@require_POST
def attach(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Keep a file with the draft."""
    draft = drafts.own(member_of(request), draft_id)
    given = request.FILES.get("file")
    if given is None:
        raise Invalid(_("No file came."), _("Try it once more."))
    inline = request.POST.get("inline") == "yes"
    refused = uploads.too_large(given.size or 0, inline=inline)
    if refused:
        return JsonResponse({"error": f"{refused.message} {refused.hint}"}, status=413)
    return JsonResponse(_file(uploads.add(draft, given.name or "file", given.read(), inline=inline)))


@for_script
@require_POST
def detach(request: HttpRequest, draft_id: UUID, upload_id: UUID) -> HttpResponse:
    """Take a file out again."""
    draft = drafts.own(member_of(request), draft_id)
    Upload.objects.filter(id=upload_id, draft=draft).delete()
    return JsonResponse({})


@page()
@require_GET
def upload(request: HttpRequest, draft_id: UUID, upload_id: UUID) -> HttpResponse:
    """A picture of a draft, for who sees the draft."""
    found = get_object_or_404(Upload, id=upload_id, draft_id=draft_id)
    with scope.system():
        data = bytes(found.blob.data)
    shown = richview.picture(data, found.filename)
    if shown is None:
        raise NotVisible(_("This is no picture."))
    return shown


@page()
@require_GET
def picture(request: HttpRequest, conversation_id: UUID, attachment_id: UUID) -> HttpResponse:
    """A picture inside a message that a member wrote."""
    found = queries.get_attachment(conversation_id, attachment_id)
    shown = richview.picture(bytes(found.blob.data), found.filename) if found.blob else None
    if shown is None:
        raise NotVisible(_("This is no picture."))
    return shown


def _place(request: HttpRequest) -> Place:
    kind = request.POST.get("kind", "")
    if kind not in DraftKind.values:
        raise Invalid(_("The form was not complete."), _("Load the page again."))
    conversation = uuid_or_none(request.POST.get("conversation", ""))
    if (conversation is None) != (kind == DraftKind.NEW):
        raise Invalid(_("The form was not complete."), _("Load the page again."))
    return Place(kind, conversation, uuid_or_none(request.POST.get("draft", "")))


def _given(request: HttpRequest) -> Given:
    given = request.POST
    revision = given.get("revision", "0")
    return Given(
        html=given.get("html", ""),
        revision=int(revision) if revision.isdecimal() and len(revision) < 9 else 0,
        subject=given.get("subject", ""),
        recipients={name: given.get(name, "") for name in ("to", "cc", "bcc")},
        options={
            "quote": given.get("quote", "yes") == "yes",
            "channel": given.get("channel", "")[:36],
            "team": given.get("team", "")[:36],
        },
        seen=uuid_or_none(given.get("seen", "")),
    )


def _conflict(outcome: Outcome) -> dict[str, Any]:
    draft = outcome.draft
    if draft is None:
        return {"gone": True, "revision": 0}
    return {"revision": draft.revision, "id": str(draft.id), "html": _editing(draft), "raw": draft.html}


def _editing(draft: Draft) -> str:
    return str(richview.for_editor(draft.html, draft.uploads.all()))


def _file(one: Upload) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "name": one.filename,
        "size": size(one.size),
        "cid": one.content_id if one.inline else "",
        "url": reverse("upload", args=[one.draft_id, one.id]),
        "remove": reverse("detach", args=[one.draft_id, one.id]),
    }


def _parts(before: str, after: str) -> list[tuple[str, str]]:
    """The second text word by word against the first: same, gone, new."""
    a, b = _words(before), _words(after)
    found = []
    for what, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", "".join(a[i:j])))
            continue
        found += [(name, "".join(part)) for name, part in (("gone", a[i:j]), ("new", b[k:m])) if part]
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\S+", text)[:4000]
