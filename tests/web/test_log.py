"""The log as a page and as a file: who saw, took and searched; narrowed; and only what one may see."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from rapport.core import audit, scope
from rapport.core.clock import now, travel
from rapport.core.models import Event
from tests.web.cast import Cast
from tests.web.conftest import SignIn


def kinds(cast: Cast, kind: str) -> list[Event]:
    with scope.system():
        return list(Event.objects.filter(kind=kind).order_by("id"))


def exported(client: Client, form: str = "jsonl", **asked: str) -> str:
    return b"".join(client.get(reverse("events_export", args=[form]), asked).streaming_content).decode()  # type: ignore[attr-defined]


def test_opening_is_written_once_a_quarter_of_an_hour_and_not_shown_in_the_conversation(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.agent)
    page = reverse("conversation", args=[cast.conversation.id])
    for _ in range(3):
        client.get(page)
    assert [event.actor_id for event in kinds(cast, "conversation.viewed")] == [cast.agent.id]
    sign_in(cast.lead).get(page)
    with travel(now() + timedelta(minutes=16)):
        text = client.get(page).content.decode()
    assert len(kinds(cast, "conversation.viewed")) == 3
    assert "opened it" not in text


def test_what_is_not_seen_is_not_opened(cast: Cast, sign_in: SignIn) -> None:
    sign_in(cast.admin).get(reverse("conversation", args=[cast.secret.id]))
    assert kinds(cast, "conversation.viewed") == []


def test_searching_is_written_without_a_word_of_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for _ in range(2):
        client.get("/search/", {"q": "parcel from:carla"})
    (made,) = kinds(cast, "search.made")
    assert made.data["filters"] == ["from"]
    assert "parcel" not in json.dumps(made.data)
    assert "carla" not in json.dumps(made.data)
    assert made.conversation_id is None


@pytest.mark.usefixtures("kept_contexts")
def test_the_log_is_narrowed_by_everything_at_once_and_keeps_its_place(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.admin)
    with scope.system():
        Event.objects.bulk_create(
            Event(kind="note.added", actor_id=cast.agent.id, conversation_id=cast.conversation.id) for _ in range(170)
        )
    asked = {"kind": "note.added", "member": str(cast.agent.id), "text": "order 1009", "person": str(cast.customer.id)}
    first = client.get("/log/", asked)
    assert len(first.context["lines"]) == 80
    seen = {line.event.id for line in first.context["lines"]}
    second = client.get("/log/?" + first.context["next"])
    third = client.get("/log/?" + second.context["next"])
    seen |= {line.event.id for page in (second, third) for line in page.context["lines"]}
    assert len(seen) == 170
    assert third.context["next"] == ""
    assert client.get("/log/", asked | {"text": "100%"}).context["lines"] == []
    with scope.system():
        day = f"{Event.objects.filter(kind='note.added').earliest('at').at:%Y-%m-%d}"
    assert client.get("/log/", asked | {"since": day, "until": day}).context["lines"]
    assert client.get("/log/", asked | {"until": "2001-01-01"}).context["lines"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "\0"},
        {"since": "never"},
        {"member": "x"},
        {"after": "x_y"},
        {"until": "9999-12-31"},
        {"text": "%" * 999},
    ],
)
def test_whatever_is_asked_the_log_answers(asked: dict[str, str], cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.agent).get("/log/", asked).status_code == 200


def test_an_export_has_the_seals_is_logged_itself_and_holds_what_one_may_see(cast: Cast, sign_in: SignIn) -> None:
    audit.seal_waiting()
    lines = [json.loads(line) for line in exported(sign_in(cast.hr)).splitlines()]
    assert any(line["conversation"] == str(cast.secret.id) and line["seq"] and line["hash"] for line in lines)
    for member in (cast.admin, cast.agent):
        assert str(cast.secret.id) not in exported(sign_in(member))
    made = kinds(cast, "export.made")
    assert [event.actor_id for event in made] == [cast.hr.id, cast.admin.id, cast.agent.id]
    assert made[0].data == {"what": "log", "format": "jsonl", "filters": []}
    assert sign_in(cast.agent).get("/log/export.exe").status_code == 404


def test_no_cell_of_an_export_is_a_formula(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Event.objects.create(kind="policy.saved", subject="=HYPERLINK(1)", actor_id=cast.agent.id)
    assert "'=HYPERLINK(1)" in exported(sign_in(cast.agent), "csv", kind="policy.saved")


def test_company_matters_are_for_administrators_and_who_did_it(cast: Cast, sign_in: SignIn) -> None:
    with scope.system():
        Event.objects.create(kind="session.began", actor_id=cast.lead.id, data={"address": "192.0.2.7"})
    assert "192.0.2.7" in exported(sign_in(cast.admin))
    assert "192.0.2.7" in exported(sign_in(cast.lead))
    assert "192.0.2.7" not in exported(sign_in(cast.agent))
