"""What the pages say about what is being written and what waits to be sent."""

from django import template
from django.utils.safestring import SafeString

from rapport.conversations.models import Draft
from rapport.outbound.models import Delivery
from rapport.web import richview

register = template.Library()


@register.filter
def draft_body(draft: Draft) -> SafeString:
    """A colleague's draft, to look at."""
    return richview.for_reading(draft.html)


@register.filter
def is_scheduled(delivery: Delivery) -> bool:
    """Whether it was to go later than at once."""
    return bool(delivery.options.get("later"))
