"""What a member may do, asked the same way by every page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from rapport.core.errors import NotAllowed
from rapport.staff import rights
from rapport.staff.models import Member
from rapport.staff.rights import Permission

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponseBase]

EVERYBODY, WRITERS, LEADS, ADMINS = rights.READ, rights.WRITE, rights.LEAD, rights.ADMINISTER
PRIVACY = rights.PRIVACY


def member_of(request: HttpRequest) -> Member:
    """The member who is signed in."""
    return cast(Member, request.user)


def _asking_htmx(view: _View[_P]) -> _View[_P]:
    """A fragment asked for after the session ended must not show sign-in inside the page: the whole page goes there."""

    @wraps(view)
    def asked(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
        if request.headers.get("HX-Request") and not request.user.is_authenticated:
            return HttpResponseClientRedirect(reverse("account_login"))
        return view(request, *args, **kwargs)

    return asked


def page(needs: Permission = EVERYBODY, to_change: Permission | None = None) -> Callable[[_View[_P]], _View[_P]]:
    """A page for members with this right; a POST asks for `to_change` when given. Others get 403, strangers sign-in.

    What a page asks for stands on it as `needs` and `to_change`: a test compares every address with the table.
    """

    def decorate(view: _View[_P]) -> _View[_P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
            needed = to_change if to_change is not None and request.method == "POST" else needs
            if member_of(request).role not in needed:
                raise NotAllowed("Your role does not allow this.", "Ask an administrator or the lead of your team.")
            return view(request, *args, **kwargs)

        asked = _asking_htmx(login_required(checked))
        asked.needs, asked.to_change = needs, to_change or needs  # type: ignore[attr-defined]
        return asked

    return decorate
