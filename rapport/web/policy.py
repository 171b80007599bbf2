"""The policy as a lead reads it: rules in words, changed in a draft, saved as a new version."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from rapport.core.errors import Invalid, NotVisible
from rapport.ownership import trials
from rapport.ownership.directory import world
from rapport.ownership.format import FORMATS, dump, format_of
from rapport.ownership.forms import problems_by_field
from rapport.ownership.models import PolicyVersion
from rapport.ownership.policy_tests import try_tests
from rapport.ownership.problems import PolicyError
from rapport.ownership.service import SavedBy, current_policy, policy_of, save_policy, save_policy_dict, vocabulary
from rapport.web.policy_draft import Draft, draft_of, drop, keep, names_of
from rapport.web.policy_form import RuleForm, begun
from rapport.web.policy_lines import changed, lines_of, rules_in_words, team_names
from rapport.web.policy_odd import oddities_in_words
from rapport.web.policy_weights import set_weight, weights_offered, weights_shown
from rapport.web.promise_words import promise_words
from rapport.web.rights import EVERYBODY, LEADS, member_of, page
from rapport.web.shell import shell_of

_FILE_BYTES_MAX = 5_000_000
_VERSIONS_SHOWN = 50
RULES_SHOWN = 200
_RULES_NAMED = 10


@page()
@require_GET
def policy(request: HttpRequest) -> HttpResponse:
    """The policy in force, or the draft of it one works on."""
    shell_of(request).current = "policy"
    version, in_force = current_policy()
    draft = draft_of(request) if shell_of(request).can_lead else Draft(0, None, in_force)
    shown = draft.policy
    rules, page_at = rules_in_words(shown, request), _page_at(request, len(shown.rules))
    names = vocabulary()
    context = {
        "rules": rules[page_at : page_at + RULES_SHOWN],
        **_around(page_at, len(rules)),
        "weights": weights_shown(shown),
        "weighable": weights_offered(names.names["channels"]),
        "odd": oddities_in_words(shown, request) if shell_of(request).can_lead else [],
        "failing": sum(not one.passed for one in try_tests(shown, world())) if draft.changed else 0,
        "trial": trials.running(),
        "next": (PolicyVersion.objects.order_by("-number").values_list("number", flat=True).first() or 0) + 1,
        "policy": shown,
        "triage": team_names(request).get(shown.triage, shown.triage),
        "promises": [(name, promise_words(one)) for name, one in shown.promises.items()],
        "draft": draft,
        "number": version.number if version else 0,
        "stale": draft.changed and draft.base != (version.number if version else 0),
        "version": version,
        "versions": PolicyVersion.objects.defer("rules").select_related("author").order_by("-number")[:_VERSIONS_SHOWN],
        "teams": shell_of(request).all_teams,
    }
    return render(request, "web/policy/page.html", context)


def _page_at(request: HttpRequest, count: int) -> int:
    """Where the page of rules begins, from 0: of ten thousand a browser need not draw all."""
    given = request.GET.get("from", "")
    number = int(given) - 1 if given.isdecimal() and len(given) < 7 else 0
    return number // RULES_SHOWN * RULES_SHOWN if 0 <= number < count else 0


def _around(page_at: int, count: int) -> dict[str, int]:
    """Where the pages before and after begin, from 1; 0 where there is none."""
    return {
        "rules_all": count,
        "before": page_at - RULES_SHOWN + 1 if page_at else 0,
        "after": page_at + RULES_SHOWN + 1 if page_at + RULES_SHOWN < count else 0,
    }


@page(LEADS)
@require_POST
def back(request: HttpRequest) -> HttpResponse:
    """The version before, or an earlier one that is named, in force again as a new version."""
    given = request.POST.get("number", "")
    author = member_of(request).id
    try:
        named = given.isdecimal() and len(given) < 8
        saved = trials.go_back(int(given), author) if named else trials.step_back(author)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("policy")
    said = _("Version %(number)s is in force: %(note)s.") % {"number": saved.number, "note": saved.note}
    messages.success(request, said)
    failing = [one for one in try_tests(current_policy()[1], world()) if not one.passed]
    if failing:
        many = len(failing)
        said = ngettext("%(count)s of its tests fails by now.", "%(count)s of its tests fail by now.", many)
        messages.warning(request, said % {"count": many})
    return redirect("policy")


@page(LEADS)
@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Move or remove a rule, choose who sorts the rest, remove a promise, or throw the draft away."""
    given, draft = request.POST, draft_of(request)
    verb = given.get("verb", "")
    if verb == "discard":
        drop(request)
        messages.info(request, _("The draft is gone; the policy in force was not changed."))
        return redirect("policy")
    try:
        _apply(draft.plain, verb, given.get("rule", ""), given.dict())
        keep(request, draft)
    except PolicyError as error:
        messages.error(request, error.message)
    return redirect(_where(verb, given.get("rule", ""), len(draft.plain["rules"])))


def _where(verb: str, position: str, count: int) -> str:
    """The page of rules at what was changed, so that whoever works by keyboard goes on from there."""
    if not _numbers(position):
        return f"{reverse('policy')}{_PLACES.get(verb, '')}"
    number = max(1, min(int(position) + {"up": -1, "down": 1}.get(verb, 0), count))
    return _at_rule(number, f"-{verb}" if verb in ("up", "down") and 1 < number < count else "")


def _numbers(position: str) -> bool:
    return position.isdecimal() and len(position) < 7


def _at_rule(number: int, part: str = "") -> str:
    page_at = f"?from={number}" if number > RULES_SHOWN else ""
    return f"{reverse('policy')}{page_at}#rule-{number}{part}"


_PLACES = {"triage": "#triage", "weight": "#w-what", "promise_remove": "#promises"}


def _apply(plain: dict[str, Any], verb: str, position: str, given: dict[str, Any]) -> None:
    rules = plain["rules"]
    at = int(position) - 1 if _numbers(position) else -1
    if verb in ("up", "down", "remove") and not 0 <= at < len(rules):
        raise Invalid(_("There is no such rule."), _("Load the page again."))
    if verb == "remove":
        rules.pop(at)
    elif verb in ("up", "down"):
        to = max(0, at - 1) if verb == "up" else at + 1
        rules.insert(to, rules.pop(at))
    elif verb == "triage":
        plain["triage"] = str(given.get("triage", ""))
    elif verb == "weight":
        set_weight(plain, str(given.get("what", "")), str(given.get("weight", "")))
    elif verb == "promise_remove":
        _without_promise(plain, str(given.get("name", "")))
    else:
        raise Invalid(_("There is no such change."), _("Load the page again."))


@page(LEADS)
def rule(request: HttpRequest, position: int) -> HttpResponse:
    """Write a rule (position 0: a new one at the end) into the draft."""
    shell_of(request).current = "policy"
    draft = draft_of(request)
    rules, lost = draft.plain["rules"], False
    if position > len(rules):
        if request.method != "POST":
            raise NotVisible(_("There is no such rule."))
        # The draft was changed or thrown away in another window: what was written here is not lost with it.
        position, lost = 0, True
    names, before = names_of(request), 0 if position else _before(request, len(rules))
    given = rules[position - 1] if position else begun(request.GET)
    form = RuleForm(request.POST or None, names, draft.policy, given)
    at = (position or before or len(rules) + 1) - 1
    if lost:
        form.add_error(None, _("This rule is no longer in your draft. Send it once more to add it as a new one."))
    elif request.method == "POST" and form.is_valid() and _written(request, draft, form, at, new=not position):
        messages.success(request, _("The rule is in the draft. Save the draft to put it in force."))
        return redirect(_at_rule(at + 1))
    return render(request, "web/policy/rule.html", {"form": form, "position": position, "before": before})


def _without_promise(plain: dict[str, Any], name: str) -> None:
    """Take a promise out of a plain policy. Raises PolicyError while rules name it."""
    use = [str(number) for number, rule in enumerate(plain["rules"], 1) if rule["then"].get("promise") == name]
    if use:
        said = ngettext(
            "Rule %(rules)s promises “%(name)s”. Choose another promise there first.",
            "Rules %(rules)s promise “%(name)s”. Choose another promise there first.", len(use),
        )  # fmt: skip
        raise PolicyError(said % {"rules": ", ".join(use[:_RULES_NAMED]), "name": name})
    plain.get("promises", {}).pop(name, None)


def _before(request: HttpRequest, count: int) -> int:
    """The rule that a new one is put before; 0 for the end."""
    given = request.GET.get("before", "")
    return int(given) if given.isdecimal() and len(given) < 6 and int(given) <= count else 0


def _written(request: HttpRequest, draft: Draft, form: RuleForm, at: int, *, new: bool) -> bool:
    rules = draft.plain["rules"]
    if new:
        rules.insert(at, form.plain())
    else:
        rules[at] = form.plain()
    try:
        keep(request, draft)
    except PolicyError as error:
        found = problems_by_field(error)
        form.show_problems(found.pop(at + 1, {}))
        for number, problems in found.items():
            place = _("Rule %(position)s") % {"position": number} if number else _("The policy")
            form.add_error(None, [f"{place}: {word}" for words in problems.values() for word in words])
        return False
    return True


@page(LEADS)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Put the draft in force as a new version; what was decided before stays as it was."""
    draft = draft_of(request)
    if not draft.changed:
        messages.info(request, _("There is nothing to save."))
        return redirect("policy")
    saved_by = SavedBy(member_of(request).id, request.POST.get("note", ""), draft.base)
    try:
        saved = save_policy_dict(draft.plain, saved_by)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("policy")
    drop(request)
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
                raise PolicyError("the file is too large for a policy: at most 5 MB")
            text = file.read().decode("utf-8")
            saved = save_policy(text, format_of(file.name), member_of(request).id, form.cleaned_data["note"])
        except UnicodeDecodeError:
            form.add_error("file", _("This is no text in UTF-8. Nothing was changed."))
        except PolicyError as error:
            form.add_error("file", [*error.message.splitlines(), error.hint])
        else:
            messages.success(request, _("Version %(number)s is in force.") % {"number": saved.number})
            return redirect("policy")
    context = {"form": form, "title": _("Import a policy"), "back": "policy"}
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
    first = not PolicyVersion.objects.filter(number=number - 1).exists()
    before = [] if first else lines_of(policy_of(number - 1), request)
    rules, page_at = rules_in_words(found, request), _page_at(request, len(found.rules))
    context = {
        "row": row,
        "rules": rules[page_at : page_at + RULES_SHOWN],
        **_around(page_at, len(rules)),
        "in_force": current_policy()[0],
        "triage": team_names(request).get(found.triage, found.triage),
        "changed": changed(before, lines_of(found, request)),
        "first": first,
    }
    return render(request, "web/policy/version.html", context)
