"""Every command with its keys, once: the palette, the list behind `?`, the script and docs/keyboard.md read them here.

A key is written as the browser names it; "Mod" is Ctrl, or Cmd on a Mac. Two keys after one another stand with a space.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from rapport.web.shell import Shell

LIST, CHOSEN, TALK, WRITE, GO, ALL, TWINS = "list", "chosen", "talk", "write", "go", "all", "twins"
GROUPS: dict[str, Any] = {
    LIST: _("In the list"),
    CHOSEN: _("Selecting several"),
    TALK: _("The open conversation, or those selected"),
    WRITE: _("While writing"),
    GO: _("Go to"),
    ALL: _("Anywhere"),
    TWINS: _("Possible duplicates, one pair after the other"),
}


@dataclass(frozen=True)
class Command:
    """What can be done by key. `run` names it for the script; `place` is a page instead: a view's name and arguments.

    `palette`: it makes sense when chosen from the palette. `writes`: not for readers.
    """

    run: str
    label: Any
    group: str
    keys: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    palette: bool = True
    writes: bool = False

    @property
    def url(self) -> str:
        """The address of its page; empty when it is none."""
        return reverse(self.place[0], args=self.place[1:]) if self.place else ""

    @property
    def shown(self) -> list[list[str]]:
        """Its keys, each as the caps to draw."""
        return [_caps(key) for key in self.keys]


COMMANDS = (
    Command("next", _("Next conversation"), LIST, ("j", "ArrowDown"), palette=False),
    Command("previous", _("Previous conversation"), LIST, ("k", "ArrowUp"), palette=False),
    Command("open", _("Open it"), LIST, ("Enter", "o"), palette=False),
    Command("back", _("Back to the list"), LIST, ("Backspace",), palette=False),
    Command("toggle", _("Select it, or not"), CHOSEN, ("x",), palette=False),
    Command("extend-next", _("Select the next too"), CHOSEN, ("Shift+j", "Shift+ArrowDown"), palette=False),
    Command("extend-previous", _("Select the one before too"), CHOSEN, ("Shift+k", "Shift+ArrowUp"), palette=False),
    Command("select-all", _("Select all that are loaded"), CHOSEN, ("Mod+a",)),
    Command("clear", _("Select none"), CHOSEN, ("Escape",), palette=False),
    Command("reply", _("Reply"), TALK, ("r",), writes=True),
    Command("note", _("Write a note for colleagues"), TALK, ("n",), writes=True),
    Command("assign", _("Assign …"), TALK, ("a",), writes=True),
    Command("accept", _("Accept what is suggested"), TALK, ("y",), palette=False, writes=True),
    Command("resolve", _("Resolve, or open again"), TALK, ("e",), writes=True),
    Command("snooze", _("Snooze …"), TALK, ("z",), writes=True),
    Command("unread", _("Mark as unread"), TALK, ("u",)),
    Command("spam", _("Mark as spam"), TALK, ("!",), writes=True),
    Command("follow", _("Follow, or no longer"), TALK, ("f",), palette=False),
    Command("mute", _("Mute, or no longer"), TALK, ("Shift+f",)),
    Command("merge", _("Merge with another …"), TALK, ("m",), writes=True),
    Command("split", _("Split or move messages …"), TALK, ("s",), writes=True),
    Command("link", _("Link another …"), TALK, ("l",), writes=True),
    Command("send", _("Send what you typed"), WRITE, ("Mod+Enter",), palette=False),
    Command("leave", _("Leave the field, close what is open"), WRITE, ("Escape",), palette=False),
    Command("go-mine", _("Mine"), GO, ("g i",), ("inbox", "mine")),
    Command("go-teams", _("My teams"), GO, ("g m",), ("inbox", "teams")),
    Command("go-unowned", _("Unowned"), GO, ("g u",), ("inbox", "unowned")),
    Command("go-watched", _("Watched by my teams"), GO, ("g w",), ("inbox", "watched")),
    Command("go-all", _("All I may see"), GO, ("g a",), ("inbox", "all")),
    Command("go-snoozed", _("Snoozed"), GO, ("g z",), ("inbox", "snoozed")),
    Command("go-followed", _("Followed"), GO, ("g f",), ("inbox", "followed")),
    Command("go-drafts", _("Drafts"), GO, ("g d",), ("inbox", "drafts")),
    Command("go-people", _("People"), GO, ("g p",), ("people",)),
    Command("go-organizations", _("Organizations"), GO, ("g o",), ("organizations",)),
    Command("go-handover", _("My shift ends: hand over"), GO, ("g h",), ("handover",), writes=True),
    Command("go-templates", _("Templates"), GO, ("g t",), ("templates",)),
    Command("new-person", _("New person"), GO, (), ("person_new",), writes=True),
    Command("new", _("New conversation"), ALL, ("c",), ("new",), writes=True),
    Command("palette", _("Everything that can be done"), ALL, ("Mod+k",), palette=False),
    Command("search", _("Search"), ALL, ("/",)),
    Command("undo", _("Undo what was done last"), ALL, ("Mod+z",)),
    Command("help", _("All keys"), ALL, ("?",)),
)  # fmt: skip
#: Keys of one page alone, which knows them itself (`duplicates.js`).
THERE = (
    Command("", _("Next pair"), TWINS, ("j",), palette=False),
    Command("", _("Previous pair"), TWINS, ("k",), palette=False),
    Command("", _("Join them"), TWINS, ("y",), palette=False, writes=True),
    Command("", _("Keep them apart"), TWINS, ("n",), palette=False, writes=True),
    Command("", _("Let the other one stay"), TWINS, ("s",), palette=False, writes=True),
    Command("", _("Take back what you decided last"), TWINS, ("u",), palette=False, writes=True),
    Command("", _("Open the one that stays"), TWINS, ("o",), palette=False),
)  # fmt: skip


_EVERY = (*COMMANDS, *THERE)


@dataclass(frozen=True)
class Group:
    """Commands that belong together."""

    title: Any
    commands: Sequence[Command]


def groups(shell: Shell) -> list[Group]:
    """What a member may do, group by group."""
    return [
        Group(title, [one for one in _EVERY if one.group == key and (shell.can_write or not one.writes)])
        for key, title in GROUPS.items()
    ]


def page() -> str:
    """docs/keyboard.md: a test holds the file to it.

    Anew: `DJANGO_SETTINGS_MODULE=rapport.core.settings python -c "import django; django.setup();
    from rapport.web.commands import page; print(page(), end='')" > docs/keyboard.md`.
    """
    lines = [
        "# The keyboard", "",
        "Everything in the inbox can be done without a mouse. `?` shows this list in the pages, `Ctrl+K` finds every",
        "command, view, person and conversation by a few letters. On a Mac, Ctrl is Cmd. Single keys do nothing while",
        "you type.", "",
    ]  # fmt: skip
    for key, title in GROUPS.items():
        lines += [f"## {title}", "", "| key | what it does |", "| --- | --- |"]
        lines += [f"| {_written(one)} | {one.label} |" for one in _EVERY if one.group == key]
        lines.append("")
    return "\n".join(lines)


def _written(command: Command) -> str:
    return " or ".join(" ".join(f"`{part}`" for part in caps) for caps in command.shown)


def _caps(key: str) -> list[str]:
    names = {"Mod": "Ctrl", "Escape": "Esc", "ArrowDown": "↓", "ArrowUp": "↑"}
    parts = [part for step in key.split(" ") for part in (step.split("+") if len(step) > 1 else [step])]
    return [names.get(part, part.upper() if len(part) == 1 and "+" in key else part) for part in parts]
