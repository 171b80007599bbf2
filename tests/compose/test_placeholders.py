"""Placeholders are filled, fall back, or are told of; never more, whatever a name contains."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.outbound import placeholders
from rapport.outbound.placeholders import KNOWN, render


def test_placeholders_are_filled_and_fall_back() -> None:
    html = "<b>Dear {{person.first_name|there}}</b>, {{ Person.Name }} of {{organization.name}}"
    found = render(html, {"person.name": "Carla <b>"})
    assert found.html == (
        "<b>Dear there</b>, Carla &lt;b&gt; of "
        '<mark data-gap="organization.name">{{organization.name}}</mark>'
    )
    assert found.gaps == ("organization.name",)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("person.firstname", "person.first_name"), ("person.frist_name", "person.first_name"),
        ("persn.name", "person.name"), ("first_name", "person.first_name"), ("Team.Name", ""), ("zebra", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_unknown_are_told_with_what_was_probably_meant(written: str, meant: str) -> None:
    found = placeholders.unknown(f"<div>Dear {{{{{written}}}}}</div>")
    assert found == ([] if written.lower() in KNOWN else [(written.lower(), meant)])


@given(st.text(max_size=80))
def test_text_without_braces_stays_as_it_is(text: str) -> None:
    plain = text.replace("{", "")
    assert render(plain, {}) == placeholders.Rendered(plain)


@given(st.dictionaries(st.sampled_from(sorted(KNOWN)), st.text(max_size=40)), st.text(max_size=60))
def test_values_never_become_markup_or_placeholders(values: dict[str, str], around: str) -> None:
    html = "".join(f"{{{{{name}|x}}}}" for name in KNOWN)
    found = render(html, values)
    assert "<" not in found.html
    assert list(placeholders.find(found.html)) == []
    assert found.gaps == ()
    again = render(around, values)
    assert render(around, values) == again
