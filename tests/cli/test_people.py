"""People by the command: a dry run first, then the same for good, and out again."""

from contextlib import nullcontext
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from rapport.cli import people
from rapport.core import scope
from rapport.people.models import ExternalId, Person


@pytest.mark.django_db
def test_a_file_is_tried_taken_and_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "database", nullcontext)
    path = tmp_path / "crm.csv"
    path.write_text("Kd;Who;E-Mail\n7;Ann;ann@example.org\n8;Bob;bob@\n", encoding="utf-8")
    asked = ["import", str(path), "--source", "CRM", "--map", "Kd=external_id", "--map", "Who=name", "--json"]
    dry = orjson.loads(CliRunner().invoke(people.people, [*asked, "--dry-run"]).stdout)
    with scope.system():
        assert not Person.objects.exists()
    report = orjson.loads(CliRunner().invoke(people.people, asked).stdout)
    assert report == dry
    assert (report["taken"], report["counts"]["new"], report["counts"]["refused"]) == (1, 1, 1)
    assert report["left_out"][0].startswith("line 3: ")
    with scope.system():
        assert ExternalId.objects.get().source == "CRM"
    written = tmp_path / "all.vcf"
    assert CliRunner().invoke(people.people, ["export", str(written)]).exit_code == 0
    assert "FN:Ann" in written.read_text(encoding="utf-8")


@pytest.mark.django_db
def test_what_cannot_be_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "database", nullcontext)
    path = tmp_path / "crm.csv"
    path.write_text("email\na@example.org\n", encoding="utf-8")
    answer = CliRunner().invoke(people.people, ["import", str(path), "--map", "Nothing=name"])
    assert "has no column 'Nothing'" in str(answer.exception)
    with scope.system():
        assert not Person.objects.exists()
