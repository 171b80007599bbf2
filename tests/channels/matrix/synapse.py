"""A real homeserver (Synapse, from PyPI in its own environment) on loopback, with a fresh SQLite database."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.support import free_port, refuse

ROOT = Path(__file__).parents[3]
_MANY = {"per_second": 10_000, "burst_count": 10_000}


class Synapse:
    """Started and stopped as often as a test likes, on the same port and data."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._python = _environment() / "bin" / "python"
        self._config = folder / "homeserver.yaml"
        self._process: subprocess.Popen[bytes] | None = None
        self._config.write_text(yaml.safe_dump(self._settings()))
        subprocess.run([*self._command(), "--generate-keys"], check=True, capture_output=True, cwd=folder)

    def start(self) -> None:
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), cwd=self.folder, stdout=log, stderr=log)
        until = time.monotonic() + 240
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/_matrix/client/versions", timeout=5).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        raise AssertionError((self.folder / "out.log").read_text()[-3000:])

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def register(self, name: str) -> "User":
        given = {"username": name, "password": f"{name}-pw", "auth": {"type": "m.login.dummy"}}
        answer = requests.post(f"{self.url}/_matrix/client/v3/register", json=given, timeout=60)
        answer.raise_for_status()
        return User(self.url, answer.json()["user_id"], answer.json()["access_token"])

    def _command(self) -> list[str]:
        return [str(self._python), "-m", "synapse.app.homeserver", "-c", str(self._config)]

    def _settings(self) -> dict[str, Any]:
        return {
            "server_name": "brand.test", "pid_file": str(self.folder / "pid"), "report_stats": False,
            "listeners": [{"port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"],
                           "resources": [{"names": ["client", "media"]}]}],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "synapse.db")}},
            "media_store_path": str(self.folder / "media"), "signing_key_path": str(self.folder / "signing.key"),
            "presence": {"enabled": False},
            "macaroon_secret_key": "m" * 20, "form_secret": "f" * 20, "trusted_key_servers": [],
            "enable_registration": True, "enable_registration_without_verification": True,
            "rc_message": _MANY, "rc_registration": _MANY, "rc_joins": {"local": _MANY, "remote": _MANY},
            "rc_invites": {"per_room": _MANY, "per_user": _MANY, "per_issuer": _MANY},
            "rc_login": {"address": _MANY, "account": _MANY, "failed_attempts": _MANY}, "rc_room_creation": _MANY,
        }  # fmt: skip


class User:
    """Somebody with an account, and the address and token of it."""

    def __init__(self, url: str, name: str, token: str) -> None:
        self.url, self.name, self.token = url, name, token


def _environment() -> Path:
    named = os.environ.get("RAPPORT_SERVERS_VENV")
    folder = Path(named) if named else ROOT / ".venv-servers"
    if not (folder / "bin" / "synapse_homeserver").exists():
        refuse("Synapse is not installed (set RAPPORT_SERVERS_VENV, or make .venv-servers)")
    return folder
