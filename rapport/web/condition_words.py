"""The conditions of a rule in the reader's language: what they are called, what they mean, and what to choose from."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.ownership.forms import Choices, ConditionField
from rapport.web import locales

GROUPS: Mapping[str, str | Promise] = {
    "who": lazy("Who it is from"), "way": lazy("Where and how it came"), "said": lazy("What it says"),
    "more": lazy("Always, or something more"),
}  # fmt: skip


def label_of(condition: ConditionField) -> str:
    """What it is called."""
    return _(condition.label)


def help_of(condition: ConditionField) -> str:
    """What it means, with how several are written and an example where it is typed."""
    means, example = _(condition.description), condition.placeholder
    if condition.kind == "patterns":
        return _("%(what)s One a line. Such as %(example)s.") % {"what": means, "example": example}
    if condition.kind not in ("texts", "words"):
        return means
    if not example:
        return _("%(what)s Separated by commas.") % {"what": means}
    return _("%(what)s Separated by commas. Such as %(example)s.") % {"what": means, "example": example}


def choices_of(condition: ConditionField) -> Choices:
    """What may be chosen. The company's own names stay as they are; what is ours is said in the reader's language."""
    if condition.kind == "names":
        return condition.choices
    languages = locales.locale().languages
    return tuple((value, _said(condition, value, words, languages)) for value, words in condition.choices)


def _said(condition: ConditionField, value: str, words: str, languages: Mapping[str, str]) -> str:
    if condition.name == "language":
        name = languages.get(value, words)
        return name[:1].upper() + name[1:]
    if value.isdecimal():
        return _("at least %(count)s") % {"count": locales.number(int(value))}
    said = _(words)
    return said[:1].upper() + said[1:]
