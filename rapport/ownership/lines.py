"""Where in a TOML file a part of the policy stands. Pure.

The parser of the standard library does not tell, so this looks for it: first the section, then inside it the
last keys of the path. It may be off by lines for a file laid out unlike any we write, never by sections.
"""

import re

from rapport.ownership.problems import Path

_HEADER = re.compile(r"^\s*\[(\[?)\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")


def toml_line(source: str, path: Path) -> int | None:
    """The line (from 1) of what `path` means; None for the whole file."""
    lines = source.splitlines()
    if not path:
        return None
    first, last = _section(lines, path)
    at, nth, inside = first, 0, path[1:] if path[0] in ("rules", "promises") else path
    for part in inside[1:] if path[0] == "rules" else inside:
        if isinstance(part, str):
            at, nth = _line_with(lines, part, (at, last), nth), 0
        else:
            nth = part
    return at + 1


def _section(lines: list[str], path: Path) -> tuple[int, int]:
    """The first line of the rule (or of the file) and the one after its last, from 0."""
    starts = [number for number, line in enumerate(lines) if _opens_rule(line)]
    if path[0] == "rules" and len(path) > 1 and isinstance(path[1], int) and path[1] < len(starts):
        position = path[1]
        return starts[position], starts[position + 1] if position + 1 < len(starts) else len(lines)
    if path[0] == "rules":
        return (starts[0] if starts else _line_with(lines, "rules", (0, len(lines)))), len(lines)
    return 0, starts[0] if starts and path[0] in ("format", "triage") else len(lines)


def _opens_rule(line: str) -> bool:
    header = _HEADER.match(line)
    return bool(header and header[1] and header[2] == "rules")


def _line_with(lines: list[str], key: str, between: tuple[int, int], nth: int = 0) -> int:
    """The line with `key` as a key or in a header, for the `nth` time (from 0); the first when there is none."""
    wanted = re.compile(rf"(?:^|[\s{{,.\[\"']){re.escape(key)}[\"']?\s*(?:=|\.|\])")
    first, last = between
    found = None
    for number in range(first, last):
        times = len(wanted.findall(lines[number].partition("#")[0]))
        if times:
            found = number
            if times > nth:
                break
            nth -= times
    return first if found is None else found
