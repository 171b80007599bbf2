"""What a row says of the latest message: its first words, on one line. Pure."""

_LENGTH = 160
#: So many letters hold the first words also where there are many spaces between them.
_READ = 4 * _LENGTH


def snippet_of(text: str) -> str:
    """The first 160 letters of a text, each run of white space one space."""
    return " ".join(text[:_READ].split())[:_LENGTH]
