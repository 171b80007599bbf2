"""Every request of a member sees the database with that member's eyes; errors become pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import SimpleTemplateResponse

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import NotAllowed, NotVisible, RapportError
from rapport.core.options import options
from rapport.staff.models import Member
from rapport.web.entrance import INTERRUPTIONS, interrupted
from rapport.web.errors import error_page
from rapport.web.shell import live_origin

_SEEN_EVERY = timedelta(minutes=5)


class MemberScopeMiddleware:
    """Runs the view, and its template, in the member's scope and one transaction. Stands last in the list.

    It calls the view itself, because only so does an exception reach the transaction and roll it back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Call the view in scope; a stranger's view is left to Django."""
        if getattr(view, "without_scope", False):
            return None
        try:
            member = request.user
            if not isinstance(member, Member):
                return view(request, *args, **kwargs)
            with scope.member(member.id):
                response = _rendered(view(request, *args, **kwargs), member)
            if not options().public_url.startswith("https://"):
                response._csp_update = {"connect-src": [live_origin(request)]}  # type: ignore[attr-defined]
            return response
        except INTERRUPTIONS as error:
            return interrupted(request, error)
        except NotVisible:
            return error_page(request, 404)
        except NotAllowed as error:
            return error_page(request, 403, f"{error.message} {error.hint}".strip())
        except RapportError as error:
            return error_page(request, 400, f"{error.message} {error.hint}".strip())


def _rendered(response: HttpResponseBase, member: Member) -> HttpResponseBase:
    if isinstance(response, SimpleTemplateResponse):
        response = response.render()
    if member.last_seen_at is None or now() - member.last_seen_at > _SEEN_EVERY:
        Member.objects.filter(id=member.id).update(last_seen_at=now())
    return response


class PrivatePagesMiddleware:
    """Pages of a signed-in member are kept by no cache, and say so; every page limits what the browser lends it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
