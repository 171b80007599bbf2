"""Delivery reports, irregular bounces, abuse reports."""

import json
from pathlib import Path

import pytest

from rapport.channels.kinds.email.bouncewords import is_hard, reason_of, status_in
from rapport.channels.kinds.email.mbox import read_mbox
from rapport.channels.kinds.email.parse import parse_mail

_DSN = b"""From: MAILER-DAEMON@mx.example.net
To: us@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

I'm sorry.

<gone@example.org>: host mx.example.org said: 550 5.1.1 User unknown

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; gone@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <gone@example.org>: User unknown

Final-Recipient: rfc822; full@example.org
Action: failed
Status: 4.2.2
Diagnostic-Code: smtp; 452 4.2.2 Mailbox full

--B
Content-Type: message/rfc822

Message-ID: <ours@example.com>
Subject: hi

x
--B--
"""


def test_a_delivery_report_tells_each_recipient_apart() -> None:
    parsed = parse_mail(_DSN)
    assert parsed.kind == "bounce"
    assert [(r.recipient, r.status, r.reason, r.hard) for r in parsed.bounce] == [
        ("gone@example.org", "5.1.1", "userunknown", True),
        ("full@example.org", "4.2.2", "mailboxfull", False),
    ]
    assert parsed.bounced_message_id == "ours@example.com"


@pytest.mark.parametrize(
    ("text", "recipient", "reason"),
    [
        ("Hi. This is the qmail-send program.\nI wasn't able to deliver your message to the following addresses.\n\n"
         "<a@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 No such"
         " user\nGiving up.\n\n"
         "--- Below this line is a copy of the message.\n\nMessage-ID:"
         " <ours@example.com>\n", "a@example.org", "userunknown"),
        ("This message was created automatically by mail delivery software.\n\nA message that you sent"
        " could not be delivered "
         "to one or more of its recipients. This is a permanent error. The following address(es)"
         " failed:\n\n  a@example.org\n"
         "    SMTP error from remote mail server after RCPT TO:<a@example.org>:\n    host mx"
         " [192.0.2.1]: 552 5.2.2 over quota\n"
         "\n------ This is a copy of the message, including all the headers. ------\n\nMessage-ID:"
         " <ours@example.com>\n",
         "a@example.org", "mailboxfull"),
    ],
)  # fmt: skip
def test_irregular_bounces_are_recognised(text: str, recipient: str, reason: str) -> None:
    raw = f"From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: failure notice\n\n{text}".encode()
    parsed = parse_mail(raw)
    assert parsed.kind == "bounce"
    assert [(r.recipient, r.reason) for r in parsed.bounce] == [(recipient, reason)]
    assert parsed.bounced_message_id == "ours@example.com"


def test_a_person_who_writes_of_a_failed_delivery_is_no_bounce() -> None:

    raw = b"From: Ann <ann@example.org>\nSubject: Delivery failed\n\nThe parcel could not be delivered, mailbox full!\n"
    assert parse_mail(raw).kind == "message"


def test_an_abuse_report_is_one() -> None:
    raw = _DSN.replace(b"report-type=delivery-status", b"report-type=feedback-report").replace(
        b"message/delivery-status\n\nReporting-MTA: dns; mx.example.net",
        b"message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: <ann@example.org>",
    )
    parsed = parse_mail(raw)
    assert (parsed.kind, parsed.bounce[0].recipient, parsed.bounce[0].reason) == (
        "abuse_report",
        "ann@example.org",
        "feedback",
    )


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        ("5.1.1", "550 5.1.1 User unknown", "userunknown"),
        ("", "550 mailbox unavailable", "userunknown"),
        ("5.2.2", "552 5.2.2 Over quota", "mailboxfull"),
        ("5.7.26", "550 5.7.26 unauthenticated mail is prohibited", "authfailure"),
        ("5.7.1", "554 5.7.1 blocked using zen.spamhaus.org", "blocked"),
        ("5.7.25", "550 5.7.25 no PTR record", "requireptr"),
        ("5.4.4", "Host or domain name not found", "hostunknown"),
        ("4.4.7", "delivery time expired", "expired"),
        ("5.3.4", "552 message too big", "mesgtoobig"),
        ("5.7.1", "554 5.7.1 message identified as SPAM", "spamdetected"),
        ("5.7.1", "550 relaying denied", "norelaying"),
        ("5.0.0", "", "undefined"),
    ],
)
def test_reasons_are_told_by_words_and_codes(status: str, words: str, reason: str) -> None:
    assert reason_of(status, [words, "", ""]) == reason


def test_hard_means_that_trying_again_is_futile() -> None:
    assert is_hard("5.1.1", "userunknown")
    assert not is_hard("4.1.1", "userunknown")
    assert not is_hard("5.2.2", "mailboxfull")
    assert status_in("550 5.0.0 and then 5.2.1 at 192.0.2.1") == "5.2.1"


def test_the_real_bounces_are_recognised(shared_data: Path) -> None:
    kinds, statuses, reasons, hards, mails, recipients = 0, 0, 0, 0, 0, 0
    for line in (shared_data / "mail-bounces/expected.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        parsed = parse_mail((shared_data / "mail-bounces" / row["file"]).read_bytes())
        first = row["expected"][0]["reason"]
        wanted = {"feedback": "abuse_report", "vacation": "auto_reply"}.get(first, "bounce")
        mails += 1
        kinds += parsed.kind == wanted
        if wanted != "bounce":
            continue
        for index, expected in enumerate(row["expected"]):
            recipients += 1
            if index >= len(parsed.bounce):
                continue
            got = parsed.bounce[index]
            # x.0.9xx are the other tool's own codes for "no code in the mail": then the class must agree.
            invented = expected["dsn"][2:5] == "0.9"
            statuses += got.status == expected["dsn"] or (invented and got.status[:1] == expected["dsn"][:1])
            reasons += got.reason == expected["reason"]
            hards += got.hard == expected["hard"]
    assert mails == 288
    assert kinds / mails >= 0.95
    assert statuses / recipients >= 0.93
    assert reasons / recipients >= 0.85
    assert hards / recipients >= 0.91


def test_ordinary_mail_is_never_a_bounce(shared_data: Path) -> None:
    bounces = []
    for number, (_, raw) in enumerate(read_mbox(shared_data / "mail-corpus/corpus-10k.mbox.gz")):
        if number % 3 == 0 or b"daemon" in raw[:2_000].lower() or b"postmaster" in raw[:2_000].lower():
            parsed = parse_mail(raw)
            if parsed.kind in ("bounce", "abuse_report") and parsed.from_:
                bounces.append(parsed.from_.address.partition("@")[0].lower())
    assert set(bounces) <= {"mailer-daemon", "postmaster"}
