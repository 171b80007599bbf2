"""The ear of a visitor's chat window: a stream that says only that there is something to fetch.

GET /live/chat?ticket=... The ticket names what is listened for, signed and short-lived; a page gets it with the
messages it fetches. Any site may listen, for nothing goes along that would be worth taking, and no cookie is looked at.
"""

from django.core import signing

_SALT = "rapport.live.chat"
PATH = "/live/chat"
SECONDS_VALID = 300
#: Streams in one process, and by one visitor; whoever gets none asks now and then instead.
STREAMS_MAX = 2_000
STREAMS_EACH = 6
CHANGED = b"event: change\ndata: {}\n\n"
CORS = [(b"access-control-allow-origin", b"*"), (b"cross-origin-resource-policy", b"cross-origin")]


def issue(ear: str) -> str:
    """A ticket to listen for `ear`."""
    return signing.dumps(ear, salt=_SALT)


def read(ticket: str) -> str:
    """What it lets one listen for; "" where it is forged, broken or too old."""
    try:
        return str(signing.loads(ticket, salt=_SALT, max_age=SECONDS_VALID))
    except (signing.BadSignature, ValueError, TypeError):
        return ""
