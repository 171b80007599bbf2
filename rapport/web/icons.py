"""Icons as they stand in a page, each drawn once."""

from functools import lru_cache

import heroicons
from django.utils.safestring import SafeString, mark_safe

_DRAWN_MAX = 1024


def icon(style: str, name: str, size: int, **attributes: object) -> SafeString:
    """The icon `name` of `style` (outline, solid, mini, micro), with attributes of its element."""
    return _drawn(style, str(name), size, tuple(attributes.items()))


@lru_cache(maxsize=_DRAWN_MAX)
def _drawn(style: str, name: str, size: int, attributes: tuple[tuple[str, object], ...]) -> SafeString:
    given: dict[str, object] = {key: str(value) + "" for key, value in attributes}
    return mark_safe(heroicons._render_icon(style, name, size, given))  # noqa: S308 - our own icon
