"""Which pages `rapport bench inbox` asks for, and as whom."""

import random
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.test import Client
from django.urls import reverse

from rapport.core import scope
from rapport.core.errors import RapportError
from rapport.staff.models import Member

_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
_VIEWS = ("mine", "teams", "unowned", "snoozed", "all")
_SORTS = ("activity", "promise", "age", "newest")
_COMMON = ("order", "the order", "please", "bitte rechnung", "订单", '"thank you"')
_TYPED = ("ord", "orde", "order", "order de", "order deliv", "refun", "ann")
_FILTERS = (
    "is:unowned", "is:late", "topic:topic-01", "has:attachment", 'channel:"Mailbox 03"',
    "status:resolved team:team-03", "after:2026-01-01 order", "from:anna", "topic:topic-19 is:unanswered",
)  # fmt: skip

Request = tuple[Client, str]


def is_full() -> bool:
    """Whether the database was filled before."""
    return Member.objects.exists()


def facts() -> dict[str, object]:
    """What there really is."""
    with scope.system(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM conversations_conversation), (SELECT count(*) FROM conversations_message),
            (SELECT count(*) FROM conversations_conversation WHERE status = 'open'),
            (SELECT max(message_count) FROM conversations_conversation), (SELECT count(*) FROM people_person),
            (SELECT count(*) FROM conversations_tally), pg_database_size(current_database()) / 1000000"""
        )
        names = ("conversations", "messages", "open", "longest_thread", "persons", "tally_rows", "database_mb")
        return dict(zip(names, cursor.fetchone(), strict=True))


class Pages:
    """Draws requests: each kind of page by members of every sort, from the one in all teams to those in one."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        members = list(Member.objects.order_by("email").filter(is_active=True))
        everywhere = [one for one in members if one.memberships.count() > 20][:1]
        chosen = [*everywhere, *chance.sample(members, min(15, len(members)))]
        self._clients = [(one, self._signed_in(one)) for one in chosen]

    def kinds(self) -> list[str]:
        """The names of everything that is measured."""
        lists = [f"view {view} by {sort}" for view in _VIEWS for sort in _SORTS]
        return [
            *lists, "view all resolved", "view teams resolved by age", "view of a team", "view of any team resolved",
            "view all, far down", "view all by promise, far down", "rows", "counts", "conversation",
            "conversation, long", "conversation in its list", "person", "person, big account", "people",
            "people by part of a name", "search common word", "search rare word", "search name part",
            "search as one types", "report of a month", "report of a month by team", "report of a month by topic",
            "report of a month, one team", "report of promises",
            "ownership", "ownership of 90 days", "ownership of a team",
            *(f"filter {one}" for one in _FILTERS),
        ]  # fmt: skip

    def requests(self, kind: str, many: int) -> list[Request]:
        """So many requests of a kind, each by another member."""
        members = [self._clients[number % len(self._clients)] for number in range(many)]
        url = self._url_of(kind)
        return [(client, url(member)) for member, client in members]

    def ask(self, client: Client, url: str) -> None:
        """Ask, and insist on an answer."""
        headers = {"HX-Request": "true"} if "typing=1" in url else {}
        answer = client.get(url, headers=headers)
        if answer.status_code not in (200, 404):
            raise RapportError(f"{url} answered {answer.status_code}.", "Its words are above.")

    def _signed_in(self, member: Member) -> Client:
        client = Client()
        client.force_login(member, backend=_BACKEND)
        client.get("/counts/")
        return client

    def _url_of(self, kind: str) -> Callable[[Member], str]:
        word, _, rest = kind.partition(" ")
        if word == "filter":
            return lambda member: self._search(rest)
        if kind.startswith("view") and kind.split()[1] in _VIEWS and "by" in kind.split() and "far" not in kind:
            view, sort = kind.split()[1], kind.split()[-1]
            status = "resolved" if "resolved" in kind else "open"
            return lambda member: reverse("inbox", args=[view]) + f"?sort={sort}&status={status}"
        return self._others[kind]

    @cached_property
    def _others(self) -> dict[str, Callable[[Member], str]]:
        inbox, c = reverse("inbox", args=["all"]), self._chance.choice
        return {
            "view all resolved": lambda m: inbox + "?status=resolved",
            "view of a team": lambda m: reverse("team_inbox", args=[self._slug(m)]),
            "view of any team resolved": lambda m: reverse("team_inbox", args=[c(self._slugs)]) + "?status=resolved",
            "view all, far down": lambda m: f"{inbox}?sort=activity&after={self._cursor(m, 'activity')}",
            "view all by promise, far down": lambda m: f"{inbox}?sort=promise&after={self._cursor(m, 'promise')}",
            "rows": lambda m: reverse("rows", args=["all"]) + "?newest=1",
            "counts": lambda m: reverse("counts"),
            "conversation": lambda m: reverse("conversation", args=[self._seen(m, "true")]),
            "conversation, long": lambda m: reverse("conversation", args=[self._seen(m, "message_count > 200")]),
            "conversation in its list": lambda m: reverse("conversation", args=[self._seen(m, "status = 'open'")])
            + "?in=teams",
            "person": lambda m: reverse("person", args=[c(self._persons)]),
            "person, big account": lambda m: reverse("person", args=[c(self._accounts)]),
            "people": lambda m: reverse("people"),
            "people by part of a name": lambda m: reverse("people") + "?" + urlencode({"q": self._part()}),
            "report of a month": lambda m: reverse("reports") + "?period=last-month",
            "ownership": lambda m: reverse("policy_overview"),
            "ownership of 90 days": lambda m: reverse("policy_overview") + "?days=90",
            "ownership of a team": lambda m: reverse("policy_overview") + f"?team={c(self._slugs)}",
            "report of a month by team": lambda m: reverse("reports") + "?period=last-month&by=team",
            "report of a month by topic": lambda m: reverse("reports") + "?period=last-month&by=topic",
            "report of a month, one team": lambda m: reverse("reports") + f"?period=last-month&team={c(self._teams)}",
            "report of promises": lambda m: reverse("promise_report") + "?period=last-month",
            "search common word": lambda m: self._search(c(_COMMON)),
            "search rare word": lambda m: self._search(c([f"R{self._chance.randrange(1, 9000)}", "zanzibar"])),
            "search name part": lambda m: self._search(self._part()),
            "search as one types": lambda m: self._search(c(_TYPED)) + "&typing=1",
        }

    @cached_property
    def _slugs(self) -> list[str]:
        return self._column("SELECT slug FROM staff_team ORDER BY slug")

    @cached_property
    def _teams(self) -> list[UUID]:
        return self._column("SELECT id FROM staff_team ORDER BY slug")

    @cached_property
    def _persons(self) -> list[UUID]:
        return self._column("SELECT id FROM people_person ORDER BY id LIMIT 200")

    @cached_property
    def _accounts(self) -> list[UUID]:
        return self._column(
            """SELECT person_id FROM conversations_conversation GROUP BY person_id ORDER BY count(*) DESC LIMIT 20"""
        )

    @cached_property
    def _names(self) -> list[str]:
        return self._column("SELECT name FROM people_person ORDER BY id LIMIT 300")

    def _part(self) -> str:
        """A part of somebody's name."""
        name = self._chance.choice(self._names).split()[-1]
        return name[: self._chance.randrange(3, 6)]

    def _slug(self, member: Member) -> str:
        own = sorted(member.memberships.values_list("team__slug", flat=True))
        return self._chance.choice(own or self._slugs)

    def _seen(self, member: Member, condition: str) -> UUID:
        """One of the conversations that the member may see."""
        with scope.member(member.id), connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT id FROM conversations_conversation WHERE {condition} AND id > %s ORDER BY id LIMIT 20""",
                [self._edge_id],
            )
            found = [row[0] for row in cursor.fetchall()]
        return self._chance.choice(found) if found else self._seen(member, "true")

    @cached_property
    def _edge_id(self) -> UUID:
        found = self._column("SELECT id FROM conversations_conversation ORDER BY random() LIMIT 200")
        return UUID(str(sorted(found)[10]))

    def _cursor(self, member: Member, sort: str) -> str:
        """A place far down in "all": behind half of the open ones."""
        from rapport.conversations.listing import Edge, View, cursor_of

        with scope.member(member.id), connection.cursor() as cursor:
            cursor.execute(
                """SELECT due_at, last_activity_at, created_at, id FROM conversations_conversation
                WHERE status = 'open' AND NOT snoozed ORDER BY last_activity_at DESC OFFSET
                (SELECT count(*) / 2 FROM conversations_conversation WHERE status = 'open' AND NOT snoozed) LIMIT 1"""
            )
            row = cursor.fetchone()
        return cursor_of(View(member, frozenset(), sort=sort), Edge(*row)) if row else ""

    def _search(self, query: str) -> str:
        return reverse("search") + "?" + urlencode({"q": query})

    def _column(self, statement: str) -> list[Any]:
        with scope.system(), connection.cursor() as cursor:
            cursor.execute(statement)
            return [row[0] for row in cursor.fetchall()]
