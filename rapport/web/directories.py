"""Directories of employees (LDAP): connected, tried, read by the hour or the day, and what came of it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from rapport.core import scope
from rapport.core.errors import NotVisible, RapportError
from rapport.people.exchange import directories as keeping
from rapport.people.exchange import ldap
from rapport.people.exchange.employee import Employee
from rapport.people.models import Directory
from rapport.web import import_words
from rapport.web.directory_form import DirectoryForm
from rapport.web.rights import ADMINS, member_of, page
from rapport.web.shell import shell_of

_SHOWN = 5


@page(ADMINS)
@require_GET
def directories(request: HttpRequest) -> HttpResponse:
    """Every directory, and how its last reading went."""
    shell_of(request).current = "staff"
    with scope.system():
        found = list(Directory.objects.all())
    return render(request, "web/exchange/directories.html", {"found": found})


@page(ADMINS)
def directory_new(request: HttpRequest) -> HttpResponse:
    """Connect one."""
    return _edit(request, Directory())


@page(ADMINS)
def directory(request: HttpRequest, directory_id: UUID) -> HttpResponse:
    """Change one, and see what it brought."""
    return _edit(request, _found(directory_id))


def _found(directory_id: UUID) -> Directory:
    with scope.system():
        row = Directory.objects.filter(id=directory_id).first()
    if row is None:
        raise NotVisible("There is no such directory.")
    return row


def _edit(request: HttpRequest, row: Directory) -> HttpResponse:
    shell_of(request).current = "staff"
    is_new = row._state.adding
    before = str(row.config.get("url", ""))
    form = DirectoryForm(request.POST or None, row)
    shown: list[Employee] | None = None
    problem = ""
    if request.method == "POST":
        with scope.system():
            fine = form.is_valid()
        if fine and before and form.cleaned_data["url"].strip() != before and not form.cleaned_data["password"]:
            # Else whoever can change the address could have the stored password sent to a host of theirs.
            form.add_error("password", _("For another address, enter the password again."))
            fine = False
        if fine and request.POST.get("verb") == "try":
            shown, problem = _tried(form)
        elif fine:
            keeping.save(form.filled(), form.cleaned_data["password"], member_of(request).id)
            messages.success(request, _("%(name)s is saved; a worker reads it now.") % {"name": row.name})
            return redirect("directory", row.id)
    context = {
        "form": form, "row": None if is_new else row, "shown": shown, "problem": problem, "figures": _figures(row),
    }  # fmt: skip
    return render(request, "web/exchange/directory.html", context)


def _figures(row: Directory) -> list[tuple[str, int]]:
    words = [(name, import_words.outcome(name)) for name in import_words.OUTCOMES] + [("ended", _("Left"))]
    return [(said, row.counts[name]) for name, said in words if row.counts.get(name)]


def _tried(form: DirectoryForm) -> tuple[list[Employee], str]:
    """The first entries as they would come, or what is wrong."""
    try:
        row = form.filled()
        access = keeping.access_of(row, form.password_for_test())
        return ldap.first(access, _SHOWN), ""
    except RapportError as error:
        return [], f"{error.message} {error.hint}".strip()


@page(ADMINS)
@require_POST
def sync(request: HttpRequest, directory_id: UUID) -> HttpResponse:
    """Have it read now; `believed` says that whoever is gone has left, however many."""
    row = _found(directory_id)
    keeping.ask_now(row, believed=request.POST.get("believed") == "yes")
    messages.success(request, _("A worker reads %(name)s now.") % {"name": row.name})
    return redirect("directory", row.id)


@page(ADMINS)
@require_POST
def remove(request: HttpRequest, directory_id: UUID) -> HttpResponse:
    """Disconnect it; employees stay as they are."""
    row = _found(directory_id)
    keeping.remove(row, member_of(request).id)
    messages.success(request, _("%(name)s is disconnected. Its employees stay as they are.") % {"name": row.name})
    return redirect("directories")
