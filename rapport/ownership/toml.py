"""TOML for policy files: one section a rule, conditions on lines of their own. Pure.

Our own writer, as a general one would spread a rule's conditions over nested sections that nobody likes to
read.
"""

from collections.abc import Mapping, Sequence

_SECTIONS = ("promises", "weights", "rules", "tests", "vocabulary")
_WIDTH = 100
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def dump_toml(plain: Mapping[str, object]) -> str:
    """A plain policy as TOML."""
    lines = [f"{key} = {_value(value)}" for key, value in plain.items() if key not in _SECTIONS]
    promises = plain.get("promises")
    if isinstance(promises, Mapping):
        for name, promise in promises.items():
            lines += ["", f"[promises.{_key(str(name))}]", *_pairs(promise)]
    weights = plain.get("weights")
    if isinstance(weights, Mapping):
        lines += ["", "[weights]", *_pairs(weights)]
    rules = plain.get("rules")
    for rule in rules if isinstance(rules, Sequence) else ():
        lines += ["", "[[rules]]", f"name = {_value(rule['name'])}"]
        lines += ["[rules.when]", *_pairs(rule["when"]), "[rules.then]", *_pairs(rule["then"])]
    tests = plain.get("tests")
    for test in tests if isinstance(tests, Sequence) else ():
        lines += ["", "[[tests]]", f"name = {_value(test['name'])}"]
        lines += ["[tests.message]", *_pairs(test["message"]), "[tests.expect]", *_pairs(test["expect"])]
    vocabulary = plain.get("vocabulary")
    if isinstance(vocabulary, Mapping):
        for name, table in vocabulary.items():
            lines += ["", f"[vocabulary.{_key(str(name))}]", *_pairs(table)]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, object]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, Sequence):
        return _list(value)
    raise TypeError(f"a policy has no {type(value).__name__}")


def _list(values: Sequence[object]) -> str:
    written = [_value(value) for value in values]
    short = f"[{', '.join(written)}]"
    if len(short) <= _WIDTH:
        return short
    return "[\n" + "".join(f"    {one},\n" for one in written) + "]"


def _key(key: str) -> str:
    return key if key and _BARE.issuperset(key) else _text(key)


def _text(text: str) -> str:
    return '"' + "".join(_escaped(sign) for sign in text) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign == "\n":
        return "\\n"
    return sign if sign.isprintable() else (f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}")
