"""Somebody else's site: another origin, with as strict a Content-Security-Policy as a site can have."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Example shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/site.css"></head>
<body><main><h1>Example shop</h1><p>Everything for your <a href="/next">garden</a>, delivered in two days.</p>
{inside}</main></body></html>"""
_SHEET = b"""html { color-scheme: light dark } body { font: 17px/1.6 Georgia, serif; margin: 0; padding: 6vmin; }
a { color: inherit } main { max-width: 60ch; } h1 { font-size: 2.2em } button { transform: rotate(3deg) }
* { letter-spacing: 0.1em } body > div { position: relative !important; transform: scale(2); font-size: 40px }
iframe { width: 100%; height: 760px; border: 1px solid #999 }"""


class Site:
    """Where it stands, what its pages hold, and the policy they are under."""

    def __init__(self) -> None:
        self.inside = ""
        self.policy = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                sheet = self.path == "/site.css"
                body = _SHEET if sheet else _PAGE.format(inside=site.inside).encode()
                self.send_response(404 if self.path == "/favicon.ico" else 200)
                self.send_header("Content-Type", "text/css" if sheet else "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", site.policy)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Its origin."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def show(self, hub: str, key: str, live: str, **data: str) -> None:
        """Put the chat of `hub` into every page, and allow what docs/channels/webchat.md says it needs."""
        given = "".join(f' data-{name}="{value}"' for name, value in data.items())
        self.inside = f'<script src="{hub}/chat/{key}/widget.js" async{given}></script>'
        self.policy = (
            f"default-src 'none'; style-src 'self'; script-src {hub}; connect-src {hub} {live}; frame-src {hub}; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
        )


@contextmanager
def serve() -> Iterator[Site]:
    """The site, as long as the block runs."""
    site = Site()
    site._thread.start()
    try:
        yield site
    finally:
        site._server.shutdown()
        site._server.server_close()
        site._thread.join(5)
