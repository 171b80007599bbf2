"""Bringing people in on the page: columns, preview, a worker that does it, and a report to mend."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from rapport.core import scope
from rapport.core.clock import now
from rapport.core.models import Event
from rapport.people.exchange import desk, jobs, running, worker
from rapport.people.models import Import, ImportFile, ImportMapping, ImportProblem, Person
from tests.web.cast import Cast
from tests.web.conftest import SignIn

PEOPLE = "id,name,email,company\n1,Ann,ann@example.org,Shop\n2,Bob,bob@,Shop\n3,Cyd,cyd@example.org,\n"


@pytest.fixture
def lead(cast: Cast, sign_in: SignIn) -> Client:
    return sign_in(cast.lead)


@pytest.fixture
def uploaded(lead: Client) -> Callable[..., str]:
    def upload(text: str = PEOPLE, name: str = "crm.csv") -> str:
        answer = lead.post("/people/import/", {"file": SimpleUploadedFile(name, text.encode())})
        assert answer.status_code == 302, answer.content.decode()
        return str(answer["Location"])

    return upload


def row_of(url: str) -> Import:
    with scope.system():
        return Import.objects.get(id=url.rstrip("/").rpartition("/")[2])


def named(lead: Client, url: str, **more: str) -> None:
    given = {"target-0": "external_id", "target-1": "name", "target-2": "email", "target-3": "organization"}
    lead.post(f"{url}columns/", {**given, "source": "CRM", **more})


def test_from_upload_to_report(lead: Client, uploaded: Callable[..., str]) -> None:
    url = uploaded()
    page = lead.get(url).content.decode()
    assert "ann@example.org" in page
    assert '<option value="email" selected>' in page
    named(lead, url)
    assert jobs.work_once()
    page = lead.get(url).content.decode()
    assert "is no e-mail address" in page
    assert "Take them in" in page
    with scope.system():
        assert not Person.objects.filter(name="Ann").exists()
    lead.post(f"{url}do/start/")
    assert 'hx-trigger="every 1s"' in lead.get(f"{url}progress/").content.decode()
    assert jobs.work_once()
    assert lead.get(f"{url}progress/").headers["HX-Refresh"] == "true"
    row = row_of(url)
    assert (row.state, row.counts["new"], row.counts["refused"]) == ("done", 2, 1)
    with scope.system():
        assert not ImportFile.objects.exists()
        assert Event.objects.filter(kind="people.imported", data__left_out=1).exists()
        assert "ann" not in str(list(Event.objects.values_list("data", flat=True))).lower()
    csv = b"".join(lead.get(f"{url}left-out.csv").streaming_content).decode()  # type: ignore[arg-type]
    assert csv.splitlines()[0].lstrip("\ufeff") == "id,name,email,company,rapport: line,rapport: why"
    again = uploaded(csv.replace("bob@,", "bob@example.org,"), "mended.csv")
    lead.post(f"{again}columns/", {"target-1": "name", "target-2": "email", "target-0": "external_id", "source": "CRM"})
    jobs.work_once()
    lead.post(f"{again}do/start/")
    jobs.work_once()
    assert row_of(again).counts["new"] == 1


def test_columns_are_remembered_for_the_next_file_like_it(lead: Client, uploaded: Callable[..., str]) -> None:
    url = uploaded("a,b\nx,ann@example.org\n")
    lead.post(f"{url}columns/", {"target-0": "new_field", "detail-0": "Colour", "target-1": "email"})
    with scope.system():
        assert ImportMapping.objects.count() == 1
    assert row_of(uploaded("A,B\ny,bob@example.org\n")).mapping["columns"] == [["new_field", "Colour"], ["email", ""]]


def test_a_killed_worker_goes_on_where_the_last_commit_ended(
    lead: Client, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    monkeypatch.setattr(running.batches, "__defaults__", (2,))
    url = uploaded("email\n" + "".join(f"a{n}@example.org\n" for n in range(7)) + "a0@example.org\n")
    lead.post(f"{url}columns/", {"target-0": "email"})
    jobs.work_once()
    lead.post(f"{url}do/start/")
    claimed = worker.claim()
    assert claimed
    rounds = iter([False, False, True])
    worker.work(claimed, lambda: next(rounds))
    assert row_of(url).position == 4
    with scope.system():
        Import.objects.update(leased_until=now() + timedelta(seconds=60))
        assert not jobs.work_once()
        Import.objects.update(leased_until=now() - timedelta(seconds=1))
    assert jobs.work_once()
    row = row_of(url)
    assert (row.state, row.position, row.counts["new"], row.counts["same"]) == ("done", 8, 7, 1)


def test_it_can_be_stopped_and_thrown_away_and_people_stay(lead: Client, uploaded: Callable[..., str]) -> None:
    url = uploaded()
    named(lead, url)
    jobs.work_once()
    lead.post(f"{url}do/start/")
    lead.post(f"{url}do/stop/")
    assert not jobs.work_once()
    assert row_of(url).state == "stopped"
    lead.post(f"{url}do/start/")
    jobs.work_once()
    lead.post(f"{url}do/remove/")
    with scope.system():
        assert (Import.objects.count(), ImportProblem.objects.count()) == (0, 0)
        assert Person.objects.filter(name="Ann").exists()


def test_nothing_is_kept_longer_than_it_is_needed(lead: Client, uploaded: Callable[..., str]) -> None:
    url = uploaded()
    named(lead, url)
    jobs.work_once()
    with scope.system():
        Import.objects.update(changed_at=now() - timedelta(days=desk.UNFINISHED_DAYS, hours=1))
    assert desk.sweep() == 1
    with scope.system():
        assert (ImportFile.objects.count(), Import.objects.count()) == (0, 0)
    url = uploaded()
    named(lead, url)
    jobs.work_once()
    lead.post(f"{url}do/start/")
    jobs.work_once()
    with scope.system():
        Import.objects.update(changed_at=now() - timedelta(days=desk.PROBLEM_DAYS, hours=1))
    desk.sweep()
    with scope.system():
        assert (Import.objects.count(), ImportProblem.objects.count()) == (1, 0)


def test_a_file_is_its_members_alone(
    lead: Client, uploaded: Callable[..., str], cast: Cast, sign_in: SignIn
) -> None:
    url = uploaded()
    admin = sign_in(cast.admin)
    assert admin.get(url).status_code == 404
    assert admin.post(f"{url}do/remove/").status_code == 404
    assert "crm.csv" not in admin.get("/people/import/").content.decode()
    assert sign_in(cast.agent).get("/people/import/").status_code == 403
    assert row_of(url).state == "mapping"


def test_what_cannot_be_read_or_used_is_said(lead: Client, uploaded: Callable[..., str]) -> None:
    def refused(data: bytes, name: str = "x.csv") -> str:
        answer = lead.post("/people/import/", {"file": SimpleUploadedFile(name, data)})
        return answer.content.decode() if answer.status_code == 400 else ""

    assert "The file is empty" in refused(b"\n\n")
    assert "10000 columns; 300 are the most" in refused(b",".join([b"a"] * 10_000))
    assert "no BEGIN:VCARD" in refused(b"nothing", "x.vcf")
    assert "Choose a file" in lead.post("/people/import/").content.decode()
    with scope.system():
        assert not Import.objects.exists()
    url = uploaded()
    lead.post(f"{url}columns/", {"target-1": "name"})
    page = lead.get(url).content.decode()
    assert "No column says how a person is known again" in page
    lead.post(f"{url}columns/", {"target-0": "name", "target-1": "name", "target-2": "email"})
    assert "are both name" in lead.get(url).content.decode()
    lead.post(f"{url}reading/", {"encoding": "utf-16"})
    assert row_of(url).state == "mapping"
