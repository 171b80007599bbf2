"""Fewer bytes over the wire: static files packed and kept by browsers for good, pages packed where that is safe."""

import gzip
import re
from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from rapport.core.statics import PREFIX

_PACKED = re.compile(r"^(text/|application/(javascript|json|manifest)|image/svg)")
_PAGE = "text/html"


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serves static files, packed when asked; an address of before an upgrade leads to the file as it is now.

    They lie under the hash of all of them (`core.statics`), hence browsers keep them for good.
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer for a static file, or pass on."""
        path = request.path_info
        if path.startswith(PREFIX) and path not in self.files:
            whole = path.removeprefix(PREFIX)
            for name in (whole, whole.partition("/")[2]):
                if f"{self.static_prefix}{name}" in self.files:
                    return HttpResponseRedirect(f"{self.static_prefix}{name}")
        answer: HttpResponseBase = super().__call__(request)
        return answer

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        """The file, packed where that helps."""
        answer: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
        wanted = "gzip" in request.headers.get("Accept-Encoding", "") and "Range" not in request.headers
        if not (wanted and request.method == "GET" and answer.status_code == 200):
            return answer
        if not _PACKED.match(answer.headers.get("Content-Type", "")):
            return answer
        answer.close()
        content = _packed(static_file.alternatives[-1][1])
        changed = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Content-Length": str(len(content))}
        # The ETag tells as much, in each of some thirty files a page asks for.
        kept = {name: value for name, value in answer.headers.items() if name != "Last-Modified"}
        return HttpResponse(content, headers={**kept, **changed})


@cache
def _packed(path: str) -> bytes:
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)


class PackedPagesMiddleware(GZipMiddleware):
    """Packs pages, and no others, that the reader's own page or address bar asked for.

    The length of a packed page tells a little of what is in it (BREACH). Who wants to profit must have the reader's
    browser ask again and again from another site; such requests are answered unpacked. Besides, tokens in a page are
    masked anew each time, and Django adds up to a hundred random bytes to each.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Pack it, or leave it."""
        trusted = request.headers.get("Sec-Fetch-Site") in ("same-origin", "none")
        if not trusted or response.streaming or not response.headers.get("Content-Type", "").startswith(_PAGE):
            return response
        return super().process_response(request, response)
