"""What the tests of the pages of people and organizations have in common."""

from django.test import Client

from rapport.core import scope
from rapport.core.models import Event

#: As htmx asks.
HX = {"HX-Request": "true"}


def text(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, url
    return str(answer.content.decode())


def kinds() -> list[str]:
    with scope.system():
        return list(Event.objects.order_by("id").values_list("kind", flat=True))


def said(kind: str) -> dict[str, object]:
    with scope.system():
        return dict(Event.objects.filter(kind=kind).latest("id").data)


def details(**more: str) -> dict[str, str]:
    return {"name": "Carla Customer", "organization": "Shop", "role": "", "holder": "", "preferred": "",
            "language": "", "time_zone": "", "note": ""} | more  # fmt: skip
