"""What the language says to people: the meaning of each operator, and each problem in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from rapport.conversations.asking.dates import NAMED
from rapport.conversations.asking.language import Problem
from rapport.conversations.asking.operators import OPERATORS

MEANINGS: dict[str, Any] = {
    "from": gettext_lazy("who wrote: part of a name, an address, or me"),
    "to": gettext_lazy("the address it was written to, or its beginning"),
    "org": gettext_lazy("the organization of the person: part of its name or domain"),
    "subject": gettext_lazy("words of the subject only"),
    "team": gettext_lazy("the team that owns it; me for your teams, none for nobody’s"),
    "owner": gettext_lazy("the member who owns it; me or nobody"),
    "involved": gettext_lazy("a team that is involved; me for your teams"),
    "topic": gettext_lazy("what it is about; none for no topic"),
    "channel": gettext_lazy("the channel it came by: its name or address"),
    "kind": gettext_lazy("the kind of the channel"),
    "status": gettext_lazy("where it stands"),
    "is": gettext_lazy("what holds of it now; several hold together"),
    "priority": gettext_lazy("how much it matters"),
    "has": gettext_lazy("what is in it"),
    "lang": gettext_lazy("the language it is written in, by its code"),
    "date": gettext_lazy("a day, a month, a year, or a span from..to"),
    "after": gettext_lazy("from that day on; 7d, 2w, 3m, 1y count back from today"),
    "before": gettext_lazy("before that day"),
}

_PROBLEMS: dict[str, Any] = {
    "unknown": gettext_lazy("“%(what)s:” is nothing one can ask for, so it was searched for as a word."),
    "meant": gettext_lazy("“%(what)s:” was searched for as a word. Did you mean “%(hint)s:”?"),
    "empty": gettext_lazy("Nothing stands behind “%(what)s:”. Write for example %(hint)s"),
    "choice": gettext_lazy("“%(what)s” is not known and was left out. Did you mean: %(hint)s?"),
    "date": gettext_lazy("“%(what)s” is no date and was left out. Write for example %(hint)s"),
    "quote": gettext_lazy("A quotation mark is missing; the phrase was taken to go on to the end."),
    "minus": gettext_lazy("A minus needs a word right behind it; this one was left out."),
    "nul": gettext_lazy("Characters that no text has were left out."),
    "long": gettext_lazy("Only the first %(hint)s characters were looked for."),
    "many": gettext_lazy("Only the first %(hint)s words and filters were looked for."),
    "contrary": gettext_lazy("“%(what)s” is asked for and excluded at once, so nothing can be found."),
    "never_late": gettext_lazy("Only open conversations can be late or due, so nothing can be found."),
    "no_days": gettext_lazy("The dates leave no day between them, so nothing can be found."),
    "gone": gettext_lazy("There is no %(what)s any more. It was left out; the rest is shown."),
    "nobody": gettext_lazy("Nobody you may know of is called like %(what)s."),
    "signs": gettext_lazy("Only signs were written, and no word to look for."),
}  # fmt: skip


@dataclass(frozen=True)
class HelpLine:
    """One operator as the help shows it."""

    name: str
    meaning: str
    choices: Sequence[str]
    example: str


def help_lines() -> list[HelpLine]:
    """Every operator with its meaning, in order."""
    return [
        HelpLine(name, str(MEANINGS[name]), NAMED if name == "date" else one.choices, one.example)
        for name, one in OPERATORS.items()
    ]


def sentence(problem: Problem) -> str:
    """A problem in words."""
    code = "meant" if problem.code == "unknown" and problem.hint else problem.code
    hint = _("a name") if not problem.hint else problem.hint
    return str(_PROBLEMS[code]) % {"what": problem.what, "hint": hint}


def help_table() -> str:
    """The same as a table of the documentation."""
    rows = [
        f"| `{line.example}` | {line.meaning} | {' '.join(f'`{choice}`' for choice in line.choices)} |"
        for line in help_lines()
    ]
    return "\n".join(["| write | it finds | words it takes |", "| --- | --- | --- |", *rows])
