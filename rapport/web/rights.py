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
from rapport.staff.models import Member, Role

_P = ParamSpec("_P")
_View = Callable[Concatenate[HttpRequest, _P], HttpResponseBase]

EVERYBODY = frozenset(Role.values)
WRITERS = frozenset({Role.ADMIN, Role.LEAD, Role.AGENT})
LEADS = frozenset({Role.ADMIN, Role.LEAD})
ADMINS = frozenset({Role.ADMIN})


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


def page(
    roles: frozenset[str] = EVERYBODY, to_change: frozenset[str] | None = None
) -> Callable[[_View[_P]], _View[_P]]:
    """A page for members of these roles; a POST asks for `to_change` when given. Others get 403, strangers sign-in."""

    def decorate(view: _View[_P]) -> _View[_P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponseBase:
            needed = to_change if to_change is not None and request.method == "POST" else roles
            if member_of(request).role not in needed:
                raise NotAllowed("Your role does not allow this.", "Ask an administrator or the lead of your team.")
            return view(request, *args, **kwargs)

        return _asking_htmx(login_required(checked))

    return decorate
