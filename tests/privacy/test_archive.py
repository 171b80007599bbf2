"""All that is held on somebody, in one file, with the eyes of who asks for it."""

import io
import json
import zipfile
from datetime import timedelta

import pytest

from rapport.channels.models import Channel
from rapport.conversations.models import Message
from rapport.core import clock, scope
from rapport.core.errors import Invalid, NotVisible
from rapport.core.models import Event
from rapport.inbound.privacy import archiving
from rapport.people import merging
from rapport.people.models import Archive, ArchivePiece, Handle, Person
from rapport.staff.models import Member, Team
from tests.inbound.post import deliver, letter, make_member
from tests.privacy.traces import ADDRESS, NAME, NEEDLE, leave
from tests.web.conftest import SignIn


def archived(person: Person, member: Member, *, notes: bool = False) -> zipfile.ZipFile:
    with scope.member(member.id):
        asked = archiving.ask(person.id, member, notes=notes)
    assert archiving.work() == 1
    with scope.member(member.id):
        _, pieces = archiving.take(asked.id, member)
        return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


def test_it_holds_everything_of_the_whole_tree_and_nothing_that_others_said(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        Message.objects.create(conversation=traces.conversation, direction="note", member=admin, text="Is she mad?")
    found = archived(traces.person, admin)
    data = json.loads(found.read("data.json"))
    assert {one["id"] for one in data["people"]} == {str(traces.person.id), str(traces.other_row.id)}
    assert {one["kind"] for one in data["handles"]} == {"email", "mastodon"}
    assert [one["direction"] for one in data["messages"]] == ["in", "in", "out"]
    assert len(data["consents"]) == 1
    assert data["merges"]
    assert data["comparisons"]
    assert {one["source"] for one in data["external_ids"]} == {"crm", "scim"}
    assert [one["proved"] for one in data["proofs"]] == [f"{NEEDLE}-house.example/~ann"]
    assert [one["address"] for one in data["questions"]] == [ADDRESS]
    assert [one["value"] for one in data["released"]] == ["+4915550001"]
    assert [one["user_name"] for one in data["employees"]] == [ADDRESS]
    assert data["rows_not_taken"] == [], "another member's import is theirs to see"
    assert [one["text"] for one in data["mentions"]] == [f"I, {NEEDLE}"]
    assert [one["text"] for one in data["earlier_forms"]] == [f"earlier {NEEDLE}"]
    said = found.read("data.json").decode()
    assert "I saw it too" not in said
    assert "bob@berg.example" not in said
    assert "Somebody Else" not in said
    assert "Is she mad?" not in said
    names = found.namelist()
    assert sum(name.startswith("files/") for name in names) == len(data["files"]) >= 2
    delivered = [found.read(name) for name in names if name.startswith("delivered/")]
    assert len(delivered) == 2
    assert all(f"From: {NAME}".encode() in one for one in delivered)
    page = found.read("index.html").decode()
    assert f"My {NEEDLE} is broken" in page
    assert "<script" not in page
    with scope.system():
        kinds = list(Event.objects.filter(kind__startswith="archive.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["archive.asked", "archive.made", "archive.taken"]


def test_what_members_noted_is_in_it_when_that_was_asked_for(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        Message.objects.create(conversation=traces.conversation, direction="note", member=admin, text="Is she mad?")
    assert b"Is she mad?" in archived(traces.person, admin, notes=True).read("data.json")


def test_whoever_makes_it_sees_nothing_by_it_that_is_not_theirs(
    box: Channel, admin: Member, teams: dict[str, Team]
) -> None:
    hana = make_member("hana", teams["hr"])
    deliver(box, letter("An open question.", sender=f"{NAME} <{ADDRESS}>"))
    deliver(box, letter("My boss hits me.", sender=f"{NAME} <{ADDRESS}>", to="hr@rapport.example"))
    with scope.system():
        person = Handle.objects.get(value=ADDRESS).person
    for member, sees in ((admin, False), (hana, True)):
        whole = archived(person, member)
        assert any(b"My boss hits me" in whole.read(name) for name in whole.namelist()) is sees
        assert len(json.loads(whole.read("data.json"))["messages"]) == 1 + sees
    deliver(box, letter("Nobody knows me.", sender="Zoe <zoe@berg.example>", to="hr@rapport.example"))
    with scope.system():
        hidden = Handle.objects.get(value="zoe@berg.example").person
    with scope.member(admin.id), pytest.raises(NotVisible):
        archiving.ask(hidden.id, admin, notes=False)
    assert archiving.work() == 0


def test_nothing_tells_that_a_row_stands_under_one_known_in_confidence(
    box: Channel, admin: Member, teams: dict[str, Team]
) -> None:
    hana = make_member("hana", teams["hr"])
    deliver(box, letter("My boss hits me.", sender="Zoe <zoe@berg.example>", to="hr@rapport.example"))
    deliver(box, letter("An open question.", sender=f"{NAME} <{ADDRESS}>"))
    with scope.system():
        above = Handle.objects.get(value="zoe@berg.example").person
        open_row = Handle.objects.get(value=ADDRESS).person
    merging.merge(above, open_row, hana)
    for member, told in ((admin, False), (hana, True)):
        whole = archived(open_row, member)
        assert any(str(above.id).encode() in whole.read(name) for name in whole.namelist()) is told


def test_it_is_for_who_asked_for_a_week_and_twenty_times_a_day(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    other = make_member("other", role="admin")
    archived(traces.person, admin)
    with scope.system():
        one = Archive.objects.get()
    with scope.member(other.id):
        assert archiving.of_person(traces.person.id) == []
        with pytest.raises(NotVisible):
            archiving.take(one.id, other)
    with clock.travel(clock.now() + timedelta(days=8)):
        with scope.member(admin.id), pytest.raises(NotVisible):
            archiving.take(one.id, admin)
        archiving.work()
        with scope.system():
            assert not ArchivePiece.objects.exists()
    with scope.member(admin.id):
        for _ in range(archiving.PER_DAY_MAX):
            archiving.ask(traces.person.id, admin, notes=False)
        with pytest.raises(Invalid, match="20 archives"):
            archiving.ask(traces.person.id, admin, notes=False)


def test_one_that_cannot_be_made_holds_up_no_other(
    box: Channel, admin: Member, monkeypatch: pytest.MonkeyPatch, sign_in: SignIn
) -> None:
    traces = leave(box, admin)
    with scope.member(admin.id):
        archiving.ask(traces.person.id, admin, notes=False)
    broken = archiving.gathering.everything
    monkeypatch.setattr(archiving.gathering, "everything", lambda *_a, **_k: 1 / 0)
    archiving.work()
    with scope.system():
        assert Archive.objects.get().state == "failed"
    monkeypatch.setattr(archiving.gathering, "everything", broken)
    archived(traces.person, admin)
