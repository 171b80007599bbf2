"""Sending what was composed: one PUT per event, each under a transaction id that makes repeating it harmless."""

from collections.abc import Callable
from typing import Any

import orjson

from rapport.channels.base import Account, MessageRefused, Outgoing, Sent
from rapport.channels.kinds.matrix.client import Api, Missing
from rapport.channels.kinds.matrix.compose import file_event
from rapport.channels.kinds.matrix.parse import mapping, name_of


def send(account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    """Send once; the errors of `Connector.send`."""
    try:
        return _send(account, outgoing, about_to_send)
    except Missing as error:
        raise MessageRefused(error.message, error.hint, permanent=True) from error


def _send(account: Account, outgoing: Outgoing, about_to_send: Callable[[], None]) -> Sent:
    api, whole = Api(account), orjson.loads(outgoing.body)
    place, events = whole["place"], list(whole["events"])
    known = direct_room(api, _own(account), place["user"]) if "user" in place else _room(api, place["room"])
    events += [file_event(file, api.upload(file)) for file in outgoing.files]
    about_to_send()
    room = known or _open_direct_room(api, _own(account), place["user"])
    numbers = [
        api.send(room, "m.room.message", f"{whole['key']}.{count}", event) for count, event in enumerate(events)
    ]
    answer: dict[str, Any] = {
        "room": room, "event": numbers[0], "root": mapping(events[0].get("m.relates_to")).get("event_id", ""),
        "direct": "user" in place,
    }  # fmt: skip
    url = f"https://matrix.to/#/{room}/{numbers[0]}"
    return Sent("The homeserver has it.", [name_of(number) for number in numbers], url, answer)


def direct_room(api: Api, own: str, user: str) -> str:
    """The room that is ours and the user's alone, of those we are still in; "" where there is none."""
    rooms = mapping(direct_rooms(api, own)).get(user)
    joined = api.get("joined_rooms").get("joined_rooms")
    return next((one for one in rooms or () if isinstance(joined, list) and one in joined), "")


def direct_rooms(api: Api, own: str) -> dict[str, list[str]]:
    """The direct rooms by user, as the account's own data on the homeserver says (`m.direct`)."""
    try:
        found = api.get("user", own, "account_data", "m.direct")
    except Missing:
        return {}
    return {
        user: [one for one in rooms if isinstance(one, str)] for user, rooms in found.items() if isinstance(rooms, list)
    }


def note_direct_room(api: Api, own: str, user: str, room: str) -> None:
    """Tell the homeserver that a room is a direct one, so that every session of the account knows."""
    rooms = direct_rooms(api, own)
    if room not in rooms.setdefault(user, []):
        rooms[user].append(room)
        api.put("user", own, "account_data", "m.direct", given=rooms)


def _open_direct_room(api: Api, own: str, user: str) -> str:
    made = api.post("createRoom", given={"preset": "trusted_private_chat", "is_direct": True, "invite": [user]})
    room = str(made.get("room_id", ""))
    note_direct_room(api, own, user, room)
    return room


def _room(api: Api, room: str) -> str:
    """The id of a room that may be named by its alias."""
    return str(api.get("directory", "room", room).get("room_id", "")) if room.startswith("#") else room


def _own(account: Account) -> str:
    own = mapping(account.config.get("own")).get("user_id")
    return str(own or account.address)
