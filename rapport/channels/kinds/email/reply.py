"""What is new in a mail, apart from what it quotes and how it is signed.

Every line gets one label (reply, quote, signature), so nothing is lost; the work is linear in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapport.channels.kinds.email.replywords import (
    ATTRIBUTION_START,
    DATED_NAME,
    DEVICE,
    FROM_LABEL,
    LABEL,
    ORIGINAL,
    SIGNATURE_DELIMITER,
    WROTE,
)

_REPLY, _QUOTE, _SIGNATURE = "r", "q", "s"
_QUOTED = re.compile(r"\s{0,3}>|[A-Z][A-Za-z]{0,11}>(?:\s|$)")
_RULES = frozenset("-—–_")
_MAX_LINE = 1_000  # no marker is longer; longer lines are text
_MAX_SIGNATURE_LINES = 15
_ATTRIBUTION_LINES = 6


@dataclass(frozen=True, slots=True)
class Split:
    """The three parts of a text; together they hold every non-blank line of it, each part in its order."""

    reply: str
    quote: str
    signature: str


@dataclass(frozen=True, slots=True)
class _Marker:
    """Lines [start, end) that announce a quote; `attributes` when they name who wrote what follows."""

    start: int
    end: int
    attributes: bool


def split_reply(text: str) -> Split:
    """The reply, the quote and the signature of a plain text."""
    lines = text.split("\n")
    quoted = [_is_quoted(line) for line in lines] if ">" in text else [False] * len(lines)
    _mend_wrapped_attributions(lines, quoted)
    labels = [_REPLY] * len(lines)
    markers = _markers(lines, quoted)
    if markers or True in quoted:
        _label_quotes(lines, quoted, labels, markers)
    _label_signature(lines, labels)
    if _REPLY not in (label for label, line in zip(labels, lines, strict=True) if line.strip()):
        _keep_bare_quote(lines, labels, markers)
    return Split(*(_join(lines, labels, kind) for kind in (_REPLY, _QUOTE, _SIGNATURE)))


def _join(lines: list[str], labels: list[str], kind: str) -> str:
    chosen = [line for line, label in zip(lines, labels, strict=True) if label == kind]
    first, last = 0, len(chosen)
    while first < last and not chosen[first].strip():
        first += 1
    while last > first and not chosen[last - 1].strip():
        last -= 1
    return "\n".join(chosen[first:last])


def _is_quoted(line: str) -> bool:
    head = line[:14]
    return ">" in head and bool(_QUOTED.match(head))


def _mend_wrapped_attributions(lines: list[str], quoted: list[bool]) -> None:
    """`... <a@b` / `> wrote:` is an address that was wrapped before its bracket, not a quote."""
    for index in range(1, len(lines)):
        if quoted[index] and not quoted[index - 1] and lines[index].endswith(":") and len(lines[index]) < 40:
            rest = lines[index].lstrip("> ")
            quoted[index] = not (lines[index].startswith(">") and (rest == ":" or WROTE.match(rest)))


def _markers(lines: list[str], quoted: list[bool]) -> list[_Marker]:
    """Everything that announces a quote, in order."""
    found: list[_Marker] = []
    free = 0  # lines before it belong to a marker already
    for index, line in enumerate(lines):
        if index < free or quoted[index] or len(line) > _MAX_LINE:
            continue
        if ":" not in line and "-" not in line and "：" not in line and not line.lstrip()[:1].isdigit():
            continue  # no marker is without one of these
        marker = _marker_at(lines, quoted, index, free)
        if marker is not None:
            found.append(marker)
            free = marker.end
    return found


def _marker_at(lines: list[str], quoted: list[bool], index: int, free: int) -> _Marker | None:
    stripped = lines[index].strip()
    if not stripped:
        return None
    last = stripped[-1]
    if last in ":：-" or (last == "*" and "--" in stripped):
        if last in ":：" or "----" in stripped:
            start = _attribution_start(lines, quoted, index, free)
            if start >= 0:
                return _Marker(_over_rules(lines, start, free), index + 1, True)
        if ORIGINAL.fullmatch(stripped):
            return _Marker(_over_rules(lines, index, free), _header_end(lines, index + 1), False)
    if stripped[0].isdigit() and DATED_NAME.match(stripped) and len(stripped) < 160:
        return _Marker(index, index + 1, True)
    if (":" in stripped[:24] or "：" in stripped[:24]) and FROM_LABEL.match(stripped):
        end = _header_end(lines, index)
        if end - index >= 3:
            return _Marker(_over_rules(lines, index, free), end, False)
    return None


def _attribution_start(lines: list[str], quoted: list[bool], index: int, free: int) -> int:
    """Where the attribution that ends on this line begins; -1 when it is none."""
    joined = ""
    for start in range(index, max(free, index - _ATTRIBUTION_LINES) - 1, -1):
        line = lines[start].strip()
        if quoted[start] and start != index and not line.startswith(">"):
            break
        if not line:
            if joined[:1] not in "<>" or not joined:
                break
            continue
        joined = f"{line} {joined}" if joined else line
        if len(joined) > _MAX_LINE:
            break
        if ATTRIBUTION_START.match(line) and any(map(str.isdigit, line)) and _announces(joined):
            return start
    return _undated_start(lines, quoted, index, free)


def _announces(joined: str) -> bool:
    return bool(WROTE.search(joined) or (DATED_NAME.match(joined) and "@" in joined))


def _undated_start(lines: list[str], quoted: list[bool], index: int, free: int) -> int:
    """`Name <a@b> wrote:` on one line or two, or any `Name wrote:` that a quote follows."""
    line = lines[index].strip()
    if WROTE.search(line):
        if "@" in line or re.search(r"\d{1,2}[:.]\d\d|\d{4}", line) or _quote_follows(lines, quoted, index + 1):
            return index if not _continues(lines, index, free) else index - 1
        return -1
    before = lines[index - 1].strip() if index > free else ""
    if "@" in before and len(before) < _MAX_LINE and WROTE.search(before) and any(map(str.isdigit, line)):
        return index - 1
    return -1


def _continues(lines: list[str], index: int, free: int) -> bool:
    """Whether the line goes on from one that opened an address: `Some One <` / `a@b> wrote:`."""
    return index > free and lines[index - 1].rstrip().endswith("<") and "<" not in lines[index]


def _quote_follows(lines: list[str], quoted: list[bool], index: int) -> bool:
    for at in range(index, min(index + 3, len(lines))):
        if lines[at].strip():
            return quoted[at]
    return False


def _over_rules(lines: list[str], start: int, free: int) -> int:
    """The start moved up over the rule (____ or ----) that mail programs draw above a quote."""
    above = start
    while above > free and above > start - 3:
        line = lines[above - 1].strip()
        if line and any(char not in "-_=* " for char in line):
            break
        above -= 1
        if line:
            return above
    return start


def _header_end(lines: list[str], start: int) -> int:
    """The end of the `From: ... Subject: ...` block at `start`; `start` when there are fewer than two fields."""
    fields, end, index = 0, start, start
    while index < len(lines) and index < start + 16:
        line = lines[index].strip()
        if line and LABEL.match(line[:60]):
            fields, end = fields + 1, index + 1
        elif (line and (fields == 0 or not lines[index - 1].strip())) or (not line and fields >= 3):
            break
        index += 1
        if line and end and fields and index - end > 2:
            break
    if fields < 2:
        return start
    while end < len(lines) and lines[end].strip():  # a folded last field
        end += 1
        if end - start > 16:
            break
    return end


def _label_quotes(lines: list[str], quoted: list[bool], labels: list[str], markers: list[_Marker]) -> None:
    before = False  # whether the writer has said something already
    position = 0
    for marker in markers:
        before = before or _has_text(lines, quoted, position, marker.start)
        follows_quote = _quote_follows(lines, quoted, marker.end)
        if before and not (marker.attributes and follows_quote):
            _fill(labels, marker.start, len(lines), _QUOTE)
            return
        _fill(labels, marker.start, marker.end, _QUOTE)
        position = marker.end
        if follows_quote:
            end = _block_end(lines, quoted, marker.end)
            if not before or not _goes_on(lines, quoted, end):
                _fill(labels, marker.end, end, _QUOTE)
            position = end
    _label_last_quote(lines, quoted, labels)


def _has_text(lines: list[str], quoted: list[bool], start: int, end: int) -> bool:
    return any(not quoted[at] and _is_words(lines[at]) for at in range(start, end))


def _is_delimiter(line: str) -> bool:
    return line[:4].lstrip()[:1] in _RULES and bool(SIGNATURE_DELIMITER.fullmatch(line))


def _is_words(line: str) -> bool:
    return any(map(str.isalnum, line[:_MAX_LINE]))


def _block_end(lines: list[str], quoted: list[bool], start: int) -> int:
    """The end of the quote at `start`: quoted and blank lines."""
    end = start
    for index in range(start, len(lines)):
        if quoted[index]:
            end = index + 1
        elif lines[index].strip():
            break
    return end


def _goes_on(lines: list[str], quoted: list[bool], start: int) -> bool:
    """Whether the writer says more from here on than a signature."""
    for index in range(start, len(lines)):
        line = lines[index]
        if quoted[index] or not line.strip():
            continue
        if _is_delimiter(line) and _is_short_tail(lines, index):
            return False
        if _is_words(line) and not _is_device(line):
            return True
    return False


def _is_short_tail(lines: list[str], index: int) -> bool:
    count = 0
    for line in lines[index + 1 : index + 60]:
        count += bool(line.strip())
    return count <= _MAX_SIGNATURE_LINES and len(lines) - index <= 60


def _label_last_quote(lines: list[str], quoted: list[bool], labels: list[str]) -> None:
    """A quote that nothing but a signature follows is no part of the reply."""
    tail = len(lines)
    for index, line in enumerate(lines):
        if labels[index] == _REPLY and _is_delimiter(line) and _is_short_tail(lines, index):
            tail = index
            break
    end = tail
    while end > 0 and (quoted[end - 1] or not _is_words(lines[end - 1]) or _is_device(lines[end - 1])):
        end -= 1
    start = next((at for at in range(end, tail) if quoted[at]), tail)
    for index in range(start, tail):
        if quoted[index] or not lines[index].strip():
            labels[index] = _QUOTE


def _label_signature(lines: list[str], labels: list[str]) -> None:
    last = len(lines) - 1
    while last >= 0 and (labels[last] != _REPLY or not lines[last].strip()):
        last -= 1
    count = 0
    start = last + 1
    for index in range(last, -1, -1):
        if labels[index] != _REPLY:
            if lines[index].strip():
                break
            continue
        count += bool(lines[index].strip())
        if _is_delimiter(lines[index]):
            start = index
        if count > _MAX_SIGNATURE_LINES:
            break
    _fill_replies(labels, start, last + 1)
    _label_devices(lines, labels, start)


def _label_devices(lines: list[str], labels: list[str], end: int) -> None:
    """The telephone's line, and rules that stand under the last words."""
    index = end - 1
    start = end
    while index >= 0 and (labels[index] == _REPLY or not lines[index].strip()):
        line = lines[index]
        if line.strip():
            if _is_words(line) and not _is_device(line):
                break
            if not _is_words(line) and "`" in line:
                break
            start = index
        index -= 1
    _fill_replies(labels, start, end)


def _is_device(line: str) -> bool:
    return len(line) < 200 and bool(DEVICE.fullmatch(line.strip()))


def _fill(labels: list[str], start: int, end: int, kind: str) -> None:
    labels[start:end] = [kind] * (end - start)


def _fill_replies(labels: list[str], start: int, end: int) -> None:
    for index in range(start, end):
        if labels[index] == _REPLY:
            labels[index] = _SIGNATURE


def _keep_bare_quote(lines: list[str], labels: list[str], markers: list[_Marker]) -> None:
    """Nothing but a quote, and nobody named: then the quote is what was sent."""
    first = next((line for line in lines if line.strip()), "")
    if markers or WROTE.search(first[:_MAX_LINE]):
        return
    for index, label in enumerate(labels):
        if label == _QUOTE:
            labels[index] = _REPLY
