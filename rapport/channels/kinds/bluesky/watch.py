"""The recent posts that are looked at again: the API tells nobody that a post was deleted or changed."""

from typing import Any

import orjson

from rapport.channels.base import Incoming, deletion_of

POSTS_MAX = 200


class Watch:
    """Addresses of posts with the hash of the version that was collected, oldest first. Kept as a cursor."""

    def __init__(self, cursor: Any) -> None:
        self._posts: dict[str, str] = {}
        self.is_changed = False
        for row in cursor if isinstance(cursor, list) else ():
            self._posts[str(row[0])] = str(row[1])

    def add(self, uri: str, cid: str) -> bool:
        """Note a post; whether it was there in another version."""
        before = self._posts.pop(uri, cid)
        self._posts[uri] = cid
        while len(self._posts) > POSTS_MAX:
            del self._posts[next(iter(self._posts))]
        self.is_changed = True
        return before != cid

    def drop(self, uri: str) -> None:
        """Look at a post no more."""
        self.is_changed = self._posts.pop(uri, None) is not None or self.is_changed

    def gone(self, uri: str) -> Incoming:
        """The item that says a post is gone; it is not looked at any more."""
        self.drop(uri)
        return Incoming(deletion_of(uri), orjson.dumps({"uri": uri, "deleted": True}))

    def posts(self) -> dict[str, str]:
        """Address to hash, of all."""
        return dict(self._posts)

    def cursor(self) -> list[list[str]]:
        """As JSON."""
        return [[uri, cid] for uri, cid in self._posts.items()]
