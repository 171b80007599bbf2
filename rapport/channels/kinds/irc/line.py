"""One line of IRC (RFC 1459 and 2812, with the tags of IRCv3): to its parts, and words to lines. Pure."""

import re
from dataclasses import dataclass, field

import regex  # type: ignore[import-untyped]

SAY_BYTES = 400  # of the 512 a line has, the server puts who says it and to whom before the words
_TAG_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n", "\\": "\\"}
# Bold, italics, underline, reverse and the like; colours with their numbers (modern.ircdocs.horse/formatting).
_FORMATS = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\x00-\x08\x0b-\x1f\x7f]"
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_GRAPHEME = regex.compile(r"\X")


@dataclass(frozen=True, slots=True)
class Line:
    """`nick` is who it comes from (a server's name for its own words), `words` the last parameter."""

    command: str
    parameters: tuple[str, ...] = ()
    nick: str = ""
    mask: str = ""
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """The last parameter, "" where there is none."""
        return self.parameters[-1] if self.parameters else ""


def read(text: str) -> Line:
    """The parts of a line; an empty command where it has none."""
    tags: dict[str, str] = {}
    if text.startswith("@"):
        written, _, text = text[1:].partition(" ")
        for one in written.split(";")[:100]:
            name, _, value = one.partition("=")
            tags[name] = re.sub(r"\\(.?)", lambda found: _TAG_ESCAPES.get(found[1], found[1]), value)
    source, text = "", text.lstrip(" ")
    if text.startswith(":"):
        source, _, text = text[1:].partition(" ")
    main, colon, last = text.partition(" :")
    parts = main.split(" ")
    parameters = [one for one in parts[1:] if one][:15]
    if colon:
        parameters.append(last)
    nick, _, mask = source.partition("!")
    return Line(parts[0].upper(), tuple(parameters), nick, mask, tags)


def decoded(data: bytes) -> str:
    """A line as text: UTF-8, else what old clients send, in which every byte is a letter."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def plain(words: str) -> str:
    """Words without colours and other formatting."""
    return _FORMATS.sub("", words).encode("utf-8", "ignore").decode("utf-8")


def fold(name: str) -> str:
    """A nickname or room as it is compared: {}|~ are the small letters of []\\^ (RFC 2812, 2.2)."""
    return name.lower().translate(str.maketrans("[]\\^", "{}|~"))


def is_room(target: str) -> bool:
    """Whether a target is a channel."""
    return target.startswith(("#", "&", "+", "!"))


def names(words: str, nick: str, triggers: tuple[str, ...]) -> bool:
    """Whether words name us, or hold one of the words that we listen for, as words of their own."""
    text = fold(words)
    for one in (nick, *triggers):
        wanted = fold(one.strip())
        start = text.find(wanted) if wanted else -1
        while start >= 0:
            end = start + len(wanted)
            if not (_is_letter(text[start - 1 : start]) or _is_letter(text[end : end + 1])):
                return True
            start = text.find(wanted, start + 1)
    return False


def split(text: str, first: int = SAY_BYTES, rest: int = SAY_BYTES) -> list[str]:
    """Words as lines of at most `first` and then `rest` bytes, cut between words, else between characters as people see
    them; only a character that alone is larger is cut inside.
    """
    lines: list[str] = []
    for paragraph in text.encode("utf-8", "ignore").decode("utf-8").splitlines():
        left = _CONTROLS.sub(" ", paragraph).strip()
        while left:
            piece = _fitting(left, rest if lines else first)
            lines.append(piece.rstrip())
            left = left[len(piece) :].lstrip()
    return [one for one in lines if one]


def _fitting(text: str, limit: int) -> str:
    """As much of the beginning as fits, up to a space if there is one."""
    if len(text.encode()) <= limit:
        return text
    size, end = 0, 0
    for found in _GRAPHEME.finditer(text):
        size += len(found[0].encode())
        if size > limit:
            break
        end = found.end()
    if end == 0:  # one character with more accents than fit
        return text.encode()[:limit].decode("utf-8", "ignore")
    space = text.rfind(" ", 1, end + 1)
    return text[:space] if space > 0 else text[:end]


def _is_letter(one: str) -> bool:
    return bool(one) and (one.isalnum() or one in "_-{}|~`")
