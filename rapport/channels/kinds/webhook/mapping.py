"""From what a system sends to the fields of a message, as the channel's settings say. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from rapport.channels.base import Unreadable
from rapport.channels.kinds.webhook.expressions import compiled
from rapport.core.errors import Invalid

FIELDS = ("text", "id", "author", "email", "phone", "handle", "subject", "thread", "time", "url", "public")
FORM = "application/x-www-form-urlencoded"
BYTES_MAX = 4 * 1024 * 1024
_FORM_FIELDS_MAX = 1_000
_LONGEST: Mapping[str, int] = {"text": 1_000_000, "subject": 998, "url": 2_000}
_USUAL_MAX = 300
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\]{1,255}")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")  # E.164
_MILLISECONDS = 100_000_000_000  # seconds count to here until the year 5138
_YES = frozenset({"true", "yes", "1", "public", "on"})


class Wrong(str):
    """Why a field has no value, in words for a person; in place of the value."""

    __slots__ = ()


def preview(config: Mapping[str, Any], body: bytes, content_type: str = "") -> list[tuple[str, str]]:
    """Every field of the mapping with what it makes of `body`; a `Wrong` in place of a value says what is the matter.

    A field that is not mapped, or finds nothing that it must find, has "". Never raises.
    """
    try:
        document = document_of(body, content_type)
    except Unreadable as error:
        return [("text", Wrong(str(error)))]
    found = [(name, _value(config, name, document)) for name in FIELDS]
    if not found[0][1]:
        found[0] = ("text", Wrong(f"Nothing was found at {written(config, 'text') or 'any path'}."))
    return found


def mapped(config: Mapping[str, Any], body: bytes, content_type: str = "") -> dict[str, str]:
    """What each field finds; a `Wrong` where it found something that it cannot be. Raises Unreadable."""
    document = document_of(body, content_type)
    return {name: _value(config, name, document) for name in FIELDS}


def check(config: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Raise Invalid that names (by its label) the first field whose expression cannot be read."""
    for name in FIELDS:
        try:
            if written(config, name):
                compiled(written(config, name))
        except Invalid as error:
            raise Invalid(f"{labels.get(name, name)}: {error.message}", error.hint) from error


def written(config: Mapping[str, Any], name: str) -> str:
    """What the settings say of a field; "" for nothing."""
    value = config.get(name)
    return value.strip() if isinstance(value, str) else ""


def document_of(body: bytes, content_type: str = "") -> Any:
    """A body as a value: JSON, or a form as an object of texts (lists where a name comes again). Raises Unreadable."""
    if len(body) > BYTES_MAX:
        raise Unreadable(f"It has more than {BYTES_MAX // 1024 // 1024} MB.")
    if content_type.partition(";")[0].strip().lower() == FORM:
        return _form(body)
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise Unreadable("It is neither JSON nor a form.") from error


def clean(text: str, limit: int = _USUAL_MAX) -> str:
    """Without what no database and no page can take, and no longer than `limit` characters."""
    return text[:limit].replace("\0", "").encode("utf-8", "replace").decode()


def when(value: str) -> datetime:
    """A time as ISO 8601, as e-mail writes it (RFC 5322), or in (milli)seconds since 1970. Raises ValueError."""
    text = value.strip()
    if re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS else number, UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = parsedate_to_datetime(text)
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC)


def _form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FORM_FIELDS_MAX)
    except ValueError as error:
        raise Unreadable("It is no form that can be read.") from error
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            before = found[name]
            found[name] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[name] = value
    if not found:
        raise Unreadable("The form is empty.")
    return found


def _value(config: Mapping[str, Any], name: str, document: Any) -> str:
    try:
        expression = compiled(written(config, name)) if written(config, name) else None
    except Invalid as error:
        return Wrong(error.message)
    found = expression.of(document, "\n" if name == "text" else None).strip() if expression else ""
    found = clean(found, _LONGEST.get(name, _USUAL_MAX)).strip()
    return _MEANT[name](found) if found and name in _MEANT else found


def _email(value: str) -> str:
    address = value.removeprefix("mailto:").strip()
    return address if _EMAIL.fullmatch(address) else Wrong(f"“{value[:60]}” is no e-mail address.")


def _phone(value: str) -> str:
    number = re.sub(r"[\s().\-/\u00a0]", "", value.removeprefix("tel:"))
    number = "+" + number[2:] if number.startswith("00") else number
    if _PHONE.fullmatch(number) and number.isascii():
        return number
    return Wrong(f"“{value[:60]}” is no telephone number with its country, such as +49 30 1234567.")


def _time(value: str) -> str:
    try:
        return when(value).isoformat()
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        return Wrong(f"“{value[:60]}” is no time that is understood.")


def _url(value: str) -> str:
    is_one = re.fullmatch(r"https?://[^\s/][^\s]*", value, re.IGNORECASE)
    return value if is_one else Wrong(f"“{value[:60]}” is no address of a page (https://...).")


def _public(value: str) -> str:
    return "yes" if value.lower() in _YES else "no"


_MEANT: Mapping[str, Callable[[str], str]] = {
    "email": _email, "phone": _phone, "time": _time, "url": _url, "public": _public,
}  # fmt: skip
