"""Which conversation a message belongs to. Pure: values in, a plan out.

Message-IDs are nodes, and a mail ties its own to all that it refers to; what is tied together is one conversation, also
through a message that never came (after Zawinski's algorithm, www.jwz.org/doc/threading.html, and RFC 5256).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from uuid import UUID

_PREFIX = re.compile(
    r"^\s*(?:(?:re|aw|antw|sv|vs|ref|rif|odp|ynt|atb|res|回复|答复|رد|fw|fwd|wg|tr|rv|enc|i)\s*(?:\[\d+\]|\(\d+\))?\s*[::]\s*"
    r"|\[[^\]\n]{1,40}\]\s*)+",
    re.IGNORECASE,
)
_REPLY = re.compile(
    r"^\s*(?:\[[^\]\n]{1,40}\]\s*)?(?:re|aw|antw|sv|vs|ref|rif|odp|ynt|atb|res|回复|答复|رد)\s*(?:\[\d+\])?\s*[::]",
    re.IGNORECASE,
)


OURS = UUID(int=2)
"""The digest of a message that we sent: coming back by whatever way, it is the same message."""


@dataclass(frozen=True, slots=True)
class MailRefs:
    """A mail's own reference (None without Message-ID), those it names, and a digest of what it says."""

    own: UUID | None
    named: tuple[UUID, ...]
    digest: UUID
    hint: UUID | None = None
    """A conversation known otherwise (signed reply address, subject); used when no reference leads anywhere."""


@dataclass(frozen=True, slots=True)
class KnownRef:
    """What the store knows of a reference: its conversation, and the digest of the message if that came."""

    conversation: UUID
    digest: UUID | None


@dataclass(slots=True)
class Plan:
    """Per mail its conversation and whether it is a duplicate; which conversations become one; references to store."""

    conversations: list[UUID] = field(default_factory=list)
    duplicates: list[bool] = field(default_factory=list)
    made: set[UUID] = field(default_factory=set)
    merges: dict[UUID, UUID] = field(default_factory=dict)
    refs: dict[UUID, KnownRef] = field(default_factory=dict)


def ref_of(message_id: str) -> UUID:
    """The reference of a Message-ID, without its angle brackets."""
    return UUID(bytes=blake2b(message_id.encode("utf-8", "replace"), digest_size=16).digest())


def digest_of(*parts: str) -> UUID:
    """A digest of what makes a message the same message."""
    return ref_of("\x1f".join(parts))


def bare_subject(subject: str) -> str:
    """The subject without reply and forward prefixes and list tags, folded for comparing."""
    return " ".join(_PREFIX.sub("", subject).split()).casefold()


def looks_like_reply(subject: str) -> bool:
    """Whether the subject says that this answers something."""
    return _REPLY.match(subject) is not None


def plan(
    mails: Sequence[MailRefs],
    known: Mapping[UUID, KnownRef],
    proposed: Sequence[UUID],
    worked_in: frozenset[UUID] = frozenset(),
    sealed: frozenset[UUID] = frozenset(),
) -> Plan:
    """Place each mail.

    `proposed` holds one fresh conversation id per mail, used where nothing older claims it. Conversations that a mail
    ties together become one: the one that people have `worked_in`, else the oldest (ids are in time order). Two that
    were worked in stay apart, as only people may merge those, and so do `sealed` (confidential) ones.
    """
    ties = _Ties(frozenset(proposed), worked_in, sealed)
    for mail, fresh in zip(mails, proposed, strict=True):
        ties.tie(mail, fresh, known)
    return _settled(mails, known, ties)


def contested(mails: Sequence[MailRefs], known: Mapping[UUID, KnownRef]) -> set[UUID]:
    """The stored conversations that these mails would make one: the caller finds out which of them to keep apart."""
    fresh = frozenset(mail.digest for mail in mails)
    ties = _Ties(fresh, frozenset(), frozenset())
    for mail in mails:
        ties.tie(mail, mail.digest, known)
    return ties.tied_conversations() - fresh


def _settled(mails: Sequence[MailRefs], known: Mapping[UUID, KnownRef], ties: "_Ties") -> Plan:
    result = Plan()
    seen: dict[UUID, UUID | None] = {ref: entry.digest for ref, entry in known.items()}
    for mail, start in zip(mails, ties.starts, strict=True):
        conversation = ties.conversation_of(start)
        duplicate = mail.own is not None and _is_same(seen.get(mail.own), mail.digest)
        result.conversations.append(conversation)
        result.duplicates.append(duplicate)
        if mail.own is not None and seen.get(mail.own) is None:
            seen[mail.own] = mail.digest
    stored = ties.conversations - ties.fresh
    result.made = {c for c, twice in zip(result.conversations, result.duplicates, strict=True) if not twice} - stored
    result.merges = {c: ties.conversation_of(c) for c in stored if ties.conversation_of(c) != c}
    result.refs = {ref: KnownRef(ties.conversation_of(ref), seen.get(ref)) for ref in ties.refs}
    return result


def _is_same(stored: UUID | None, digest: UUID) -> bool:
    return stored is not None and stored in (digest, OURS)


class _Ties:
    """Union-find over references and conversations, which are nodes too."""

    def __init__(self, fresh: frozenset[UUID], worked_in: frozenset[UUID], sealed: frozenset[UUID]) -> None:
        self._parent: dict[UUID, UUID] = {}
        self._home: dict[UUID, UUID] = {}
        self.conversations: set[UUID] = set()
        self.fresh = fresh
        self._worked_in = worked_in
        self._sealed = sealed
        self.refs: set[UUID] = set()
        self.starts: list[UUID] = []

    def tie(self, mail: MailRefs, fresh: UUID, known: Mapping[UUID, KnownRef]) -> None:
        """Tie the mail's references, nearest first, and remember where it stands."""
        refs = list(dict.fromkeys(([mail.own] if mail.own else []) + list(reversed(mail.named))))
        self.refs.update(refs)
        for ref in refs:
            if ref in known and ref not in self._parent:
                self._join(ref, self._conversation(known[ref].conversation))
        leads = any(self._find(ref) in self._home for ref in refs if ref in self._parent)
        start = refs[0] if refs else fresh
        if mail.hint and not leads:
            self._join(start, self._conversation(mail.hint))
        for ref in refs[1:]:
            self._join(start, ref)
        if self._find(start) not in self._home:
            self._join(start, self._conversation(fresh))
        self.starts.append(start)

    def conversation_of(self, node: UUID) -> UUID:
        """The conversation that a reference or conversation ended in."""
        return self._home[self._find(node)]

    def tied_conversations(self) -> set[UUID]:
        """Conversations that share their place with another."""
        groups: dict[UUID, set[UUID]] = {}
        for conversation in self.conversations:
            groups.setdefault(self._find(conversation), set()).add(conversation)
        return {c for group in groups.values() if len(group) > 1 for c in group}

    def _conversation(self, conversation: UUID) -> UUID:
        root = self._find(conversation)
        self._home.setdefault(root, conversation)
        self.conversations.add(conversation)
        return conversation

    def _find(self, node: UUID) -> UUID:
        parent = self._parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def _join(self, a: UUID, b: UUID) -> None:
        a, b = self._find(a), self._find(b)
        if a == b:
            return
        homes = [self._home[r] for r in (a, b) if r in self._home]
        if len(homes) == 2 and self._must_stay_apart(*homes):
            return
        self._parent[b] = a
        if homes:
            self._home.pop(b, None)
            self._home[a] = min(homes, key=self._seniority)

    def _must_stay_apart(self, one: UUID, other: UUID) -> bool:
        if one in self.fresh or other in self.fresh:
            return False
        return bool(self._sealed & {one, other}) or self._worked_in >= {one, other}

    def _seniority(self, conversation: UUID) -> tuple[bool, bool, UUID]:
        return conversation not in self._worked_in, conversation in self.fresh, conversation
