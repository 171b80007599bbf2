"""Drafts and their files: kept, told apart, taken over, never overwritten unseen, dropped when nobody needs them."""

from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from rapport.conversations.models import Attachment, Blob, Draft, Upload
from rapport.core import scope
from rapport.core.clock import now
from rapport.outbound import drafts, uploads
from rapport.outbound.drafts import Given, Place
from tests.web.cast import Cast
from tests.web.conftest import SignIn

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def keep(client: Client, cast: Cast, html: str, revision: int = 0, **more: str) -> Any:
    data = {"kind": "reply", "conversation": str(cast.conversation.id), "html": html, "revision": str(revision)}
    return client.post(reverse("draft_save"), data | more)


def test_a_draft_is_kept_changed_and_found_again(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    first = keep(client, cast, "<div>Dear <b>Carla</b></div><script>x</script>", to="carla@shop.example")
    assert first.json()["revision"] == 1
    second = keep(client, cast, "<div>Dear Carla, yes</div>", 1, to="carla@shop.example, boss@shop.example")
    assert second.json()["revision"] == 2
    page = client.get(reverse("conversation", args=[cast.conversation.id])).content.decode()
    assert "Dear Carla, yes" in page
    assert "carla@shop.example, boss@shop.example" in page
    with scope.system():
        assert Draft.objects.get().html == "<div>Dear Carla, yes</div>"


def test_an_older_revision_gets_the_others_words_and_overwrites_nothing(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    keep(client, cast, "<div>one</div>")
    keep(client, cast, "<div>two</div>", 1)
    late = keep(client, cast, "<div>three</div>", 1)
    assert late.status_code == 409
    assert late.json()["html"] == "<div>two</div>"
    fresh = keep(client, cast, "<div>four</div>", 0)
    assert fresh.status_code == 409
    assert keep(client, cast, "<div>two</div>", 1).status_code == 200
    with scope.system():
        assert Draft.objects.get().html == "<div>two</div>"
        Draft.objects.all().delete()
    gone = keep(client, cast, "<div>five</div>", 3)
    assert (gone.status_code, gone.json()["gone"]) == (409, True)
    with scope.system():
        assert not Draft.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "novel"}, {"kind": "new"}, {"conversation": ""}, {"conversation": "x"}, {"conversation": str(uuid4())}],
)
def test_what_fits_nowhere_is_refused_in_words(cast: Cast, sign_in: SignIn, wrong: dict[str, str]) -> None:
    said = keep(sign_in(cast.agent), cast, "<div>x</div>", **wrong)
    assert said.status_code in (400, 404)
    assert said.json()["error"]
    with scope.system():
        assert not Draft.objects.exists()


def test_strangers_hear_401_readers_403_and_outsiders_404(cast: Cast, sign_in: SignIn) -> None:
    assert keep(Client(), cast, "<div>x</div>").status_code == 401
    assert keep(sign_in(cast.reader), cast, "<div>x</div>").status_code == 403
    outside = keep(sign_in(cast.agent), cast, "<div>x</div>", conversation=str(cast.secret.id))
    assert outside.status_code == 404
    assert "Zanzibar" not in outside.content.decode()
    with scope.system():
        assert not Draft.objects.exists()


def test_an_endless_draft_is_refused_and_told(cast: Cast, sign_in: SignIn) -> None:
    said = keep(sign_in(cast.agent), cast, "x" * 600_000)
    assert said.status_code == 400
    assert "500,000" in said.json()["error"]


def test_colleagues_read_it_and_take_it_over_with_its_files(cast: Cast, sign_in: SignIn) -> None:
    ana, lea = sign_in(cast.agent), sign_in(cast.lead)
    draft = keep(ana, cast, "<div>Ana began this</div>").json()
    attached = ana.post(reverse("attach", args=[draft["id"]]), {"file": SimpleUploadedFile("a.txt", b"abc")})
    assert attached.status_code == 200
    seen = lea.get(reverse("drafts_of_others", args=[cast.conversation.id])).content.decode()
    assert "Ana Agent is writing a reply" in seen
    assert "Ana began this" in seen
    keep(lea, cast, "<div>Mine first</div>")
    taken = lea.post(reverse("draft_take", args=[draft["id"]]), headers={"X-CSRFToken": "x"})
    assert taken.json()["revision"] == 2
    with scope.system():
        mine = Draft.objects.get()
        assert mine.member_id == cast.lead.id
        assert mine.html == "<div>Mine first</div><div><br></div><div>Ana began this</div>"
        assert mine.uploads.count() == 1
    assert keep(ana, cast, "<div>Ana goes on</div>", 1).json() == {"gone": True, "revision": 0}
    assert sign_in(cast.hr).post(reverse("draft_take", args=[uuid4()])).status_code == 404


def test_a_confidential_draft_exists_for_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    with scope.member(cast.hr.id):
        made = drafts.save(cast.hr, Place("reply", cast.secret.id), Given("<div>Xylophone matters</div>")).draft
        assert made is not None
        file = uploads.add(made, "proof.png", PNG, inline=True)
    for member in (cast.agent, cast.lead, cast.admin, cast.reader):
        client = sign_in(member)
        assert client.get(reverse("upload", args=[made.id, file.id])).status_code == 404
        for name in ("draft_take", "draft_discard", "attach"):
            said = client.post(reverse(name, args=[made.id]))
            assert said.status_code in (403, 404)
            assert b"Xylophone" not in said.content
    with scope.system():
        assert Draft.objects.get().member_id == cast.hr.id
    assert sign_in(cast.hr).get(reverse("upload", args=[made.id, file.id]))["Content-Type"] == "image/png"


def test_files_are_told_by_their_bytes_and_limited(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    draft = keep(client, cast, "<div>x</div>").json()
    url = reverse("attach", args=[draft["id"]])
    script = SimpleUploadedFile("cat.png", b"<script>alert(1)</script>")
    evil = client.post(url, {"file": script, "inline": "yes"}).json()
    assert evil["cid"] == ""
    assert client.get(evil["url"]).status_code == 404
    big = BytesIO(PNG + b"\0" * 20_000_000)
    big.name = "huge.png"
    refused = client.post(url, {"file": big, "inline": "yes"})
    assert refused.status_code == 413
    assert "attach it as a file" in refused.json()["error"]
    empty = client.post(url, {"file": SimpleUploadedFile("empty.txt", b"")})
    assert "is empty" in empty.json()["error"]
    assert client.post(url, {}).status_code == 400
    picture = client.post(url, {"file": SimpleUploadedFile("ok.png", PNG), "inline": "yes"}).json()
    assert picture["cid"]
    shown = client.get(picture["url"])
    assert shown["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert client.post(picture["remove"]).status_code == 200
    with scope.system():
        assert list(Upload.objects.values_list("filename", flat=True)) == ["cat.png"]


def test_nobody_puts_files_into_anothers_draft(cast: Cast, sign_in: SignIn) -> None:
    draft = keep(sign_in(cast.agent), cast, "<div>x</div>").json()
    said = sign_in(cast.lead).post(reverse("attach", args=[draft["id"]]), {"file": SimpleUploadedFile("a.txt", b"abc")})
    assert said.status_code == 404
    with scope.system():
        assert not Upload.objects.exists()
        assert not Blob.objects.exists()


def test_what_nobody_needs_is_swept_and_nothing_else(cast: Cast) -> None:
    with scope.system():
        kept = Draft.objects.create(conversation=cast.conversation, member=cast.agent, kind="reply", html="<div>x")
        uploads.add(kept, "kept.txt", b"kept")
        gone = Draft.objects.create(conversation=cast.conversation, member=cast.lead, kind="reply", html="<div>y</div>")
        uploads.add(gone, "gone.txt", b"gone")
        drafts.discard(gone)
        old = now() - timedelta(9)
        Draft.objects.create(conversation=cast.conversation, member=cast.hr, kind="note", updated_at=old)
        sent = Blob.objects.create(sha256="s" * 64, size=1, data=b"s")
        Attachment.objects.create(
            conversation=cast.conversation, message_id=uuid4(), blob=sent, filename="s", content_type="x/y", size=1
        )
        assert Blob.objects.count() == 3
    assert uploads.sweep() == 1
    with scope.system():
        assert Draft.objects.get() == kept
        assert Blob.objects.count() == 2
    assert uploads.sweep() == 0


def test_the_difference_shows_both(cast: Cast, sign_in: SignIn) -> None:
    both = {"kind": "reply", "mine": "<div>the red fox</div>", "other": "<div>the <i>grey</i> fox</div>"}
    said = sign_in(cast.agent).post(reverse("draft_difference"), both).content.decode()
    assert "<del>grey</del>" in said
    assert "<ins>red</ins>" in said
