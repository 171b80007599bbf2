"""A company with a chat on its site, and a visitor's page that asks as the window does."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from rapport.channels import registry
from rapport.channels.kinds.webchat import names
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.inbound import pipeline
from rapport.inbound.models import RawItem
from rapport.outbound import deliver, queue
from rapport.outbound.actions import Answer, reply
from rapport.staff.models import Member
from tests.web.cast import Cast, make_cast

ORIGIN = "https://www.example.org"
SECRET = "a secret of sixty-four characters, as HS512 would like it to be!!"


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kind is there, whether or not the registry names it."""
    monkeypatch.setitem(registry._OURS, "webchat", "rapport.channels.kinds.webchat.connector:WebChatConnector")
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()
    yield
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()


def make_chat(**config: object) -> Channel:
    """The chat of the company's site."""
    given = {"origins": [ORIGIN], "title": "Example", "mail_channel": "Support mailbox", **config}
    secrets = seal({"identity_secret": SECRET})
    return Channel.objects.create(
        name="Our chat", kind="webchat", address="www.example.org", config=given, secrets=secrets
    )


@pytest.fixture
def cast(kind: None, db: None, settings: Settings) -> Cast:
    """The small company; nobody has been counted yet."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    return make_cast()


@pytest.fixture
def chat(cast: Cast) -> Channel:
    """Its chat."""
    return make_chat()


@dataclass
class Page:
    """A visitor's page on some site, with the token it was given."""

    channel: Channel
    origin: str = ORIGIN
    token: str = ""
    number: int = 1
    client: Client = field(default_factory=Client)
    address: str = "192.0.2.7"

    @property
    def base(self) -> str:
        """Where the chat's addresses begin."""
        return f"/chat/{names.public_key(self.channel.id, self.channel.config)}/"

    def get(self, path: str, **headers: str) -> HttpResponse:
        """Ask for something."""
        return self.client.get(self.base + path, headers=self._headers(headers), REMOTE_ADDR=self.address)

    def post(self, path: str, given: object, **headers: str) -> HttpResponse:
        """Send JSON."""
        return self.client.post(
            self.base + path, orjson.dumps(given), content_type="application/json", headers=self._headers(headers),
            REMOTE_ADDR=self.address,
        )  # fmt: skip

    def upload(self, name: str, data: bytes, **given: object) -> HttpResponse:
        """Send a file."""
        form = {"id": uuid4().hex, "conversation": self.number, "file": SimpleUploadedFile(name, data), **given}
        return self.client.post(self.base + "files", form, headers=self._headers({}), REMOTE_ADDR=self.address)

    def begin(self, **given: object) -> dict[str, Any]:
        """Get a token."""
        answer = self.post("session", given)
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        self.token, self.number = found["token"], found["conversation"]
        return found

    def say(self, text: str, id: str = "", **given: object) -> HttpResponse:
        """Send a message."""
        if not self.token:
            self.begin()
        return self.post("messages", {"id": id or uuid4().hex, "text": text, "conversation": self.number, **given})

    def look(self, query: str = "") -> dict[str, Any]:
        """What was said so far."""
        answer = self.get(f"messages?conversation={self.number}&{query}")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def texts(self) -> list[str]:
        """The words of it."""
        return [one["text"] for one in self.look()["messages"]]

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        usual = {"Origin": self.origin, **({"Authorization": f"Bearer {self.token}"} if self.token else {}), **more}
        return {name: value for name, value in usual.items() if value}


@pytest.fixture
def page(chat: Channel) -> Page:
    """Somebody's page on the company's site."""
    return Page(chat)


def understand() -> dict[str, int]:
    """Let the pipeline take what came."""
    return dict(pipeline.run_batch().states)


def raw_items(channel: Channel) -> list[RawItem]:
    """What was kept."""
    with scope.system():
        return list(RawItem.objects.filter(channel=channel))


def conversation_of(channel: Channel) -> Conversation:
    """The only conversation of the channel."""
    with scope.system():
        return Conversation.objects.get(channel=channel)


def answer(conversation: Conversation, member: Member, text: str, **given: Any) -> None:
    """A member answers, and it goes at once."""
    with scope.member(member.id):
        delivery = reply(conversation.id, member, Answer(text=text, **given))
    queue.send_now(delivery.id)
    assert deliver.run_batch() == 1
