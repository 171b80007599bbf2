"""Erasing somebody leaves nothing of theirs anywhere, and all that others said."""

import re
from pathlib import Path

import pytest
from django.db import connection

from rapport.channels.base import Incoming
from rapport.channels.models import Channel
from rapport.conversations.asking.names import people_named
from rapport.conversations.models import Attachment, Blob, Conversation, Draft, Mention, Message
from rapport.core import keys, scope
from rapport.core.errors import Invalid, NotVisible
from rapport.core.ids import new_id
from rapport.core.models import Event
from rapport.inbound import forgetting, intake
from rapport.inbound.models import Forgotten, RawItem
from rapport.inbound.privacy import checking, erasing, ledger
from rapport.outbound.models import Delivery
from rapport.ownership.models import Shadow, WhatIf
from rapport.people import consenting
from rapport.people.forgetting import START, Target
from rapport.people.models import (
    Directory,
    Employee,
    Erasure,
    Handle,
    Hold,
    Import,
    ImportFile,
    ImportProblem,
    MatchKeys,
    Organization,
    Person,
    Relationship,
)
from rapport.people.naming import pattern_of
from rapport.people.secrecy import digest_of
from rapport.staff.models import Member
from tests.inbound.post import deliver, letter
from tests.privacy.traces import ADDRESS, NAME, NEEDLE, leave, mail


def found(needle: str = NEEDLE) -> list[str]:
    with scope.system():
        return [f"{one.table}.{one.column}" for one in checking.search([needle])]


def others(traces_ids: list[object]) -> list[tuple[object, ...]]:
    """All that others said, as it stands in the database."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT id, text, html, at, direction, person_id, member_id FROM conversations_message
            WHERE NOT id = ANY(%s) ORDER BY id""",
            [traces_ids],
        )
        return list(cursor.fetchall())


def test_nothing_of_theirs_is_left_anywhere_and_all_that_others_said(box: Channel, admin: Member, home: Path) -> None:
    traces = leave(box, admin)
    before = others(traces.theirs)
    everywhere = {
        "people_person.note", "conversations_blob.data", "inbound_rawitem.body", "people_pair.evidence",
        "people_pair.proved", "people_merge.filled", "people_merge.evidence", "people_externalid.external_id",
        "people_importproblem.cells", "people_importproblem.reason", "people_employee.said",
        "people_directory.report", "people_proof.proved", "people_question.value", "people_release.handle",
        "people_consent.proof", "people_row.words",
    }  # fmt: skip
    assert everywhere <= set(found())
    with scope.member(admin.id):
        seen = erasing.preview(traces.person.id)
        asked = erasing.ask(traces.person.id, "erase", admin)
    assert seen.counts["messages"] == 2
    done = erasing.finish(asked.id)
    assert (done.state, done.left, done.target) == ("done", {"inbound_rawitem.body": 1}, {})
    # Bob's mail as it was delivered is his, headers and all; the log of who looked for her is nobody's.
    assert found() == ["inbound_rawitem.body"]
    with scope.system():
        holding = [bytes(one.body) for one in RawItem.objects.all() if NEEDLE.encode() in bytes(one.body).lower()]
        assert [body.startswith(b"From: Bob Berg") for body in holding] == [True]
        assert checking.in_statistics([NEEDLE]) == []
        assert others(traces.theirs) == before
        bob = Message.objects.get(person=traces.bob)
        assert bob.recipients["to"] == [["", "support@rapport.example"], [done.pseudonym, ""]]
        assert Blob.objects.filter(sha256="d" * 64).exists(), "our answer has the same file"
        assert Attachment.objects.count() == 1
        assert not Blob.objects.filter(sha256="e" * 64).exists()
        answer = Message.objects.get(member=admin)
        assert answer.about["reactions"] == [["+", done.pseudonym], ["-", "Bob Berg"]]
        sent = Delivery.objects.get()
        assert sent.recipients == {"to": [[done.pseudonym, ""]], "cc": [["Bob", "bob@berg.example"]]}
        assert not Organization.objects.filter(domain__contains=NEEDLE).exists()
        assert not people_named(NEEDLE, 5)
        assert not MatchKeys.objects.filter(person__in=done.people).exists()
        waiting = Import.objects.get(filename="crm.csv")
        assert (waiting.state, ImportFile.objects.count()) == ("failed", 0)
        assert "Upload it again without them" in waiting.error
        assert [one.cells[0] for one in ImportProblem.objects.all()] == ["Bob Berg"]
        assert [one.user_name for one in Employee.objects.all()] == ["bob@berg.example"]
        assert Directory.objects.get().report == [["Bob Berg", {}]]
        assert Shadow.objects.get().sentence == f"PR owns this: it is from {done.pseudonym}"
        (flow,) = WhatIf.objects.get().story["flows"]
        assert (flow["count"], flow["shown"]) == (1, [{"id": "another"}])
        kinds = list(Event.objects.filter(kind__startswith="person.eras").order_by("id").values_list("kind", flat=True))
    assert kinds == ["person.erasing", "person.erased"]
    assert NEEDLE not in ledger.path_in(home).read_text().lower()
    assert ledger.path_in(home).stat().st_mode & 0o777 == 0o600


def test_of_a_pseudonym_the_words_stay_without_the_names(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        asked = erasing.ask(traces.person.id, "pseudonymise", admin)
    done = erasing.finish(asked.id)
    with scope.system():
        texts = list(Message.objects.filter(id__in=traces.theirs).order_by("at", "id").values_list("text", flat=True))
        assert any(f"Regards, {done.pseudonym}" in text for text in texts)
        assert not any(NAME in text or ADDRESS in text for text in texts)
        assert Person.objects.get(id=traces.person.id).name == done.pseudonym
        assert Relationship.objects.get(person=traces.person).kind == "customer"
        assert not people_named(NEEDLE, 5)
        assert checking.left_of(erasing.erasing.target_of(Erasure(people=[traces.person.id], pseudonym=""))) == {}
    with scope.system():
        again = erasing.ask(traces.person.id, "erase", admin)
    erasing.finish(again.id)
    with scope.system():
        assert not Message.objects.filter(id__in=traces.theirs).exclude(text="").exists()


def test_who_writes_again_is_somebody_new_and_still_not_to_be_contacted(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        erasing.finish(erasing.ask(traces.person.id, "erase", admin).id)
    deliver(box, mail("Hello again.", subject="Anew", id="third@berg.example"))
    with scope.system():
        again = Handle.objects.get(value=ADDRESS).person
        assert again.id != traces.person.id
        assert (again.note, again.do_not_contact) == ("", False)
    assert consenting.is_silent(again.id)
    assert consenting.silent_among([ADDRESS.upper(), "bob@berg.example"]) == [ADDRESS.upper()]


def test_what_was_erased_is_not_taken_in_again(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        erasing.finish(erasing.ask(traces.person.id, "erase", admin).id)
        items = RawItem.objects.count()
        social = Channel.objects.get(kind="mastodon")
        assert Forgotten.objects.filter(asked=True).count() == 1
        mention = Mention.objects.get()
        assert (mention.text, mention.author_value) == ("", "")
    forgetting.look_anew()
    post = Incoming(f"https://social.example/@{NEEDLE}@social.example/1", b"{}", {}, None)
    other = Incoming("https://social.example/@bob/2", b"{}", {}, None)
    assert intake.accept(social, [post, other]).duplicate == 1
    first = mail("x", id="first@berg.example")
    assert intake.accept(box, [Incoming("same", first, {}, None)] * 2).duplicate == 1
    with scope.system():
        assert RawItem.objects.count() == items + 2
    assert found() == ["inbound_rawitem.body"], "only Bob's, and what was given here under another name"


def test_what_came_after_a_backup_is_not_collected_again_when_it_is_restored(
    box: Channel, admin: Member, home: Path
) -> None:
    traces = leave(box, admin)
    with scope.system():
        erasing.finish(erasing.ask(traces.person.id, "erase", admin).id)
        book = ledger.read(ledger.path_in(home))
        # As a backup from before her first mail has it.
        Forgotten.objects.all().delete()
        items = {one.external_id for one in RawItem.objects.filter(channel=box, body=b"")}
        RawItem.objects.all().delete()
        Erasure.objects.all().delete()
        Person.objects.filter(id__in=[traces.person.id, traces.other_row.id]).delete()
        assert list(ledger.to_do(*book)) == []
    forgetting.look_anew()
    again = [Incoming(name, b"From: her", {}, None) for name in items]
    assert len(again) >= 3
    assert intake.accept(box, [*again, Incoming("of somebody else", b"From: him", {}, None)]).duplicate == len(again)


def test_whose_address_only_ends_alike_loses_nothing(box: Channel, admin: Member) -> None:
    deliver(box, letter("Hello.", sender="Ann <ann@berg.example>"))
    with scope.system():
        ann = Handle.objects.get(value="ann@berg.example").person
        # Whoever chose an ordinary word for a name on IRC stands in nearly everything.
        Handle.objects.create(kind="irc", value="example", written="example", person=ann)
    kept = [b"From: Jo <jo.ann@berg.example>\n\nx", b"From: joann@berg.example\n\nx", b"To: ann@berg.example.org\n\nx"]
    gone = [b"From: <ANN@berg.example>\n\nx", b"Ask=20ann@berg.example=2E", b'{"by": "x\\nann@berg.example"}',
            b'{"nick": "example"}']  # fmt: skip
    with scope.system():
        for number, body in enumerate([*kept, *gone]):
            RawItem.objects.create(
                channel=box, external_id=str(number), body=body, size=len(body), state="quarantined", envelope={"a": 1}
            )
        elsewhere = Conversation.objects.create(channel=box, audience=[], subject="Of Jo")
        for to in ("joann@berg.example", "Jo <jo.ann@berg.example>", "bob@x.example, ann@berg.example"):
            place = Conversation.objects.create(channel=box, audience=[], subject="Of Jo")
            Draft.objects.create(conversation=place, member=admin, kind="reply", recipients={"to": to})
        bounce = Message.objects.create(
            conversation=elsewhere, channel=box, direction="in", kind="bounce", text="No such user joann@berg.example."
        )
        erasing.finish(erasing.ask(ann.id, "erase", admin).id)
        left = RawItem.objects.filter(channel=box, state="quarantined").exclude(body=b"")
        assert sorted(bytes(body) for body in left.values_list("body", flat=True)) == sorted(kept)
        assert RawItem.objects.filter(channel=box, state="ignored", body=b"").count() == len(gone)
        assert sorted(Draft.objects.values_list("recipients__to", flat=True)) == [
            "Jo <jo.ann@berg.example>", "joann@berg.example",
        ]  # fmt: skip
        bounce.refresh_from_db()
        assert bounce.text


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("Write to ann@berg.example.", "Write to P."), ("<ANN@berg.example>, please", "<P>, please"),
        ("mailto:ann@berg.example?x=1", "mailto:P?x=1"), ("Ask%20ann@berg.example", "Ask%20P"),
        ("@ann@social.example and @annlee said", "P and P said"), ("Regards, Ann Lee", "Regards, P"),
        *[(kept, kept) for kept in (
            "jo.ann@berg.example", "joann@berg.example", "x-ann@berg.example", "ann@berg.example.org",
            "https://social.example/jo@ann@social.example", "bob@annlee.example", "bob@annlee", "joann lee",
        )],
    ],
)  # fmt: skip
def test_a_name_stands_for_their_addresses_and_for_no_longer_one_that_ends_or_begins_alike(
    text: str, after: str
) -> None:
    addresses = ("ann@berg.example", "ann@social.example", "annlee")
    target = Target(START, (), (), addresses, ("Ann Lee",), "P")
    assert target.redacted(text) == after
    in_database = pattern_of([one for one in addresses if "@" in one]).replace("[:alnum:]", "a-zA-Z0-9")
    assert bool(re.search(in_database, text, re.IGNORECASE)) == (after != text and "@" in text)


def test_what_waits_for_somebody_else_and_only_names_them_is_sent(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    kept = {"to": [["Bob", "bob@berg.example"]]}
    waiting = {"chat": {}, "both": {"to": [[NAME, ADDRESS], *kept["to"]]}, "hers": {"to": [[NAME, ADDRESS]]}}
    with scope.system():
        for name, recipients in waiting.items():
            Delivery.objects.create(
                conversation=traces.conversation, message_id=new_id(), channel=box, external_id=name, state="queued",
                recipients=recipients, options={"about": ADDRESS}, error=f"busy: {ADDRESS}",
            )  # fmt: skip
        done = erasing.finish(erasing.ask(traces.person.id, "erase", admin).id)
        found = {one.external_id: one for one in Delivery.objects.filter(external_id__in=waiting)}
    assert {name: one.state for name, one in found.items()} == {"chat": "queued", "both": "queued", "hers": "cancelled"}
    assert found["chat"].options == {"about": done.pseudonym}
    assert (found["chat"].recipients, found["chat"].error) == ({}, f"busy: {done.pseudonym}")
    assert found["both"].recipients == {"to": [[done.pseudonym, ""], *kept["to"]]}


def test_the_digests_outlive_a_rotation_of_the_keys(box: Channel) -> None:
    before = digest_of("email", ADDRESS)
    keys.rotate()
    assert digest_of("email", ADDRESS) == before


def test_killed_between_any_two_batches_it_goes_on(
    box: Channel, admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = leave(box, admin)
    monkeypatch.setattr(erasing, "BATCH", 1)
    with scope.system():
        asked = erasing.ask(traces.person.id, "erase", admin)
        assert erasing.ask(traces.person.id, "erase", admin).id == asked.id, "asked twice, done once"

    def is_done() -> bool:
        with scope.system():
            return Erasure.objects.get(id=asked.id).state == "done"

    rounds = 0
    while not is_done():
        erasing.work(0.0001)  # one batch, or none where somebody else had the processor meanwhile
        rounds += 1
        assert rounds < 2_000
    with scope.system():
        done = Erasure.objects.get(id=asked.id)
        assert (done.state, done.counts["messages"]) == ("done", 2)
        with pytest.raises(Invalid, match="nothing left"):
            erasing.ask(traces.person.id, "erase", admin)
    assert found() == ["inbound_rawitem.body"]


def test_a_mail_that_is_stored_meanwhile_is_erased_too(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        asked = erasing.ask(traces.person.id, "erase", admin)
        erasing._batch(asked.id)
        late = Message.objects.create(
            conversation=traces.conversation, channel=box, direction="in", person=traces.person, text=f"late {NEEDLE}"
        )
        while Erasure.objects.get(id=asked.id).step:
            erasing._batch(asked.id)
        Message.objects.filter(id=late.id).update(text=f"late {NEEDLE}", about={})
    erasing.finish(asked.id)
    with scope.system():
        assert Message.objects.get(id=late.id).text == ""


def test_who_is_under_a_hold_is_not_erased(box: Channel, admin: Member) -> None:
    traces = leave(box, admin)
    with scope.system():
        Hold.objects.create(person=traces.person, reason="a lawsuit", member=admin)
        with pytest.raises(Invalid, match="a lawsuit"):
            erasing.ask(traces.person.id, "erase", admin)
        assert not Erasure.objects.exists()
    assert "people_person.note" in found()


def test_a_row_that_is_held_out_of_sight_stays_and_is_not_told_of(box: Channel, admin: Member, teams: object) -> None:
    deliver(box, letter("In confidence.", sender=f"{NAME} <{ADDRESS}>", to="hr@rapport.example"))
    with scope.system():
        hidden = Handle.objects.get(value=ADDRESS).person
        open_row = Person.objects.create(name="Ann Public", audience=["00000000-0000-0000-0000-000000000001"])
        Person.objects.filter(id=hidden.id).update(merged_into=open_row.id, top=open_row.id)
        Hold.objects.create(person=hidden, reason="a lawsuit")
    with scope.member(admin.id):
        with pytest.raises(NotVisible):
            erasing.preview(hidden.id)
        seen = erasing.preview(open_row.id)
        assert (seen.people, seen.counts, seen.held) == ([open_row.id], {"people": 1}, [])
        asked = erasing.ask(open_row.id, "erase", admin)
    done = erasing.finish(asked.id)
    assert done.people == [open_row.id]
    with scope.system():
        assert Handle.objects.filter(value=ADDRESS).exists()
        assert Conversation.objects.get().subject == "A question"
