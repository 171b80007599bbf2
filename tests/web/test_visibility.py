"""Nothing of a confidential conversation reaches anybody who may not see it, by any address."""

from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from rapport.conversations.models import Attachment, Blob, Message
from rapport.core import scope
from tests.web.cast import Cast
from tests.web.conftest import SignIn

SECRETS = ("Zanzibar", "xylophone", "Sigrid", "sigrid@", "secret-file-name")
_POSTS = {"act", "undo", "resend", "relationship_add", "relationship_end"}
_SKIP = {"healthz"}


def _addresses(cast: Cast) -> list[tuple[str, str]]:
    """Every address of the pages, filled with the ids of the confidential conversation."""
    with scope.system():
        message = Message.objects.get(conversation=cast.secret)
        Blob.objects.create(sha256="a" * 64, size=3, data=b"abc")
        file = Attachment.objects.create(
            conversation=cast.secret, message_id=message.id, blob_id="a" * 64, filename="secret-file-name.txt",
            content_type="text/plain", size=3,
        )  # fmt: skip
    anything = UUID(int=7)
    values = {
        "conversation_id": cast.secret.id, "message_id": message.id, "before": message.id, "attachment_id": file.id,
        "person_id": cast.secretive.id, "organization_id": cast.secretive.organization_id, "relationship_id": anything,
        "name": "all", "slug": "hr", "key": "team-hr", "verb": "status", "fmt": "toml", "number": 1, "position": 1,
        "member_id": cast.agent.id, "team_id": cast.people_team.id, "hours_id": anything, "channel_id": cast.channel.id,
        "item_id": anything, "source": "opened", "batch": anything, "batch_id": anything, "absence_id": anything,
    }  # fmt: skip
    return [(name, reverse(name, kwargs={key: values[key] for key in keys})) for name, keys in _named()]


def _named() -> list[tuple[str, list[str]]]:
    found = []
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            continue
        assert isinstance(pattern, URLPattern)
        if pattern.name and pattern.name not in _SKIP:
            keys = [key for key in pattern.pattern.converters if key not in (pattern.default_args or {})]
            found.append((pattern.name, keys))
    return found


def _read(client: Client, url: str) -> tuple[int, str]:
    response = client.get(url, headers={"HX-Request": "true"})
    plain = client.get(url)
    return plain.status_code, response.content.decode(errors="replace") + plain.content.decode(errors="replace") + str(
        plain.headers
    )


@pytest.mark.parametrize("role", ["admin", "lead", "agent", "reader"])
def test_no_address_tells_an_outsider_anything_of_a_confidential_conversation(
    role: str, cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(getattr(cast, role))
    for name, url in _addresses(cast):
        for asked in (url, f"{url}?q=xylophone", f"{url}?ids={cast.secret.id}", f"{url}?conversation={cast.secret.id}"):
            status, text = _read(client, asked)
            assert status != 500, asked
            # A search page repeats what one typed.
            leaked = [secret for secret in SECRETS if secret in text and f"?q={secret}" not in asked]
            assert not leaked, f"{role} reads {leaked} at {name}: {asked}"
            if f"/c/{cast.secret.id}/" in url and name not in _POSTS:
                assert status == 404, asked


def test_no_address_tells_a_stranger_anything(cast: Cast, client: Client) -> None:
    for name, url in _addresses(cast):
        status, text = _read(client, url)
        assert status in (301, 302, 405), (name, status)
        assert not [secret for secret in (*SECRETS, "Carla", "parcel") if secret in text], name


def test_its_own_team_sees_it(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.hr).get(reverse("conversation", args=[cast.secret.id])).content.decode()
    assert "Zanzibar grievance" in page
    assert "xylophone" in page


@pytest.mark.parametrize(
    "verb", ["say", "status", "assign", "priority", "topic", "confidential", "involve", "uninvolve", "reopen"]
)
def test_acting_on_what_one_may_not_see_is_404_and_on_what_a_reader_sees_403(
    verb: str, cast: Cast, sign_in: SignIn
) -> None:
    hidden = reverse("act", args=[cast.secret.id, verb])
    assert sign_in(cast.agent).post(hidden, {"status": "resolved"}).status_code == 404
    seen = reverse("act", args=[cast.conversation.id, verb])
    assert sign_in(cast.reader).post(seen, {"status": "resolved"}).status_code == 403
    with scope.system():
        assert type(cast.secret).objects.get(id=cast.secret.id).status == "open"
        assert type(cast.conversation).objects.get(id=cast.conversation.id).status == "open"
