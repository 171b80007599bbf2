"""In the house: an analyst's blog reaches Analyst Relations, and what others write stays a mention."""

from collections.abc import Iterator

import pytest
from django.urls import reverse

from rapport.channels import registry
from rapport.channels.models import Channel
from rapport.channels.secrets import seal
from rapport.conversations.models import Mention, Revision
from rapport.core import scope
from rapport.inbound import intake, pipeline
from rapport.ownership import service
from rapport.people.models import Handle, Person, Relationship
from tests.channels.feeds.feeds import Post, found, rss
from tests.inbound.post import make_team, the_conversation
from tests.web.cast import Cast
from tests.web.conftest import SignIn, cast, sign_in

__all__ = ["cast", "sign_in"]
pytestmark = pytest.mark.django_db
RULE = {
    "name": "What analysts publish", "when": {"mention": "feed", "relationship": "analyst"},
    "then": {"owner": "analysts"},
}  # fmt: skip


@pytest.fixture
def blogs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """A channel of this kind in a company with a rule for analysts."""
    monkeypatch.setitem(registry._OURS, "feeds", "rapport.channels.kinds.feeds.connector:FeedsConnector")
    registry.connector.cache_clear()
    for slug in ("support", "analysts"):
        make_team(slug)
    service.save_policy_dict({"triage": "support", "rules": [RULE]}, service.SavedBy())
    config = {"feeds": ["https://blog.example.org/"]}
    yield Channel.objects.create(name="Blogs", kind="feeds", config=config, secrets=seal({"hook_secret": "x" * 32}))
    registry.connector.cache_clear()


def take(channel: Channel, body: bytes, changed: bool = False) -> dict[str, int]:
    intake.accept(channel, found(body, changed=changed))
    return dict(pipeline.run_batch().states)


def test_a_blog_of_somebody_unknown_is_a_mention(blogs: Channel) -> None:
    assert take(blogs, rss(Post())) == {"mention": 1}
    with scope.system():
        mention = Mention.objects.get()
    assert (mention.subject, mention.author_kind, mention.author_value, mention.found_by) == (
        "A kettle, tried", "site", "blog.example.org", "Ann's blog",
    )  # fmt: skip
    assert take(blogs, rss(Post())) == {}
    assert take(blogs, rss(Post(text="It leaks.")), changed=True) == {"mention": 1}
    with scope.system():
        assert Mention.objects.get().text == "It leaks."


def test_an_analysts_personal_blog_reaches_analyst_relations(blogs: Channel) -> None:
    with scope.system():
        ann = Person.objects.create(name="Ann Ash")
        Handle.objects.create(person=ann, kind="site", value="blog.example.org", written="https://blog.example.org/")
        Relationship.objects.create(person=ann, kind="analyst", source="test")
    assert take(blogs, rss(Post())) == {"stored": 1}
    conversation = the_conversation()
    assert conversation.owner_team.slug == "analysts"
    assert conversation.person_id == ann.id
    assert take(blogs, rss(Post(text="It leaks.")), changed=True) == {"stored": 1}
    with scope.system():
        assert [one.text for one in Revision.objects.all()] == ["It boils."]


def test_what_cannot_be_answered_by_its_channel_leads_to_where_it_can(
    blogs: Channel, cast: Cast, sign_in: SignIn
) -> None:
    take(blogs, rss(Post()))
    with scope.system():
        mention = Mention.objects.get()
    client = sign_in(cast.admin)
    taken = client.post(reverse("mention_take", args=[mention.channel_id, mention.id]))
    page = client.get(taken["Location"]).content.decode()
    assert "Answer where it was said" in page
    assert f'href="{mention.url}"' in page
    assert "By e-mail: " in page
