"""Run by the Python of the servers' environment: hold what went over the wire against aiogram's models.

aiogram (MIT) generates its models from https://core.telegram.org/bots/api. Reads {"calls": [[method, given]],
"updates": [...], "messages": [...]} from standard input; prints what is wrong, a line each.
"""

import json
import sys
import typing
from typing import Any

from aiogram import methods, types
from pydantic import BaseModel, ValidationError


def main() -> int:
    """Print every fault; 1 where there is one."""
    whole = json.load(sys.stdin)
    faults: list[str] = []
    for method, given in whole["calls"]:
        name = method[0].upper() + method[1:]
        _held(getattr(methods, name), given, method, faults)
    for update in whole["updates"]:
        _held(types.Update, update, "update", faults)
    for message in whole["messages"]:
        _held(types.Message, message, "message", faults)
    print("\n".join(faults))
    print(f"checked {len(whole['calls'])} calls, {len(whole['updates'])} updates, {len(whole['messages'])} messages")
    return 1 if faults else 0


def _held(model: type[BaseModel], given: dict[str, Any], where: str, faults: list[str]) -> None:
    try:
        model.model_validate(given)
    except ValidationError as error:
        faults.append(f"{where}: {error}")
    _known(model, given, where, faults)


def _known(model: type[BaseModel], given: dict[str, Any], where: str, faults: list[str]) -> None:
    """Every field is one that the page names: the models themselves let others pass."""
    fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
    for name, value in given.items():
        if name not in fields:
            faults.append(f"{where}: no field {name}")
        elif isinstance(value, dict):
            for inner in _models(fields[name]):
                _known(inner, value, f"{where}.{name}", faults)


def _models(annotation: Any) -> list[type[BaseModel]]:
    found = [one for one in (annotation, *typing.get_args(annotation)) if isinstance(one, type)]
    models = [one for one in found if issubclass(one, BaseModel)]
    return models if len(models) == 1 else []


if __name__ == "__main__":
    sys.exit(main())
