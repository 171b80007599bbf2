"""A member's own security: password, second factors, where they are signed in."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import NotVisible
from rapport.staff import sessions
from rapport.staff.models import Company
from rapport.web.agents import described
from rapport.web.entrance import passkeys_work
from rapport.web.rights import member_of, page


@page()
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Everything about how the member gets in."""
    me = member_of(request)
    factors = list(Authenticator.objects.filter(user=me).order_by("created_at"))
    by_kind: dict[str, list[Authenticator]] = {kind: [] for kind in Authenticator.Type.values}
    for one in factors:
        by_kind[one.type].append(one)
    codes = by_kind[Authenticator.Type.RECOVERY_CODES]
    context: dict[str, Any] = {
        "totp": next(iter(by_kind[Authenticator.Type.TOTP]), None),
        "passkeys": [one.wrap() for one in by_kind[Authenticator.Type.WEBAUTHN]],
        "codes_left": len(codes[0].wrap().get_unused_codes()) if codes else None,
        "required": Company.here().require_second_factor,
        "missing": getattr(me, "lacks_factor", False),
        "passkeys_work": passkeys_work(request),
        "has_password": me.has_usable_password(),
        "linked": list(SocialAccount.objects.filter(user=me)),
        "sessions": [
            {"row": one, "agent": described(one.user_agent), "current": one.session_key == request.session.session_key}
            for one in sessions.of(me)
        ],
    }
    return render(request, "web/security.html", context)


@page()
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign out of one other place."""
    if not sessions.end_one(member_of(request), session_id):
        raise NotVisible("There is no such session.")
    messages.success(request, _("That session is ended."))
    return redirect("security")


@page()
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere but here."""
    me = member_of(request)
    ended = sessions.end_all(me.id, but=request.session.session_key, actor_id=me.id, why="own wish")
    messages.success(
        request, ngettext("%(count)s session is ended.", "%(count)s sessions are ended.", ended) % {"count": ended}
    )
    return redirect("security")
