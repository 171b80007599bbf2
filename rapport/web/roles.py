"""Who may do what: the table that the pages themselves ask."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from rapport.staff import rights
from rapport.web.rights import page
from rapport.web.shell import shell_of


@page()
@require_GET
def roles(request: HttpRequest) -> HttpResponse:
    """Every deed, and which role may."""
    shell_of(request).current = "staff"
    return render(request, "web/admin/roles.html", {"roles": rights.ROLES, "rows": list(rights.rows())})
