"""A mailbox is changed whole on its page: what is asked when it is connected is asked later, too, before it acts."""

from typing import Any

import pytest
from django.urls import reverse

from rapport.channels import keeping
from rapport.channels.kinds.email import imap
from rapport.channels.models import Channel
from rapport.channels.secrets import seal, unseal
from rapport.core import scope
from rapport.core.clock import now
from rapport.core.errors import ChannelError
from rapport.core.models import Event
from tests.web.cast import Cast
from tests.web.conftest import SignIn

GIVEN = {
    "name": "Sales", "address": "sales@company.example", "imap_host": "imap.example.com", "imap_security": "tls",
    "imap_user": "sales", "folders": "INBOX", "backfill": "on", "after": "leave", "smtp_host": "smtp.example.com",
    "smtp_security": "starttls", "smtp_user": "sales",
}  # fmt: skip


@pytest.fixture
def box(cast: Cast) -> Channel:
    server = {"host": "imap.example.com", "security": "tls", "user": "sales", "folders": ["INBOX"], "backfill": True}
    smtp = {"host": "smtp.example.com", "security": "starttls", "user": "sales"}
    return Channel.objects.create(
        name="Sales", kind="email", address="sales@company.example", config={"imap": server, "smtp": smtp},
        secrets=seal({"imap_password": "hush-in", "smtp_password": "hush-out"}), state="stopped", error="It is away.",
    )  # fmt: skip


def events() -> list[dict[str, Any]]:
    with scope.system():
        return list(Event.objects.filter(kind__startswith="channel.").values_list("data", flat=True))


def beside(page: str, field: str) -> str:
    return page.partition(f'id="id_{field}_error"')[2].partition("</div>")[0]


def test_further_addresses_rate_and_what_becomes_of_mail_are_changed_later(
    box: Channel, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "folders", lambda *_: ["INBOX", "Done"])
    client, url = sign_in(cast.admin), reverse("channel", args=[box.id])
    more = {
        "aliases": "Shop@company.example\n orders@company.example, shop@company.example", "catch_all": "@Old.example",
        "after": "move", "move_to": "Done", "per_minute": "7", "signed_reply": "on",
        "from_name": "{member} of {channel}",
    }  # fmt: skip
    assert client.post(url, GIVEN | more).status_code == 302
    read = box.changed_at
    box.refresh_from_db()
    config = box.config
    assert config["addresses"] == ["shop@company.example", "orders@company.example"]
    assert (config["catch_all"], config["from_name"]) == ("old.example", "{member} of {channel}")
    assert (config["imap"]["after"], config["imap"]["move_to"], config["smtp"]["per_minute"]) == ("move", "Done", 7)
    assert config["signed_reply"] is True
    assert (box.state, box.error, box.changed_at > read) == ("new", "", True)
    assert unseal(bytes(box.secrets)) == {"imap_password": "hush-in", "smtp_password": "hush-out"}
    (event,) = events()
    assert {"imap.after", "smtp.per_minute", "addresses"} <= set(event["what"])
    assert "secrets" not in event["what"]
    said = client.get(reverse("events")).content.decode()
    assert "what becomes of collected mail" in said
    page = client.get(url).content.decode()
    assert "shop@company.example\norders@company.example" in page
    assert "hush" not in page
    assert client.post(url, GIVEN | {"after": "seen"}).status_code == 302
    config = Channel.objects.get(id=box.id).config
    assert {"addresses", "catch_all", "from_name"} & set(config) == set()
    assert "move_to" not in config["imap"]
    assert "per_minute" not in config["smtp"]


def test_saving_it_as_it_is_shown_changes_nothing(box: Channel, cast: Cast, sign_in: SignIn) -> None:
    box.config["imap"].pop("backfill")
    box.config["smtp"].pop("security")
    box.config |= {"authserv_id": "", "addresses": ["a@b.example", "c@b.example"]}
    box.save()
    given = GIVEN | {"smtp_security": "tls", "aliases": "a@b.example\r\nc@b.example"}
    assert sign_in(cast.admin).post(reverse("channel", args=[box.id]), given).status_code == 302
    assert Channel.objects.get(id=box.id).config == box.config
    assert [one["what"] for one in events()] == [[]]


def test_deleting_is_asked_first_and_again_where_more_is_collected(box: Channel, cast: Cast, sign_in: SignIn) -> None:
    client, url = sign_in(cast.admin), reverse("channel", args=[box.id])
    page = client.post(url, GIVEN | {"after": "delete", "imap_password": "new-word"}).content.decode()
    assert "Nothing is saved yet" in beside(page, "agreed")
    assert 'Nothing was saved. Look at: <a href="#id_agreed">' in page
    assert "no other program finds it there any more" in page
    assert "Enter it once more" in page
    assert "new-word" not in page
    box.refresh_from_db()
    assert ("after" in box.config["imap"], box.state, events()) == (False, "stopped", [])
    assert unseal(bytes(box.secrets))["imap_password"] == "hush-in"
    assert client.post(url, GIVEN | {"after": "delete", "agreed": "on"}).status_code == 302
    assert client.post(url, GIVEN | {"after": "delete", "per_minute": "5"}).status_code == 302
    page = client.post(url, GIVEN | {"after": "delete", "folders": "INBOX, Archive"}).content.decode()
    assert "Nothing is saved yet" in beside(page, "agreed")
    assert Channel.objects.get(id=box.id).config["imap"]["folders"] == ["INBOX"]


def test_a_folder_to_move_to_that_is_not_there_is_told_with_those_that_are(
    box: Channel, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, url = sign_in(cast.admin), reverse("channel", args=[box.id])
    monkeypatch.setattr(imap, "folders", lambda *_: ["INBOX", "Archive"])
    for folder, said in (("", "Name the folder"), ("inbox", "is collected itself"), ("Done", "these: Archive, INBOX")):
        page = client.post(url, GIVEN | {"after": "move", "move_to": folder}).content.decode()
        assert said in beside(page, "move_to")
    assert "after" not in Channel.objects.get(id=box.id).config["imap"]

    def away(*_: object) -> list[str]:
        raise ChannelError("imap.example.com cannot be reached.", permanent=False)

    monkeypatch.setattr(imap, "folders", away)
    page = client.post(url, GIVEN | {"after": "move", "move_to": "Done"}, follow=True).content.decode()
    assert "could not be looked for: imap.example.com cannot be reached." in page
    assert Channel.objects.get(id=box.id).config["imap"]["move_to"] == "Done"


def test_what_cannot_be_is_told_beside_its_field_and_nothing_changes(
    box: Channel, cast: Cast, sign_in: SignIn
) -> None:
    client, url = sign_in(cast.admin), reverse("channel", args=[box.id])
    for field, value, said in (
        ("aliases", "nobody", "nobody is no e-mail address."),
        ("aliases", "HELP@company.example", "help@company.example belongs to Support mailbox."),
        ("per_minute", "0", "1"),
        ("from_name", "{boss}", "cannot be used"),
        ("catch_all", "a@b.example", "a@b.example is no domain."),
        ("imap_security", "none", "another machine"),
        ("after", "burn", "burn"),
    ):
        assert said in beside(client.post(url, GIVEN | {field: value}).content.decode(), field), (field, value)
    kept = Channel.objects.get(id=box.id)
    assert (kept.config, kept.changed_at) == (box.config, box.changed_at)


def test_what_somebody_else_changes_while_a_folder_is_looked_for_is_not_written_over(
    box: Channel, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object) -> list[str]:
        Channel.objects.filter(id=box.id).update(address="new@company.example", changed_at=now())
        return ["Done"]

    monkeypatch.setattr(imap, "folders", meanwhile)
    given = GIVEN | {"after": "move", "move_to": "Done"}
    page = sign_in(cast.admin).post(reverse("channel", args=[box.id]), given).content.decode()
    assert "Somebody else changed this channel at the same time" in page
    kept = Channel.objects.get(id=box.id)
    assert (kept.address, kept.config, events()) == ("new@company.example", box.config, [])


def test_what_its_collector_writes_meanwhile_is_not_written_over(box: Channel) -> None:
    mine, at = Channel.objects.get(id=box.id), now()
    Channel.objects.filter(id=box.id).update(last_heard_at=at, health={"lag_s": 3})
    mine.address = "new@company.example"
    with scope.system():
        keeping.keep(mine)
    kept = Channel.objects.get(id=box.id)
    assert (kept.address, kept.last_heard_at, kept.health) == ("new@company.example", at, {"lag_s": 3})
