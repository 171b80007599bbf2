from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rapport.channels.base import Account, Draft, File, Quoted
from rapport.channels.kinds.email import compose, replyaddress
from rapport.channels.kinds.email.model import Address, ParsedMail
from rapport.channels.kinds.email.parse import parse_mail
from rapport.channels.kinds.email.settings import read
from rapport.core.errors import Invalid

MATTER = UUID("01890000-0000-7000-8000-000000000001")
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SECRET = "s" * 40
DRAFT = Draft(
    conversation_id=MATTER,
    external_id="rapport.1@brand.test",
    author="Ada Byron",
    subject="Late parcel",
    text="It is on its way.",
    at=AT,
    to=[("Álice, née O'Neil", "alice@cust.test")],
    in_reply_to="q1@cust.test",
    references=["q0@cust.test"],
)


def written(draft: Draft, **config: object) -> bytes:
    account = Account(MATTER, "Support", "email", "support@brand.test", config)
    return compose.compose(account, read(config, account.address), draft, SECRET)


def test_an_answer_threads_and_carries_a_human_name() -> None:
    mail = parse_mail(written(DRAFT, from_name="{member} at Brand"))
    assert mail.from_ == Address("Ada Byron at Brand", "support@brand.test")
    assert mail.to == (Address("Álice, née O'Neil", "alice@cust.test"),)
    assert (mail.message_id, mail.in_reply_to) == ("rapport.1@brand.test", ("q1@cust.test",))
    assert mail.references == ("q0@cust.test", "q1@cust.test")
    assert mail.subject == "Re: Late parcel"
    assert mail.date == AT
    assert mail.kind == "message"
    assert "-- \nAda Byron" in mail.text


def test_long_message_ids_are_never_encoded_as_words() -> None:
    long = [f"{'x' * 180}{n}@very-long-domain.test" for n in range(50)]
    mail = parse_mail(written(replace(DRAFT, in_reply_to=long[-1], references=long)))
    assert mail.in_reply_to == (long[-1],)
    assert mail.references == (long[0], *long[-(compose.REFERENCES_MAX - 1) :])


@pytest.mark.parametrize("subject", ["Re: Late", "RE: re: Late", "AW: Re[2]: Late", "Late"])
def test_a_reply_says_re_once(subject: str) -> None:
    assert compose.subject(subject, is_reply=True) == "Re: Late"


@pytest.mark.parametrize("change", [
    {"subject": "x\r\nBcc: victim@x.test"},
    {"to": [("x\nBcc: v@x.test", "a@b.test")]},
    {"to": [("", "a@b.test\r\nX: y")]},
    {"to": [("", "a@b.test, c@d.test")]},
    {"author": "x\r\nX-Evil: 1"},
    {"in_reply_to": "a@b>\r\nX: y"},
    {"references": ["ok@b", "not an id"]},
])  # fmt: skip
def test_a_header_cannot_be_injected(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        written(replace(DRAFT, **change))  # type: ignore[arg-type]


def test_history_is_quoted_unless_the_channel_says_no() -> None:
    draft = replace(DRAFT, quoted=Quoted("Alice", AT, "Where is it?\n> older"))
    assert "> Where is it?\n> > older" in parse_mail(written(draft)).text
    assert "Where is it?" not in parse_mail(written(draft, quote_history=False)).text
    assert parse_mail(written(draft)).reply.startswith("It is on its way.")


def test_files_and_html_go_along() -> None:
    files = [File("größe/../x.png", "image/png", b"\x89PNG\0"), File("a.eml", "message/rfc822", b"From: x\n\ny")]
    mail = parse_mail(written(replace(DRAFT, html="<p>It <b>is</b></p>", files=files)))
    assert [(a.content_type, a.data) for a in mail.attachments] == [
        ("image/png", b"\x89PNG\0"),
        ("application/octet-stream", b"From: x\n\ny"),
    ]
    assert "/" not in mail.attachments[0].filename
    assert "größe" in mail.attachments[0].filename
    assert "<b>is</b>" in (mail.html or "")


def test_the_reply_address_proves_its_conversation() -> None:
    mail = parse_mail(written(DRAFT, signed_reply=True))
    assert replyaddress.verify(mail.reply_to[0].address.upper(), SECRET) == MATTER
    assert replyaddress.verify(mail.reply_to[0].address, "other") is None
    assert replyaddress.verify("support@brand.test", SECRET) is None
    assert replyaddress.sign(f"{'x' * 40}@brand.test", MATTER, SECRET) == f"{'x' * 40}@brand.test"


def test_an_automatic_mail_says_so_and_is_not_answered_by_machines() -> None:
    mail = parse_mail(written(replace(DRAFT, automatic=True)))
    assert mail.auto_submitted == "auto-replied"
    assert not compose.may_auto_reply(mail)


def mail(**headers: str) -> ParsedMail:
    lines = {"From": "a@cust.test", "To": "s@brand.test", "Subject": "Hi"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    return parse_mail("".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode() + b"\r\nHello\r\n")


def test_a_person_may_be_answered_by_a_machine() -> None:
    assert compose.may_auto_reply(mail(), "a@cust.test", ["s@brand.test"])


@pytest.mark.parametrize("parsed", [
    mail(Auto_Submitted="auto-replied"),
    mail(List_Id="<l.x.test>"),
    mail(From="MAILER-DAEMON@x.test"),
    mail(From="no-reply@x.test"),
    mail(From="S+c-x@brand.test"),
    mail(Reply_To="owner-request@x.test"),
])  # fmt: skip
def test_no_reply_loop_can_begin(parsed: ParsedMail) -> None:
    assert not compose.may_auto_reply(parsed, None, ["s@brand.test"])


def test_the_null_return_path_is_never_answered() -> None:
    assert not compose.may_auto_reply(mail(), "")


_words = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Co", "Cn")), max_size=60)


@settings(max_examples=60, deadline=None)
@given(_words, st.lists(_words, max_size=6), _words)
def test_what_is_composed_is_understood_as_it_was_meant(subject: str, lines: list[str], name: str) -> None:
    text = "\n".join(lines)
    raw = written(replace(DRAFT, subject=subject, text=text, to=[(name, "alice@cust.test")]))
    raw.decode("ascii")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    parsed = parse_mail(raw)
    assert (parsed.message_id, parsed.in_reply_to) == (DRAFT.external_id, (DRAFT.in_reply_to,))
    assert [a.address for a in parsed.to] == ["alice@cust.test"]
    for line in lines:
        assert line.strip() in parsed.text
