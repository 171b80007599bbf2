"""For those who write a kind of channel: what it must stand, as tests to inherit, and stand-ins for the house.

`pytest` is needed, and nothing else of the house's tests. `python -m rapport.channels.testing my_kind` runs all of it.
"""

from rapport.channels.testing.contract import ConnectorContract, HookContract, HttpContract, Sample
from rapport.channels.testing.server import Reply, ScriptedServer
from rapport.channels.testing.source import MemorySource, account_for, draft_for

__all__ = [
    "ConnectorContract", "HookContract", "HttpContract", "MemorySource", "Reply", "Sample", "ScriptedServer",
    "account_for", "draft_for",
]  # fmt: skip
