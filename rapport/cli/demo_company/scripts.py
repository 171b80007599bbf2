"""The conversations of the demo company, as written in scripts/*.toml. Pure but for reading those files.

A script is played once for each of its subjects. In its texts `<<a|b|c>>` says something else each time;
`{first}`, `{name}`, `{org}`, `{city}`, `{model}` and `{order}` are filled in. A turn begins with its doer:

    them [hours] [flags]        the other side writes; flags: html, photo, pdf, auto, bounce, list, broken
    <member> hours              a member answers, that many of their working hours later
    note <member> hours         a member leaves a note
    assign <team> <member> hours
    resolve <member> [hours]
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rapport.cli.demo_company.company import FOLDER, Company, load

THEM = "them"
SAY, NOTE, ASSIGN, RESOLVE = "say", "note", "assign", "resolve"
FLAGS = frozenset({"html", "photo", "pdf", "auto", "bounce", "list", "broken"})
_CHOICE = re.compile(r"<<(.*?)>>", re.DOTALL)
_NAME = re.compile(r"\{(\w+)\}")
_RESOLVED_AFTER_HOURS = 0.2


@dataclass(frozen=True)
class Turn:
    """One thing somebody does. `by` is "them" or a member's slug; `team` is set when a member assigns."""

    verb: str
    by: str
    hours: float
    text: str = ""
    flags: frozenset[str] = frozenset()
    team: str = ""


@dataclass(frozen=True)
class Script:
    """A conversation. `owner` is the team the policy must choose at first; empty for the triage queue."""

    key: str
    cast: str
    language: str
    to: str
    owner: str
    subjects: tuple[str, ...]
    turns: tuple[Turn, ...]


@cache
def all_scripts() -> tuple[Script, ...]:
    """Every script, in the order of the files' names."""
    return tuple(script for path in sorted((FOLDER / "scripts").glob("*.toml")) for script in _read(path))


@cache
def live_scripts() -> tuple[Script, ...]:
    """What arrives while one looks: each of one turn."""
    return tuple(_read(FOLDER / "live.toml"))


def _read(path: Path) -> list[Script]:
    return [_script(key, said, load()) for key, said in tomllib.loads(path.read_text(encoding="utf-8")).items()]


def render(text: str, index: int, filled: Mapping[str, str]) -> str:
    """The text of the `index`-th time, choices made and names filled in. KeyError for a name nobody knows."""
    chosen = _CHOICE.sub(lambda match: _nth(match[1].split("|"), index), text)
    return _NAME.sub(lambda match: filled[match[1]], chosen).strip()


def _nth(choices: list[str], index: int) -> str:
    return choices[index % len(choices)]


def _script(key: str, said: Mapping[str, Any], company: Company) -> Script:
    company.channel(said["to"])
    return Script(
        key=key,
        cast=said["cast"],
        language=said.get("language", "en"),
        to=said["to"],
        owner=said["owner"],
        subjects=tuple(said["subject"]),
        turns=tuple(_turn(key, said, company) for said in said["turns"]),
    )


def _turn(key: str, said: list[str], company: Company) -> Turn:
    who, *rest = said[0].split()
    text = said[1] if len(said) > 1 else ""
    if who == THEM:
        flags = frozenset(word for word in rest if not _is_number(word))
        if flags - FLAGS:
            raise ValueError(f"{key}: unknown flags {sorted(flags - FLAGS)}")
        return Turn(SAY, THEM, sum(float(word) for word in rest if _is_number(word)), text, flags)
    if who == RESOLVE:
        hours = float(rest[1]) if len(rest) > 1 else _RESOLVED_AFTER_HOURS
        return Turn(RESOLVE, company.member(rest[0]).slug, hours)
    if who == ASSIGN:
        return Turn(ASSIGN, company.member(rest[1]).slug, float(rest[2]), team=rest[0])
    if who == NOTE:
        return Turn(NOTE, company.member(rest[0]).slug, float(rest[1]), text)
    return Turn(SAY, company.member(who).slug, float(rest[0]), text)


def _is_number(word: str) -> bool:
    return word.replace(".", "", 1).isdecimal()
