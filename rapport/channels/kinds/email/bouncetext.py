"""Bounces written for people: is it one, which words report, and what is said of each recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapport.channels.kinds.email.headers import Headers

_ROBOT = re.compile(
    r"(?:mailer-?daemon|mail-?daemon|postmaster|mail-?delivery|mdaemon|mail\.?er\.?demon|listserv|majordomo"
    r"|double-bounce|"
    r"mailadministrator|administrator|virus|scanner|fml-.*|nobody|amavisd?|no-?reply|noreply-.*|bounces?"
    r"|.*-admin|.*-master)@",
    re.IGNORECASE,
)
_CERTAIN_ROBOT = re.compile(
    r"(?:mailer-?daemon|mail-?daemon|postmaster|mail[\-.]?delivery.*|mdaemon|double-bounce)(?:@|$)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|(?:delivery|mail|message|returned|sending|e-?mail|smtp)\b.{0,40}(?:fail|return|error|problem"
    r"|status|reject|report|delay|warning|unsuccessful|incomplete|not delivered|could not|undeliv)"
    r"|failure notice|return(?:ed)? (?:mail|to sender|message)|(?:failed|failure|error|rejected|unable"
    r"|problem|nondeliverable|non-?delivery|could not|cannot)\b.{0,40}(?:deliver|mail|message|sending|send"
    r"|recipient)"
    r"|mail (?:system error|could not)|delivery (?:notification|failure|status)|dsn:|\bndn\b|bounce"
    r"|warning: could not send|user unknown|host unknown|considered unsolicited|unzustellbar|non remis"
    r"|no (?:se )?(?:ha )?(?:podido )?entreg|não entregue|недоставлен|配信不能|配信でき|エラー|returned",
    re.IGNORECASE,
)
_PHRASE = re.compile(
    r"(?:could not|couldn't|cannot|can't|can not|unable to|was not able to|wasn't able to|failed to"
    r"|not been able to|not|n't)\s+(?:be\s+)?(?:deliver|complete delivery|sent|send|relay|reach|accept)"
    r"|delivery (?:to|of|has|failed|failure|attempt|status|error|temporarily|incomplete)|undeliver"
    r"|permanent(?:ly)? (?:fatal )?(?:error|fail)|returned (?:to sender|mail)|not delivered|user unknown"
    r"|no such user|unknown user"
    r"|addresses? (?:failed|had|rejected)|recipients? (?:failed|address|rejected|reject|could not|did not)"
    r"|mailbox|over quota|transcript of session|reason for|returned below|rejected|bounce|bounced|smtp error"
    r"|unrouteable|error(?:s)? (?:occurred|while|from)|retry|has been delayed|non remis|échou"
    r"|5\d\d \d\.\d\.\d|<<< 5\d\d|expired|aborted after|rcpt to:<|送信でき|配信でき",
    re.IGNORECASE,
)
_CUT = re.compile(
    r"^(?:[\s>#*]{0,4}-{2,}.{0,40}(?:copy of (?:the|your) (?:message|original)|below this line"
    r"|original message|returned (?:message|mail)|message (?:header|follows|body)|body of the message"
    r"|unsent message|undelivered message|forwarded message|headers? (?:of|follow)|included).*"
    r"|\s*(?:original message (?:follows|header|text)|received message|message headers? follow"
    r"|the original message (?:headers|follows|was received with)|your original message"
    r"|content-type: message/rfc822|copy of the message follows|included is a copy).{0,60}"
    r"|received: (?:from|by|\(qmail).*|return-path: .*|\s{0,4}\|-+ message (?:header|text).*"
    r"|\.{3,}\s*original message.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_ADDR = r"[^\s<>\[\]();:,\"'|=]+@[^\s<>\[\]();:,\"'|]*[^\s<>\[\]();:,\"'|.\]]"
_HEADS = re.compile(
    rf"^[ \t*>]{{0,12}}(?:"
    rf"<({_ADDR})>:?[ \t]*(?:\.\.\.|\(|:|$)"  # <a@b>: reason (qmail, Postfix); <a@b>... reason (Sendmail)
    rf"|[<\"]?(?:smtp:|mailto:)?({_ADDR})[>\"]?[ \t]*(?:\(generated from|\(expanded from|:?[ \t]*$|\.\.\."
    rf"|:[ \t]|;|[ \t]+-[ \t]|[ \t]on \w)"
    rf"|(?:recipient|failed recipient|original-recipient|final-recipient|recipient address|error-for"
    rf"|intended recipient)"
    rf"[ \t]*:[ \t]*(?:rfc822;[ \t]*)?<?({_ADDR})>?"
    rf")",
    re.IGNORECASE | re.MULTILINE,
)
_WEAK_HEADS = re.compile(
    rf"^[ \t*>]{{0,12}}(?:(?:to|address|user|e-?mail)[ \t]*:[ \t]*<?({_ADDR})>?"
    rf"|.{{0,80}}?(?:rcpt to:|recipient:?|deliver(?:y|ed|ing)? to|addressed to|sent to|message to|mail to"
    rf"|mailbox for|user|account|gateway for)"
    rf"[ \t]*[:<'\"]?[ \t]*<?({_ADDR})"
    rf"|(?:\d{{3}}[ \-]).{{0,80}}?<({_ADDR})>)",
    re.IGNORECASE | re.MULTILINE,
)
_SERVER_SAID = re.compile(r"(?<![\w.@/=:\-])['\"]?([45]\d\d)[ \-]['\"#]{0,2}(?:[45]\.\d+\.\d+|[^\s\d])")
_MAX_TEXT = 60_000


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient and the words said about it."""

    recipient: str
    diagnostic: str

    def paragraph(self) -> str:
        """What stands in one block with the recipient's line."""
        start = max(0, self.diagnostic.lower().find(self.recipient.lower()))
        return self.diagnostic[start:].split("\n\n", 1)[0]


def is_bounce_text(headers: Headers, sender: str, subject: str, text: str) -> bool:
    """Whether a mail without a machine-readable report is a bounce all the same.

    It takes a sender that is a mail system (or nobody at all) and words of failure; a person who writes about a failed
    delivery has neither Return-Path <> nor a daemon's address.
    """
    if "x-failed-recipients" in headers:
        return True
    if any(name in headers for name in ("list-id", "in-reply-to", "list-post")) and not _CERTAIN_ROBOT.match(
        sender
    ):
        return False
    if not sender:
        sender = headers.raw("from").strip(' <>"')
    null_path = (
        headers.raw("return-path").replace(" ", "") in ("<>", "<#@[]>", "<mailer-daemon>")
        if "return-path" in headers
        else False
    )
    certain = (
        bool(_CERTAIN_ROBOT.match(sender)) or headers.raw("content-type").lower().find("delivery-status") > 0
    )
    robot = certain or null_path or bool(_ROBOT.match(sender)) or not sender
    if not robot:
        return False
    has_subject = bool(_SUBJECT.search(subject))
    has_words = bool(_PHRASE.search(text[:6_000]))
    return (has_words and (has_subject or (certain and null_path))) or (certain and has_subject)


def report_text(text: str) -> str:
    """The words of the report, without the returned mail below them."""
    text = text[:_MAX_TEXT]
    for match in _CUT.finditer(text):
        before = text[: match.start()]
        if before.strip() and (_PHRASE.search(before) or match[0].lstrip().startswith("---")):
            return before
    return text


def failures_in(words: str) -> list[Failure]:
    """Each recipient named in a report, with what is said up to the next one."""
    heads = list(_HEADS.finditer(words)) or list(_WEAK_HEADS.finditer(words))
    found: dict[str, str] = {}
    names: dict[str, str] = {}
    for index, match in enumerate(heads):
        address = next(group for group in match.groups() if group)
        end = heads[index + 1].start() if index + 1 < len(heads) else len(words)
        key = address.lower().strip("'")
        names.setdefault(key, address)
        found[key] = f"{found.get(key, '')}\n{words[match.start() : end]}".strip()
    if len(found) == 1:
        key = next(iter(found))
        return [Failure(names[key], words.strip()[:3_000])]
    return [Failure(names[key], said[:3_000]) for key, said in found.items()]


def server_words(text: str) -> str:
    """The SMTP reply quoted in a text, to the end of its paragraph; "" when there is none."""
    match = _SERVER_SAID.search(text)
    if match is None:
        return ""
    return text[match.start() :].split("\n\n", 1)[0].strip("'\" \n")
