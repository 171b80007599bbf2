"""A feed and its WebSub hub (Flask-WebSub) on loopback: `python hub.py PORT FOLDER`; `/add/TITLE` publishes."""

import sys
import threading
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from flask import Flask, Response
from flask_websub.hub import Hub, SQLite3HubStorage

PORT, FOLDER = int(sys.argv[1]), Path(sys.argv[2])
HERE = f"http://127.0.0.1:{PORT}"
app = Flask(__name__)


class Task:
    """As much of a Celery task as the hub uses: done at once in a thread; a failed push is not tried again."""

    class request:  # noqa: N801 - the name in Celery
        """How often it was tried."""

        retries = 0

    def __init__(self, work: Callable[..., None], is_bound: bool) -> None:
        self._work, self._first = work, (self,) if is_bound else ()

    def delay(self, *args: Any) -> None:
        """Begin."""
        threading.Thread(target=self._work, args=(*self._first, *args), daemon=True).start()

    def retry(self, countdown: float) -> None:
        """Never."""


class Queue:
    """As much of Celery."""

    def task(self, bind: bool = False, **_: Any) -> Any:
        """A decorator."""
        return lambda work: Task(work, bind)


hub = Hub(SQLite3HubStorage(str(FOLDER / "hub.sqlite3")), Queue(), SIGNATURE_ALGORITHM="sha512")
app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
titles = ["first"]


@app.route("/feed.xml")
def feed() -> Response:
    """The feed as it is now, with the headers that WebSub asks for."""
    items = "".join(f"<item><title>{escape(one)}</title><guid>{escape(one)}</guid></item>" for one in reversed(titles))
    body = f'<rss version="2.0"><channel><title>News</title><link>{HERE}/</link>{items}</channel></rss>'
    links = f'<{HERE}/hub>; rel="hub", <{HERE}/feed.xml>; rel="self"'
    return Response(body, mimetype="application/rss+xml", headers={"Link": links})


@app.route("/add/<title>")
def add(title: str) -> str:
    """Publish an entry and tell the subscribers."""
    titles.append(title)
    hub.send_change_notification.delay(f"{HERE}/feed.xml")
    return "ok"


@app.route("/subscribers")
def subscribers() -> list[str]:
    """Whom the hub would tell."""
    return [callback for callback, _ in hub.storage.get_callbacks(f"{HERE}/feed.xml")]


app.run("127.0.0.1", PORT, threaded=True)
