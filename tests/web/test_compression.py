"""What goes over the wire: static files packed and kept for good, pages packed only where nobody else asked."""

import gzip
from pathlib import Path

import pytest
from django.conf import settings
from django.templatetags.static import static

from rapport.core.statics import url_of
from tests.web.cast import Cast
from tests.web.conftest import SignIn

PACKS = {"Accept-Encoding": "gzip, br"}


def test_a_static_file_is_packed_and_kept_for_good(cast: Cast, sign_in: SignIn) -> None:
    client, address = sign_in(cast.agent), static("rapport/js/app.js")
    plain, packed = client.get(address), client.get(address, headers=PACKS)
    assert gzip.decompress(packed.content) == b"".join(plain.streaming_content)  # type: ignore[attr-defined]
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.content)
    assert "immutable" in packed.headers["Cache-Control"]
    assert "javascript" in packed.headers["Content-Type"]


def test_a_static_file_that_did_not_change_is_not_sent_again(cast: Cast, sign_in: SignIn) -> None:
    client, address = sign_in(cast.agent), static("rapport/js/app.js")
    etag = client.get(address, headers=PACKS).headers["ETag"]
    assert client.get(address, headers=PACKS | {"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("old", ["/static/rapport/mark.svg", "/static/0123456789ab/rapport/mark.svg"])
def test_an_address_of_before_an_upgrade_leads_to_the_file_of_now(cast: Cast, sign_in: SignIn, old: str) -> None:
    answer = sign_in(cast.agent).get(old)
    assert (answer.status_code, answer.headers["Location"]) == (302, static("rapport/mark.svg"))


def test_a_static_file_that_never_was_is_not_found(cast: Cast, sign_in: SignIn) -> None:
    assert sign_in(cast.agent).get("/static/0123456789ab/rapport/nothing.js").status_code == 404


@pytest.mark.parametrize(
    ("site", "packed"), [("same-origin", True), ("none", True), ("cross-site", False), ("", False)]
)
def test_a_page_is_packed_unless_another_site_may_have_asked(
    cast: Cast, sign_in: SignIn, site: str, packed: bool
) -> None:
    answer = sign_in(cast.agent).get("/inbox/all/", headers=PACKS | ({"Sec-Fetch-Site": site} if site else {}))
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    text = gzip.decompress(answer.content) if packed else answer.content
    assert b"Refund for order 1009" in text


def test_an_attachment_is_left_as_it_is(cast: Cast, sign_in: SignIn) -> None:
    answer = sign_in(cast.agent).get("/live-token/", headers=PACKS | {"Sec-Fetch-Site": "same-origin"})
    assert "Content-Encoding" not in answer.headers


def test_the_address_changes_with_any_file(tmp_path: Path) -> None:
    folder = tmp_path
    (folder / "a.js").write_text("1")
    before = url_of(folder)
    assert url_of(folder) == before != url_of(folder, "2.0")
    (folder / "a.js").write_text("2")
    assert url_of(folder) != before
    assert settings.STATIC_URL.startswith("/static/")
