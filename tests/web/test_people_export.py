"""People as a file: everything one may see, in the shapes that come in, and nothing else."""

import re
from functools import partial

import orjson
import pytest

from rapport.core import scope
from rapport.core.models import Event
from rapport.people.exchange import exporting, files, shapes
from rapport.people.exchange.running import Run, terms_of
from rapport.people.exchange.shapes import Mapping
from rapport.people.exchange.writing import Writer
from rapport.people.models import CustomField, Person
from rapport.web import people_export
from tests.web.cast import Cast
from tests.web.conftest import SignIn

RICH = (
    "id;name;email;phone;handle;company;relationship;language;note;consents;field:shoe;do not contact\n"
    '7;=Ann "A" O\'Neil;"ann@example.org; a2@example.org";+4930123456;fediverse:ann@social.example;Shop, Inc;'
    '"customer 2020-01-02/; partner";de;"-two\nlines; and more";"news@email=yes 2026-01-02T03:04:05+00:00";41.5;yes\n'
)


def brought_in(text: str, source: str = "crm") -> dict[str, int]:
    file = files.opened(text.encode())
    columns = shapes.guess(file.layout.columns, file.samples(), {"Shoe": "shoe"})
    with scope.system():
        run = Run(terms_of(Mapping(columns, source)), Writer("test"))
        return dict(run.take(list(file.records())).counts)


def test_what_goes_out_comes_in_the_same(cast: Cast) -> None:
    CustomField.objects.create(key="shoe", label="Shoe", kind="number")
    assert brought_in(RICH)["new"] == 1
    for form in ("csv", "vcf"):
        text = "".join(exporting.written(form, partial(scope.member, cast.agent.id)))
        again = brought_in(text, "")
        assert again["same"] == sum(again.values()) > 1, (form, again)
        with scope.system():
            Person.objects.all().delete()
        assert "refused" not in brought_in(text, "")
        second = "".join(exporting.written(form, partial(scope.member, cast.agent.id)))
        assert without_ids(second) == without_ids(text)


def without_ids(text: str) -> list[str]:
    """The file without what a new database makes anew: ids, and where Rapport's own became those of elsewhere."""
    unfolded = text.replace("\r\n ", "").splitlines()
    rows = [line for line in unfolded if "RAPPORT-ID" not in line and "EXTERNAL-ID" not in line]
    if text.startswith("\ufeff"):
        rows = [re.sub(r"^\ufeff|^[0-9a-f-]{36}|(; )?rapport=[0-9a-f-]{36}", "", line) for line in rows]
    return sorted(rows)


def test_a_member_takes_only_whom_they_may_see_and_it_is_in_the_log(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.agent)
    for form in exporting.FORMS:
        text = b"".join(client.get(f"/people/export.{form}").streaming_content).decode()  # type: ignore[arg-type]
        assert "carla@shop.example" in text
        assert "sigrid" not in text.lower()
    with scope.system():
        event = Event.objects.filter(kind="people.exported").first()
        assert event is not None
        assert event.actor_id == cast.agent.id
    assert sign_in(cast.reader).get("/people/export.csv").status_code == 403
    assert client.get("/people/export.xlsx").status_code == 404


def test_some_people_by_id_and_never_a_hidden_one(cast: Cast) -> None:
    ids = [cast.customer.id, cast.secretive.id]
    text = "".join(exporting.written("jsonl", partial(scope.member, cast.agent.id), ids))
    assert [orjson.loads(line)["name"] for line in text.splitlines()] == ["Carla Customer"]


def test_rows_of_one_human_go_out_as_one(cast: Cast) -> None:
    with scope.system():
        Person.objects.filter(id=cast.secretive.id).update(merged_into=cast.customer.id, top=cast.customer.id)
        everything = list(exporting.written("jsonl", scope.system))[-1].splitlines()
    row = orjson.loads(next(one for one in everything if "carla" in one))
    assert set(row["email"]) == {"carla@shop.example", "sigrid@company.example"}
    mine = "".join(exporting.written("jsonl", partial(scope.member, cast.agent.id)))
    assert "sigrid" not in mine


def test_formulas_stay_words(cast: Cast) -> None:
    brought_in("name,email\n=1+1,x@example.org\n")
    text = "".join(exporting.written("csv", scope.system))
    assert ",'=1+1," in text
    assert ",=1+1" not in text


def test_taking_everybody_along_again_and_again_is_refused(
    cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_export, "LIMITS", ((1, 3600),))
    client = sign_in(cast.agent)
    assert client.get("/people/export.csv").status_code == 200
    assert client.get("/people/export.csv").status_code == 302
