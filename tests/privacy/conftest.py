"""A mailbox with somebody who left traces everywhere, and a home of its own for the ledger."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from rapport.channels.models import Channel
from rapport.inbound import forgetting
from rapport.inbound.privacy import erasing
from rapport.staff.models import Member
from tests.inbound.conftest import box, other_box, teams
from tests.inbound.post import make_member
from tests.web.conftest import cast, sign_in

__all__ = ["box", "cast", "other_box", "sign_in", "teams"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the ledger goes."""
    monkeypatch.setattr(erasing, "options", lambda: SimpleNamespace(home=tmp_path))
    forgetting.look_anew()
    yield tmp_path
    forgetting.look_anew()


@pytest.fixture
def admin(box: Channel) -> Member:
    """An administrator who belongs to no team."""
    return make_member("ada", role="admin")
