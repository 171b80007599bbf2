"""Processes of the crash test: `found PORT` makes a company whose mail leaves to PORT, `answer` answers its mail."""

import sys
import time

import django


def found(port: int) -> None:
    """Make one team, one member, one mailbox."""
    from rapport.channels.models import Channel
    from rapport.staff.models import Member, Membership, Team

    team = Team.objects.create(name="Support", slug="support")
    member = Member.objects.create(email="ann@rapport.example", name="Ann Berg")
    Membership.objects.create(team=team, member=member)
    outgoing = {"host": "127.0.0.1", "port": port, "security": "none", "per_minute": 60_000, "allow_private": True}
    Channel.objects.create(name="Support", kind="email", address="support@rapport.example", config={"smtp": outgoing})


def answer() -> None:
    """Answer whoever waits, one conversation at a time, for ever."""
    from django.db import Error, connection

    from rapport.conversations.models import Conversation
    from rapport.core import scope
    from rapport.outbound import actions
    from rapport.staff.models import Member

    while True:
        try:
            member = Member.objects.get()
            with scope.member(member.id):
                waiting = list(Conversation.objects.filter(awaiting_answer=True).values_list("id", flat=True)[:5])
            for conversation in waiting:
                actions.reply(conversation, member, actions.Answer("We are on it."))
        except Error:
            connection.close()
        time.sleep(0.02)


if __name__ == "__main__":
    django.setup()
    found(int(sys.argv[2])) if sys.argv[1] == "found" else answer()
