"""Updates as the Bot API delivers them, written after https://core.telegram.org/bots/api#update."""

from typing import Any

import orjson

from rapport.channels.base import Account, Edited, Incoming, Reaction
from rapport.channels.kinds.telegram import collect
from rapport.channels.testing import Sample, account_for
from tests.peers.telegram.emulator import ANN, BEN, BOT, GROUP, PLAIN, PRIVATE, TOKEN

OWN = {"address": "@hub_bot", "id": "666", "username": "hub_bot", "name": "Hub"}
CHANNEL = {"id": -1009876543210, "type": "channel", "title": "Example news", "username": "example_news"}
FORUM = {**GROUP, "is_forum": True}


def account_at(url: str, hook_url: str = "", **config: Any) -> Account:
    """A bot at a server of ours."""
    return account_for(
        "telegram", address="@hub_bot", hook_url=hook_url, config={"server": url, "own": OWN, **config},
        secrets={"token": TOKEN},
    )  # fmt: skip


def said(number: int = 17, text: str = "Where is my parcel?", **more: Any) -> dict[str, Any]:
    """A Message of Ann to the bot."""
    return {"message_id": number, "from": ANN, "chat": PRIVATE, "date": 1772442000, "text": text, **more}


def item(number: int = 500, **update: Any) -> Incoming:
    """An update as a raw item."""
    whole = {"update_id": number, **update}
    return collect.item(whole, orjson.dumps(whole))


_LINKED = "See the 🌻 page, @hub_bot"
SAMPLES = [
    Sample(item(500, message=said())),
    Sample(item(501, edited_message=said(edit_date=1772442060, text="Where are my parcels?")), (Edited,)),
    Sample(item(502, message=said(18, reply_to_message=said(12, "We look into it.", **{"from": BOT})))),
    Sample(item(503, message={
        "message_id": 40, "from": ANN, "chat": GROUP, "date": 1772442001, "text": _LINKED,
        "entities": [
            {"type": "text_link", "offset": 8, "length": 7, "url": "https://example.org/sunflower"},
            {"type": "mention", "offset": 17, "length": 8},
        ],
    })),
    Sample(item(504, message={
        "message_id": 41, "from": BEN, "chat": FORUM, "date": 1772442002, "text": "/help", "is_topic_message": True,
        "message_thread_id": 7, "entities": [{"type": "bot_command", "offset": 0, "length": 5}],
    })),
    Sample(item(505, message={
        "message_id": 42, "from": BEN, "chat": GROUP, "date": 1772442003, "text": "Nice day.",
    }), ()),
    Sample(item(506, message={
        "message_id": 19, "from": ANN, "chat": PRIVATE, "date": 1772442004, "caption": "It came broken",
        "photo": [
            {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 67, "file_size": 900},
            {"file_id": "large", "file_unique_id": "l", "width": 1280, "height": 960, "file_size": 120000},
        ],
    })),
    Sample(item(507, message={
        "message_id": 20, "from": ANN, "chat": PRIVATE, "date": 1772442005,
        "voice": {"file_id": "v", "file_unique_id": "vu", "duration": 3, "mime_type": "audio/ogg", "file_size": 8000},
    })),
    Sample(item(508, channel_post={
        "message_id": 3, "sender_chat": CHANNEL, "chat": CHANNEL, "date": 1772442006, "text": "We have a new shop.",
    })),
    Sample(item(509, message={
        "message_id": 4, "from": BEN, "chat": PLAIN, "date": 1772442007, "group_chat_created": True,
    }), ()),
    Sample(item(510, callback_query={"id": "1", "from": ANN, "chat_instance": "2", "data": "x"}), ()),
    Sample(item(511, message_reaction={
        "chat": GROUP, "message_id": 40, "user": BEN, "date": 1772442008,
        "old_reaction": [{"type": "emoji", "emoji": "👎"}], "new_reaction": [{"type": "emoji", "emoji": "👍"}],
    }), (Reaction, Reaction)),
    Sample(item(512, message={
        "message_id": 21, "from": ANN, "chat": PRIVATE, "date": 1772442009,
        "location": {"latitude": 52.52, "longitude": 13.405},
    })),
    Sample(item(513, message={
        "message_id": 22, "from": ANN, "chat": PRIVATE, "date": 1772442010,
        "rich_message": {"blocks": [
            {"type": "paragraph", "text": ["Two ", {"type": "bold", "text": "things"}, ":"]},
            {"type": "list", "items": [{"label": "-", "blocks": [{"type": "paragraph", "text": "parcel"}]}]},
        ]},
    })),
]  # fmt: skip
