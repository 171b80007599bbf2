"""SCIM filters (RFC 7644, section 3.4.2.2), read into a tree and asked of a resource. Pure: no database.

`userName eq "a@b.example" and (active eq true or not (name.familyName sw "M"))`; `emails[type eq "work"]` too.
Attribute names and operators are compared without case, as the RFC asks; values of text likewise.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

DEPTH_MAX = 20
LENGTH_MAX = 4000
_TOKEN = re.compile(r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[()\[\]])|(?P<word>[^\s()\[\]"]+))""", re.DOTALL)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9:._$-]*")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CONSTANTS: Mapping[str, object] = {"true": True, "false": False, "null": None}
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr")


class FilterError(ValueError):
    """What was sent is no filter."""


@dataclass(frozen=True)
class Test:
    """One comparison; `value` says nothing where `operator` is pr."""

    path: str
    operator: str
    value: object = None


@dataclass(frozen=True)
class Not:
    """The opposite."""

    of: "Node"


@dataclass(frozen=True)
class Both:
    """`every`: all of the parts (and); otherwise any of them (or)."""

    every: bool
    parts: "tuple[Node, ...]"


@dataclass(frozen=True)
class Within:
    """At least one element of a list fits."""

    path: str
    of: "Node"


Node = Test | Not | Both | Within


def read(text: str) -> Node:
    """The tree of a filter; FilterError where it is none."""
    if len(text) > LENGTH_MAX:
        raise FilterError("the filter is too long")
    reader = _Reader(list(_tokens(text)))
    found = reader.either(0)
    if reader.peek() is not None:
        raise FilterError(f"unexpected {reader.peek()!r}")
    return found


def _tokens(text: str) -> Iterator[str]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise FilterError(f"cannot read {text[at : at + 20]!r}")
        yield match.group().strip()
        at = match.end()


class _Reader:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.at = 0

    def peek(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> str:
        token = self.peek()
        if token is None:
            raise FilterError("the filter ends too early")
        self.at += 1
        return token

    def expect(self, sign: str) -> None:
        if self.take() != sign:
            raise FilterError(f"expected {sign!r}")

    def either(self, depth: int) -> Node:
        return self._joined("or", lambda: self._all(depth), every=False)

    def _all(self, depth: int) -> Node:
        return self._joined("and", lambda: self._one(depth), every=True)

    def _joined(self, word: str, part: Callable[[], Node], *, every: bool) -> Node:
        parts = [part()]
        while (self.peek() or "").lower() == word:
            self.take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Both(every, tuple(parts))

    def _one(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise FilterError("the filter is nested too deeply")
        token = self.take()
        if token == "(":  # noqa: S105
            inner = self.either(depth + 1)
            self.expect(")")
            return inner
        if token.lower() == "not" and self.peek() == "(":
            self.take()
            inner = self.either(depth + 1)
            self.expect(")")
            return Not(inner)
        return self._test(token, depth)

    def _test(self, path: str, depth: int) -> Node:
        if not _PATH.fullmatch(path):
            raise FilterError(f"{path!r} is no attribute")
        operator = self.take()
        if operator == "[":
            inner = self.either(depth + 1)
            self.expect("]")
            return Within(path, inner)
        operator = operator.lower()
        if operator not in OPERATORS:
            raise FilterError(f"{operator!r} is no operator")
        return Test(path, operator) if operator == "pr" else Test(path, operator, _value(self.take()))


def _value(token: str) -> object:
    if token.startswith('"'):
        return re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), token[1:-1])
    if token.lower() in _CONSTANTS:
        return _CONSTANTS[token.lower()]
    try:
        return float(token) if re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", token) else _refuse(token)
    except ValueError as error:
        raise FilterError(f"{token!r} is no value") from error


def _refuse(token: str) -> object:
    raise FilterError(f"{token!r} is no value")


def matches(node: Node, resource: Mapping[str, Any]) -> bool:
    """Whether a resource, as it would be sent, fits the filter."""
    if isinstance(node, Not):
        return not matches(node.of, resource)
    if isinstance(node, Both):
        found = (matches(part, resource) for part in node.parts)
        return all(found) if node.every else any(found)
    if isinstance(node, Within):
        return any(isinstance(one, Mapping) and matches(node.of, one) for one in values(resource, node.path))
    found_values = [one.get("value") if isinstance(one, Mapping) else one for one in values(resource, node.path)]
    if node.operator == "pr":
        return any(one not in (None, "", []) for one in found_values)
    if node.operator == "ne":
        return not any(_compare("eq", one, node.value) for one in found_values)
    if node.operator == "eq" and node.value is None:
        return not any(one is not None for one in found_values)
    return any(_compare(node.operator, one, node.value) for one in found_values)


def values(resource: Mapping[str, Any], path: str) -> list[Any]:
    """What stands at a dotted path; lists are opened, a schema's name before the attribute is dropped."""
    here: list[Any] = [resource]
    for name in path.rpartition(":")[2].split("."):
        found: list[Any] = []
        for one in here:
            if isinstance(one, Mapping):
                value = next((value for key, value in one.items() if key.casefold() == name.casefold()), None)
                found += value if isinstance(value, list) else [value]
        here = found
    return [one for one in here if one is not None]


def _compare(operator: str, one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return operator == "eq" and str(one).casefold() == str(other).casefold()
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _ordered(operator, float(one), float(other))
    left, right = str(one).casefold(), str(other).casefold()
    if operator == "co":
        return right in left
    if operator == "sw":
        return left.startswith(right)
    if operator == "ew":
        return left.endswith(right)
    return _ordered(operator, left, right)


def _ordered(operator: str, left: Any, right: Any) -> bool:
    return bool(
        {"eq": left == right, "gt": left > right, "ge": left >= right, "lt": left < right, "le": left <= right}.get(
            operator, False
        )
    )
