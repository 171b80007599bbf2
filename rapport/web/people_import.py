"""Bringing people in from a file: upload, name the columns, see what would become of it, run, and what was left out."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from rapport.core import scope
from rapport.core.errors import Invalid, NotVisible
from rapport.people.exchange import cells, desk, reasons, shapes
from rapport.people.exchange.planning import Plan
from rapport.people.exchange.shapes import Column
from rapport.people.exchange.sheets import BYTES_MAX, ENCODINGS, RECORDS_MAX
from rapport.people.models import Import, ImportProblem, ImportState, RelationshipKind
from rapport.web import import_words as words
from rapport.web.rights import LEADS, member_of, page
from rapport.web.shell import shell_of

_SHOWN = 100
_LISTED = 50
_VERBS = {"start": desk.start, "stop": desk.stop, "remove": desk.throw_away}
_DELIMITERS = [("", lazy("find out")), (",", ","), (";", ";"), ("\t", lazy("tabulator")), ("|", "|")]


@page(LEADS)
def imports(request: HttpRequest) -> HttpResponse:
    """What was brought in, and a file to begin with."""
    shell_of(request).current = "people"
    problem: Invalid | None = None
    if request.method == "POST":
        try:
            return redirect("people_import", _uploaded(request).id)
        except Invalid as error:
            problem = error
    context = {
        "found": list(Import.objects.order_by("-created_at")[:_LISTED]), "problem": problem,
        "mb": BYTES_MAX // 2**20, "rows": RECORDS_MAX, "days": desk.UNFINISHED_DAYS, "problem_days": desk.PROBLEM_DAYS,
    }  # fmt: skip
    return render(request, "web/exchange/imports.html", context, status=400 if problem else 200)


def _uploaded(request: HttpRequest) -> Import:
    file = request.FILES.get("file")
    if file is None:
        raise Invalid(_("Choose a file first."), "")
    if (file.size or 0) > BYTES_MAX:
        raise Invalid(_("The file is larger than 50 MB."), _("Split it."))
    return desk.upload(member_of(request).id, file.name or "", file.read())


@page(LEADS)
@require_GET
def one(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """An import as far as it is: its columns, what would become of it, how far it is, what was left out."""
    shell_of(request).current = "people"
    row = desk.found(import_id)
    try:
        context = _context(row, request.GET.get("columns") == "again")
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        context = {"row": row, "problem": error}
    return render(request, "web/exchange/import.html", context)


def _context(row: Import, again: bool = False) -> dict[str, Any]:
    naming = row.state == ImportState.MAPPING or (again and not row.position and row.state != ImportState.RUNNING)
    context: dict[str, Any] = {"row": row, "naming": naming, "progress": _progress(row)}
    if naming:
        context |= _naming(row)
    elif row.state in (ImportState.CHECKING, ImportState.CHECKED):
        context["plans"] = [_shown(one) for one in desk.preview(row)]
    return context | _left_out(row)


def _naming(row: Import) -> dict[str, Any]:
    file = desk.file_of(row)
    mapping = shapes.mapping_of(row.mapping)
    samples = file.samples()
    columns = [
        {
            "at": at, "name": name, "target": column.target, "detail": column.detail,
            "full": f"{column.target}:{column.detail}",
            "samples": [value[at][:120] for value in samples if at < len(value) and value[at].strip()][:3],
        }
        for at, (name, column) in enumerate(zip(file.layout.columns, mapping.columns, strict=True))
    ]  # fmt: skip
    return {
        "columns": columns, "targets": words.targets(), "mapping": mapping, "kinds": RelationshipKind.choices,
        "layout": file.layout, "form": file.form, "encodings": ENCODINGS, "delimiters": _DELIMITERS,
        "fields": words.fields(), "settings": row.settings,
    }  # fmt: skip


def _shown(one: Plan) -> dict[str, Any]:
    """A row of the preview in words."""
    entry = one.entry
    return {
        "line": entry.line, "what": words.outcome(one.what), "slug": one.what,
        "name": entry.name or (one.person.texts["name"] if one.person else ""),
        "handles": [value for _, value in (*entry.handles, *entry.shared)],
        "changes": [(words.target(name), before, after) for name, (before, after) in one.changes.items()],
        "added": [*(value for _, value in one.handles), *map(str, one.spans)] if one.what == "changed" else [],
        "relationships": [str(span) for span in entry.spans],
        "why": reasons.words(one.reason) if one.reason else "",
        "remarks": [reasons.words(remark) for remark in one.remarks] if not one.reason else [],
        "raw": _raw(entry.cells),
    }  # fmt: skip


def _raw(found: Iterable[str]) -> str:
    return " · ".join(cell for cell in found if cell)[:200]


def _progress(row: Import) -> dict[str, Any]:
    counts: Mapping[str, int] = row.counts or row.checked
    return {
        "busy": row.state in (ImportState.CHECKING, ImportState.RUNNING),
        "done": row.position if row.state != ImportState.CHECKING else sum(_outcomes(row.checked)),
        "counts": [(name, words.outcome(name), counts[name]) for name in words.OUTCOMES if counts.get(name)],
        "remarks": counts.get("remarks", 0),
    }


def _outcomes(counts: Mapping[str, int]) -> list[int]:
    return [counts.get(name, 0) for name in words.OUTCOMES]


def _left_out(row: Import) -> dict[str, Any]:
    found = ImportProblem.objects.filter(import_of=row).order_by("taken", "line", "id")
    shown = [
        {"line": one.line, "taken": one.taken, "why": reasons.words(one.reason), "raw": _raw(one.cells)}
        for one in found[:_SHOWN]
    ]
    return {"problems": shown, "problems_more": len(shown) == _SHOWN, "problem_days": desk.PROBLEM_DAYS}


@page(LEADS)
@require_POST
def columns(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """What each column stands for; the check of the whole file begins."""
    row = desk.found(import_id)
    try:
        desk.name_columns(row, _mapping(request.POST, len(row.mapping["columns"])))
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("people_import", row.id)


def _mapping(given: QueryDict, count: int) -> shapes.Mapping:
    found = tuple(_column(given, at) for at in range(count))
    texts = {name: given.get(name, "").replace("\0", "").strip() for name in ("source", "country", "relationship")}
    return shapes.Mapping(found, **texts)


def _column(given: QueryDict, at: int) -> Column:
    """A field of ours is chosen as field:key; what needs a word more has it beside."""
    target, _colon, key = given.get(f"target-{at}", "").partition(":")
    return Column(target, key or given.get(f"detail-{at}", "").replace("\0", "").strip()[:80])


@page(LEADS)
@require_POST
def reading(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """Read the file with another encoding or separator."""
    row = desk.found(import_id)
    encoding, delimiter = request.POST.get("encoding", ""), request.POST.get("delimiter", "")
    try:
        desk.read_as(row, encoding, delimiter if delimiter in {one for one, _ in _DELIMITERS} else "")
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
    return redirect("people_import", row.id)


@page(LEADS)
@require_POST
def act(request: HttpRequest, import_id: UUID, verb: str) -> HttpResponse:
    """Run it, stop it, throw it away."""
    row = desk.found(import_id)
    if verb not in _VERBS:
        raise NotVisible("There is no such verb.")
    try:
        _VERBS[verb](row)
    except Invalid as error:
        messages.error(request, f"{error.message} {error.hint}".strip())
        return redirect("people_import", row.id)
    return redirect("people_imports") if verb == "remove" else redirect("people_import", row.id)


@page(LEADS)
@require_GET
def progress(request: HttpRequest, import_id: UUID) -> HttpResponse:
    """How far it is, for the page that shows it; when it has come to an end, the whole page is to be shown anew."""
    row = desk.found(import_id)
    answer = render(request, "web/exchange/progress.html", {"row": row, "progress": _progress(row)})
    if row.state not in (ImportState.CHECKING, ImportState.RUNNING):
        answer["HX-Refresh"] = "true"
    return answer


@page(LEADS)
@require_GET
def left_out(request: HttpRequest, import_id: UUID) -> HttpResponseBase:
    """The rows that were not taken, with line and reason, as a CSV to mend and bring in again."""
    row = desk.found(import_id)
    found = partial(ImportProblem.objects.filter, import_of=row, taken=False)
    names = list(row.settings.get("names", []))
    answer = StreamingHttpResponse(
        _as_csv(names, partial(_problems, member_of(request).id, found)), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = 'attachment; filename="left-out.csv"'
    return answer


def _problems(member_id: UUID, found: Any) -> list[ImportProblem]:
    with scope.member(member_id):
        return list(found().order_by("line", "id"))


def _as_csv(names: list[str], rows: Any) -> Iterator[str]:
    yield "\ufeff" + _line([*names, "rapport: line", "rapport: why"])
    problems: Iterable[ImportProblem] = rows()
    for one in problems:
        padded = [*one.cells, *[""] * (len(names) - len(one.cells))]
        yield _line([*padded, str(one.line), reasons.words(one.reason)])


def _line(values: list[str]) -> str:
    written = io.StringIO(newline="")
    csv.writer(written).writerow([cells.guarded(value) for value in values])
    return written.getvalue()
