"""A channel of a kind that says plainly what it means, in a company of two teams."""

from collections.abc import Iterator

import pytest

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.ownership import service
from rapport.staff.models import Team
from tests.channels.parrot import Parrot
from tests.inbound.post import make_team


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever needs a service's own server runs by itself: `make test-servers`."""
    for item in items:
        if "channels" in item.path.parts and item.get_closest_marker("peers"):
            item.add_marker("servers")


@pytest.fixture
def parrots(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The kind is there while the test runs."""
    monkeypatch.setitem(registry._OURS, "parrot", "tests.channels.parrot:Parrot")
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()
    Parrot.spoken.clear()
    Parrot.error = None
    yield
    registry.connector.cache_clear()
    registry.idempotent_kinds.cache_clear()


@pytest.fixture
def teams(db: None) -> dict[str, Team]:
    return {"support": make_team("support"), "pr": make_team("pr")}


@pytest.fixture
def perch(parrots: None, teams: dict[str, Team]) -> Channel:
    service.save_policy_dict({"triage": "support", "rules": []}, service.SavedBy())
    return Channel.objects.create(
        name="Our parrot", kind="parrot", address="@us", config={"perch": "us"}, secrets=seal({"cracker": "salted"})
    )
