"""docs/policy.md says what there is, and its example works; so does that of docs/what-if.md."""

import re
import tomllib
from pathlib import Path

from rapport.ownership import plain
from rapport.ownership.conditions import REGISTRY
from rapport.ownership.format import dump, load
from rapport.ownership.simulate.changed import read

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "policy.md").read_text(encoding="utf-8")
WHAT_IF = (DOCS / "what-if.md").read_text(encoding="utf-8")


def test_the_example_is_a_good_policy() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    policy = load(example, "toml")
    assert len(policy.rules) == 3
    assert load(dump(policy, "yaml"), "yaml") == policy


def test_every_condition_and_every_key_is_documented() -> None:
    cells = " ".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `"))
    documented = set(re.findall(r"`(\w+)`", cells))
    assert documented == set(REGISTRY) | set(plain._OUTCOME_KEYS)


def test_every_condition_in_the_table_has_an_example_that_works() -> None:
    for line in PAGE.splitlines():
        if line.startswith("| `") and line.count("|") == 4:
            (example,) = re.findall(r"`([^`]*)` \|$", line)
            source = f'triage = "x"\n[[rules]]\nname = "x"\nwhen = {{ {example} }}\nthen = {{ owner = "x" }}\n'
            assert load(source, "toml").rules


def test_the_example_of_another_setup_can_be_tried_with() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", WHAT_IF, re.DOTALL)
    setup = read(tomllib.loads(example)["vocabulary"])
    assert (set(setup.teams), setup.learned) == ({"night-shift"}, {"team": 90})
