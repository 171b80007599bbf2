"""Why somebody is told something, and how they hear of it unless they chose otherwise. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

NEVER, SOON, DIGEST = "", "soon", "digest"


@dataclass(frozen=True)
class Way:
    """How one hears: in the page, on the devices that allowed it, by mail (never, soon, in the digest)."""

    page: bool = True
    push: bool = False
    mail: str = NEVER

    @property
    def silent(self) -> bool:
        """Whether one hears nothing at all."""
        return not (self.page or self.push or self.mail)


@dataclass(frozen=True)
class Reason:
    """One reason, in words: `label` for the settings, `sentence` with %(who)s and %(team)s for the notice itself."""

    key: str
    label: str | Promise
    sentence: str | Promise
    way: Way
    #: The page it leads to, where that is not the conversation.
    place: str = ""


#: From the one that matters most: who is told for several reasons is told for the first.
REASONS = {
    reason.key: reason
    for reason in (
        Reason("mentioned", lazy("Somebody mentions you"), lazy("%(who)s mentioned you"), Way(True, True, SOON)),
        Reason("assigned", lazy("A conversation is given to you"), lazy("Given to you"), Way(True, True, SOON)),
        Reason(
            "undelivered",
            lazy("What you sent did not arrive"),
            lazy("Your reply did not arrive"),
            Way(True, True, SOON),
        ),
        Reason(
            "approval",
            lazy("An answer of a colleague waits for approval"),
            lazy("An answer waits for approval"),
            Way(True, True),
        ),
        Reason("broken", lazy("A promise of yours is broken"), lazy("The promise is broken"), Way(True, True, SOON)),
        Reason(
            "stuck", lazy("A promise cannot be passed on as the policy says"),
            lazy("A promise cannot be passed on: look who can answer"), Way(True, True, SOON),
        ),
        Reason("near", lazy("A promise of yours runs out soon"), lazy("The promise runs out soon"), Way(True, True)),
        Reason(
            "contradicted",
            lazy("A member decides much against what was learned (leads only)"),
            lazy("%(who)s decided much against what was learned: look at it"),
            Way(True, True, SOON),
            "/policy/learning/",
        ),
        Reason("woken", lazy("What you snoozed is back"), lazy("Back from snooze"), Way(True, True)),
        Reason(
            "leaving",
            lazy("Your shift ends before a promise of yours"),
            lazy("Your shift ends before its promise: hand it over?"),
            Way(True, True),
        ),
        Reason(
            "returned",
            lazy("What somebody had who no longer answers for your team is its again (leads only)"),
            lazy("Your team’s again: whoever had it no longer answers for it"),
            Way(True),
        ),
        Reason("handed", lazy("What you had is handed over"), lazy("Handed over to a colleague"), Way(True)),
        Reason(
            "answered",
            lazy("Somebody writes in a conversation of yours"),
            lazy("%(who)s wrote"),
            Way(True, True, DIGEST),
        ),
        Reason(
            "colleague", lazy("A colleague works in a conversation of yours"), lazy("%(who)s worked in it"), Way(True)
        ),
        Reason(
            "followed",
            lazy("Something happens in a conversation you follow"),
            lazy("News in what you follow"),
            Way(True, False, DIGEST),
        ),
        Reason(
            "watched",
            lazy("A person or organization you watch writes"),
            lazy("%(who)s, whom you watch, wrote"),
            Way(True, False, DIGEST),
        ),
        Reason(
            "involved",
            lazy("Something happens in what one of your teams watches"),
            lazy("News in what %(team)s watches"),
            Way(True),
        ),
        Reason("team", lazy("Something new for one of your teams"), lazy("New for your team"), Way(False)),
    )
}
_ORDER = {key: place for place, key in enumerate(REASONS)}
#: What a muted conversation still says: it is about oneself.
LOUD = frozenset({"mentioned", "assigned", "undelivered"})


def first(reasons: list[str]) -> str:
    """The reason that matters most."""
    return min(reasons, key=_ORDER.__getitem__)


def way_of(reason: str, chosen: Mapping[str, Mapping[str, object]]) -> Way:
    """How a member hears of `reason`: as they chose, or as it comes."""
    usual, given = REASONS[reason].way, chosen.get(reason, {})
    mail = str(given.get("mail", usual.mail))
    return Way(
        page=bool(given.get("page", usual.page)),
        push=bool(given.get("push", usual.push)),
        mail=mail if mail in (NEVER, SOON, DIGEST) else usual.mail,
    )
