"""Webhooks of channels: what a service delivers is checked by its kind, committed, and only then acknowledged."""

import logging
from collections.abc import Mapping
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from rapport.channels import registry
from rapport.channels.base import Hook, HookRefused, Received
from rapport.channels.models import Channel
from rapport.core.clock import now
from rapport.core.errors import RapportError
from rapport.inbound import intake

log = logging.getLogger(__name__)
BYTES_MAX = 12 * 1024 * 1024
_RETRY_S = "60"


@csrf_exempt
def hook(request: HttpRequest, channel_id: UUID, path: str = "") -> HttpResponse:
    """One request of a service: 401 where it is not to be believed (nothing is kept), 413 beyond 12 MB."""
    channel = Channel.objects.filter(id=channel_id).first()
    if channel is None:
        return _said(404, "There is no such channel.")
    body = _body(request)
    if body is None:
        count_refused(channel, "A delivery was larger than 12 MB.")
        return _said(413, "The body is too large.")
    if not channel.enabled:
        return _later("The channel is paused.")
    try:
        account = registry.account(channel)
        received = registry.connector(channel.kind).receive(account, _hook(request, account.hook_url, path, body))
        intake.accept(channel, received.items)
    except HookRefused as refused:
        count_refused(channel, refused.message)
        return _said(refused.status, refused.message)
    except RapportError as error:
        log.warning("webhook of channel %s: %s", channel.name, error.message)
        return _later(error.message)
    except DatabaseError as error:
        log.warning("the database takes nothing at present: %s", error)
        return _later("It cannot be kept at present.")
    return _answer(received)


def _body(request: HttpRequest) -> bytes | None:
    """The whole body, read no further than the limit."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdigit() or int(stated) > BYTES_MAX:
        return None
    body = request.read(BYTES_MAX + 1)
    return None if len(body) > BYTES_MAX else body


def _hook(request: HttpRequest, base: str, path: str, body: bytes) -> Hook:
    query = request.META.get("QUERY_STRING", "")
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
    # Services sign the address they were given, which is not the one a proxy passes on.
    url = base + path + (f"?{query}" if query else "")
    return Hook(str(request.method), url, path, request.GET.dict(), headers, body, now())


def count_refused(channel: Channel, why: str) -> None:
    """Show on the channel's page how many were refused, and why the last one was."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE channels_channel SET health = health || jsonb_build_object(
                'refused', coalesce((health->>'refused')::bigint, 0) + 1, 'refused_why', %s::text,
                'refused_at', %s::text) WHERE id = %s""",
            [why[:300], now().isoformat(), channel.id],
        )


def _answer(received: Received) -> HttpResponse:
    return HttpResponse(received.body, status=received.status, content_type=received.content_type)


def _said(status: int, words: str) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


def _later(words: str) -> HttpResponse:
    answer = _said(503, words)
    answer["Retry-After"] = _RETRY_S
    return answer
