"""The languages of the surface, and who reads in which."""

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from rapport.staff.models import Member

COOKIE = "rapport_language"
_YEAR = 365 * 24 * 3600
_NAMES = dict(settings.LANGUAGES)


class LanguageMiddleware:
    """Each member reads in their own language and time zone; a stranger in the language chosen last or asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(language_of(request)), timezone.override(_zone_of(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
            return response


def language_of(request: HttpRequest) -> str:
    """One of the languages there are."""
    user = getattr(request, "user", None)
    chosen = user.language if isinstance(user, Member) else request.COOKIES.get(COOKIE, "")
    return chosen if chosen in _NAMES else translation.get_language_from_request(request)


def _zone_of(request: HttpRequest) -> ZoneInfo:
    user = getattr(request, "user", None)
    try:
        return ZoneInfo(user.time_zone if isinstance(user, Member) else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def choices() -> list[tuple[str, str]]:
    """Code and own name of every language."""
    return list(_NAMES.items())


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language: with the member, and in this browser for the sign-in page. Then go back."""
    chosen = request.POST.get("language", "")
    target = request.POST.get("next", "/")
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    response = redirect(target if allowed else "/")
    if chosen in _NAMES:
        if isinstance(request.user, Member):
            Member.objects.filter(id=request.user.id).update(language=chosen)
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response
