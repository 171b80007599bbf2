"""Names are remembered by a process, by channel; every test has the same channel's id."""

import pytest

from rapport.channels.kinds.slack import names


@pytest.fixture(autouse=True)
def no_names_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_memory", names._Memory())
