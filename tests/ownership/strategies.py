"""Random policies and facts for property tests."""

from hypothesis import strategies as st

from rapport.ownership.conditions import All, Condition
from rapport.ownership.conditions.base import Plain
from rapport.ownership.conditions.combine import parse_condition
from rapport.ownership.facts import KINDS, Facts
from rapport.ownership.policy import EARLIER_OWNER, PRIORITIES, Outcome, Policy, Promise, Rule, Span
from rapport.ownership.problems import Problems
from rapport.ownership.topics import TopicHit
from rapport.ownership.within.weights import Weights
from tests.ownership.makers import NOON, TEAMS

WORDS = st.sampled_from(["refund", "money back", "Ünïcode*", "退款", 'quo"te', "back\\slash", "x\u0085y", "İade", "#1"])
PATTERNS = st.sampled_from([r"INV-\d{6}", r"\brefund", "[Üé]+", r"^\w+\s#", '"(?:a|b)', "(a+)+$"])
NAMES = (
    st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=20)
    .map(str.strip)
    .filter(lambda name: bool(name) and name.isprintable())
)
ADDRESSES = st.sampled_from(["help@rapport.example", "acme.example", "*@*.example", "ann@mail.acme.example"])
TOPICS = st.sampled_from(["refund", "delivery", "vat"])


def _several(values: st.SearchStrategy[str]) -> st.SearchStrategy[Plain]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=4, unique=True))


_LEAVES: st.SearchStrategy[dict[str, Plain]] = st.one_of(
    st.builds(lambda v: {"words": v}, _several(WORDS.filter(str.isprintable))),
    st.builds(lambda v: {"words": {"all": v}}, st.lists(WORDS.filter(str.isprintable), min_size=1, max_size=3)),
    st.builds(lambda v: {"matches": v}, _several(PATTERNS)),
    st.builds(lambda v, of: {"matches": {"any": v, "in": of}}, PATTERNS, st.sampled_from(["subject", "text"])),
    st.builds(lambda v: {"to": v}, _several(ADDRESSES)),
    st.builds(lambda v: {"from": v}, _several(ADDRESSES)),
    st.builds(lambda v: {"topic": v}, _several(TOPICS)),
    st.builds(lambda v: {"relationship": v}, _several(st.sampled_from(["customer", "analyst", "unknown"]))),
    st.builds(lambda v: {"organization": v}, _several(NAMES)),
    st.builds(lambda v: {"channel": v}, _several(NAMES)),
    st.builds(lambda v: {"language": v}, _several(st.sampled_from(["en", "de", "no", "pt-BR"]))),
    st.builds(lambda v: {"kind": v}, _several(st.sampled_from(KINDS))),
    st.builds(lambda v: {"reply": v}, st.booleans()),
    st.builds(lambda v: {"held": v}, st.booleans()),
    st.builds(lambda v: {"attachment": v}, st.booleans()),
    st.builds(lambda v: {"time": v}, st.sampled_from(["inside", "outside"])),
    st.builds(lambda v: {"time": {"is": "inside", "hours": v}}, NAMES),
    st.builds(lambda v: {"earlier_owner": v}, st.sampled_from(["person", "thread", "any"])),
    st.builds(lambda v: {"earlier_owner": {"of": "any", "team": v}}, st.sampled_from(TEAMS)),
    st.just({"always": True}),
)
_TABLES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"all": v}),
        st.lists(inner, min_size=1, max_size=3).map(lambda v: {"any": v}),
        inner.map(lambda v: {"not": v}),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=5,
)


def _parsed(table: Plain) -> Condition:
    condition = parse_condition(table, Problems())
    return condition or All(())


CONDITIONS: st.SearchStrategy[Condition] = _TABLES.map(_parsed)
SPANS = st.builds(Span, st.integers(0, 20), st.integers(1, 3000))
PROMISES = st.builds(Promise, SPANS, st.none() | SPANS, st.just("") | NAMES)


def _outcome(parts: tuple[Outcome, bool]) -> Outcome:
    outcome, by_load = parts
    if outcome.owner and by_load:
        return Outcome(outcome.owner, assign="best", skills=("billing",), involve=outcome.involve, topic=outcome.topic)
    return outcome if outcome != Outcome() else Outcome(confidential=True)


OUTCOMES = st.tuples(
    st.builds(
        Outcome,
        owner=st.sampled_from(["", *TEAMS, "gone", EARLIER_OWNER]),
        involve=st.lists(st.sampled_from([*TEAMS, "gone"]), max_size=2, unique=True).map(tuple),
        topic=st.just("") | TOPICS,
        priority=st.sampled_from(["", *PRIORITIES]),
        promise=st.none() | PROMISES | st.just("standard"),
        confidential=st.booleans(),
    ),
    st.booleans(),
).map(_outcome)
RULES = st.builds(Rule, NAMES, CONDITIONS, OUTCOMES)
POLICIES = st.builds(
    Policy,
    triage=st.sampled_from(["customer-service", "gone"]),
    rules=st.lists(RULES, max_size=8).map(tuple),
    promises=st.builds(
        lambda more, first: {**more, "standard": first},
        st.dictionaries(NAMES, PROMISES, max_size=2),
        PROMISES,
    ),
    weights=st.builds(
        Weights,
        st.dictionaries(st.sampled_from(PRIORITIES), st.sampled_from([0.5, 1.0, 2.5]), max_size=2),
        st.dictionaries(NAMES, st.sampled_from([0.1, 3.0, 100.0]), max_size=2),
    ),
)
FACTS = st.builds(
    Facts,
    at=st.just(NOON),
    channel=NAMES,
    to_addresses=st.lists(st.sampled_from(["help@rapport.example", "x@y.example"]), max_size=2).map(tuple),
    from_address=st.sampled_from(["", "ann@mail.acme.example"]),
    relationships=st.frozensets(st.sampled_from(["customer", "analyst"])),
    subject=st.text(max_size=10),
    text=st.text(max_size=40) | WORDS,
    language=st.sampled_from(["", "en", "de"]),
    kind=st.sampled_from(KINDS),
    is_reply=st.booleans(),
    topics=st.lists(TOPICS, max_size=2).map(lambda slugs: tuple(TopicHit(slug, slug) for slug in slugs)),
    inside_hours=st.just({"": True}),
    holder=st.sampled_from(["", "ana@x.example"]),
    holder_name=st.just("Ana Agent"),
    earlier_owner_of_person=st.none() | st.sampled_from([*TEAMS, "gone"]),
    earlier_owner_of_thread=st.none() | st.sampled_from(TEAMS),
)
