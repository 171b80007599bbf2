"""Policy files: TOML and YAML, read with the line of every problem, and written. Pure."""

import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from rapport.ownership.lines import toml_line
from rapport.ownership.plain import policy_from_dict, policy_to_dict
from rapport.ownership.policy import Policy
from rapport.ownership.problems import SHOWN_MAX, Path, PolicyError, Problem, Vocabulary
from rapport.ownership.toml import dump_toml
from rapport.ownership.yaml import YamlError, dump_yaml, read_yaml

FORMATS = ("toml", "yaml")
_SIZE_MAX = 5_000_000
_LONG_KEY = re.compile(r"(?<![\w.\"'-])(?:[\w\"'-]+[ \t]*\.[ \t]*){60}")

_Located = tuple[object, Callable[[Path], int | None]]


def format_of(filename: str) -> str:
    """ "toml" or "yaml" by the ending of a file name. Raises PolicyError for any other."""
    ending = filename.rpartition(".")[2].lower()
    if ending in ("toml", "yaml", "yml"):
        return "toml" if ending == "toml" else "yaml"
    raise PolicyError(f"{filename} is no policy file: expected a name that ends in .toml, .yaml or .yml")


def load(source: str, fmt: str, vocabulary: Vocabulary | None = None) -> Policy:
    """The policy of a file. Raises PolicyError with every problem, its line and what is expected there."""
    plain, line_of = _read(source, fmt)
    try:
        return policy_from_dict(plain, vocabulary)
    except PolicyError as error:
        # Looking for a line goes through the whole file: of ten thousand problems only those that are shown have one.
        found = [Problem(one.path, one.message, line_of(one.path)) for one in error.problems[:SHOWN_MAX]]
        found += error.problems[SHOWN_MAX:]
        raise PolicyError(found, error.hint) from error


def dump(policy: Policy, fmt: str, vocabulary: Mapping[str, object] | None = None) -> str:
    """The text of a policy file; `load` makes an equal policy of it. `vocabulary` is written into it when given."""
    return _WRITERS[fmt](policy_to_dict(policy) | ({"vocabulary": dict(vocabulary)} if vocabulary else {}))


def vocabulary_within(source: str, fmt: str) -> Mapping[str, Any] | None:
    """The `[vocabulary]` of a policy file, None where it has none. Raises PolicyError for what cannot be read."""
    plain, _ = _read(source, fmt)
    found = plain.get("vocabulary") if isinstance(plain, dict) else None
    return found if isinstance(found, dict) else None


def _read(source: str, fmt: str) -> _Located:
    if len(source) > _SIZE_MAX:
        raise PolicyError(f"a policy of {len(source):,} characters is too long; at most {_SIZE_MAX:,}")
    source = source.removeprefix("\ufeff")
    if not source.strip():
        raise PolicyError("the file is empty: expected a policy, at least its triage")
    try:
        return _READERS[fmt](source)
    except RecursionError as error:
        raise PolicyError("the file is nested too deeply") from error


def _read_toml(source: str) -> _Located:
    long = _LONG_KEY.search(source)
    if long:
        # The parser's time grows with the square of it.
        raise PolicyError([Problem((), "a key has too many parts", source.count("\n", 0, long.start()) + 1)])
    try:
        plain = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([_syntax_problem(str(error), source)]) from error
    except ValueError as error:  # Python reads no integer of thousands of digits
        raise PolicyError("this is no TOML we read: a number has too many digits") from error
    return plain, lambda path: toml_line(source, path)


def _syntax_problem(message: str, source: str) -> Problem:
    what, _, place = message.rpartition(" (at ")
    line = place.removeprefix("line ").partition(",")[0]
    at = int(line) if line.isdecimal() else source.count("\n") + 1
    return Problem((), f"this is no TOML: {what or message}{_about_quotes(message)}", at)


def _about_quotes(message: str) -> str:
    """What to do about a pattern between the wrong quotes, where a parser's message is about that."""
    return "; between single quotes a backslash is a backslash" if "escape" in message.lower() else ""


def _read_yaml(source: str) -> _Located:
    try:
        plain, lines = read_yaml(source)
    except YamlError as error:
        raise PolicyError([Problem((), f"{error}{_about_quotes(str(error))}", error.line)]) from error
    return plain, lambda path: _nearest(lines, path)


def _nearest(lines: Mapping[Path, int], path: Path) -> int | None:
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path)


_READERS: dict[str, Callable[[str], _Located]] = {"toml": _read_toml, "yaml": _read_yaml}
_WRITERS: dict[str, Callable[[Mapping[str, object]], str]] = {"toml": dump_toml, "yaml": dump_yaml}
