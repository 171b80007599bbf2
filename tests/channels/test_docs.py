"""docs/channels says what there is, and the connector it shows how to write stands its contract."""

import re
from pathlib import Path
from typing import Any

import pytest

from rapport.channels import registry
from rapport.channels.base import Connector, Incoming
from rapport.channels.testing import ConnectorContract, HttpContract, Sample, account_for

DOCS = Path(__file__).parents[2] / "docs" / "channels"
OVERVIEW = (DOCS / "README.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "writing-a-connector.md").read_text(encoding="utf-8")


def _postcards() -> Connector:
    source = next(block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "class Postcards" in block)
    made: dict[str, Any] = {}
    exec(compile(source, "writing-a-connector.md", "exec"), made)
    connector: Connector = made["Postcards"]()
    return connector


def test_every_kind_is_listed_with_its_proof_and_has_a_page() -> None:
    listed = dict(re.findall(r"^\| \[`(\w+)`\]\([^)]*\) \| ([\w -]+?) \|", OVERVIEW, re.MULTILINE))
    assert listed == {kind: registry.connector(kind).about.proof for kind in registry._OURS}
    for page in re.findall(r"\]\(([\w./-]+\.md)\)", OVERVIEW):
        assert (DOCS / page).is_file(), page


@pytest.mark.parametrize("kind", [kind for kind in registry._OURS if kind != "email"])
def test_every_kind_tells_what_to_do_and_why(kind: str) -> None:
    about = registry.connector(kind).about
    assert about.summary
    assert about.steps
    assert all(reason for _, reason in about.permissions)


class TestPostcardsContract(ConnectorContract):
    """The example, as it stands in the guide."""

    connector = _postcards()
    account = account_for("postcards", config={"url": "https://scanner.example"}, secrets={"token": "abc"})
    samples = (Sample(Incoming("1", b'{"number": 1, "from": "Ann", "text": "Hello"}')),)


class TestPostcardsHttpContract(HttpContract):
    """Its requests, too; a refusal of one message is what it does not tell apart."""

    connector = _postcards()
    answering = {"to": "Ann"}

    def account_at(self, url: str) -> Any:
        return account_for("postcards", config={"url": url}, secrets={"token": "abc"})
