"""One rule of the policy as a form: from plain data and back. What it cannot draw stands in its last field, as YAML."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from rapport.ownership.forms import ConditionField, condition_catalogue, outcome_choices
from rapport.ownership.policy import Policy
from rapport.ownership.problems import Vocabulary
from rapport.ownership.yaml import YamlError, read_yaml
from rapport.web.condition_words import GROUPS, choices_of, help_of, label_of

_NOT_ASKED = ("", lazy("It does not matter"))
_REST_HELP = lazy(
    "Conditions within conditions (all, any, not), as the exported YAML has them. Mostly empty."
)
Plain = dict[str, Any]


class RuleForm(forms.Form):
    """When something holds, then this follows."""

    all_optional = True
    name = forms.CharField(max_length=120, label=lazy("Name of the rule"))

    def __init__(
        self, data: QueryDict | None, vocabulary: Vocabulary, policy: Policy, rule: Plain | None = None
    ) -> None:
        self.catalogue = condition_catalogue(vocabulary)
        given = rule or {"name": "", "when": {}, "then": {}}
        super().__init__(data, initial=_initial(given, self.catalogue))
        self.drawn: dict[str, list[str]] = {group: [] for group in GROUPS}
        for condition in self.catalogue:
            for name, field in _fields(condition, self.initial.get(f"when_{condition.name}")).items():
                self.fields[name] = field
                self.drawn[condition.group].append(name)
        self.fields["when_rest"] = forms.CharField(
            label=_("More conditions"), required=False, help_text=_REST_HELP,
            widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        )  # fmt: skip
        self.drawn["more"].append("when_rest")
        choices = outcome_choices(vocabulary, policy)
        self.followers = _outcome_fields(choices)
        self.fields.update(self.followers)

    @property
    def when_groups(self) -> list[tuple[str, str, list[forms.BoundField], bool]]:
        """The fields that say when, by what they are about: its key and title, the fields, and whether to show them at
        once, because something stands there or is wrong.
        """
        return [
            (group, str(GROUPS[group]), fields, any(field.errors or _says(field.value()) for field in fields))
            for group, fields in ((group, [self[name] for name in names]) for group, names in self.drawn.items())
        ]

    @property
    def then_fields(self) -> list[forms.BoundField]:
        """The fields that say what follows."""
        return [self[name] for name in self.followers]

    def clean_when_rest(self) -> Plain:
        """A table, or nothing."""
        text = str(self.cleaned_data["when_rest"]).strip()
        if not text:
            return {}
        try:
            read, _lines = read_yaml(text)
        except (YamlError, RecursionError) as error:
            raise forms.ValidationError(_("This is no YAML. Write it as the exported policy has it.")) from error
        if not isinstance(read, dict):
            raise forms.ValidationError(_("Expected conditions with their values, such as “any:” and a list."))
        return {str(key): value for key, value in read.items()}

    def plain(self) -> Plain:
        """The rule as a policy file has it."""
        given = self.cleaned_data
        when = {one.name: value for one in self.catalogue if (value := _value(one, given)) not in (None, "", [])}
        then = {name: given[f"then_{name}"] for name in _OUTCOMES if given.get(f"then_{name}")}
        return {"name": given["name"], "when": when | given["when_rest"], "then": then}

    def show_problems(self, problems: Mapping[str, list[str]]) -> None:
        """Put what is wrong with the rule at the field it concerns."""
        for place, words in problems.items():
            part, _dot, rest = place.partition(".")
            name = f"{part}_{rest.partition('.')[0]}" if rest else part
            if name in _NOTHING and not rest:
                self.add_error(*_NOTHING[name])
            elif name in self.fields:
                self.add_error(name, words)
            else:
                beside = "when_rest" if part == "when" and rest else None
                self.add_error(beside, [f"{rest if beside else place}: {word}" for word in words])


def _says(value: Any) -> bool:
    return value not in (None, "", [], "any")


def begun(given: QueryDict) -> Plain | None:
    """A new rule as an address begins it: `name`, `words` (with commas), `owner`; None where it says nothing."""
    words = [word.strip()[:_WORD_MAX] for word in given.get("words", "").split(",") if word.strip()][:_WORDS_MAX]
    name, owner = given.get("name", "")[:_WORD_MAX], given.get("owner", "")
    if not (words or owner):
        return None
    return {"name": name, "when": {"words": words} if words else {}, "then": {"owner": owner} if owner else {}}


_WORD_MAX, _WORDS_MAX = 120, 20
PAST = {
    "earlier_owner": lazy(
        "What goes on in a thread comes to its own conversation, so nothing that comes has an earlier owner of its "
        "thread: only tests of the policy do."
    ),
}  # fmt: skip
_OUTCOMES = (
    "owner", "member", "assign", "skills", "involve", "topic", "priority", "promise", "approval", "confidential",
)  # fmt: skip
_PATTERN_BOX = {"rows": 2, "spellcheck": "false", "autocapitalize": "off", "dir": "ltr"}
_NOTHING = {
    "when": ("when_always", lazy("Say when it holds: choose a condition above, or here that it always does.")),
    "then": ("then_owner", lazy("Say what follows: choose an owner, or anything below.")),
}  # fmt: skip
_PLACES = (
    ("", lazy("Subject and text")), ("subject", lazy("The subject alone")), ("text", lazy("The text alone")),
)  # fmt: skip
_SEVERAL = ("skills", "involve")
_OURS = ("assign", "priority", "approval")
_LABELS = {
    "owner": lazy("Owned by"), "member": lazy("Answered by"), "assign": lazy("Or answered by"),
    "skills": lazy("Who knows"), "involve": lazy("Followed by"),
    "topic": lazy("Topic"), "priority": lazy("Priority"), "promise": lazy("Promise"),
    "approval": lazy("Answers a colleague approves"),
}  # fmt: skip


def _fields(condition: ConditionField, written: Any) -> dict[str, forms.Field]:
    name, label = f"when_{condition.name}", label_of(condition)
    common: dict[str, Any] = {"label": label, "help_text": help_of(condition), "required": False}
    choices = [one for one in choices_of(condition) if one[0] not in condition.past or one[0] == written]
    if written in condition.past:
        common["help_text"] += f" {PAST[condition.name]}"
    if condition.kind == "yes":
        answers = [_NOT_ASKED, ("yes", _("Yes")), *([("no", _("No"))] if condition.name != "always" else [])]
        return {name: forms.ChoiceField(choices=answers, **common)}
    if condition.kind in ("choices", "names") and condition.names and condition.choices != condition.names:
        return {
            name: forms.ChoiceField(choices=[_NOT_ASKED, *choices], **common),
            f"{name}_of": _several(condition.names, label=_("%(label)s: one of these") % {"label": label}),
        }
    if condition.kind in ("choices", "names"):
        return {name: _several(choices, **common)} if choices else {}
    if condition.kind == "time":
        hours = [("", _("Those of the company")), *condition.names]
        which = _("%(label)s: which hours") % {"label": label}
        return {
            name: forms.ChoiceField(choices=[_NOT_ASKED, *choices], **common),
            f"{name}_of": forms.ChoiceField(choices=hours, required=False, label=which),
        }
    if condition.kind in ("texts", "words"):
        fields: dict[str, forms.Field] = {name: forms.CharField(max_length=4000, **common)}
        if condition.kind == "words":
            how = [("any", _("Any of them is enough")), ("all", _("All are needed"))]
            fields[f"{name}_of"] = forms.ChoiceField(choices=how, required=False, label=_("Of these words"))
        return fields
    if condition.kind == "patterns":
        return {
            name: forms.CharField(max_length=20_000, widget=forms.Textarea(_PATTERN_BOX), **common),
            f"{name}_of": forms.ChoiceField(choices=_PLACES, required=False, label=_("Looked for in")),
        }
    return {}


def _several(choices: Sequence[tuple[str, str]], **common: Any) -> forms.MultipleChoiceField:
    common["required"] = False
    return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)


def _outcome_fields(choices: Mapping[str, tuple[tuple[str, str], ...]]) -> dict[str, forms.Field]:
    fields: dict[str, forms.Field] = {}
    for name in _OUTCOMES[:-1]:
        if name in _SEVERAL:
            # Skills are offered where anybody has some; elsewhere there is nothing to choose from.
            if choices[name] or name != "skills":
                fields[f"then_{name}"] = _several(choices[name], label=_LABELS[name])
        else:
            empty = ("", _("Not said by this rule"))
            ours = name in _OURS
            offered = [(value, _(words) if ours or value[:1] == "@" else words) for value, words in choices[name]]
            fields[f"then_{name}"] = forms.ChoiceField(choices=[empty, *offered], required=False, label=_LABELS[name])
    fields["then_confidential"] = forms.BooleanField(
        required=False, label=_("In confidence: seen by the owner's team alone")
    )
    return fields


def _value(condition: ConditionField, given: Mapping[str, Any]) -> Any:
    """What the form says about one condition, as a policy file has it; nothing when it does not matter."""
    value, of = given.get(f"when_{condition.name}"), given.get(f"when_{condition.name}_of")
    if not value:
        return None
    if condition.kind == "yes":
        return value == "yes"
    if condition.kind in ("texts", "words"):
        items = [item.strip() for item in str(value).split(",") if item.strip()]
        return {"all": items} if condition.kind == "words" and of == "all" else items
    if condition.kind == "patterns":
        lines = [line.strip() for line in str(value).splitlines() if line.strip()]
        return {"any": lines, "in": of} if of else lines
    if condition.kind == "time":
        return {"is": value, "hours": of} if of else value
    if of:
        return {"of": value, "team": of}
    return value


def _initial(rule: Plain, catalogue: tuple[ConditionField, ...]) -> Plain:
    initial: Plain = {"name": rule["name"]}
    rest: Plain = {}
    kinds = {one.name: one for one in catalogue}
    for name, value in rule["when"].items():
        drawn = _drawn(kinds[name], value) if name in kinds else None
        if drawn is None:
            rest[name] = value
        else:
            initial |= {f"when_{name}": drawn[0], f"when_{name}_of": drawn[1]}
    if rest:
        initial["when_rest"] = yaml.safe_dump(rest, allow_unicode=True, sort_keys=False)
    for name, value in rule["then"].items():
        initial[f"then_{name}"] = [value] if name in _SEVERAL and isinstance(value, str) else value
    return initial


def _drawn(condition: ConditionField, value: Any) -> tuple[Any, Any] | None:
    """The value for the form's one or two inputs; None when they cannot show it."""
    if condition.kind == "conditions":
        return None
    if condition.kind == "yes":
        return ("yes" if value else "no"), ""
    if isinstance(value, dict):
        inner = dict(value)
        if condition.kind == "words" and len(inner) == 1:
            ((how, words),) = inner.items()
            return _joined(words), how
        if condition.kind == "patterns":
            return _lines(inner.get("any", "")), inner.get("in", "")
        if condition.kind == "time":
            return inner.get("is"), inner.get("hours", "")
        team = inner.get("team", [])
        return inner.get("of"), [team] if isinstance(team, str) else team
    if condition.kind in ("texts", "words"):
        return _joined(value), "any"
    if condition.kind == "patterns":
        return _lines(value), ""
    if condition.kind == "time" or (condition.choices != condition.names and condition.names):
        return value, ""
    values = [str(one) for one in (value if isinstance(value, list) else [value])]
    # What the boxes do not offer, such as a number of one's own, is shown as it is written.
    offered = {choice for choice, _label in condition.choices}
    return (values, "") if offered.issuperset(values) or condition.kind == "names" else None


def _lines(value: Any) -> str:
    return value if isinstance(value, str) else "\n".join(map(str, value))


def _joined(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(map(str, value))
