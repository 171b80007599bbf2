"""What a webhook's mapping makes of an example, before the first real request comes."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from rapport.channels.kinds.webhook import mapping
from rapport.channels.models import Channel
from rapport.core.errors import NotVisible
from rapport.web.rights import ADMINS, page

_CHARS_MAX = 200_000


@page(ADMINS)
@require_POST
def preview(request: HttpRequest, channel_id: UUID) -> HttpResponse:
    """Each field with what the example gives it, or why it gives nothing; nothing is kept."""
    channel = Channel.objects.filter(id=channel_id, kind="webhook").first()
    if channel is None:
        raise NotVisible(_("There is no such channel."))
    body = request.POST.get("example", "")[:_CHARS_MAX].encode("utf-8", "replace")
    found = [
        {"field": field, "value": str(value), "is_wrong": isinstance(value, mapping.Wrong)}
        for field, value in mapping.preview(channel.config, body)
    ]
    return render(request, "web/admin/mapped.html", {"found": found})
