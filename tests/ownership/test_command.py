"""`rapport policy`: out, in, checked, listed."""

from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rapport.cli.main import main
from rapport.cli.policy import policy
from rapport.ownership.models import PolicyVersion
from rapport.ownership.problems import PolicyError
from rapport.staff.models import Team

pytestmark = pytest.mark.django_db

GOOD = """\
triage = "support"

[[rules]]
name = "Replies"
when = { reply = true }
then = { owner = "support", priority = "high" }
"""


@pytest.fixture(autouse=True)
def _teams(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test has its database already, and a transaction in it that a command must not close.
    monkeypatch.setattr("rapport.cli.policy.database", nullcontext)
    Team.objects.create(name="Support", slug="support")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(policy, [str(arg) for arg in args])


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_exported_can_be_imported_in_either_format(tmp_path: Path) -> None:
    first = run("import", written(tmp_path, "a.toml", GOOD), "--note", "the first")
    assert (first.exit_code, first.output) == (0, "Saved as version 1: 1 rule.\n")
    for fmt in ("toml", "yaml"):
        exported = run("export", "--format", fmt)
        assert run("import", written(tmp_path, f"b.{fmt}", exported.output)).exit_code == 0
    rules = PolicyVersion.objects.order_by("number").values_list("rules", flat=True)
    assert len(rules) == 3
    assert rules[0] == rules[1] == rules[2]
    assert run("export", "--version", "1").output == run("export").output


def test_where_the_terminal_is_not_utf_8_the_export_is_and_words_it_cannot_show_are_escaped(tmp_path: Path) -> None:
    given = GOOD.replace("Replies", "Grüße 退款")
    assert given != GOOD
    assert run("import", written(tmp_path, "a.toml", given), "--note", "für Δ").exit_code == 0
    terminal = CliRunner(charset="iso8859-9")
    exported = terminal.invoke(main, ["policy", "export"])
    assert exported.exit_code == 0
    assert "Grüße 退款" in exported.stdout_bytes.decode("utf-8")
    listed = terminal.invoke(main, ["policy", "list"])
    assert listed.exit_code == 0, listed.exception
    assert "für \\u0394" in listed.stdout_bytes.decode("iso8859-9")


def test_before_any_policy_the_default_is_exported_and_the_list_says_so() -> None:
    assert 'triage = "support"' in run("export").output
    assert "No policy was saved yet" in run("list").output


def test_versions_are_listed_the_newest_first(tmp_path: Path) -> None:
    for note in ("one", "two"):
        run("import", written(tmp_path, "a.toml", GOOD), "--note", note)
    lines = run("list").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["2", "1"]
    assert lines[0].endswith("1 rule\ttwo")


def test_a_good_file_is_checked_without_being_saved(tmp_path: Path) -> None:
    checked = run("check", written(tmp_path, "a.toml", GOOD))
    assert checked.output == "a.toml is a good policy: 1 rule, triage by support.\n"
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize("command", ["import", "check"])
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.toml",
            GOOD.replace("reply", "repli"),
            "line 5, rule 1, when.repli: there is no condition “repli”",
        ),
        ("a.toml", GOOD.replace("[[rules]]", "[[rules"), "line 3: this is no TOML"),
        ("a.yaml", GOOD, "expected a policy"),
        ("a.txt", GOOD, "expected a name that ends in .toml, .yaml or .yml"),
    ],
)
def test_a_bad_file_is_refused_and_nothing_is_saved(
    tmp_path: Path, command: str, name: str, text: str, said: str
) -> None:
    refused = run(command, written(tmp_path, name, text))
    assert isinstance(refused.exception, PolicyError)
    assert said in refused.exception.message
    assert not PolicyVersion.objects.exists()


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b"triage = \xff")
    refused = run("check", file)
    assert isinstance(refused.exception, PolicyError)
    assert "no text in UTF-8 (byte 9)" in refused.exception.message
