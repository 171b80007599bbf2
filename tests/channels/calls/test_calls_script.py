"""The script in the documentation signs so that it is believed."""

import re
import stat
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from rapport.channels.base import Hook
from rapport.channels.kinds.calls.connector import CallsConnector
from rapport.channels.testing import Reply, ScriptedServer
from tests.channels.calls.test_calls_contract import CALL, SECRET, account
from tests.support import require_binary

_PAGE = Path(__file__).parents[3] / "docs" / "channels" / "calls.md"


@pytest.mark.peers
def test_the_script_of_the_page_posts_what_is_believed(tmp_path: Path) -> None:
    """Read from the page, run as it stands there."""
    require_binary("openssl")
    require_binary("curl")
    found = re.search(r"```sh\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    script = tmp_path / "post"
    script.write_text(found[1])
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with ScriptedServer() as server:
        server.always(Reply(200))
        environment = {"HOOK": f"{server.url}/hook", "SECRET": SECRET, "PATH": "/usr/bin:/bin"}
        subprocess.run([str(script)], input=orjson.dumps(CALL), env=environment, check=True, timeout=60)
        (asked,) = server.asked
    hook = Hook("POST", f"{server.url}/hook", "", {}, asked.headers, asked.body, datetime.now(UTC))
    received = CallsConnector().receive(account(), hook)
    assert len(received.items) == 1
