"""The demo company is whole, invented, and agrees with its own policy."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest
from django.utils.text import slugify

from rapport.cli.demo_company.company import FOLDER, Company, load
from rapport.cli.demo_company.plan import DAYS, Play, plan, plays
from rapport.cli.demo_company.scripts import THEM, Script, all_scripts, live_scripts, render
from rapport.ownership import format as policy_format
from rapport.ownership.engine import Directory, TeamEntry, Verdict, decide
from rapport.ownership.facts import Facts
from rapport.ownership.policy import Policy
from rapport.ownership.problems import Vocabulary
from rapport.ownership.topics import TopicMatcher, TopicWords

ANCHOR = datetime(2026, 3, 12, 14, 30, tzinfo=UTC)
_ADDRESS = re.compile(r"[\w.+-]+@([\w.-]+\w)")


@pytest.fixture(scope="module")
def company() -> Company:
    return load()


@pytest.fixture(scope="module")
def all_plays(company: Company) -> list[Play]:
    return plays(company, all_scripts(), ANCHOR)


def test_it_is_as_large_as_promised(company: Company, all_plays: list[Play]) -> None:
    assert len(company.teams) == 7
    assert len(company.members) >= 12
    assert len(company.people) >= 200
    assert len(all_scripts()) >= 60
    assert 180 <= len(all_plays) <= 250
    assert {play.script.language for play in all_plays} >= {"en", "de", "fr", "es", "ar", "ja"}


def test_every_address_lies_in_a_reserved_domain(company: Company) -> None:
    written = [path.read_text(encoding="utf-8") for path in FOLDER.rglob("*") if path.suffix in {".toml", ".csv"}]
    domains = {domain for text in written for domain in _ADDRESS.findall(text)}
    assert domains
    assert all(domain.endswith(".example") for domain in domains)


def test_every_address_belongs_to_one_person(company: Company) -> None:
    addresses = [person.email for person in company.people] + [member.email for member in company.members]
    assert [address for address, count in Counter(addresses).items() if count > 1] == []


def test_every_member_belongs_to_teams_that_exist_and_each_team_has_a_lead(company: Company) -> None:
    teams = {team.slug for team in company.teams}
    assert all(set(member.teams) <= teams for member in company.members)
    assert set().union(*(member.leads for member in company.members)) == teams


def test_every_script_renders_without_a_trace_of_its_making(all_plays: list[Play]) -> None:
    for play in all_plays:
        texts = [play.subject, *(render(turn.text, play.index, play.filled) for turn in play.turns)]
        assert not [text for text in texts if re.search(r"<<|>>|[{}|]", text)], play.key


def test_scripts_only_name_teams_that_exist(company: Company) -> None:
    teams = {team.slug for team in company.teams}
    for script in all_scripts():
        assert script.owner in teams | {""}, script.key
        assert {turn.team for turn in script.turns} <= teams | {""}, script.key


def test_nobody_acts_before_the_conversation_begins_or_after_the_anchor(company: Company) -> None:
    steps = plan(company, all_scripts(), ANCHOR)
    assert all(ANCHOR - timedelta(days=DAYS + 4) < step.at < ANCHOR for step in steps)
    by_play: dict[str, list[datetime]] = {}
    for step in steps:
        by_play.setdefault(step.play.key, []).append(step.at)
    assert len(by_play) >= 180
    assert all(moments == sorted(moments) for moments in by_play.values())


def test_only_scripts_that_exist_are_left_alone(all_plays: list[Play]) -> None:
    left_alone = [play for play in all_plays if len(play.turns) < len(play.script.turns)]
    assert len(left_alone) == 10
    assert "hr" not in {play.script.owner for play in left_alone}


def test_the_plan_is_the_same_for_the_same_anchor(company: Company) -> None:
    assert plan(company, all_scripts(), ANCHOR) == plan(company, all_scripts(), ANCHOR)


def test_the_newest_conversations_are_all_of_different_scripts(company: Company) -> None:
    last: dict[str, datetime] = {}
    scripts: dict[str, str] = {}
    for step in plan(company, all_scripts(), ANCHOR):
        last[step.play.key], scripts[step.play.key] = step.at, step.play.script.key
    newest = sorted(last, key=lambda key: last[key], reverse=True)[:40]
    assert len({scripts[key] for key in newest}) == len(newest)


@pytest.fixture(scope="module")
def policy(company: Company) -> Policy:
    vocabulary = Vocabulary(
        {
            "teams": frozenset(team.slug for team in company.teams),
            "topics": frozenset(slugify(topic.name) for topic in company.topics),
            "members": frozenset(member.email for member in company.members),
            "channels": frozenset(channel.name for channel in company.channels),
            "hours": frozenset(hours.name for hours in company.hours),
        }
    )
    return policy_format.load((FOLDER / "policy.toml").read_text(encoding="utf-8"), "toml", vocabulary)


def test_the_policy_has_about_a_dozen_rules_and_promises(policy: Policy) -> None:
    assert 12 <= len(policy.rules) <= 16
    assert policy.promises


@pytest.mark.parametrize("script", all_scripts() + live_scripts(), ids=lambda script: script.key)
def test_the_policy_gives_every_conversation_to_the_team_its_script_expects(
    script: Script, company: Company, policy: Policy, all_plays: list[Play]
) -> None:
    for play in [*all_plays, *plays(company, live_scripts(), ANCHOR)]:
        if play.script is script:
            verdict = _decided(play, company, policy)
            decided = verdict.owner if verdict.rule is not None else ""
            assert decided == play.script.owner, (play.key, verdict.sentence)
            assert verdict.confidential == (play.script.owner == "hr"), play.key


def _decided(play: Play, company: Company, policy: Policy) -> Verdict:
    teams = {team.slug: TeamEntry(_id(team.slug), team.slug, team.name, team.confidential) for team in company.teams}
    matcher = TopicMatcher(TopicWords(slugify(topic.name), topic.name, topic.words) for topic in company.topics)
    first = play.turns[0]
    known = play.person.relationships if play.person.is_known else ()
    facts = Facts(
        at=play.starts_at,
        channel_kind="email",
        to_addresses=(company.channel(play.script.to).address,),
        from_address=play.person.email,
        relationships=frozenset(known),
        organization=play.person.organization,
        subject=play.subject,
        text=render(first.text, play.index, play.filled),
        kind="list" if "list" in first.flags else "message",
    )
    assert first.by == THEM
    return decide(policy, facts.completed(matcher, {"": True}), Directory(teams))


def _id(slug: str) -> UUID:
    return uuid5(NAMESPACE_DNS, slug)
