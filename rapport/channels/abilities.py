"""What a kind of channel can do, said once: pages, composer and policy read it here. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Unit = Literal["characters", "graphemes", "bytes", "utf16"]
Naming = Literal["name", "initials", "none"]


@dataclass(frozen=True, slots=True)
class Length:
    """The longest text the service takes, in its own unit. `link` is what any link counts, where it counts alike."""

    limit: int
    unit: Unit = "characters"
    link: int | None = None


@dataclass(frozen=True, slots=True)
class Files:
    """How many files a message may carry, how large each (bytes), and of which types ("" of any)."""

    count: int = 0
    bytes_max: int = 0
    types: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be done on a kind of channel.

    `public`/`private`: which visibilities its messages can have. `splits`: a text that is too long may go as several.
    `idempotent`: sending the same delivery again is told apart by the other side, so that a send that was cut off may
    simply be repeated. `clocked`: the service's own time of a message can be believed. `undo_s`: how
    long an answer waits so that it can be taken back; in a chat nobody waits. `naming`: how a member's name is shown to
    the reader.
    """

    receives: bool = True
    replies: bool = True
    starts: bool = False
    edits: bool = False
    deletes: bool = False
    public: bool = False
    private: bool = True
    threads: bool = False
    reactions: bool = False
    receipts: bool = False
    subject: bool = False
    html: bool = False
    copies: bool = False
    splits: bool = False
    idempotent: bool = False
    clocked: bool = True
    undo_s: int = 10
    naming: Naming = "none"
    length: Length | None = None
    files: Files = Files()


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a kind, as its page asks for it. Secrets are encrypted and never shown again.

    `kind`: text, url, secret, number, yes, choice, lines (one a line) or email. Labels are lazily translated.
    """

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    required: bool = False
    default: str | int | bool = ""
    choices: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class About:
    """What a person who connects a channel should know.

    `proof`: "real server" or "contract-tested". `steps` say what to do over there, `permissions` what is asked for and
    why as (permission, reason), `terms` what the service's terms and prices allow ("" where there is nothing to say).
    """

    summary: str
    proof: str
    steps: Sequence[str] = ()
    permissions: Sequence[tuple[str, str]] = ()
    terms: str = ""
    group: str = "social"
