"""Every address of the pages, from the URL configuration: a new one is walked without anybody thinking of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

#: Pages of a library, and the directory's interface (it has keys of its own): they know members and sessions, and
#: nothing of conversations.
_OTHERS = ("allauth.", "rapport.api.scim.")


@dataclass(frozen=True)
class Address:
    """One pattern: its name, the view, its route, and the names of what stands in it."""

    name: str
    view: Any
    route: str
    keys: tuple[str, ...]

    def filled(self, values: Mapping[str, object]) -> str:
        """The path. A key without a value is a new kind of address: give it one in `walks.VALUES`."""
        missing = [key for key in self.keys if key not in values]
        assert not missing, f"{self.name}: no recipe for {missing}; say what an outsider would try there"
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), self.route)


def addresses() -> list[Address]:
    """All of ours."""
    return list(_within(get_resolver(), ""))


def _within(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _within(pattern, prefix + str(pattern.pattern))
            continue
        assert isinstance(pattern, URLPattern)
        if pattern.callback.__module__.startswith(_OTHERS):
            continue
        assert isinstance(pattern.pattern, RoutePattern), f"{pattern}: write it as path(), so that it can be walked"
        route = prefix + str(pattern.pattern)
        yield Address(pattern.name or route, pattern.callback, route, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route)))
