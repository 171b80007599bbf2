"""The small language of the mapping: a JSON path (RFC 9535), a constant in quotes, or a text with {{paths}}. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson

from rapport.core.errors import Invalid

_LENGTH_MAX = 500
_DESCENTS_MAX = 2  # each ".." visits every value below it once more
_MATCHES_MAX = 100
_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands in one setting, ready to be used. `parts` are constants (text) and compiled paths, in order."""

    parts: tuple[Any, ...]
    is_template: bool = False

    def of(self, document: Any, between: str | None = None) -> str:
        """What it finds, as text; "" for nothing. Several finds are joined by `between`; where it is None, a path
        takes the first, and a template joins them by commas. A template none of whose paths finds anything is "".
        """
        if not self.is_template:
            return "".join(part if isinstance(part, str) else _found(part, document, between) for part in self.parts)
        between = ", " if between is None else between
        found = [None if isinstance(part, str) else _found(part, document, between) for part in self.parts]
        if not any(found):
            return ""
        return "".join(part if one is None else one for part, one in zip(self.parts, found, strict=True))


@lru_cache(maxsize=512)
def compiled(written: str) -> Expression:
    """What was written, understood. Raises Invalid saying what is wrong with it."""
    written = written.strip()
    if len(written) > _LENGTH_MAX:
        raise Invalid(f"This is longer than {_LENGTH_MAX} characters.")
    if len(written) > 1 and written[0] == written[-1] and written[0] in "\"'":
        return Expression((written[1:-1],))
    if "{{" in written:
        return Expression(tuple(_pieces(written)), is_template=True)
    if written.startswith("$"):
        return Expression((_path(written),))
    raise Invalid(
        f"“{written[:60]}” is neither a path nor a constant.",
        'A path begins with $, as in $.form.message; a constant stands in quotes, as in "Shop".',
    )


def _pieces(written: str) -> Iterator[Any]:
    end = 0
    for hole in _HOLE.finditer(written):
        yield from (one for one in (written[end : hole.start()],) if one)
        yield _path(hole[1].strip())
        end = hole.end()
    rest = written[end:]
    if "{{" in rest:
        raise Invalid("A {{ is not closed by }}.")
    yield from (one for one in (rest,) if one)


def _path(written: str) -> Any:
    from jsonpath import JSONPathError

    if written.count("..") > _DESCENTS_MAX:
        raise Invalid(f"“{written[:60]}” searches everything more than twice (..).", "Name the way to the value.")
    try:
        return _environment().compile(written)
    except (JSONPathError, RecursionError, ValueError) as error:
        why = str(error.args[0]) if error.args else "it cannot be read"
        raise Invalid(f"“{written[:60]}” is no JSON path: {why[:200]}.", "See RFC 9535, or try $.name.") from error


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jsonpath import JSONPathEnvironment

    made = JSONPathEnvironment(strict=True)
    # Regular expressions may take for ever on a text that a stranger chose.
    for name in ("match", "search"):
        made.function_extensions.pop(name, None)
    return made


def _found(path: Any, document: Any, between: str | None) -> str:
    from jsonpath import JSONPathError

    try:
        matches = [one.obj for one in islice(path.finditer(document), _MATCHES_MAX)]
    except (JSONPathError, RecursionError, ValueError, TypeError):
        return ""  # nested too deeply, or compared with what cannot be compared
    texts = [text for text in map(_text, matches) if text]
    return "".join(texts[:1]) if between is None else between.join(texts)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Mapping | list) and not value:
        return ""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, RecursionError):
        return ""
