"""What the documentation names is there: files, commands with their options, settings. Links stand in test_links."""

import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from rapport.channels import registry
from rapport.cli.main import main
from rapport.cli.serve import worker
from rapport.core.options import NAMES, NOT_SETTINGS, variable
from rapport.inbound.worker import PARTS
from tests.walls.test_tables import NARROW

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}


def wrong(look: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """What `look` finds wrong, by page; empty where all is right."""
    found = {str(page.relative_to(ROOT)): list(look(page)) for page in PAGES}
    return {page: what for page, what in found.items() if what}


def _linked(page: Path) -> list[Path]:
    """Where a page leads within the house."""
    return [(page.parent / to).resolve() for to in re.findall(r"\]\((?!\w+:)([^)\s#]+)", TEXTS[page])]


def test_every_page_is_reached_from_the_first() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in TEXTS and page not in reached:
            reached.add(page)
            ahead += _linked(page)
    assert sorted(set(PAGES) - reached) == []


def _absent(page: Path) -> Iterable[str]:
    places = (ROOT, ROOT / "rapport", ROOT / "rapport" / "ownership", ROOT / "docs")
    for name in re.findall(r"`((?:\w+/)+\w+\.(?:py|js|md|lock|toml))`", TEXTS[page]):
        if not any((place / name).exists() for place in places):
            yield name


def test_every_file_of_ours_that_is_named_is_there() -> None:
    assert wrong(_absent) == {}


def _commands(text: str) -> list[list[str]]:
    """Each `rapport ...` of a page, in a block or in a line, as words."""
    lines = _blocks(text.replace("\\\n", " "))
    told = re.findall(r"(?:^ *|/opt/rapport/bin/)rapport (.+)$", lines, re.MULTILINE)
    told += re.findall(r"`rapport ([^`\n]+)`", text)
    return [shlex.split(re.split(r"[#|>]|&&|\$\(", one)[0]) for one in told]


def _blocks(text: str) -> str:
    """What stands in fences, or four spaces in."""
    fenced = re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"^ {4}\S.*$", text, re.MULTILINE)])


def _unknown(words: list[str]) -> str:
    """What of a command line there is not; "" where all of it is."""
    command: click.Command = main
    context = click.Context(command)
    for word in words:
        if word.startswith("--"):
            options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
            if word.strip("[],.") not in {*options, "--help"}:
                return f"{command.name} {word}"
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z]+", word):
            found = command.get_command(context, word)
            if found is None:
                return f"{command.name} {word}"
            command = found
    return ""


def test_every_command_runs_as_it_is_written() -> None:
    assert wrong(lambda page: filter(None, map(_unknown, _commands(TEXTS[page])))) == {}


def test_commands_are_found_and_a_wrong_one_would_be_told() -> None:
    install = _commands(TEXTS[ROOT / "docs" / "install.md"])
    assert ["--config", "/etc/rapport.toml", "createadmin"] in [words[:3] for words in install]
    assert _unknown(["policy", "export", "--vocabulry"])
    assert _unknown(["polcy"])


def test_every_setting_that_is_named_is_one() -> None:
    known = {*map(variable, NAMES), *NOT_SETTINGS}
    assert wrong(lambda page: {*re.findall(r"\bRAPPORT_[A-Z_]+\b", TEXTS[page])} - known) == {}


def test_every_part_of_the_worker_that_is_named_is_one() -> None:
    assert wrong(lambda page: {*re.findall(r"worker's part `(\w+)`", TEXTS[page])} - {*PARTS}) == {}


def test_every_part_of_the_worker_is_explained_and_named_by_its_command() -> None:
    told = TEXTS[ROOT / "docs" / "install.md"].partition("| part |")[2].partition("\n\n")[0]
    firsts = re.findall(r"^\| (`[^|]+) \|", told, re.MULTILINE)
    assert sorted(name for first in firsts for name in re.findall(r"`(\w+)`", first)) == sorted(PARTS)
    assert set(PARTS) <= {*re.findall(r"\w+", worker.help or "")}


def test_where_a_channel_is_connected_is_called_as_on_the_page() -> None:
    known = {str(registry.connector(kind).label) for kind in registry._OURS}
    flat = {page: re.sub(r"\s+", " ", text) for page, text in TEXTS.items()}
    assert wrong(lambda page: {*re.findall(r"\*Channels > Connect a channel > ([^*]+)\*", flat[page])} - known) == {}


def test_the_security_model_names_every_table_beside_the_walls() -> None:
    text = TEXTS[ROOT / "docs" / "security-model.md"]
    assert [table for table in NARROW if f"`{table}`" not in text] == []
