"""What the demo remembers between starts, in one small file that also marks its folder as the demo's own."""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

MARKER = "rapport-demo.json"


@dataclass(frozen=True)
class State:
    """`anchor` is the present of the history that is played (ISO); `arrived` counts the live mails so far.

    `schema` says which migrations the database has been brought to.
    """

    anchor: str
    is_played: bool = False
    arrived: int = 0
    schema: str = ""

    @property
    def at(self) -> datetime:
        """The anchor as an aware instant."""
        return datetime.fromisoformat(self.anchor)


def read(folder: Path) -> State | None:
    """The state kept in `folder`; None when there is none. ValueError when the file is no state."""
    try:
        text = (folder / MARKER).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return State(**json.loads(text))
    except TypeError as error:
        raise ValueError(f"{folder / MARKER} is not what the demo wrote") from error


def write(folder: Path, state: State) -> None:
    """Keep the state in `folder`, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{MARKER}.new"
    unfinished.write_text(json.dumps(asdict(state)), encoding="utf-8")
    os.replace(unfinished, folder / MARKER)


def migrated(folder: Path, schema: str) -> None:
    """Note which migrations the database has been brought to."""
    state = read(folder)
    if state and state.schema != schema:
        write(folder, replace(state, schema=schema))


def played(folder: Path) -> None:
    """Note that the history has been played to its end."""
    state = read(folder)
    if state:
        write(folder, replace(state, is_played=True))


def one_more_arrived(folder: Path) -> int:
    """Count one live mail, and say how many there were before it."""
    state = read(folder)
    if state is None:
        return 0
    write(folder, replace(state, arrived=state.arrived + 1))
    return state.arrived
