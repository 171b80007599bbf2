"""`rapport createadmin`: an administrator who can sign in, and no password where others see it."""

from pathlib import Path

import pytest
from click.testing import Result

from rapport.staff.models import Member, Role, Team
from tests.cli.conftest import Run

PASSWORD = "correct horse battery"  # an example everybody knows


@pytest.fixture(autouse=True)
def _no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAPPORT_ADMIN_PASSWORD", raising=False)


def create(run: Run, *more: object, email: str = "Ada@Example.com", name: str = "Ada  Byron") -> Result:
    return run("createadmin", "--email", email, "--name", name, *more)


def test_the_password_may_come_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", PASSWORD)
    done = create(run)
    assert done.exit_code == 0, done.output
    ada = Member.objects.get()
    assert (ada.email, ada.name, ada.role) == ("ada@example.com", "Ada Byron", Role.ADMIN)
    assert ada.check_password(PASSWORD)
    assert PASSWORD not in done.output


def test_the_password_may_come_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    assert create(run, "--password-file", tmp_path / "password").exit_code == 0
    assert Member.objects.get().check_password(PASSWORD)


def test_one_who_is_there_stays_as_they_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", PASSWORD)
    create(run)
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", "another long password")
    done = create(run, name="Somebody Else")
    assert done.exit_code == 0
    assert "an administrator already; nothing was changed" in done.stdout
    assert Member.objects.get().check_password(PASSWORD)


def test_a_member_is_not_made_an_administrator_on_the_side(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Member.objects.create(email="ada@example.com", name="Ada", role=Role.AGENT)
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", PASSWORD)
    done = create(run)
    assert (done.exit_code, Member.objects.get().role) == (1, Role.AGENT)
    assert "is a member already (Agent), and was not changed" in done.stderr


@pytest.mark.parametrize(
    ("email", "name", "password", "said"),
    [
        ("nobody", "Ada", PASSWORD, "'nobody' is no e-mail address"),
        ("ada@example.com", " ", PASSWORD, "The name has 0 characters"),
        ("ada@example.com", "Ada", "short", "The password will not do"),
        ("ada@example.com", "Ada", "", "The password will not do"),
        ("ada@example.com", "Ada", "ada@example.com", "too similar"),
    ],
)
def test_what_cannot_be_used_is_named_and_nobody_is_made(
    run: Run, monkeypatch: pytest.MonkeyPatch, email: str, name: str, password: str, said: str
) -> None:
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", password)
    done = create(run, email=email, name=name)
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert not Member.objects.exists()


def test_without_a_terminal_it_says_where_else_the_password_may_come_from(run: Run) -> None:
    done = create(run)
    assert (done.exit_code, "--password-file or RAPPORT_ADMIN_PASSWORD" in done.stderr) == (1, True)


def test_there_is_no_way_to_give_the_password_as_an_argument(run: Run) -> None:
    assert create(run, "--password", PASSWORD).exit_code == 2


def test_a_company_without_teams_is_given_seven_and_hr_is_in_confidence(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", PASSWORD)
    assert "7 teams to begin with" in create(run).stdout
    assert Team.objects.count() == 7
    hr = Team.objects.get(slug="hr")
    assert (hr.confidential, hr.is_open) == (True, False)


def test_a_company_with_teams_keeps_them_as_they_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Team.objects.create(name="Ours", slug="ours")
    monkeypatch.setenv("RAPPORT_ADMIN_PASSWORD", PASSWORD)
    create(run)
    assert list(Team.objects.values_list("slug", flat=True)) == ["ours"]
