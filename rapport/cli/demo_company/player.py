"""Plays the weeks gone by: mails through SMTP to the company's own listener, answers through the real actions.

What no rule decided is sorted by whoever answers it, before they do: from that is learned, as the days go by.

Everything goes in the order of time. Played again with the same anchor it changes nothing: the mails are the
same bytes, and what members did is looked up before it is done.
"""

import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from rapport.cli.demo_company.company import Company
from rapport.cli.demo_company.mails import Letter, Said, compose
from rapport.cli.demo_company.plan import Step, first_letter_id, letter_id, plan
from rapport.cli.demo_company.scripts import ASSIGN, NOTE, RESOLVE, SAY, THEM, all_scripts
from rapport.conversations import actions
from rapport.conversations.models import Conversation, Message
from rapport.core import clock, scope
from rapport.core.models import Event
from rapport.inbound import pipeline
from rapport.inbound.models import RawItem, RawState
from rapport.outbound import actions as outbound
from rapport.outbound import deliver, queue
from rapport.ownership import actions as ownership
from rapport.ownership import escalating, refitting
from rapport.ownership.handing import out
from rapport.ownership.kinds import TEAM, TOPIC, Slot
from rapport.ownership.models import Decision, Source
from rapport.staff.models import Member, Membership, Team

_PAUSE_SECONDS = 0.02
#: What members do is known by its moment, so nothing else happens at that of a step: what came, came a little before.
_A_MOMENT = timedelta(milliseconds=1)
_MAILS_A_CONNECTION = 50
_TOLD_OF = timedelta(days=2)
"""How long back steps of promises come at their time; what was late before is told of once."""
_MACHINES = frozenset({"auto", "bounce"})
_SORTED_BEFORE = timedelta(seconds=40)
"""So long before they answer members sort what nobody had sorted."""
_LEARNED_EVERY = timedelta(days=3)
_TAKEN_EVERY = 3
"""How many of the answered conversations their member takes; the others stay the team's."""


@dataclass
class Played:
    """What has been played: mails sent, things members did now, and steps whose mail made no conversation."""

    mails: int = 0
    actions: int = 0
    left_out: int = 0


@dataclass
class _Scene:
    """One conversation while it is played."""

    number: int
    first_id: str
    said: list[Said] = field(default_factory=list)
    conversation_id: UUID | None = None
    is_on_its_way: bool = False


class Post:
    """The other side's mail server: hands mails to the listener, some by each connection, as servers do."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._server: smtplib.SMTP | None = None
        self._sent = 0

    def __enter__(self) -> "Post":
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    def send(self, sender: str, to: str, mail: bytes) -> None:
        """Hand over one mail. Raises OSError or SMTPException when it was not taken."""
        if self._server is None or self._sent % _MAILS_A_CONNECTION == 0:
            self._hang_up()
            self._server = smtplib.SMTP(*self._address, timeout=60)
        self._server.sendmail(sender, [to], mail)
        self._sent += 1

    def _hang_up(self) -> None:
        if self._server:
            self._server.close()
        self._server = None


class Player:
    """Plays a company's plan. `listener` is the (host, port) of its mail listener."""

    def __init__(self, company: Company, anchor: datetime, listener: tuple[str, int]) -> None:
        self._company = company
        self._anchor = anchor
        self._listener = listener
        self._scenes: dict[str, _Scene] = {}
        self._members = {member.email: member for member in Member.objects.all()}
        self._teams = {team.slug: team for team in Team.objects.all()}
        self._belongs = set(Membership.objects.values_list("member_id", "team_id"))
        self._played = Played()
        self._learned_at: datetime | None = None

    def play(self, tell: Callable[[int, int], None] = lambda done, whole: None) -> Played:
        """Play every step in the order of time; `tell(done, whole)` hears of each."""
        steps = plan(self._company, all_scripts(), self._anchor)
        with Post(*self._listener) as post:
            for number, step in enumerate(steps, 1):
                self._do(step, post)
                tell(number, len(steps))
        self._arrive(self._anchor)
        return self._played

    def _do(self, step: Step, post: Post) -> None:
        scene = self._scene(step)
        if step.turn.by == THEM:
            self._mail(step, scene, post)
            return
        if scene.is_on_its_way:
            self._arrive(step.at)
        if scene.conversation_id is None:
            # Quarantined, or nothing that makes a conversation: then nobody answers it.
            self._played.left_out += 1
            return
        self._act(step, scene, scene.conversation_id)

    def _scene(self, step: Step) -> _Scene:
        made = _Scene(len(self._scenes), first_letter_id(step.play, self._anchor))
        return self._scenes.setdefault(step.play.key, made)

    def _mail(self, step: Step, scene: _Scene, post: Post) -> None:
        letter = self._letter(step, scene)
        is_machine = not step.turn.flags.isdisjoint(_MACHINES)
        # RFC 5321, section 4.5.5: machines send with an empty return path.
        post.send("" if is_machine else letter.address, letter.to, compose(letter))
        if not is_machine:
            scene.said.append(Said(letter.message_id, letter.name, letter.text, letter.at))
        scene.is_on_its_way = True
        self._played.mails += 1

    def _letter(self, step: Step, scene: _Scene) -> Letter:
        person = step.play.person
        return Letter(
            message_id=letter_id(step.play, step.number, self._anchor),
            name=person.name,
            address=person.email,
            to=self._company.channel(step.play.script.to).address,
            subject=step.play.subject,
            text=step.text,
            at=step.at,
            flags=step.turn.flags,
            before=tuple(scene.said),
        )

    def _arrive(self, at: datetime) -> None:
        """Let everything on its way arrive, at the latest moment played, and learn where it came to."""
        self._learn(at)
        with clock.travel(at - 2 * _A_MOMENT):
            work_off()
        if at > self._anchor - _TOLD_OF:
            with clock.travel(at - _A_MOMENT):
                escalating.run_due()
        with clock.travel(at - _A_MOMENT):
            out.hand_out()
        waiting = {scene.first_id: scene for scene in self._scenes.values() if scene.is_on_its_way}
        with scope.system():
            arrived = Message.objects.filter(message_id__in=waiting).values_list("message_id", "conversation_id")
            for message_id, conversation_id in arrived:
                waiting[message_id].conversation_id = conversation_id
        for scene in waiting.values():
            scene.is_on_its_way = False

    def _learn(self, at: datetime) -> None:
        """Learn anew from what was decided, now and then: what comes later is suggested by what people did before."""
        if self._learned_at is not None and at - self._learned_at < _LEARNED_EVERY:
            return
        with clock.travel(at):
            for kind in (TEAM, TOPIC):
                refitting.refit(Slot(kind))
        self._learned_at = at

    def _act(self, step: Step, scene: _Scene, conversation_id: UUID) -> None:
        """What a member does, at its moment; left out where it has been done already."""
        with scope.system():
            conversation = Conversation.objects.select_related("owner_member", "owner_team").get(id=conversation_id)
            is_done = Event.objects.filter(conversation_id=conversation_id, at=step.at).exists()
        actor = self._actor(step, conversation)
        if not is_done:
            with clock.travel(step.at):
                _VERBS[step.turn.verb](self, conversation, actor, step)
            self._played.actions += 1
        if step.turn.verb == SAY:
            self._said(step, scene, conversation, actor)

    def _actor(self, step: Step, conversation: Conversation) -> Member:
        """The member of the script; where the policy gave it to a colleague of theirs, the colleague."""
        scripted = self._members[self._company.member(step.turn.by).email]
        owner = conversation.owner_member
        if owner and (scripted.id, conversation.owner_team_id) in self._belongs:
            return self._members[owner.email]
        return scripted

    def _sort(self, conversation: Conversation, actor: Member, step: Step) -> None:
        """Give what the triage team has only for want of a rule to the team of whoever answers it."""
        with scope.system():
            decided = Decision.objects.filter(conversation=conversation)
            if decided.filter(Q(source=Source.MEMBER) | ~Q(rule=None)).exists():
                return
        team = self._teams[self._company.member(step.turn.by).teams[0]]
        with clock.travel(step.at - _SORTED_BEFORE):
            if conversation.topic is not None:
                ownership.set_topic(conversation.id, actor, conversation.topic)
            ownership.assign(conversation.id, actor, team, actor)
        conversation.owner_team, conversation.owner_member = team, actor

    def _say(self, conversation: Conversation, actor: Member, step: Step) -> None:
        self._sort(conversation, actor, step)
        outbound.reply(conversation.id, actor, outbound.Answer(step.text))
        scene = self._scene(step)
        is_theirs = (actor.id, conversation.owner_team_id) in self._belongs
        if is_theirs and conversation.owner_member_id is None and scene.number % _TAKEN_EVERY == 0:
            ownership.assign(conversation.id, actor, conversation.owner_team, actor)
        with clock.travel(step.at + queue.UNDO + timedelta(seconds=1)):
            deliver.run_batch()

    def _said(self, step: Step, scene: _Scene, conversation: Conversation, actor: Member) -> None:
        with scope.system():
            message = Message.objects.get(conversation_id=conversation.id, at=step.at, direction="out")
        scene.said.append(Said(message.message_id, actor.name, step.text, step.at))

    def _note(self, conversation: Conversation, actor: Member, step: Step) -> None:
        actions.note(conversation.id, actor, step.text)

    def _assign(self, conversation: Conversation, actor: Member, step: Step) -> None:
        ownership.assign(conversation.id, actor, self._teams[step.turn.team])

    def _resolve(self, conversation: Conversation, actor: Member, step: Step) -> None:
        ownership.resolve(conversation.id, actor)


_VERBS: dict[str, Callable[[Player, Conversation, Member, Step], None]] = {
    SAY: Player._say,
    NOTE: Player._note,
    ASSIGN: Player._assign,
    RESOLVE: Player._resolve,
}


def work_off() -> None:
    """Run the pipeline until nothing waits, also nothing that another worker has in hand."""
    while True:
        handled = pipeline.run_batch().handled
        with scope.system():
            if not handled and not RawItem.objects.filter(state=RawState.RECEIVED).exists():
                return
        if not handled:
            time.sleep(_PAUSE_SECONDS)
