"""People as a file to take along: whom the list shows, as far as one may see them; that it was taken is in the log."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from rapport.core import events, scope
from rapport.core.clock import now
from rapport.core.errors import NotVisible
from rapport.people.directory.listing import every_person
from rapport.people.exchange import exporting
from rapport.people.models import Subject
from rapport.web import throttle
from rapport.web.people import segment_asked
from rapport.web.people_asking import listing_of, viewer_of
from rapport.web.rights import WRITERS, member_of, page

#: How often a member may take everybody along: (times, in seconds).
LIMITS = ((10, 3600), (30, 86_400))
#: As many as a filter may narrow to; everybody is written without being gathered first.
ALL_MAX = 250_000


@page(WRITERS)
@require_GET
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The people of the list as CSV, vCards or JSON lines."""
    if form not in exporting.FORMS:
        raise NotVisible("There is no such format.")
    member = member_of(request)
    if not throttle.is_within("people export", str(member.id), LIMITS):
        messages.error(request, _("That were many exports; wait an hour."))
        return redirect("people")
    ids = chosen(request)
    wanted = None if ids is None else list(ids)
    count = len(wanted) if wanted is not None else None
    events.record("people.exported", actor_id=member.id, data={"format": form, "count": count})
    pieces = exporting.written(form, partial(scope.member, member.id), wanted)
    answer = StreamingHttpResponse(pieces, content_type=exporting.FORMS[form])
    answer["Content-Disposition"] = f'attachment; filename="people-{now():%Y-%m-%d}.{form}"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def chosen(request: HttpRequest) -> Iterable[UUID] | None:
    """Ids of the people named (`id`), or whom the list's filter or segment narrows to; None for all who may be seen.

    Raises Invalid where more than ALL_MAX match.
    """
    named = [one for one in request.GET.getlist("id") if one]
    if named:
        try:
            return [UUID(one) for one in named[:10_000]]
        except ValueError:
            return []
    asked = listing_of(request, Subject.PERSON, segment_asked(request, Subject.PERSON)).asked
    return None if asked.is_empty else every_person(asked, viewer_of(request), ALL_MAX)
