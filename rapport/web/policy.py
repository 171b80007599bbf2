"""The policy as a lead reads it: rules in words, changed in a draft, saved as a new version."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.ownership.format import FORMATS, dump, format_of
from rapport.ownership.forms import describe_rules, outcome_choices, policy_from_dict, policy_to_dict, problems_by_field
from rapport.ownership.models import PolicyVersion
from rapport.ownership.policy import Policy
from rapport.ownership.problems import PolicyError
from rapport.ownership.service import SavedBy, current_policy, policy_of, save_policy, save_policy_dict, vocabulary
from rapport.web.policy_form import RuleForm
from rapport.web.rights import EVERYBODY, LEADS, member_of, page
from rapport.web.shell import shell_of

_SESSION = "policy_draft"
_FILE_BYTES_MAX = 1_000_000
_VERSIONS_SHOWN = 50


@dataclass
class Draft:
    """The policy a lead works on: what it was made from, and as it is now. `changed` says whether they differ."""

    base: int
    plain: dict[str, Any]
    changed: bool = False

    @property
    def policy(self) -> Policy:
        """The draft, read."""
        return policy_from_dict(self.plain)


def _draft(request: HttpRequest) -> Draft:
    kept = request.session.get(_SESSION)
    if kept:
        return Draft(kept["base"], kept["plain"], True)
    version, policy = current_policy()
    return Draft(version.number if version else 0, deepcopy(policy_to_dict(policy)))


def _keep(request: HttpRequest, draft: Draft) -> None:
    policy_from_dict(draft.plain, vocabulary())
    request.session[_SESSION] = {"base": draft.base, "plain": draft.plain}


@page()
@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    """The policy in force, or the draft of it one works on."""
    shell_of(request).current = "policy"
    version, in_force = current_policy()
    draft = _draft(request) if shell_of(request).can_lead else Draft(0, policy_to_dict(in_force))
    shown = draft.policy
    context = {
        "rules": _rules(shown, request),
        "policy": shown,
        "triage": _team_names(request).get(shown.triage, shown.triage),
        "promises": shown.promises.items(),
        "draft": draft,
        "number": version.number if version else 0,
        "stale": draft.changed and draft.base != (version.number if version else 0),
        "version": version,
        "versions": PolicyVersion.objects.defer("rules").select_related("author").order_by("-number")[:_VERSIONS_SHOWN],
        "hours": [name for name, _ in outcome_choices(vocabulary(), shown)["hours"]],
        "teams": shell_of(request).all_teams,
    }
    return render(request, "web/policy/page.html", context)


@page(LEADS)
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Move or remove a rule, choose who sorts the rest, change a promise, or throw the draft away."""
    given, draft = request.POST, _draft(request)
    verb = given.get("verb", "")
    if verb == "discard":
        request.session.pop(_SESSION, None)
        messages.info(request, _("The draft is gone; the policy in force was not changed."))
        return redirect("policy")
    try:
        _apply(draft.plain, verb, given.get("rule", ""), given.dict())
        _keep(request, draft)
    except PolicyError as error:
        messages.error(request, error.message)
    return redirect("policy")


def _apply(plain: dict[str, Any], verb: str, position: str, given: dict[str, Any]) -> None:
    rules = plain["rules"]
    at = int(position) - 1 if position.isdecimal() else -1
    if verb in ("up", "down", "remove") and not 0 <= at < len(rules):
        raise Invalid(_("There is no such rule."), _("Load the page again."))
    if verb == "remove":
        rules.pop(at)
    elif verb in ("up", "down"):
        to = max(0, at - 1) if verb == "up" else at + 1
        rules.insert(to, rules.pop(at))
    elif verb == "triage":
        plain["triage"] = str(given.get("triage", ""))
    elif verb == "promise":
        spans = {key: str(given.get(key, "")).strip() for key in ("first_answer", "resolution", "hours")}
        named = {str(given.get("name", "")).strip(): {key: value for key, value in spans.items() if value}}
        plain["promises"] = {**plain.get("promises", {}), **named}
    elif verb == "promise_remove":
        plain.get("promises", {}).pop(str(given.get("name", "")), None)
    else:
        raise Invalid(_("There is no such change."), _("Load the page again."))


@page(LEADS)
def rule(request: HttpRequest, position: int) -> HttpResponse:
    """Write a rule (position 0: a new one at the end) into the draft."""
    shell_of(request).current = "policy"
    draft = _draft(request)
    rules = draft.plain["rules"]
    if position > len(rules):
        raise NotVisible(_("There is no such rule."))
    names = vocabulary()
    form = RuleForm(request.POST or None, names, draft.policy, rules[position - 1] if position else None)
    if request.method == "POST" and form.is_valid() and _written(request, draft, form, position):
        messages.success(request, _("The rule is in the draft. Save the draft to put it in force."))
        return redirect("policy")
    return render(request, "web/policy/rule.html", {"form": form, "position": position})


def _written(request: HttpRequest, draft: Draft, form: RuleForm, position: int) -> bool:
    rules = draft.plain["rules"]
    if position:
        rules[position - 1] = form.plain()
    else:
        rules.append(form.plain())
    try:
        _keep(request, draft)
    except PolicyError as error:
        found = problems_by_field(error)
        form.show_problems(found.pop(position or len(rules), {}))
        for number, problems in found.items():
            place = f"Rule {number}" if number else "The policy"
            form.add_error(None, [f"{place}: {word}" for words in problems.values() for word in words])
        return False
    return True


@page(LEADS)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Put the draft in force as a new version; what was decided before stays as it was."""
    draft = _draft(request)
    if not draft.changed:
        messages.info(request, _("There is nothing to save."))
        return redirect("policy")
    saved_by = SavedBy(member_of(request).id, request.POST.get("note", ""), draft.base)
    try:
        saved = save_policy_dict(draft.plain, saved_by)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("policy")
    request.session.pop(_SESSION, None)
    messages.success(
        request,
        _("Version %(number)s is in force. What was decided before stays as it was.") % {"number": saved.number},
    )
    return redirect("policy")


class ImportForm(forms.Form):
    """A policy file."""

    file = forms.FileField(label=lazy("File"), help_text=lazy("TOML or YAML, as the export gives it."))
    note = forms.CharField(label=lazy("What changes, and why"), max_length=200, required=False)


@page(LEADS)
def import_file(request: HttpRequest) -> HttpResponse:
    """Save a policy file as the new version; every problem of it is shown with its line."""
    shell_of(request).current = "policy"
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > _FILE_BYTES_MAX:
                raise PolicyError("the file is too large for a policy: at most 1 MB")
            text = file.read().decode("utf-8")
            saved = save_policy(text, format_of(file.name), member_of(request).id, form.cleaned_data["note"])
        except UnicodeDecodeError:
            form.add_error("file", _("This is no text in UTF-8. Nothing was changed."))
        except PolicyError as error:
            form.add_error("file", [*error.message.splitlines(), error.hint])
        else:
            messages.success(request, _("Version %(number)s is in force.") % {"number": saved.number})
            return redirect("policy")
    context = {"form": form, "title": "Import a policy", "back": "policy"}
    return render(request, "web/admin/form.html", context)


@page()
@require_GET
def export(request: HttpRequest, fmt: str) -> HttpResponse:
    """The policy in force as a file; `?version=` for an earlier one."""
    if fmt not in FORMATS:
        raise NotVisible(_("There is no such format."))
    number = request.GET.get("version", "")
    found = policy_of(int(number)) if number.isdecimal() and len(number) < 8 else current_policy()[1]
    response = HttpResponse(dump(found, fmt), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="policy.{fmt}"'
    return response


@page(EVERYBODY)
@require_GET
def version(request: HttpRequest, number: int) -> HttpResponse:
    """An earlier version, to read, and what it changed against the one before."""
    shell_of(request).current = "policy"
    found = policy_of(number)
    row = PolicyVersion.objects.select_related("author").get(number=number)
    before = _lines(policy_of(number - 1), request) if PolicyVersion.objects.filter(number=number - 1).exists() else []
    after = _lines(found, request)
    context = {
        "row": row,
        "rules": _rules(found, request),
        "triage": _team_names(request).get(found.triage, found.triage),
        "added": [line for line in after if line not in before],
        "removed": [line for line in before if line not in after],
        "moved": sorted(after) == sorted(before) and after != before,
        "first": not before,
    }
    return render(request, "web/policy/version.html", context)


def _rules(policy: Policy, request: HttpRequest) -> Any:
    return describe_rules(policy, _team_names(request))


def _team_names(request: HttpRequest) -> dict[str, str]:
    return {team.slug: team.name for team in shell_of(request).all_teams}


def _lines(policy: Policy, request: HttpRequest) -> list[str]:
    rules = [f"{one.name}: when {one.when}, then {one.then}" for one in _rules(policy, request)]
    promises = [f"Promise {name}: {_promise(value)}" for name, value in policy.promises.items()]
    return [f"What no rule matches goes to {_team_names(request).get(policy.triage, policy.triage)}", *promises, *rules]


def _promise(promise: Any) -> str:
    parts = (
        ("first answer within", promise.first_answer),
        ("resolution within", promise.resolution),
        ("in", promise.hours),
    )
    return ", ".join(f"{words} {value}" for words, value in parts if value)
