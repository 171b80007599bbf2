"""YAML for policy files: with the line of everything, and without what makes YAML surprising. Pure."""

from collections.abc import Mapping
from typing import Any

import yaml

from rapport.ownership.problems import Path

_DEPTH_MAX = 60
_LARGE = 100_000
_VALUES_MAX = 500_000
#: Three times as quick, where PyYAML was built with libyaml; what is wrong it says in other words.
_FAST: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTIONS = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")


class YamlError(ValueError):
    """The text is no YAML, or has something policy files do not need; `line` counts from 1."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def read_yaml(source: str) -> tuple[object, dict[Path, int]]:
    """The plain data of a text, and the line of each part by its path. Raises YamlError."""
    try:
        if len(source) <= _LARGE:
            return _read(yaml.SafeLoader(source))
        yaml.reader.Reader(source)  # refuses what is not printable, at its place: the fast loader counts bytes
        _measure(source)
        return _read(_FAST(source))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(
            f"this is no YAML: {error.problem or error.context}", mark.line + 1 if mark else None
        ) from error
    except yaml.reader.ReaderError as error:
        line = source.count("\n", 0, error.position) + 1
        raise YamlError(f"this is no YAML: {error.reason}", line) from error


def _read(loader: Any) -> tuple[object, dict[Path, int]]:
    try:
        node = loader.get_single_node()
        return _Reader(loader).read(node) if node else ({}, {})
    finally:
        loader.dispose()


def _measure(source: str) -> None:
    """Refuse a large text that would take long to be put together, by running over what is in it."""
    values = depth = 0
    for event in yaml.parse(source, Loader=_FAST):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.NodeEvent):
            values += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
        line = event.start_mark.line + 1 if event.start_mark else None
        if depth > _DEPTH_MAX:
            raise YamlError("this is nested too deeply", line)
        if values > _VALUES_MAX:
            raise YamlError(
                f"more than {_VALUES_MAX:,} keys and values are too many: expected fewer rules, and a whole domain "
                "instead of its addresses one by one", line
            )  # fmt: skip


def dump_yaml(plain: Mapping[str, object]) -> str:
    """Plain data as YAML, keys in their order."""
    return yaml.safe_dump(dict(plain), sort_keys=False, allow_unicode=True, width=110)


class _Reader:
    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._lines: dict[Path, int] = {}
        self._seen: set[int] = set()

    def read(self, node: yaml.Node) -> tuple[object, dict[Path, int]]:
        return self._value(node, ()), self._lines

    def _value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self._lines.setdefault(path, line)
        if id(node) in self._seen:
            raise YamlError("expected everything in full: no anchors and aliases (& and *)", line)
        self._seen.add(id(node))
        if len(path) > _DEPTH_MAX:
            raise YamlError("this is nested too deeply", line)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, line)
        if node.tag not in _COLLECTIONS:
            raise YamlError(f"this is no YAML we read: {node.tag}", line)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(inner, (*path, position)) for position, inner in enumerate(node.value)]
        return self._table(node, path)

    def _scalar(self, node: yaml.ScalarNode, line: int) -> Any:
        try:
            return self._loader.construct_object(node)
        except ValueError as error:  # a date such as 2026-99-99
            what = "a number has too many digits" if "digits" in str(error) else error
            raise YamlError(f"this is no YAML: {what}", line) from error

    def _table(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key_node, value_node in node.value if isinstance(node, yaml.MappingNode) else ():
            line = key_node.start_mark.line + 1
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                raise YamlError("expected a text as key", line)
            if key in table:
                raise YamlError(f"{key} is there twice", line)
            self._lines[(*path, key)] = line
            table[key] = self._value(value_node, (*path, key))
        return table
