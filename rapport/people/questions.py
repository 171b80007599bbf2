""" "Is this you?": asking somebody by mail whether a handle is theirs, and what follows from the answer.

The link is the question's id, signed. It holds for seven days and one answer. Whoever answers has read mail to the
address; that proves the address, and with a yes the handle.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import Invalid, NotAllowed, NotVisible
from rapport.core.options import options
from rapport.people import consenting, merging, pairing, proving, vouching
from rapport.people.models import Handle, Pair, PairState, Person, Question
from rapport.people.proofs import EMAIL, Key
from rapport.staff.models import Member
from rapport.staff.rights import WRITE

VALID = timedelta(days=7)
HOW = "confirmed_by_mail"
#: Where the link stands in the words as they are kept: only what is sent has it, so that no member can answer.
PLACE = "[…]"
#: The link in a quoted answer or a returned mail: maybe broken after a slash, or wrapped in another address.
_QUOTED = re.compile(r"(is-this-you(?:/|%2F))[\s>]*[\w~%=-]+", re.IGNORECASE)
#: What it is written for, among the company's purposes; where the company has none of that name, nothing is needed.
_PURPOSE = "service"
_A_DAY_MAX = 30
_AN_ADDRESS_MAX = 3
_POINTS = 12.0


def ask(person_id: UUID, address: str, about: Key, actor: Member) -> Question:
    """Keep the question to `address` of a person about a handle; the mail is the caller's to send, in one transaction.

    Raises NotVisible for what the member may not see, Invalid where it may not be asked; then nothing was kept.
    """
    if actor.role not in WRITE or not actor.is_active:
        raise NotAllowed(_("You may read, but not write."), _("Ask an administrator for another role."))
    rows = merging.rows_of(person_id)
    mailbox = Handle.objects.filter(kind=EMAIL, value=address, person_id__in=rows).first()
    handle = Handle.objects.filter(kind=about[0], value=about[1]).first()
    if mailbox is None or handle is None or about == (EMAIL, address):
        raise NotVisible(_("There is no such address."))
    with scope.system():
        _check(mailbox, handle, actor)
        found = Person.objects.filter(id__in=merging.rows_of(person_id)).exclude(language="")
        language = found.order_by("id").values_list("language", flat=True).first() or ""
        made = Question.objects.create(
            person_id=mailbox.person_id, address=address, other_id=handle.person_id, kind=about[0], value=about[1],
            language=language, member=actor, expires_at=now() + VALID,
        )  # fmt: skip
        data = {"person": str(made.person_id), "question": str(made.id)}
        events.record("question.asked", actor_id=actor.id, data=data)
    return made


def link(question_id: UUID) -> str:
    """The address in the mail."""
    return f"{options().public_url}/is-this-you/{_signer().sign(question_id.hex)}/"


def filled(text: str, kept: Mapping[str, object]) -> str:
    """The words as they are sent: with the link of the question that the delivery's options name, if they name one."""
    named = kept.get("question")
    return text.replace(PLACE, link(UUID(str(named)))) if named else text


def unlinked(text: str) -> str:
    """What came in, text or HTML, without the secret of a link that it quotes: no member is to answer for them."""
    return _QUOTED.sub(rf"\1{PLACE}", text) if "is-this-you" in text.lower() else text


def by_secret(secret: str) -> Question | None:
    """The question a link belongs to, while it may be answered; None for what is forged, answered or too old."""
    question_id = _read(secret)
    if question_id is None:
        return None
    with scope.system():
        found = Question.objects.filter(id=question_id, answered_at__isnull=True, expires_at__gt=now())
        return found.select_related("member").first()


def answer(secret: str, yes: bool) -> Question | None:
    """Take the answer; None where the link holds no more, and nothing happened. Of two answers the first counts."""
    question_id = _read(secret)
    if question_id is None:
        return None
    with merging.alone(), scope.system():
        open_ones = Question.objects.filter(id=question_id, answered_at__isnull=True, expires_at__gt=now())
        if not open_ones.update(answered_at=now(), answer="yes" if yes else "no"):
            return None
        found = Question.objects.get(id=question_id)
        proving.verify({(EMAIL, found.address): HOW})
        found.outcome = _yes(found) if yes else _no(found)
        found.save(update_fields=["outcome"])
        data = {"person": str(found.person_id), "question": str(found.id), "answer": found.answer}
        events.record("question.answered", data=data)
    return found


def _check(mailbox: Handle, handle: Handle, actor: Member) -> None:
    if mailbox.shared or handle.shared:
        raise Invalid(_("Several people use that address."), _("Ask where one person reads alone."))
    if Person.objects.filter(id__in=[mailbox.person_id, handle.person_id], shared=True).exists():
        raise Invalid(_("Several people use that address."), _("Ask where one person reads alone."))
    if consenting.is_silent(mailbox.person_id) or _said_no(mailbox):
        raise Invalid(_("They asked not to be written to."), _("Find out by another way."))
    if pairing.are_apart(mailbox.person_id, handle.person_id):
        raise Invalid(_("It was decided that these are two people."), _("Take that back first if it is wrong."))
    asked = Question.objects.filter(address=mailbox.value, answered_at__isnull=True, expires_at__gt=now())
    if asked.filter(kind=handle.kind, value=handle.value).exists():
        raise Invalid(_("They have been asked already, and have not answered yet."), _("Wait for their answer."))
    if asked.count() >= _AN_ADDRESS_MAX:
        raise Invalid(_("They have several such questions to answer."), _("Wait for their answers."))
    if Question.objects.filter(member=actor, asked_at__gt=now() - timedelta(days=1)).count() >= _A_DAY_MAX:
        raise Invalid(_("You have asked very many today."), _("Go on tomorrow."))


def _said_no(mailbox: Handle) -> bool:
    """Whether they said no to what a question is: part of answering them, and in the company's own name."""
    known = {one.slug for one in consenting.purposes()}
    return _PURPOSE in known and not consenting.may(mailbox.person_id, _PURPOSE, EMAIL).allowed


def _yes(found: Question) -> str:
    """Both are theirs: they are one from now on, unless the handle is proved to be another's."""
    handle = Handle.objects.filter(kind=found.kind, value=found.value, shared=False).first()
    if handle is None:
        return "verified"
    here, there = set(merging.rows_of(found.person_id)), set(merging.rows_of(handle.person_id))
    piece = {"what": HOW, "sign": "+", "points": _POINTS, "a": found.address, "b": found.value}
    if not here & there:
        if pairing.are_apart(found.person_id, handle.person_id):
            return "apart"
        others = Handle.objects.filter(person_id__in=there, verified_at__isnull=False)
        if handle.verified_how == HOW or others.exclude(kind=handle.kind, value=handle.value).exists():
            vouching.suggest(found.person_id, handle.person_id, [piece])
            return "claimed"
        if not vouching.join(found.person_id, handle.person_id, [piece]):
            return "claimed"
    proving.verify({(handle.kind, handle.value): HOW})
    return "verified" if here & there else "joined"


def _no(found: Question) -> str:
    """They are two people, and stay so."""
    handle = Handle.objects.filter(kind=found.kind, value=found.value).first()
    if handle is None or merging.root_of(handle.person_id) == merging.root_of(found.person_id):
        return "refused"
    low, high = sorted((found.person_id, handle.person_id))
    pair, _made = Pair.objects.get_or_create(
        low_id=low, high_id=high, defaults={"probability": 0.0, "model": "answer", "state": PairState.OPEN}
    )
    if pair.state == PairState.JOINED:  # joined once and taken apart since
        Pair.objects.filter(low_id=low, high_id=high).update(state=PairState.OPEN, decision=None)
    if not pairing.are_apart(low, high):
        pairing.refuse(pair, None)
    return "refused"


def _signer() -> Signer:
    return Signer(salt="rapport.people.questions", sep="~")


def _read(secret: str) -> UUID | None:
    try:
        return UUID(hex=_signer().unsign(secret))
    except (BadSignature, ValueError):
        return None
