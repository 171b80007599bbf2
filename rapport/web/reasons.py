"""Why-sentences in the reader's language.

A decision keeps its reasons as they were given, in English, for ever. Their turns of phrase are few (they come from the
conditions and the engine), so a page reads them back and says them anew; what it does not know stays as it is.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from babel import Locale
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.web import locales

_DEPTH_MAX = 12
_LENGTH_MAX = 2000
Said = str | Promise

_WHATS: dict[str, Said] = {
    "a customer": lazy("a customer"), "an employee": lazy("an employee"), "a partner": lazy("a partner"),
    "an analyst": lazy("an analyst"), "a journalist": lazy("a journalist"), "a supplier": lazy("a supplier"),
    "a prospect": lazy("a prospect"), "known otherwise": lazy("known otherwise"),
    "unknown to us": lazy("unknown to us"),
    "an ordinary message": lazy("an ordinary message"), "an automatic reply": lazy("an automatic reply"),
    "a returned mail": lazy("a returned mail"), "mailing-list mail": lazy("mailing-list mail"),
    "an abuse report": lazy("an abuse report"), "business hours": lazy("business hours"),
    "some team": lazy("some team"),
    "Nobody": lazy("Nobody"), "a member": lazy("a member"),
    "nobody": lazy("nobody"), "yes": lazy("yes"), "no": lazy("no"), "none": lazy("none"), "public": lazy("public"),
    "all": lazy("all"), "low": lazy("low"), "normal": lazy("normal"), "high": lazy("high"), "urgent": lazy("urgent"),
}  # fmt: skip

#: What a test may expect, by its key in a policy file.
_KEYS: dict[str, Said] = {
    "rule": lazy("rule"), "topic": lazy("topic"), "priority": lazy("priority"), "involve": lazy("involve"),
    "first answer": lazy("first answer"), "next answer": lazy("next answer"), "resolution": lazy("resolution"),
    "promise": lazy("promise"), "approval": lazy("approval"), "confidential": lazy("confidential"),
}  # fmt: skip

#: From the longer to the shorter: the first that fits is meant. %(a)s stands for one thing or several joined.
_CLAUSES: tuple[tuple[str, Said], ...] = (
    ("Nobody owns this: there is no team to give it to", lazy("Nobody owns this: there is no team to give it to")),
    ("%(a)s owns this: %(clause)s", lazy("%(a)s owns this: %(clause)s")),
    ("rule %(n)s gives it to %(a)s, which is gone, so it goes to triage",
     lazy("rule %(n)s gives it to %(a)s, which is gone, so it goes to triage")),
    ("rule %(n)s cannot be tried (%(clause)s), so it goes to triage",
     lazy("rule %(n)s cannot be tried (%(clause)s), so it goes to triage")),
    ("rule %(n)s had decided", lazy("rule %(n)s had decided")),
    ("rule %(n)s “%(name)s” hit: %(clause)s", lazy("rule %(n)s “%(name)s” hit: %(clause)s")),
    ("rule %(n)s “%(name)s” would give it to %(a)s, but %(clause)s",
     lazy("rule %(n)s “%(name)s” would give it to %(a)s, but %(clause)s")),
    ("rule %(n)s", lazy("rule %(n)s")),
    ("the %(key)s is late, and its promise passes it on", lazy("the %(key)s is late, and its promise passes it on")),
    ("the %(key)s is due soon, and its promise passes it on",
     lazy("the %(key)s is due soon, and its promise passes it on")),
    ("the promise names %(text)s", lazy("the promise names %(text)s")),
    ("expected %(a)s, but %(b)s owns it", lazy("expected %(a)s, but %(b)s owns it")),
    ("expected %(key)s %(a)s, but it is %(b)s", lazy("expected %(key)s %(a)s, but it is %(b)s")),
    ("it was in triage already", lazy("it was in triage already")),
    ("no rule matched, so it goes to triage", lazy("no rule matched, so it goes to triage")),
    ("in %(n)s of 100 cases like it people gave it to this team",
     lazy("in %(n)s of 100 cases like it people gave it to this team")),
    ("the team has no members", lazy("the team has no members")),
    ("nobody of the team is present", lazy("nobody of the team is present")),
    ("everyone present has as much as they can take", lazy("everyone present has as much as they can take")),
    ("nobody of the team is on call", lazy("nobody of the team is on call")),
    ("nobody present with room knows %(text)s", lazy("nobody present with room knows %(text)s")),
    ("%(text)s is on call", lazy("%(text)s is on call")),
    ("%(text)s is next in turn", lazy("%(text)s is next in turn")),
    ("%(text)s suits it best: %(clause)s", lazy("%(text)s suits it best: %(clause)s")),
    ("answered this conversation last", lazy("answered this conversation last")),
    ("answered this person last", lazy("answered this person last")),
    ("holds the relationship", lazy("holds the relationship")),
    ("speaks its language", lazy("speaks its language")),
    ("was given little this week", lazy("was given little this week")),
    ("has room for it (%(n)s of %(m)s)", lazy("has room for it (%(n)s of %(m)s)")),
    ("%(text)s has the most room of those present (%(n)s of %(m)s)",
     lazy("%(text)s has the most room of those present (%(n)s of %(m)s)")),
    ("everyone with room was given as many as they get at once a moment ago",
     lazy("everyone with room was given as many as they get at once a moment ago")),
    ("others wait in the team’s queue before it", lazy("others wait in the team’s queue before it")),
    ("everyone with room gave it back before", lazy("everyone with room gave it back before")),
    ("nobody of the team is there before you are back", lazy("nobody of the team is there before you are back")),
    ("nobody of the team is there in the next two weeks", lazy("nobody of the team is there in the next two weeks")),
    ("it waited less than a minute in the queue", lazy("it waited less than a minute in the queue")),
    ("it waited %(n)s minutes in the queue", lazy("it waited %(n)s minutes in the queue")),
    ("it waited 1 minute in the queue", lazy("it waited 1 minute in the queue")),
    ("it waited %(n)s hours in the queue", lazy("it waited %(n)s hours in the queue")),
    ("it waited %(n)s days in the queue", lazy("it waited %(n)s days in the queue")),
    ("%(text)s handed it over at the end of their shift", lazy("%(text)s handed it over at the end of their shift")),
    ("%(text)s has left, and its promise runs out before they are back",
     lazy("%(text)s has left, and its promise runs out before they are back")),
    ("%(text)s has left, and it waits for our answer", lazy("%(text)s has left, and it waits for our answer")),
    ("the account of %(text)s was closed", lazy("the account of %(text)s was closed")),
    ("%(text)s is not of the team any more", lazy("%(text)s is not of the team any more")),
    ("%(text)s only reads now", lazy("%(text)s only reads now")),
    ("it failed: %(text)s", lazy("it failed: %(text)s")),
    ("the rule is for every message", lazy("the rule is for every message")),
    ("every message", lazy("every message")),
    ("the sender is not %(a)s", lazy("the sender is not %(a)s")),
    ("the sender is %(a)s", lazy("the sender is %(a)s")),
    ("the sender belongs to no organization we know", lazy("the sender belongs to no organization we know")),
    ("the sender belongs to %(a)s", lazy("the sender belongs to %(a)s")),
    ("the sender does not belong to %(a)s", lazy("the sender does not belong to %(a)s")),
    ("nobody holds the relationship with the sender", lazy("nobody holds the relationship with the sender")),
    ("a member holds the relationship with the sender", lazy("a member holds the relationship with the sender")),
    ("%(text)s holds the relationship with the sender", lazy("%(text)s holds the relationship with the sender")),
    ("%(text)s, who holds the relationship, is not of the team",
     lazy("%(text)s, who holds the relationship, is not of the team")),
    ("%(text)s, who holds the relationship, is not present",
     lazy("%(text)s, who holds the relationship, is not present")),
    ("the team of whoever holds the relationship owns it",
     lazy("the team of whoever holds the relationship owns it")),
    ("whoever holds the relationship answers", lazy("whoever holds the relationship answers")),
    ("%(text)s holds the relationship", lazy("%(text)s holds the relationship")),
    ("it is not from %(a)s", lazy("it is not from %(a)s")),
    ("it is from %(a)s", lazy("it is from %(a)s")),
    ("it is not about %(a)s", lazy("it is not about %(a)s")),
    ("it is about %(a)s", lazy("it is about %(a)s")),
    ("it does not say %(a)s", lazy("it does not say %(a)s")),
    ("it says %(a)s", lazy("it says %(a)s")),
    ("it does not match %(a)s", lazy("it does not match %(a)s")),
    ("it matches %(a)s", lazy("it matches %(a)s")),
    ("the subject does not match %(a)s", lazy("the subject does not match %(a)s")),
    ("the subject matches %(a)s", lazy("the subject matches %(a)s")),
    ("the text does not match %(a)s", lazy("the text does not match %(a)s")),
    ("the text matches %(a)s", lazy("the text matches %(a)s")),
    ("it is not written in %(language)s", lazy("it is not written in %(language)s")),
    ("it is written in %(language)s", lazy("it is written in %(language)s")),
    ("it came inside %(a)s", lazy("it came inside %(a)s")),
    ("it came outside %(a)s", lazy("it came outside %(a)s")),
    ("it did not come by %(a)s", lazy("it did not come by %(a)s")),
    ("it came by %(a)s", lazy("it came by %(a)s")),
    ("it was not sent to %(a)s", lazy("it was not sent to %(a)s")),
    ("it was sent to %(a)s", lazy("it was sent to %(a)s")),
    ("it is a reply", lazy("it is a reply")),
    ("it is no reply", lazy("it is no reply")),
    ("it has attachments", lazy("it has attachments")),
    ("it has no attachment", lazy("it has no attachment")),
    ("it is not %(a)s", lazy("it is not %(a)s")),
    ("it is %(a)s", lazy("it is %(a)s")),
    ("no team owned this person’s earlier conversation", lazy("no team owned this person’s earlier conversation")),
    ("no team owned this thread’s earlier conversation", lazy("no team owned this thread’s earlier conversation")),
    ("no team owned their earlier conversation", lazy("no team owned their earlier conversation")),
    ("this person’s earlier conversation was not owned by %(a)s",
     lazy("this person’s earlier conversation was not owned by %(a)s")),
    ("this thread’s earlier conversation was not owned by %(a)s",
     lazy("this thread’s earlier conversation was not owned by %(a)s")),
    ("their earlier conversation was not owned by %(a)s", lazy("their earlier conversation was not owned by %(a)s")),
    ("%(a)s owned this person’s earlier conversation", lazy("%(a)s owned this person’s earlier conversation")),
    ("%(a)s owned this thread’s earlier conversation", lazy("%(a)s owned this thread’s earlier conversation")),
    ("%(a)s owned their earlier conversation", lazy("%(a)s owned their earlier conversation")),
    ("%(text)s is no member of the team any more", lazy("%(text)s is no member of the team any more")),
    ("%(text)s only reads", lazy("%(text)s only reads")),
    ("the rule names %(text)s", lazy("the rule names %(text)s")),
    ("%(text)s moved it here from %(a)s", lazy("%(text)s moved it here from %(a)s")),
    ("%(text)s moved it here", lazy("%(text)s moved it here")),
    ("%(text)s took it", lazy("%(text)s took it")), ("took it", lazy("took it")),
    ("%(text)s gave it back to the team", lazy("%(text)s gave it back to the team")),
    ("%(text)s gave it to %(a)s", lazy("%(text)s gave it to %(a)s")), ("gave it to %(a)s", lazy("gave it to %(a)s")),
    ("the earlier owner owns it", lazy("the earlier owner owns it")),
    ("%(a)s owns it", lazy("%(a)s owns it")),
    ("whoever has the most room answers", lazy("whoever has the most room answers")),
    ("whoever suits it best answers", lazy("whoever suits it best answers")),
    ("whoever is next in turn answers", lazy("whoever is next in turn answers")),
    ("whoever is on call answers", lazy("whoever is on call answers")),
    ("asks for somebody who knows %(text)s", lazy("asks for somebody who knows %(text)s")),
    ("knows %(text)s", lazy("knows %(text)s")),
    ("%(a)s answers", lazy("%(a)s answers")),
    ("%(text)s follows it", lazy("%(text)s follows it")),
    ("the topic is %(text)s", lazy("the topic is %(text)s")),
    ("the priority is %(a)s", lazy("the priority is %(a)s")),
    ("promise: %(clause)s", lazy("promise: %(clause)s")),
    ("promise: %(text)s", lazy("promise: %(text)s")),
    ("first answer within %(text)s", lazy("first answer within %(text)s")),
    ("next answer within %(text)s", lazy("next answer within %(text)s")),
    ("resolution within %(text)s", lazy("resolution within %(text)s")),
    ("in confidence", lazy("in confidence")),
)  # fmt: skip


def say(sentence: str) -> str:
    """A stored reason, sentence or rule in words, in the language in force."""
    if (get_language() or "en").startswith("en") or len(sentence) > _LENGTH_MAX:
        return sentence
    return _said(sentence, get_language() or "en")


@lru_cache(maxsize=4096)
def _said(sentence: str, language: str) -> str:
    return "; ".join(_part(part) or part for part in sentence.split("; "))


def _part(text: str, depth: int = 0) -> str:
    """A clause, or clauses joined, with what stands in brackets behind; empty when it is not known."""
    if depth > _DEPTH_MAX:
        return ""
    negated = re.fullmatch(r"not \((.*)\)", text)
    if negated and (inner := _part(negated[1], depth + 1)):
        return _("not (%(clause)s)") % {"clause": inner}
    if text.startswith("(") and text.endswith(")") and (inner := _part(text[1:-1], depth + 1)):
        return f"({inner})"
    return _joined(text, depth) or _clause(text, depth) or _bracketed(text, depth)


def _joined(text: str, depth: int) -> str:
    """Clauses joined by "and", "or" or "but": the first place where both sides are known."""
    words: tuple[tuple[str, Callable[[], str]], ...] = (
        (" and ", lambda: _("%(one)s and %(other)s")),
        (" or ", lambda: _("%(one)s or %(other)s")),
        (", but there is no earlier owner", lambda: _("%(one)s, but there is no earlier owner")),
        (", but nobody of a team holds the relationship",
         lambda: _("%(one)s, but nobody of a team holds the relationship")),
    )
    for sign, form in words:
        for found in re.finditer(re.escape(sign), text):
            left, right = text[: found.start()], text[found.end() :]
            one = _clause(left, depth + 1) or (_part(left, depth + 1) if left.startswith(("(", "not (")) else "")
            other = _part(right, depth + 1) if one and right else ""
            if one and (other or not right):
                return form() % {"one": one, "other": other}
    return ""


def _bracketed(text: str, depth: int) -> str:
    found = re.fullmatch(r"(.*) \((before: )?([^()]*)\)", text)
    if not found or not (clause := _part(found[1], depth + 1)):
        return ""
    if found[2]:
        return _("%(clause)s (before: %(name)s)") % {"clause": clause, "name": found[3]}
    return f"{clause} ({_part(found[3], depth + 1) or found[3]})"


def _clause(text: str, depth: int) -> str:
    for pattern, said in _patterns():
        found = pattern.fullmatch(text)
        if not found:
            continue
        given = found.groupdict()
        clause = _part(given["clause"], depth + 1) if "clause" in given else "-"
        if clause:
            return str(said) % {**_spoken(given), "clause": clause}
    return ""


def _spoken(given: Mapping[str, str]) -> dict[str, str]:
    ways: dict[str, Callable[[str], str]] = {
        "a": _things,
        "b": _things,
        "key": lambda key: str(_KEYS.get(key, key)),
        "name": str,
        "language": _languages,
        "n": str,
        "m": str,
        "text": str,
        "clause": str,
    }
    return {name: ways[name](value) for name, value in given.items()}


def _things(text: str) -> str:
    """ "a customer or a partner", "refunds or 4 others", "“a” and “b”"."""
    joined = (
        (" or ", _("%(one)s or %(other)s"), _or_others),
        (" and ", _("%(one)s and %(other)s"), _and_others),
    )
    for sign, two, many in joined:
        one, found, other = text.partition(sign)
        count = re.fullmatch(r"(\d+) others", other)
        if found and count:
            return many(thing(one), int(count[1]))
        if found:
            return two % {"one": thing(one), "other": thing(other)}
    return thing(text)


def _or_others(one: str, count: int) -> str:
    return ngettext("%(one)s or %(count)s other", "%(one)s or %(count)s others", count) % {"one": one, "count": count}


def _and_others(one: str, count: int) -> str:
    return ngettext("%(one)s and %(count)s other", "%(one)s and %(count)s others", count) % {"one": one, "count": count}


def thing(text: str) -> str:
    """A word of a reason ("a customer", "urgent") in the language in force; itself where it is not known."""
    return str(_WHATS.get(text, text))


def _languages(text: str) -> str:
    names = {english: code for code, english in Locale("en").languages.items()}
    own = locales.locale().languages
    return _things(re.sub(r"[A-Z][a-z]+", lambda found: own.get(names.get(found[0], ""), found[0]), text))


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], Said], ...]:
    made = []
    for english, said in _CLAUSES:
        pattern = re.sub(r"%\\\((\w+)\\\)s", _group, re.escape(english))
        made.append((re.compile(pattern), said))
    return tuple(made)


def _group(placeholder: re.Match[str]) -> str:
    name = placeholder[1]
    return f"(?P<{name}>{_SHAPES.get(name, '.+')})"


_SHAPES = {"n": r"[0-9]+(?:\.[0-9]+)?", "m": "[0-9]+", "key": "|".join(_KEYS)}
