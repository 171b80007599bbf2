"""Which mails are proved to come from their sender's domain, by the one server that is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.channels.kinds.email import results, said
from rapport.channels.kinds.email.parse import parse_mail

OURS = "mx.company.example"
PASS = f"{OURS}; dmarc=pass (p=reject dis=none) header.from=example.org; spf=pass smtp.mailfrom=example.org"


@pytest.mark.parametrize(
    ("headers", "proven"),
    [
        ([PASS], True),
        ([f"{OURS} 1; dmarc=pass header.from=example.org"], True),
        ([f"{OURS}; dmarc=fail header.from=example.org; dkim=pass header.d=example.org"], False),
        ([f"{OURS}; dmarc=pass header.from=other.example"], False),
        ([f"{OURS}; dkim=pass header.d=example.org"], True),
        ([f"{OURS}; dkim=pass header.i=@example.org"], True),
        ([f"{OURS}; dkim=pass header.d=org"], False),
        ([f"{OURS}; dkim=pass header.d=evil.example"], False),
        ([f"{OURS}; spf=pass smtp.mailfrom=example.org"], False),
        ([f"{OURS}; none"], False),
        (["mx.evil.example; dmarc=pass header.from=example.org"], False),
        ([f"mx.evil.example; x=(({OURS}; dmarc=pass)); dmarc=pass header.from=example.org"], False),
        ([f"{OURS}; (a comment; dmarc=pass header.from=example.org) none"], False),
        # The server's own stands above what came with the mail under its name.
        ([f"{OURS}; dmarc=fail header.from=example.org", PASS], False),
        ([], False),
    ],
)
def test_only_the_trusted_server_is_believed(headers: list[str], proven: bool) -> None:
    assert results.proves(headers, OURS, "example.org") is proven


@given(st.lists(st.text(max_size=200), max_size=4), st.text(max_size=20))
def test_no_header_breaks_it_and_none_of_another_server_counts(headers: list[str], domain: str) -> None:
    assert results.proves(headers, "mx.nobody-writes-this.example", domain) is False


def _mail(*more: str, sender: str = "Ann <ann@example.org>") -> bytes:
    return "\r\n".join([*more, f"From: {sender}", "Subject: Hello", "", "Hello", ""]).encode()


def test_a_mail_says_whose_domain_was_proved_where_a_server_is_trusted() -> None:
    mail = parse_mail(_mail(f"Authentication-Results: {PASS}"))
    author = said.of(mail, {}, OURS).author
    assert author
    assert author.verified == ("example.org",)
    unasked = said.of(mail, {}).author
    assert unasked
    assert unasked.verified == ()


def test_of_a_mail_with_two_senders_none_is_proved() -> None:
    for mail in (
        _mail(f"Authentication-Results: {PASS}", "From: Bob <bob@example.org>"),
        _mail(f"Authentication-Results: {PASS}", sender="Ann <ann@example.org>, Bob <bob@example.org>"),
    ):
        author = said.of(parse_mail(mail), {}, OURS).author
        assert author
        assert author.verified == ()
