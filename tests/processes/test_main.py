"""The command itself: light, and clear about what a person can mend."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rapport.cli import main as cli
from rapport.core.errors import RapportError
from rapport.core.options import OptionsError

ROOT = Path(__file__).parents[2]


def test_help_names_every_command_and_imports_none() -> None:
    script = (
        "import sys\nfrom rapport.cli.main import main\n"
        "try:\n    main(['--help'])\nfinally:\n"
        "    heavy = {'django', 'psycopg', 'granian', 'rapport.cli.up'} & set(sys.modules)\n"
        "    print('heavy:', sorted(heavy))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert "heavy: []" in done.stdout
    for name in cli.COMMANDS:
        assert f"  {name} " in done.stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [(RapportError("it broke", "mend it"), 1), (OptionsError("RAPPORT_PORT is 'x'", "mend it"), 2)],
)
def test_what_a_person_can_mend_is_two_lines_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: RapportError, code: int
) -> None:
    def fail() -> None:
        raise error

    command = click.Command("up", callback=fail)
    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_: command)
    result = CliRunner().invoke(cli.main, ["up"])
    assert result.exit_code == code
    assert result.stderr == f"error: {error.message}\nhint: mend it\n"


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli.main, ["bogus"])
    assert result.exit_code == 2
    assert "No such command 'bogus'" in result.stderr
