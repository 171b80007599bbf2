"""A phone line's settings as typed values; Invalid, in words, for the first that is wrong."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from rapport.channels import telephone
from rapport.channels.base import Account, Invalid
from rapport.channels.kinds.sip import sound


@dataclass(frozen=True, slots=True)
class Settings:
    """One line. Ports are 0 where any will do; `allowed` are further addresses that calls come from."""

    host: str
    port: int
    domain: str
    user: str
    number: str
    country: str
    private: bool
    greeting: str
    record: bool
    from_start: bool
    seconds_max: int
    silence_s: int
    calls_max: int
    local_port: int
    media_port: int
    advertised: str
    allowed: tuple[str, ...]


def read(account: Account) -> Settings:
    """Check and take apart. No network."""
    config = account.config
    host, port = _server(str(config.get("server") or ""))
    user = str(config.get("user") or "").strip()
    if not user or not user.isprintable() or any(one in user for one in ' @<>"'):
        raise Invalid("User: this is no name that a telephone system gives.", "Leave out what comes after the @.")
    country = str(config.get("country") or "").strip().lstrip("+")
    if country and not (country.isascii() and country.isdigit() and len(country) <= 3):
        raise Invalid("Country prefix: digits only, such as 49.", "Leave out the plus.")
    greeting = str(config.get("greeting") or "").strip()
    record = config.get("record") is not False
    if record and not greeting and not config.get("announced"):
        raise Invalid(
            "Nobody tells callers that they are recorded.",
            "Give a greeting that says so, or tick that your telephone system does, or do not record.",
        )
    if greeting.startswith("data:"):
        greeting_of(greeting)
    return Settings(
        host=host,
        port=port,
        domain=str(config.get("domain") or "").strip() or host,
        user=user,
        number=telephone.e164(str(config.get("number") or account.address or user), country) or user,
        country=country,
        private=bool(config.get("private")),
        greeting=greeting,
        record=record,
        from_start=bool(config.get("from_start")),
        seconds_max=_number(config, "seconds_max", 180, 5, 900),
        silence_s=_number(config, "silence_s", 5, 1, 60),
        calls_max=_number(config, "calls_max", 4, 1, 30),
        local_port=_number(config, "local_port", 0, 0, 65_535),
        media_port=_number(config, "media_port", 0, 0, 65_000),
        advertised=_address(str(config.get("advertised") or "").strip()),
        allowed=tuple(_address(one) for one in _lines(config.get("allowed"))),
    )


def greeting_of(url: str) -> bytes:
    """The samples of a greeting that came as a data: URL. Raises Invalid."""
    try:
        return sound.read_wav(base64.b64decode(url.partition(",")[2], validate=True))
    except (binascii.Error, ValueError) as error:
        raise Invalid("Greeting: this is no base64.", "Give the https address of a WAV file.") from error
    except sound.NoSound as error:
        raise Invalid(f"Greeting: {error}", "Save it as WAV, PCM, 16 bits, mono, 8,000 Hz.") from error


def _server(written: str) -> tuple[str, int]:
    host, colon, port = written.strip().removeprefix("sip:").rpartition(":")
    if not colon or not port.isdigit():
        host, port = written.strip().removeprefix("sip:"), "5060"
    host = host.strip("[]")
    if not host or " " in host or "/" in host or not 0 < int(port) < 65_536:
        raise Invalid("Server: this is no name of a server.", "Such as pbx.example.org or pbx.example.org:5060.")
    return host, int(port)


def _address(written: str) -> str:
    try:
        return str(ip_address(written)) if written else ""
    except ValueError as error:
        raise Invalid(f"{written[:100]} is no IP address.", "Such as 203.0.113.5.") from error


def _number(config: Mapping[str, Any], name: str, usual: int, least: int, most: int) -> int:
    value = config.get(name)
    if value in (None, ""):
        return usual
    try:
        number = int(str(value))
    except ValueError as error:
        raise Invalid(f"{name}: this is no number.", f"From {least} to {most}.") from error
    if not least <= number <= most:
        raise Invalid(f"{name}: {number} is not from {least} to {most}.", "Change it.")
    return number


def _lines(value: Any) -> list[str]:
    given = value if isinstance(value, list) else str(value or "").splitlines()
    return [str(one).strip() for one in given if str(one).strip()][:50]
