"""The command itself: light, and clear about what a person can mend."""

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rapport.cli import main as cli
from rapport.cli import serve
from rapport.core.errors import RapportError
from rapport.core.options import OptionsError
from rapport.inbound import worker

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


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], worker.PARTS),
        (["--only", "outbox, collect"], ("outbox", "collect")),
        (["--without", ",".join(worker.PARTS[1:])], worker.PARTS[:1]),
        (["--only", "outbox,collect", "--without", "outbox"], ("collect",)),
    ],
)
def test_a_worker_runs_the_parts_that_are_named(
    monkeypatch: pytest.MonkeyPatch, words: list[str], parts: tuple[str, ...]
) -> None:
    ran: list[object] = []
    monkeypatch.setattr(worker, "main", ran.append)
    monkeypatch.setattr(serve, "database", nullcontext)
    assert CliRunner().invoke(cli.main, ["worker", *words]).exit_code == 0
    assert ran == [parts]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--only", "outbox,sending"], "There is no part called 'sending'"),
     (["--without", "sending"], "There is no part called 'sending'"),
     (["--only", "outbox", "--without", "outbox"], "No part is left to run")],
)  # fmt: skip
def test_a_worker_without_a_part_or_with_an_unknown_one_does_not_start(
    monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.setattr(worker, "main", lambda *_: pytest.fail("it runs"))
    monkeypatch.setattr(serve, "database", nullcontext)
    result = CliRunner().invoke(cli.main, ["worker", *words])
    assert (result.exit_code, said in result.stderr) == (1, True)
    assert "hint: The parts are pipeline, outbox" in result.stderr
