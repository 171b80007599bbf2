"""Whatever a policy, a company or a message is like: the engine answers, at worst with triage, and says why."""

from typing import Any

import pytest
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.conversations.models import Conversation
from rapport.core import scope
from rapport.core.clock import now
from rapport.ownership import service
from rapport.ownership.engine import Directory, TeamEntry, Verdict, decide
from rapport.ownership.facts import Facts
from rapport.ownership.format import load
from rapport.ownership.learning.learner import Learner
from rapport.ownership.learning.values import Example
from rapport.ownership.models import Decision, PolicyDraft, PolicyVersion
from rapport.ownership.plain import policy_from_dict
from rapport.ownership.policy import BY_HOLDER, BY_LOAD, HOLDER, Outcome, Policy, Rule
from rapport.ownership.problems import PolicyError
from rapport.ownership.within.values import MemberLoad
from rapport.staff.models import Team
from tests.ownership.learning.makers import examples, message
from tests.ownership.makers import NOON, TEAMS, directory, facts, member
from tests.ownership.strategies import CONDITIONS, FACTS, NAMES, POLICIES, RULES
from tests.web.cast import Cast, make_cast
from tests.web.conftest import SignIn, sign_in

__all__ = ["sign_in"]
ALWAYS = {"always": True}


@pytest.fixture
def cast(db: None, settings: Any) -> Cast:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_cast()


class Raising:
    """A condition that nobody can try."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def check(self, facts: Facts) -> Any:
        raise self.error


MEMBERS: st.SearchStrategy[tuple[MemberLoad, ...]] = st.lists(
    st.builds(
        member, st.integers(1, 5), present=st.booleans(), open_count=st.integers(0, 40), capacity=st.integers(0, 20),
        email=st.sampled_from(["ana@x.example", "m1@rapport.example"]),
    ),
    max_size=3, unique_by=lambda one: one.id,
).map(tuple)  # fmt: skip
DIRECTORIES = st.dictionaries(
    st.sampled_from(TEAMS), st.tuples(MEMBERS, st.booleans()), max_size=4
).map(lambda found: Directory({slug: _team(slug, *more) for slug, more in found.items()}))
ODD_RULES: st.SearchStrategy[Rule] = st.one_of(
    RULES,
    st.builds(Rule, NAMES, CONDITIONS, st.builds(
        Outcome, owner=st.sampled_from([*TEAMS, "gone", HOLDER]), member=st.sampled_from(["", "left@x.example"]),
        assign=st.sampled_from(["", BY_LOAD, BY_HOLDER]), confidential=st.booleans(),
    )),
    st.builds(
        lambda error, rule: Rule(rule.name, Raising(error), rule.then),  # type: ignore[arg-type]
        st.sampled_from([ValueError("a\x00b\u2028c"), RecursionError(), ZeroDivisionError(), KeyError("x" * 9_000)]),
        RULES,
    ),
)  # fmt: skip


def _team(slug: str, members: tuple[MemberLoad, ...], confidential: bool) -> TeamEntry:
    return TeamEntry(member(900 + TEAMS.index(slug)).id, slug, slug.title(), confidential, members=members)


@settings(max_examples=30)
@given(POLICIES, st.lists(ODD_RULES, min_size=1, max_size=3).map(tuple), FACTS, DIRECTORIES)
def test_any_policy_and_any_company_get_an_owner_where_there_is_a_team_and_a_sentence(
    base: Policy, more: tuple[Rule, ...], about: Facts, company: Directory
) -> None:
    verdict = decide(Policy(base.triage, base.rules + more, base.promises), about, company)
    assert (verdict.owner in company.teams) == bool(company.teams)
    assert verdict.sentence
    assert verdict.sentence.isprintable()
    assert len(verdict.trace) == len(base.rules) + len(more)
    assert set(verdict.involved) <= set(company.teams) - {verdict.owner}
    owner = company.teams.get(verdict.owner)
    assert not (owner and owner.confidential) or verdict.confidential
    assert verdict.member is None or (owner is not None and verdict.member in owner.members)


def test_where_only_a_confidential_team_is_left_it_sorts_in_confidence() -> None:
    here = directory()
    left = Directory({"hr": here.teams["hr"]})
    verdict = decide(Policy("customer-service"), facts(), left)
    assert (verdict.owner, verdict.confidential) == ("hr", True)


def decided(*rules: dict[str, Any], about: Facts | None = None, among: Directory | None = None) -> Verdict:
    named = [{"name": f"Rule {number}", **rule} for number, rule in enumerate(rules, 1)]
    policy = policy_from_dict({"triage": "customer-service", "rules": named})
    return decide(policy, about or facts(), among or directory())


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"owner": "press", "assign": "load"}, "the team has no members"),
        ({"owner": "press", "member": "left@x.example"}, "left@x.example is no member of the team any more"),
    ],
)
def test_a_team_with_nobody_owns_it_as_a_team_and_says_that_nobody_answers(then: dict[str, str], said: str) -> None:
    verdict = decided({"when": ALWAYS, "then": then})
    assert (verdict.owner, verdict.member) == ("press", None)
    assert said in verdict.sentence


def test_of_two_rules_that_contradict_the_first_wins_and_the_other_says_that_it_came_too_late() -> None:
    same = {"relationship": "customer"}
    verdict = decided({"when": same, "then": {"owner": "product"}}, {"when": same, "then": {"owner": "press"}})
    assert (verdict.owner, verdict.rule) == ("product", 1)
    assert verdict.trace[1].hit
    assert verdict.trace[1].reason.endswith("(rule 1 had decided)")


def test_ten_thousand_rules_decide_and_are_looked_through() -> None:
    rules = [
        {"name": f"R{n}", "when": {"words": [f"never{n}"]}, "then": {"owner": "press"}} for n in range(9_999)
    ] + [{"name": "Last", "when": {"words": ["refund"]}, "then": {"owner": "product"}}]
    policy = policy_from_dict({"triage": "customer-service", "rules": rules})
    verdict = decide(policy, facts(text="a refund, please"), directory())
    assert (verdict.owner, verdict.rule, len(verdict.trace)) == ("product", 10_000, 10_000)
    with pytest.raises(PolicyError, match="more than anybody can follow; at most 10000"):
        policy_from_dict({"triage": "customer-service", "rules": [*rules, rules[0]]})


@pytest.mark.parametrize("key", ["regex", "pattern", "match"])
def test_whoever_calls_a_regular_expression_otherwise_is_told_its_name(key: str) -> None:
    for when in ({key: "(a+)+$"}, {"not": {key: "(a+)+$"}}, {"any": [{"reply": True}, {key: "(a+)+$"}]}):
        with pytest.raises(PolicyError, match=f"there is no condition “{key}”; did you mean “matches”"):
            policy_from_dict({"triage": "hr", "rules": [{"name": "R", "when": when, "then": {"owner": "hr"}}]})


@pytest.mark.parametrize("evil", ["(a+)+$", "(a|aa)+$", "(.*a){20}$", r"^(\w+\s?)*!$", "(a*)*(a*)*(a*)*[b-z]"])
def test_a_pattern_made_to_run_for_ever_ends(evil: str) -> None:
    """With an engine that tries and goes back, none of these would end before the universe does."""
    when = {"matches": {"any": evil, "in": "text"}}
    verdict = decided({"when": when, "then": {"owner": "press"}}, about=facts(text="a" * 49_999 + "\u2026"))
    assert (verdict.owner, verdict.rule) == ("customer-service", None)
    assert verdict.trace[0].reason.startswith("the text does not match")


def test_what_looks_like_a_regular_expression_is_only_words() -> None:
    verdict = decided({"when": {"words": ["(a+)+$"]}, "then": {"owner": "press"}}, about=facts(text="a" * 200_000))
    assert verdict.owner == "customer-service"


@pytest.mark.parametrize("text", ["", "\x00\u200b\n", "x " * 2_500_000, "\u0301" * 60_000, "é" * 5_000_000])
def test_a_text_of_five_megabytes_or_none_is_decided(text: str) -> None:
    about = facts(subject="", text=text, topics=())
    verdict = decided(
        {"when": {"words": ["refund"]}, "then": {"owner": "press"}}, {"when": ALWAYS, "then": {"owner": "product"}},
        about=about,
    )  # fmt: skip
    assert (verdict.owner, verdict.rule) == ("product", 2)
    assert len(verdict.sentence) < 200


def test_a_label_with_one_example_is_learned_and_one_alone_promises_nothing() -> None:
    many = [*examples(6), Example("only", "my parrot speaks in riddles", "press", at=NOON)]
    learner = Learner()
    learner.teach(many)
    learner.refit()
    said = learner.predict(["my parrot speaks in riddles", message("billing", 900), ""], [{}, {}, {}])
    assert said[0].label == "press"
    assert not said[2].certain
    assert all(0 <= one.probability <= 1 for one in said)
    alone = Learner()
    alone.learn(many[-1])
    (only,) = alone.predict(["anything at all"], [{}])
    assert not only.certain


def test_a_message_of_five_megabytes_or_none_is_asked_about() -> None:
    learner = Learner()
    learner.teach(examples(5))
    learner.refit()
    for one in learner.predict(["", "x" * 5_000_000, "invoice " * 600_000], [{}, {}, {}]):
        assert 0 <= one.probability <= 1
        assert not one.certain


def test_everything_to_a_team_that_is_gone_goes_to_triage_and_every_page_tells_a_lead(
    cast: Cast, sign_in: SignIn
) -> None:
    gone = Team.objects.create(name="Sales", slug="sales")
    rule = {"name": "All", "when": ALWAYS, "then": {"owner": "sales"}}
    service.save_policy_dict({"triage": "customer-service", "rules": [rule]}, service.SavedBy())
    Team.objects.filter(id=gone.id).update(is_active=False)
    with scope.system():
        one = Conversation.objects.create()
        done = service.decide_batch([(one.id, Facts(at=now(), text="Hello"))])
        service.record_decisions(done)
        kept = Decision.objects.get(conversation=one)
    assert done[0].owner_team == cast.service
    assert kept.sentence == (
        "Customer Service owns this: rule 1 gives it to sales, which is gone, so it goes to triage"
    )
    for name in ("policy", "policy_overview"):
        said = "Rule 1 names the team sales, which is gone: what it gives there goes to triage."
        assert said in sign_in(cast.lead).get(reverse(name)).content.decode(), name


def test_a_lead_is_told_beside_the_field_what_a_pattern_cannot_do_and_nothing_is_kept(
    cast: Cast, sign_in: SignIn
) -> None:
    client = sign_in(cast.lead)
    given = {"name": "Twice", "when_matches": "INV-\\d+\n(\\d)\\1", "then_owner": "customer-service"}
    page = client.post(reverse("policy_rule_new"), given).content.decode()
    assert "it may not refer back to a group" in page.partition('id="id_when_matches_error"')[2][:300]
    with scope.system():
        assert not PolicyDraft.objects.exists()
    assert PolicyVersion.objects.count() == 1


def test_who_only_reads_is_refused_as_the_one_who_answers_and_told_of_where_it_came_later(
    cast: Cast, sign_in: SignIn
) -> None:
    then = {"owner": "customer-service", "member": cast.reader.email}
    plain = {"triage": "customer-service", "rules": [{"name": "R", "when": ALWAYS, "then": then}]}
    with pytest.raises(PolicyError, match=f"{cast.reader.email} only reads and cannot answer; name another member"):
        service.save_policy_dict(plain, service.SavedBy())
    client = sign_in(cast.lead)
    assert f'value="{cast.reader.email}"' not in client.get(reverse("policy_rule_new")).content.decode()
    cast.reader.role = "agent"
    cast.reader.save(update_fields=["role"])
    service.save_policy_dict(plain, service.SavedBy())
    cast.reader.role = "reader"
    cast.reader.save(update_fields=["role"])
    with scope.system():
        (one,) = service.decide_batch([(Conversation.objects.create().id, Facts(at=now(), text="Hello"))])
    assert one.owner_member_id is None
    assert one.verdict.sentence.endswith("; Rex Reader only reads")
    said = f"Rule 1 names {cast.reader.email}, who only reads: nobody answers."
    assert said in client.get(reverse("policy")).content.decode()
    cast.reader.memberships.all().delete()
    assert "who is not in Customer Service any more" in client.get(reverse("policy_overview")).content.decode()


def test_a_lead_is_told_of_teams_with_nobody_and_of_rules_that_contradict(cast: Cast, sign_in: SignIn) -> None:
    Team.objects.create(name="Empty", slug="empty")
    when = {"topic": "refund"}
    rules = [{"name": owner, "when": when, "then": {"owner": owner}} for owner in ("empty", "hr")]
    service.save_policy_dict({"triage": "empty", "rules": rules}, service.SavedBy())
    page = sign_in(cast.lead).get(reverse("policy_overview")).content.decode()
    for said in (
        "The team that sorts the rest, Empty, has nobody in it.", "Rule 1 gives to Empty, a team with nobody in it.",
        "Rules 1 and 2 ask the same and give it to different teams: rule 1 wins.",
    ):  # fmt: skip
        assert said in page, said


def test_a_rule_that_says_neither_when_nor_what_is_told_so_beside_the_fields_in_words(
    cast: Cast, sign_in: SignIn
) -> None:
    page = sign_in(cast.lead).post(reverse("policy_rule_new"), {"name": "Nothing"}).content.decode()
    for field, said in (
        ("when_always", "Say when it holds: choose a condition above, or here that it always does."),
        ("then_owner", "Say what follows: choose an owner, or anything below."),
    ):  # fmt: skip
        assert said in page.partition(f'id="id_{field}_error"')[2][:300]
    assert "expected" not in page.partition('role="alert"')[2][:400]


@pytest.mark.parametrize("fmt", ["toml", "yaml"])
def test_an_empty_file_is_told_to_be_empty(fmt: str) -> None:
    with pytest.raises(PolicyError, match="the file is empty"):
        load("\ufeff \n\n", fmt)


@pytest.mark.parametrize(
    ("fmt", "source", "said"),
    [
        ("toml", f"triage = {'9' * 5000}", "a number has too many digits"),
        ("yaml", f"triage: {'9' * 5000}", "a number has too many digits"),
        ("toml", "triage = 'x'\n" + ".".join("a" * 50_000) + " = 1", "line 2: a key has too many parts"),
        ("toml", "triage = 'x'\n[" + ' . '.join(["'a'"] * 50_000) + "]", "line 2: a key has too many parts"),
    ],
)  # fmt: skip
def test_a_file_made_to_break_the_parser_is_refused_in_words_and_at_once(fmt: str, source: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        load(source, fmt)


@pytest.mark.parametrize("fmt", ["toml", "yaml"])
def test_the_mark_that_some_editors_put_before_a_text_is_no_part_of_it(fmt: str) -> None:
    written = {"toml": 'triage = "x"', "yaml": "triage: x"}[fmt]
    assert load(f"\ufeff{written}\r\n", fmt).triage == "x"


def test_of_a_thousand_conditions_that_all_hold_the_reason_is_short() -> None:
    many = [{"words": f"w{number}"} for number in range(2_000)]
    one = policy_from_dict({"triage": "x", "rules": [{"name": "r", "when": {"all": many}, "then": {"owner": "x"}}]})
    told = decide(one, facts(text=" ".join(f"w{number}" for number in range(2_000))), directory())
    assert told.rule is None
    assert told.trace[0].hit
    assert len(told.sentence) + len(told.trace[0].reason) < 3_000
