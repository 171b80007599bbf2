"""Who gets in, and how: the decisions that django-allauth asks us for, and what every request is checked for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.internal.flows import reauthentication
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.backends import BaseBackend
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from rapport.channels.secrets import seal, unseal
from rapport.core import events, scope
from rapport.core.clock import now
from rapport.staff import sessions
from rapport.staff.models import Company, Member, Role

BACKEND = "rapport.web.entrance.MemberBackend"
SETUP = "security"
INTERRUPTIONS = (ImmediateHttpResponse, ReauthenticationRequired)
REAL_FACTORS = ("totp", "webauthn")
#: Where strangers may send what a script fetches, and where a member without a second factor may still go.
_OPEN_TO_STRANGERS = ("/account/", "/join/", "/scim/", "/static/", "/healthz", "/theme/", "/language/", "/chat/")
_OPEN_WITHOUT_FACTOR = (*_OPEN_TO_STRANGERS, "/security/", "/live-token/", "/favicon.ico")
_SEEN_EVERY = timedelta(minutes=5)


def lacks_factor() -> Q:
    """Of members: those the company requires a second factor of, and who have none."""
    return Q(Exists(Company.objects.filter(require_second_factor=True))) & ~Q(
        Exists(Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=REAL_FACTORS))
    )


class MemberBackend(BaseBackend):
    """Reads the member of a session, and in the same query whether a second factor is missing."""

    def get_user(self, user_id: Any) -> Member | None:
        """The member, if they may sign in."""
        found = Member.objects.filter(pk=user_id, is_active=True)
        return found.annotate(lacks_factor=lacks_factor()).first()


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes themselves an account: administrators do."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_login(self, request: HttpRequest, user: Member, **given: Any) -> HttpResponseBase | None:
        """Where single sign-on alone is allowed, administrators keep a way in for the day it breaks."""
        refused: HttpResponseBase | None = super().pre_login(request, user, **given)
        if refused is None and user.role != Role.ADMIN and not by_sso(request) and Company.here().sso_only:
            messages.error(request, _("Your company signs in by single sign-on. Use its button below."))
            return redirect("account_login")
        return refused

    def login(self, request: HttpRequest, user: Member) -> None:
        """Signed in from here on; said in the log."""
        user.backend = BACKEND
        super().login(request, user)
        with scope.system():
            said = {"by": _method(request), "address": self.get_client_ip(request)}
            events.record("session.began", actor_id=user.id, data=said)

    def logout(self, request: HttpRequest) -> None:
        """Signed out; said in the log."""
        if isinstance(request.user, Member):
            with scope.system():
                events.record("session.left", actor_id=request.user.id)
        super().logout(request)

    def post_login(self, request: HttpRequest, user: Member, **given: Any) -> HttpResponseBase:
        """Who has just proven who they are is not asked again a minute later."""
        records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        request.session[AUTHENTICATION_METHODS_SESSION_KEY] = [{**one, "reauthenticated": True} for one in records]
        return cast(HttpResponseBase, super().post_login(request, user, **given))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A failed attempt is in the log, with neither the address tried nor the password."""
        with scope.system():
            events.record("session.refused", data={"address": self.get_client_ip(request)})

    def set_password(self, user: Member, password: str) -> None:
        """A new password ends every other session."""
        super().set_password(user, password)
        request = context.request
        mine = request.session.session_key if request.user.is_authenticated else None
        with scope.system():
            sessions.end_all(user.id, but=mine, actor_id=user.id, why="password")
            events.record("member.password_changed", actor_id=user.id, data={"member": str(user.id)})


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: their secrets are sealed."""

    def encrypt(self, text: str) -> str:
        """As channels' passwords are."""
        return seal({"factor": text}).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` made; a permanent ChannelError where the key is another one."""
        return unseal(encrypted_text.encode()).get("factor", "")

    def get_totp_issuer(self) -> str:
        """What the authenticator app shows above the code."""
        return Company.here().name or "Rapport"

    def _get_site_name(self) -> str:
        return self.get_totp_issuer()

    def generate_authenticator_name(self, user: Member, type: Any) -> str:
        """A first suggestion."""
        return _("Passkey")


def interrupted(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """What django-allauth answers with by raising: an answer, or the question whether it is really you."""
    if isinstance(error, ImmediateHttpResponse):
        return cast(HttpResponseBase, error.response)
    methods = get_adapter().get_reauthentication_methods(request.user)
    url = methods[0]["url"] if methods else reverse("account_login")
    return cast(HttpResponseBase, reauthentication.suspend_request(request, url))


def by_sso(request: HttpRequest) -> bool:
    """Whether this session (or the sign-in under way) came from a provider of identities."""
    return _method(request) == "socialaccount"


def _method(request: HttpRequest) -> str:
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY) or []
    return str(records[0].get("method", "")) if records else ""


def passkeys_work(request: HttpRequest) -> bool:
    """Browsers keep passkeys for names, over HTTPS or on localhost; not for bare addresses."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    return host == "localhost" or (request.is_secure() and any(letter.isalpha() for letter in host))


class EntranceMiddleware:
    """Before any page: strangers' fetches are refused plainly, and a required second factor is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        """None lets the page answer."""
        if not isinstance(request.user, Member):
            return _signed_out(request)
        if _factor_is_missing(request) and not request.path.startswith(_OPEN_WITHOUT_FACTOR):
            if request.headers.get("HX-Request"):
                return HttpResponseClientRedirect("/security/")
            messages.warning(request, _("Your company asks for a second factor. Set one up to go on."))
            return redirect(SETUP)
        _seen(request)
        return None


def _signed_out(request: HttpRequest) -> HttpResponse | None:
    """A script that fetches must learn that the session is over, and not get a sign-in page for an answer."""
    fetching = (
        request.headers.get("HX-Request") or (request.accepts("application/json") and not request.accepts("text/html"))
    )
    if not fetching or request.path.startswith(_OPEN_TO_STRANGERS):
        return None
    return HttpResponse(_("Your session has ended. Sign in again."), status=401, content_type="text/plain")


def _factor_is_missing(request: HttpRequest) -> bool:
    member = cast(Member, request.user)
    missing = getattr(member, "lacks_factor", None)
    if missing is None:
        missing = Member.objects.filter(lacks_factor(), pk=member.pk).exists()
    return bool(missing) and not by_sso(request)


_seen_here: dict[str, Any] = {}


def _seen(request: HttpRequest) -> None:
    """Keep when and from where a session was last used, every few minutes; one that nobody listed is listed."""
    key = request.session.session_key or ""
    at = now()
    if key in _seen_here and at - _seen_here[key] < _SEEN_EVERY:
        return
    if len(_seen_here) > 10_000:
        _seen_here.clear()
    _seen_here[key] = at
    UserSession.objects.create_from_request(request)
