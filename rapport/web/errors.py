"""The pages one meets when something is not there, not allowed, or broken."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

_PAGES = {
    400: (
        lazy("This cannot be done"),
        lazy("The request does not fit together. Go back, look at what you entered, and try again."),
    ),
    403: (
        lazy("You may not do this"),
        lazy("Your role does not allow it. Ask an administrator or the lead of your team."),
    ),
    404: (lazy("There is nothing here"), lazy("It does not exist, or it is not yours to see.")),
    405: (lazy("Not like this"), lazy("This address only takes what its own page sends.")),
    500: (
        lazy("Something broke on our side"),
        lazy("Nothing you sent was half done. Try again; if it happens again, tell your administrator."),
    ),
}


def error_page(request: HttpRequest, code: int, explanation: str = "") -> HttpResponse:
    """A page with this status, in words; it tells nothing of what was asked for."""
    title, usual = _PAGES[code]
    context = {"code": code, "title": title, "explanation": explanation or usual}
    template = "web/errors/fragment.html" if request.headers.get("HX-Request") else "web/errors/error.html"
    return render(request, template, context, status=code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return error_page(request, 404)


def broken(request: HttpRequest) -> HttpResponse:
    """500."""
    return error_page(request, 500)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 after a form was sent without its secret: mostly a page that stood open since an earlier sign-in."""
    return error_page(request, 403, _("This page has stood open too long. Go back, load it again, and send once more."))
