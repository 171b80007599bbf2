"""The table of roles is what the pages do: every address is asked as every role."""

import re
from pathlib import Path

import pytest
from django.test import Client

from rapport.core.ids import new_id
from rapport.staff import rights
from rapport.staff.models import Role
from tests.walls.addresses import Address, addresses
from tests.walls.conftest import SignIn
from tests.walls.test_walk import _ANY, VALUES, nothing_lasts
from tests.web.cast import Cast

#: Pages for which nobody need be signed in, and why.
PUBLIC = {
    "healthz": "asked by what watches the service; tells nothing",
    "favicon.ico": "a picture",
    "hook": "services, by what their kind of channel checks",
    "hook_path": "services, by what their kind of channel checks",
    "push_worker": "a script, the same for all",
    "join": "whoever holds the link of an invitation",
    "is_this_you": "whoever holds the signed link of a question: one handle, and yes or no",
    "theme": "a cookie",
    "language": "a cookie",
    "contrast": "a cookie",
    "socialaccount_login_cancelled": "on the way in",
    "socialaccount_signup": "leads to sign-in",
    "socialaccount_connections": "leads to a page that asks",
    "account_email": "leads to a page that asks",
    "webchat_widget": "a script, the same for all",
    "webchat_settings": "how a chat looks, for the sites it is on",
    "webchat_session": "whoever writes in a chat, from the sites it is on; limited in number",
    "webchat_messages": "whoever holds the token of a visitor: theirs, and nothing else",
    "webchat_files": "the same, with a file",
    "webchat_file": "whoever holds the signed link of a file",
    "webchat_form": "the contact form; limited in number",
    "webchat_theme": "the color of a chat",
    "mfa_index": "leads to a page that asks",
    "mfa_list_webauthn": "leads to a page that asks",
}
#: For who leads the team, whatever the role.
LEADS_ALONE = {"team_load", "team_move", "undo_move", "team_share", "on_call", "on_call_add", "on_call_remove"}
_IDS = (
    "conversation_id", "message_id", "before", "attachment_id", "person_id", "organization_id", "relationship_id",
    "draft_id", "upload_id", "template_id", "view_id", "item_id", "event_id", "member_id", "team_id",
    "merge_id", "release_id",
)  # fmt: skip


def asking() -> list[Address]:
    return [one for one in addresses() if hasattr(one.view, "needs")]


def test_every_address_says_what_it_needs_or_is_known_as_public() -> None:
    silent = {one.name for one in addresses() if not hasattr(one.view, "needs")}
    assert sorted(silent - set(PUBLIC)) == []
    assert sorted(set(PUBLIC) - {one.name for one in addresses()}) == [], "these are gone"


@pytest.mark.parametrize("role", Role.values)
def test_every_address_answers_each_role_as_the_table_says(role: str, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(getattr(cast, role))
    values = VALUES | dict.fromkeys((*_ANY, *_IDS), new_id()) | {"conversation_id": cast.conversation.id}
    wrong = []
    for address in asking():
        url = address.filled(values)
        for method, needed in (("get", address.view.needs), ("post", address.view.to_change)):
            with nothing_lasts():
                status = getattr(client, method)(url).status_code
            refused = status == 403
            if refused and role in needed and address.name not in LEADS_ALONE:
                wrong.append(f"{role} is refused {method} {address.name}, which asks for {needed.name}")
            if not refused and role not in needed:
                wrong.append(f"{role} is let to {method} {address.name} ({status}), which asks for {needed.name}")
    assert not wrong, "\n".join(wrong)


def test_strangers_are_led_to_sign_in_everywhere_else(cast: Cast, client: Client) -> None:
    values = VALUES | dict.fromkeys((*_ANY, *_IDS), new_id())
    for address in asking():
        answer = client.get(address.filled(values))
        assert answer.status_code in (302, 401), address.name
        assert answer.status_code == 401 or answer["Location"].startswith("/account/login/"), address.name


def test_the_document_is_written_from_the_table() -> None:
    path = Path(__file__).parents[2] / "docs" / "roles.md"
    assert path.read_text(encoding="utf-8") == rights.document(), (
        "python -c 'from rapport.staff import rights; print(rights.document(), end=\"\")' > docs/roles.md"
    )


def test_the_page_shows_the_table(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.reader).get("/roles/").content.decode()
    assert page.count('<th scope="row"') == len(list(rights.rows()))
    assert len(re.findall(r">Yes<", page)) == sum(sum(row.cells) for row in rights.rows())


def test_each_right_of_a_smaller_role_is_one_of_the_larger() -> None:
    for smaller, larger in zip(rights.ROLES, rights.ROLES[1:], strict=False):
        assert all(larger in one for one in rights.PERMISSIONS if smaller in one)
