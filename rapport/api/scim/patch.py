"""PATCH (RFC 7644, section 3.5.2) on a resource as it would be sent. Pure: no database.

Written for what Entra ID and Okta send as much as for the RFC: operators in any case, a replace without a path, paths
as keys ("name.givenName": "Ada"), "True" for true, a filter in a path, members removed by value.
"""

import copy
import re
from collections.abc import Mapping
from typing import Any

from rapport.api.scim.filters import FilterError, matches, read

OPERATIONS_MAX = 1000
#: Attributes of attributes of attributes: the RFC has two levels.
DEPTH_MAX = 4
_VALUE_PATH = re.compile(r"(?P<name>[A-Za-z$][\w$-]*)\[(?P<filter>.*)\](?:\.(?P<sub>[A-Za-z$][\w$-]*))?", re.DOTALL)
_EXTENSION = re.compile(
    r"(?P<name>urn:[^\[]*:extension:[^\[]*?:\d+\.\d+:\w+)(?::(?P<rest>.+))?", re.IGNORECASE | re.DOTALL
)
_BOOLEANS = frozenset({"active", "primary"})


class PatchError(ValueError):
    """The operations cannot be done; `kind` is the RFC's word for why."""

    def __init__(self, message: str, kind: str = "invalidValue") -> None:
        super().__init__(message)
        self.kind = kind


def applied(resource: Mapping[str, Any], operations: object) -> dict[str, Any]:
    """The resource after the operations; the one given stays as it was."""
    if not isinstance(operations, list) or len(operations) > OPERATIONS_MAX:
        raise PatchError("Operations must be a list", "invalidSyntax")
    changed = copy.deepcopy(dict(resource))
    for one in operations:
        if not isinstance(one, Mapping):
            raise PatchError("an operation must be an object", "invalidSyntax")
        given = {str(key).lower(): value for key, value in one.items()}
        verb = str(given.get("op", "")).lower()
        if verb not in ("add", "replace", "remove"):
            raise PatchError(f"{given.get('op')!r} is no operation", "invalidSyntax")
        _apply(changed, verb, given.get("path"), given.get("value"))
    return changed


def _apply(resource: dict[str, Any], verb: str, path: object, value: object) -> None:
    if path in (None, ""):
        if verb == "remove":
            raise PatchError("remove needs a path", "noTarget")
        if not isinstance(value, Mapping):
            raise PatchError("without a path the value must be an object")
        for key, part in value.items():
            if str(key).lower() not in ("schemas", "id", "meta"):
                _apply(resource, verb, key, part)
        return
    if not isinstance(path, str):
        raise PatchError("path must be text", "invalidPath")
    if found := _EXTENSION.fullmatch(path):
        _in_extension(resource, verb, (found["name"], found["rest"] or ""), value)
        return
    _at(resource, verb, _without_schema(path), value)


def _in_extension(resource: dict[str, Any], verb: str, target: tuple[str, str], value: object) -> None:
    """All that an extension says, or one attribute of it: they stand under its name (RFC 7643, section 3.3)."""
    name, rest = target
    key = _key(resource, name)
    if not rest:
        _at_key(resource, verb, key, value)
        return
    inner = resource.get(key)
    if not isinstance(inner, dict):
        inner = resource[key] = {}
    _at(inner, verb, rest, value)
    if not inner:
        del resource[key]


def _without_schema(path: str) -> str:
    """`urn:ietf:params:scim:schemas:core:2.0:User:active` is `active`."""
    if not path.lower().startswith("urn:"):
        return path
    head, bracket, rest = path.partition("[")
    return head.rpartition(":")[2] + bracket + rest


def _at(resource: dict[str, Any], verb: str, path: str, value: object) -> None:
    if found := _VALUE_PATH.fullmatch(path):
        _in_list(resource, verb, (found["name"], found["filter"], found["sub"]), value)
        return
    if path.count(".") > DEPTH_MAX:
        raise PatchError("path goes too deep", "invalidPath")
    name, dot, rest = path.partition(".")
    key = _key(resource, name)
    if dot:
        inner = resource.get(key)
        if not isinstance(inner, dict):
            inner = resource[key] = {}
        _at(inner, verb, rest, value)
    else:
        _at_key(resource, verb, key, value)


def _at_key(resource: dict[str, Any], verb: str, key: str, value: object) -> None:
    if verb == "remove":
        _remove(resource, key, value)
    elif verb == "add" and isinstance(resource.get(key), list):
        resource[key] = _joined(resource[key], value)
    elif verb == "add" and isinstance(resource.get(key), dict) and isinstance(value, Mapping):
        resource[key] = {**resource[key], **value}
    else:
        resource[key] = as_boolean(value) if key.lower() in _BOOLEANS else value


def _remove(resource: dict[str, Any], key: str, value: object) -> None:
    """A list loses what is named, all of it where nothing is."""
    kept = resource.get(key)
    if isinstance(kept, list) and isinstance(value, list | Mapping):
        gone = {_identity(one) for one in (value if isinstance(value, list) else [value])}
        resource[key] = [one for one in kept if _identity(one) not in gone]
    else:
        resource.pop(key, None)


def _in_list(resource: dict[str, Any], verb: str, target: tuple[str, str, str | None], value: object) -> None:
    """`emails[type eq "work"].value`: the elements that fit."""
    name, condition, sub = target
    key = _key(resource, name)
    try:
        node = read(condition)
    except FilterError as error:
        raise PatchError(str(error), "invalidFilter") from error
    kept = resource.get(key)
    elements: list[Any] = kept if isinstance(kept, list) else []
    fitting = [one for one in elements if isinstance(one, dict) and matches(node, one)]
    if verb == "remove" and sub is None:
        resource[key] = [one for one in elements if one not in fitting]
        return
    if not fitting:
        if verb == "remove":
            return
        fitting = [_made_for(condition)]
        resource[key] = [*elements, *fitting]
    for one in fitting:
        if sub is None:
            one.update(value if isinstance(value, Mapping) else {"value": value})
        else:
            _at(one, verb, sub, value)


def _made_for(condition: str) -> dict[str, Any]:
    """Entra ID adds to elements that do not exist yet: the filter says what they are."""
    simple = re.fullmatch(r'\s*(\w+)\s+eq\s+"([^"]*)"\s*', condition, re.IGNORECASE)
    return {simple[1]: simple[2]} if simple else {}


def _key(resource: Mapping[str, Any], name: str) -> str:
    return next((key for key in resource if key.casefold() == name.casefold()), name)


def _joined(kept: list[Any], value: object) -> list[Any]:
    known = {_identity(one) for one in kept}
    new = value if isinstance(value, list) else [value]
    if any(isinstance(one, Mapping) and one.get("primary") is True for one in new):
        kept = [{**one, "primary": False} if isinstance(one, dict) and one.get("primary") else one for one in kept]
    return [*kept, *(one for one in new if _identity(one) not in known)]


def _identity(one: object) -> str:
    return str(one.get("value", one)) if isinstance(one, Mapping) else str(one)


def as_boolean(value: object) -> object:
    """Entra ID writes "True"."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value
