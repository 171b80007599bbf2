"""Notices to browsers that are closed: Web Push (RFC 8030), encrypted for the browser (RFC 8291), signed (RFC 8292).

The push service in between belongs to the browser's maker: it learns when and how much, never what.
"""

import base64
import logging
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import translation
from django.utils.translation import gettext as _

from rapport.channels import secrets
from rapport.channels.guard import resolved
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError, Invalid
from rapport.core.options import options
from rapport.notices import rounds
from rapport.notices.models import Device, Notice, Progress
from rapport.notices.words import Line, line_of, round_line
from rapport.staff.models import Member

log = logging.getLogger(__name__)
_FAILURES_MAX = 5
_DEVICES_MAX = 20
_DAY = 24 * 3600
_GONE = (404, 410)


def public_key() -> str:
    """The key that a browser subscribes with (base64url, uncompressed P-256 point); made when first asked for."""
    with scope.system():
        Progress.objects.get_or_create(id=1)
        kept = Progress.objects.select_for_update().get(id=1)
        if not kept.push_public:
            kept.push_public, kept.push_key = _new_key()
            kept.save(update_fields=["push_public", "push_key"])
    return kept.push_public


def subscribe(member: Member, given: dict[str, Any], name: str) -> Device:
    """Keep a browser's subscription (as PushSubscription.toJSON gives it). Raises Invalid for anything else."""
    keys, endpoint = given.get("keys"), str(given.get("endpoint", ""))
    if urlsplit(endpoint).scheme != "https" and not options().allow_private_addresses:
        raise Invalid(_("This browser gave no secure push address."), _("Try another browser."))
    if not isinstance(keys, dict) or not _is_key(keys.get("p256dh"), 65) or not _is_key(keys.get("auth"), 16):
        raise Invalid(_("This browser gave no usable keys."), _("Try another browser."))
    if Device.objects.filter(member=member).count() >= _DEVICES_MAX:
        raise Invalid(
            _("There are %(count)s browsers already.") % {"count": _DEVICES_MAX},
            _("Remove one that you no longer use."),
        )
    with scope.system():
        Device.objects.filter(endpoint=endpoint).delete()
        return Device.objects.create(
            member=member, endpoint=endpoint[:2000], p256dh=keys["p256dh"], auth=keys["auth"], name=name[:120]
        )


def run(limit: int = 100) -> int:
    """Push what waits; how many messages a push service took. Marked first: never twice."""
    with scope.system():
        waiting = Notice.objects.filter(push=True, pushed_at__isnull=True)
        ids = list(waiting.select_for_update(skip_locked=True).order_by("at").values_list("id", flat=True)[:limit])
        Notice.objects.filter(id__in=ids).update(pushed_at=now())
        fresh = list(Notice.objects.select_related("member", "team").filter(id__in=ids, read_at__isnull=True))
        devices: dict[object, list[Device]] = {}
        for device in Device.objects.filter(member_id__in={one.member_id for one in fresh}, member__is_active=True):
            devices.setdefault(device.member_id, []).append(device)
    return sum(_push(notice, device) for notice in fresh for device in devices.get(notice.member_id, ()))


def _push(notice: Notice, device: Device) -> bool:
    line = _line(notice)
    if line is None:
        return False
    tag = str(notice.conversation_id or notice.team_id)
    payload = orjson.dumps({"title": line.what, "body": line.about[:200], "url": line.url, "tag": tag})
    try:
        status = _post(device, payload)
    except (ChannelError, urllib3.exceptions.HTTPError, OSError) as error:
        log.info("a browser could not be told: %s", error)
        status = 0
    _note(device, status)
    return 200 <= status < 300


def _line(notice: Notice) -> Line | None:
    """What is told, as far as the member may see it now."""
    with scope.member(notice.member_id), translation.override(notice.member.language):
        if notice.conversation_id is None:
            counted = rounds.figures([notice])[notice.id]
            return round_line(notice, counted) if counted[0] else None
        conversation = Conversation.objects.select_related("owner_team").filter(id=notice.conversation_id).first()
        return line_of(notice, conversation, outside=True) if conversation else None


def _note(device: Device, status: int) -> None:
    """A browser that is gone, or fails again and again, is forgotten."""
    with scope.system():
        if status in _GONE or (not 200 <= status < 300 and device.failures + 1 >= _FAILURES_MAX):
            Device.objects.filter(id=device.id).delete()
        else:
            Device.objects.filter(id=device.id).update(failures=0 if 200 <= status < 300 else device.failures + 1)


def _post(device: Device, payload: bytes) -> int:
    """The status that the push service answers with."""
    import http_ece

    parts = urlsplit(device.endpoint)
    own = ec.generate_private_key(ec.SECP256R1())
    body = http_ece.encrypt(
        payload, private_key=own, dh=_decoded(device.p256dh), auth_secret=_decoded(device.auth), version="aes128gcm"
    )
    headers = {
        "Content-Type": "application/octet-stream", "Content-Encoding": "aes128gcm", "TTL": str(_DAY),
        "Urgency": "normal", "Host": parts.netloc, **_signature(f"{parts.scheme}://{parts.netloc}"),
    }  # fmt: skip
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with _pool(parts.scheme, parts.hostname or "", port) as pool:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return pool.request("POST", path, body=body, headers=headers, redirect=False, retries=False).status


def _pool(scheme: str, host: str, port: int) -> urllib3.HTTPConnectionPool:
    """Connections to the address that was checked, under the name that was asked for."""
    address = resolved(host, port)
    timeout = urllib3.Timeout(connect=5, read=10)
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(address, port, timeout=timeout, server_hostname=host, assert_hostname=host)
    return urllib3.HTTPConnectionPool(address, port, timeout=timeout)


def _signature(audience: str) -> dict[str, str]:
    from py_vapid import Vapid02

    with scope.system():
        kept = Progress.objects.get(id=1)
    pem = secrets.unseal(bytes(kept.push_key))["key"]
    # RFC 8292, section 2.1: whom the push service may ask, as https or mailto.
    site = options().public_url
    contact = site if site.startswith("https://") else f"mailto:rapport@{urlsplit(site).hostname or 'localhost'}"
    claims = {"aud": audience, "sub": contact, "exp": int(now().timestamp()) + _DAY // 2}
    return dict(Vapid02.from_pem(pem.encode()).sign(claims))


def _new_key() -> tuple[str, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode(), secrets.seal({"key": pem})


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_key(given: object, length: int) -> bool:
    try:
        return isinstance(given, str) and len(_decoded(given)) == length
    except ValueError:
        return False
