"""`rapport privacy`, as an operator types it. That restoring erases again is in test_backup."""

import json
import zipfile
from contextlib import nullcontext
from pathlib import Path

import pytest

from rapport.channels.models import Channel
from rapport.core import scope
from rapport.inbound.privacy import erasing
from rapport.ownership.service import SavedBy, save_policy_dict
from rapport.people.models import Handle, RetentionRule
from rapport.staff.models import Team
from tests.cli.conftest import Run
from tests.inbound.post import deliver, letter


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("rapport.cli.privacy.database", nullcontext)
    for module in ("rapport.cli.privacy", "rapport.inbound.privacy.erasing"):
        monkeypatch.setattr(f"{module}.options", lambda: type("Options", (), {"home": tmp_path}))


def test_each_command_says_what_it_found_and_did(run: Run, tmp_path: Path) -> None:
    box = Channel.objects.create(name="Mailbox", kind="email", address="support@rapport.example")
    deliver(box, letter("My xanthippe is broken.", sender="Ann <ann@xanthippe.example>"))
    with scope.system():
        person = Handle.objects.get().person_id
        RetentionRule.objects.create(name="Old mail", days=1, anybody=True)
    Team.objects.create(name="Customer Service", slug="customer-service")
    rule = {"name": "Ann", "when": {"from": "ann@xanthippe.example"}, "then": {"owner": "customer-service"}}
    save_policy_dict({"triage": "customer-service", "rules": [rule]}, SavedBy())
    found = run("privacy", "check", person, "--json")
    assert found.exit_code == 1
    (told,) = json.loads(found.stdout)["policy"]
    assert (told["number"], told["rules"], told["in_force"]) == (1, [1], True)
    assert told["url"].endswith("/policy/versions/1/")
    assert "\nversion 1 of the policy (in force): rules 1 – http" in run("privacy", "check", person).stdout
    assert {one["table"] for one in json.loads(found.stdout)["found"]} >= {"people_handle", "inbound_rawitem"}
    run("privacy", "archive", person, tmp_path / "all.zip")
    assert "index.html" in zipfile.ZipFile(tmp_path / "all.zip").namelist()
    would = run("privacy", "erase", person)
    assert "would erase: 1 people, 1 handles" in would.stdout
    assert "Nothing was changed" in would.stderr
    assert "an address of theirs stays in version 1 of the policy (in force): rules 1 – " in would.stderr
    with scope.system():
        assert Handle.objects.count() == 1
    assert json.loads(run("privacy", "retention", "--json").stdout)["rules"][0]["name"] == "Old mail"
    done = json.loads(run("privacy", "erase", person, "--yes", "--json").stdout)
    assert (done["state"], done["left"]) == ("done", {"ownership_policyversion.rules": 1})
    assert [one["rules"] for one in done["policy"]] == [[1]]
    where = json.loads(run("privacy", "check", "--text", "xanthippe", "--json").stdout)["found"]
    assert {one["table"] for one in where} == {"ownership_policyversion"}, "and nowhere else"
    assert "It stands nowhere" in run("privacy", "check", "--text", "socrates").stdout
    told = json.loads(run("privacy", "ledger", "--to", tmp_path / "copy.jsonl", "--json").stdout)
    assert told["erasures"] == 1
    assert (tmp_path / "copy.jsonl").read_text().count('"erasure"') == 1
    assert "There is no person" in run("privacy", "erase", erasing.START).stderr
