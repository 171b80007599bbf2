"""Every setting an operator can give, from the environment or one TOML file; nothing else configures Rapport.

A setting `port` is the variable `RAPPORT_PORT` or the TOML key `port`; the environment wins. `database_url`
is the customary `DATABASE_URL`. The `#:` sentence above each field is its documentation:
docs/configuration.md is written from it (`python -m rapport.core.options`) and a test compares the two.
"""

import difflib
import inspect
import os
import re
import secrets
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from rapport.core.errors import Invalid

MEGABYTE = 1024 * 1024
#: Variables with our prefix that are not settings: where the file is, and what tests and `make` use.
NOT_SETTINGS = frozenset(
    {"RAPPORT_CONFIG", "RAPPORT_SHARED", "RAPPORT_ADMIN_PASSWORD", "RAPPORT_SERVERS_VENV", "RAPPORT_SPEECH_VENV"}
)
CHECKOUT = Path(__file__).resolve().parents[2]


class OptionsError(Invalid):
    """A setting cannot be used: its name, what was given and what is expected."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """All settings, checked. Sizes are in bytes, times in seconds."""

    #: The one folder that holds all state (embedded database, secret key, static files); never inside the
    #: checkout.
    home: Path = field(default_factory=lambda: Path(platformdirs.user_data_dir("rapport")))
    #: Your PostgreSQL (15 or newer) as `postgresql://user:password@host:port/name`; without it Rapport runs
    #: its own.
    database_url: str | None = None
    #: A folder with the programs `postgres` and `initdb`, to be used for the embedded database.
    postgres_bin: Path | None = None
    #: The address the web server listens on.
    host: str = "127.0.0.1"
    #: The port the web server listens on.
    port: int = 8000
    #: The port of the live updates; without it the one after `port`.
    live_port: int = 0
    #: The address people type to reach Rapport, used in links; without it built from `host` and `port`.
    public_url: str = ""
    #: The address the mail listener (SMTP) listens on.
    listener_host: str = "127.0.0.1"
    #: The port of the mail listener (SMTP); 0 turns it off.
    listener_port: int = 2525
    #: Signs sessions and seals stored passwords (32 characters at least); without it one is made and kept in
    #: `home`.
    secret_key: str = field(default="", repr=False)
    #: The secret key in force before, while one is being replaced: what it signed still counts (see
    #: docs/security-model.md).
    secret_key_before: str = field(default="", repr=False)
    #: How many web processes run.
    web_workers: int = 1
    #: How many requests one web process answers at the same time.
    web_threads: int = 4
    #: How many threads of one worker turn raw items into conversations.
    pipeline_threads: int = 1
    #: On how many channels one worker sends at the same time; each has a thread of its own while something is due.
    outbox_threads: int = 16
    #: The largest mail taken in, in bytes; a larger one is refused.
    mail_bytes_max: int = 50 * MEGABYTE
    #: The largest attachment kept, in bytes; of a larger one only name and size are kept.
    attachment_bytes_max: int = 25 * MEGABYTE
    #: The time zone of the company, for members who chose none.
    time_zone: str = "UTC"
    #: How much the log says: debug, info, warning or error.
    log_level: str = "info"
    #: Says on the sign-in page that this is the invented company; set by `rapport demo`.
    demo: bool = False
    #: Lets channels, directories, sign-in providers and the endpoint for second opinions be on private addresses.
    allow_private_addresses: bool = False
    #: The proxy through which channels reach services, such as http://proxy.example:3128; it then decides where to.
    outgoing_proxy: str = ""
    #: A folder with a model of faster-whisper: recordings of calls are then written out as words beside them.
    speech_model: str = ""

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret key, then the one before it where there was one."""
        return (self.secret_key, self.secret_key_before) if self.secret_key_before else (self.secret_key,)


TRUE, FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
LEVELS = ("debug", "info", "warning", "error")
PORTS = frozenset({"port", "live_port", "listener_port"})
COUNTS = frozenset({"web_workers", "web_threads", "pipeline_threads", "outbox_threads"})
SIZES = frozenset({"mail_bytes_max", "attachment_bytes_max"})
FOLDERS = frozenset({"home", "postgres_bin"})
FLAGS = frozenset({"demo", "allow_private_addresses"})
NAMES = tuple(one.name for one in fields(Options))


@cache
def options() -> Options:
    """The settings of this process, read once. Makes the secret key on the first start."""
    config = os.environ.get("RAPPORT_CONFIG")
    return with_secret_key(load(os.environ, Path(config) if config else None))


def load(env: Mapping[str, str], toml_path: Path | None = None) -> Options:
    """The settings that `env` and the file at `toml_path` give; OptionsError for the first that is wrong."""
    given: dict[str, tuple[str, object]] = {}
    if toml_path is not None:
        given.update(_from_toml(toml_path))
    given.update(_from_env(env))
    values = {name: _checked(name, label, value) for name, (label, value) in given.items()}
    return _completed(Options(**values))  # type: ignore[arg-type]


def variable(name: str) -> str:
    """The environment variable of the setting `name`."""
    return "DATABASE_URL" if name == "database_url" else f"RAPPORT_{name.upper()}"


def _from_toml(path: Path) -> dict[str, tuple[str, object]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionsError(
            f"the configuration file {path} cannot be read: {error.strerror}",
            "Give a readable TOML file with RAPPORT_CONFIG or --config.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionsError(f"the configuration file {path} is not TOML: {error}", "Mend that line.") from error
    for key in table:
        if key not in NAMES:
            raise OptionsError(f"{path}: there is no setting {key!r}", _nearest(key, NAMES))
    return {key: (f"{key} in {path}", value) for key, value in table.items()}


def _from_env(env: Mapping[str, str]) -> dict[str, tuple[str, object]]:
    names = {variable(name): name for name in NAMES}
    for key in env:
        if key.startswith("RAPPORT_") and key not in names and key not in NOT_SETTINGS:
            raise OptionsError(f"there is no setting {key}", _nearest(key, [*names, *NOT_SETTINGS]))
    # An empty variable is how shells and compose files say "not given".
    return {name: (key, env[key]) for key, name in names.items() if env.get(key, "").strip()}


def _nearest(given: str, known: "tuple[str, ...] | list[str]") -> str:
    near = difflib.get_close_matches(given, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else "See docs/configuration.md for all of them."


def _checked(name: str, label: str, value: object) -> object:
    """`value` as the type of the setting `name`; `label` names it to the operator."""
    if name in PORTS:
        return _whole_number(label, value, 0 if name == "listener_port" else 1, 65535)
    if name in COUNTS:
        return _whole_number(label, value, 1, 64)
    if name in SIZES:
        return _whole_number(label, value, 1024, 1024 * MEGABYTE)
    if name in FLAGS:
        return _flag(label, value)
    if not isinstance(value, str):
        raise _wrong(label, value, "text in quotes")
    text = value.strip()
    if name in FOLDERS:
        return _folder(name, label, text)
    check = {
        "database_url": _database_url,
        "public_url": _public_url,
        "secret_key": _secret_key,
        "secret_key_before": _secret_key,
        "time_zone": _time_zone,
        "log_level": _log_level,
        "host": _host,
        "listener_host": _host,
        "outgoing_proxy": _proxy,
        "speech_model": _model,
    }[name]
    return check(label, text)


def _wrong(label: str, given: object, expected: str) -> OptionsError:
    return OptionsError(f"{label} is {str(given)!r}", f"Expected is {expected}.")


def _whole_number(label: str, value: object, least: int, most: int) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,12}", text) or not least <= int(text) <= most:
        raise _wrong(label, value, f"a whole number from {least} to {most}")
    return int(text)


def _flag(label: str, value: object) -> bool:
    text = str(value).strip().lower()
    if text not in TRUE | FALSE:
        raise _wrong(label, value, "true or false")
    return text in TRUE


def _folder(name: str, label: str, text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise _wrong(label, text, "a folder given from the root, such as /var/lib/rapport")
    if name == "home" and (CHECKOUT / ".git").exists() and path.resolve().is_relative_to(CHECKOUT):
        raise _wrong(label, text, "a folder outside the checkout, so that no update or clean-up deletes it")
    if name == "postgres_bin" and not (path / "postgres").exists():
        raise _wrong(label, text, "the folder that holds the program `postgres`")
    return path


def _database_url(label: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgres") or len(parts.path) < 2:
        # The address may hold a password: it is not repeated.
        raise OptionsError(
            f"{label} is not the address of a PostgreSQL database",
            "Expected is postgresql://user:password@host:5432/name.",
        )
    return text


def _public_url(label: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _wrong(label, text, "an address such as https://rapport.example.com, without a path")
    return text.rstrip("/")


def _secret_key(label: str, text: str) -> str:
    if len(text) < 32:
        raise OptionsError(f"{label} has {len(text)} characters", "Expected are 32 random characters at least.")
    return text


def _time_zone(label: str, text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _wrong(label, text, "the name of a time zone, such as Europe/Berlin") from error
    return text


def _log_level(label: str, text: str) -> str:
    if text.lower() not in LEVELS:
        raise _wrong(label, text, "one of " + ", ".join(LEVELS))
    return text.lower()


def _host(label: str, text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.:_-]+", text):
        raise _wrong(label, text, "an IP address or a host name, without port")
    return text


def _proxy(label: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        # The address may hold a password: it is not repeated.
        raise OptionsError(
            f"{label} is not the address of a proxy", "Expected is http://proxy.example:3128, without a path."
        )
    return text.rstrip("/")


def _model(label: str, text: str) -> str:
    path = Path(text).expanduser()
    if not path.is_absolute():
        raise _wrong(label, text, "a folder given from the root, such as /var/lib/faster-whisper-small")
    return str(path)


def _completed(loaded: Options) -> Options:
    """Fills what follows from other settings, and refuses ports that collide."""
    changed: dict[str, object] = {}
    live_port = loaded.live_port or loaded.port + 1
    if live_port > 65535:
        raise _wrong("live_port", live_port, "a port: give RAPPORT_LIVE_PORT when RAPPORT_PORT is 65535")
    if len({loaded.port, live_port, loaded.listener_port}) < 3:
        raise OptionsError(
            f"two of port {loaded.port}, live_port {live_port} and listener_port {loaded.listener_port} are the same",
            "Give each its own.",
        )
    if not loaded.live_port:
        changed["live_port"] = live_port
    if not loaded.public_url:
        host = "127.0.0.1" if loaded.host in ("0.0.0.0", "::") else loaded.host  # noqa: S104
        changed["public_url"] = f"http://[{host}]:{loaded.port}" if ":" in host else f"http://{host}:{loaded.port}"
    return _replaced(loaded, changed)


def _replaced(loaded: Options, changed: dict[str, object]) -> Options:
    values = {name: getattr(loaded, name) for name in NAMES} | changed
    return Options(**values)


def with_secret_key(loaded: Options) -> Options:
    """`loaded` with the key kept in home/secret_key (made once, mode 600) unless one was given."""
    if loaded.secret_key:
        return loaded
    path = loaded.home / "secret_key"
    try:
        loaded.home.mkdir(parents=True, exist_ok=True, mode=0o711)
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        kept = {"secret_key": path.read_text(encoding="ascii").strip()}
        before = loaded.home / "secret_key_before"
        if before.exists() and not loaded.secret_key_before:
            kept["secret_key_before"] = before.read_text(encoding="ascii").strip()
        return _replaced(loaded, dict(kept))
    except OSError as error:
        raise OptionsError(
            f"the folder {loaded.home} cannot be used: {error.strerror}",
            "Give a folder this user may write, with RAPPORT_HOME.",
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Writes a private file whole or not at all; of two at the same time the first wins."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()


def sentences() -> dict[str, str]:
    """The `#:` sentence of each setting, read from this file."""
    found: dict[str, str] = {}
    pending = ""
    for line in inspect.getsource(Options).splitlines():
        if comment := re.fullmatch(r"\s+#: (.*)", line):
            pending = f"{pending} {comment[1]}".strip()
        elif (attribute := re.match(r"\s+(\w+): ", line)) and pending:
            found[attribute[1]] = pending
            pending = ""
    return found


def document() -> str:
    """docs/configuration.md, whole."""
    lines = [
        "# Configuration",
        "",
        "Written from `rapport/core/options.py` by `python -m rapport.core.options`; do not edit it here.",
        "",
        "Rapport needs no configuration to start. Every setting is an environment variable or a key of one",
        "TOML file (`RAPPORT_CONFIG` or `--config` says where); the environment wins. A value that cannot be",
        "used, and a name that does not exist, stop the start.",
        "",
        "| variable | key in the file | default | what it does |",
        "| --- | --- | --- | --- |",
    ]
    said = sentences()
    lines += [f"| `{variable(name)}` | `{name}` | {_default(name)} | {said[name]} |" for name in NAMES]
    return "\n".join(lines) + "\n"


def _default(name: str) -> str:
    if name == "home":
        return "`rapport` in the user's data folder"
    value = getattr(Options(), name)
    if value is None or value == "" or (name in PORTS and not value):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(document())
