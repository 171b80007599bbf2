"""Being reachable at a telephone system: REGISTER with a digest (RFC 3261, 10 and 22; RFC 7616)."""

from dataclasses import dataclass

from aiosipua import SipDigestAuth, SipRequest, SipResponse
from aiosipua.auth import answer_challenge
from aiosipua.headers import CSeq, Via, stringify_cseq, stringify_via
from aiosipua.utils import format_addr, generate_branch, generate_call_id, generate_tag

from rapport.channels.base import ChannelError
from rapport.channels.kinds.sip.wire import Wire

WITHIN_S = 8.0
EXPIRES_S = 300
AGENT = "Rapport"
_FOR_NOW = (408, 480, 486, 491)


@dataclass(frozen=True, slots=True)
class Where:
    """Whom to register, and where. `addr` is the server's (IP address, port), `contact` our own as it sees it."""

    domain: str
    user: str
    password: str
    addr: tuple[str, int]
    contact: tuple[str, int]


class Registration:
    """One binding of our address. All its requests share one Call-ID (10.2)."""

    def __init__(self, wire: Wire, where: Where) -> None:
        self._wire = wire
        self._where = where
        self._call_id = generate_call_id(where.contact[0])
        self._tag = generate_tag()
        self._cseq = 0

    @property
    def server(self) -> tuple[str, int]:
        """Where it is kept: IP address and port."""
        return self._where.addr

    async def register(self, expires: int = EXPIRES_S) -> int:
        """Bind, or with 0 unbind; the seconds that were granted. Raises ChannelError."""
        answer = await self._ask(expires)
        if answer.status_code == 423:
            # "Interval too brief": it says how long it wants (10.2.8).
            wanted = answer.get_header("min-expires") or ""
            if wanted.isdigit() and expires < int(wanted) <= 86_400:
                answer = await self._ask(int(wanted))
        _check(answer, self._where)
        return min(max(_granted(answer, self._where, expires), 30), 3_600)

    async def look(self) -> None:
        """Sign in without binding anything: a REGISTER without Contact only asks (10.2.3). Raises ChannelError."""
        _check(await self._ask(None), self._where)

    async def _ask(self, expires: int | None) -> SipResponse:
        answer = await self._send(self._request(expires))
        if answer.status_code not in (401, 407):
            return answer
        auth = SipDigestAuth(self._where.user, self._where.password)
        proof = answer_challenge(auth, answer, answer.status_code, "REGISTER", f"sip:{self._where.domain}")
        if proof is None:
            raise ChannelError(
                f"{self._where.domain} asks for a way to sign in that is not known here.",
                "Let it use digest with MD5 or SHA-256.",
                permanent=True,
            )
        request = self._request(expires)
        request.headers.set_single(*proof)
        return await self._send(request)

    async def _send(self, request: SipRequest) -> SipResponse:
        try:
            return await self._wire.ask(request, self._where.addr, WITHIN_S)
        except TimeoutError as error:
            raise ChannelError(f"{self._where.domain} does not answer.", "Is it up?", permanent=False) from error

    def _request(self, expires: int | None) -> SipRequest:
        self._cseq += 1
        where = self._where
        request = SipRequest(method="REGISTER", uri=f"sip:{where.domain}")
        via = Via(
            transport="UDP", host=where.contact[0], port=where.contact[1],
            params={"branch": generate_branch(), "rport": None},
        )  # fmt: skip
        us = f"<sip:{where.user}@{where.domain}>"
        headers = {
            "Via": stringify_via(via), "From": f"{us};tag={self._tag}", "To": us, "Call-ID": self._call_id,
            "CSeq": stringify_cseq(CSeq(self._cseq, "REGISTER")), "Max-Forwards": "70", "User-Agent": AGENT,
        }  # fmt: skip
        if expires is not None:
            headers |= {"Contact": f"<sip:{where.user}@{format_addr(*where.contact)}>", "Expires": str(expires)}
        for name, value in headers.items():
            request.headers.set_single(name, value)
        return request


def _granted(answer: SipResponse, where: Where, asked: int) -> int:
    """Of our own binding; others of the same user are listed too."""
    ours = f"@{format_addr(*where.contact)}"
    for raw in answer.headers.get("contact"):
        value = raw.partition("expires=")[2].partition(";")[0].strip()
        if ours in raw and value.isdigit():
            return int(value)
    value = answer.get_header("expires") or ""
    return int(value) if value.isdigit() else asked


def _check(answer: SipResponse, where: Where) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    if status in (401, 403, 407):
        raise ChannelError(
            f"{where.domain} does not accept user and password ({status}).", "Enter them anew.", permanent=True
        )
    if status == 404:
        raise ChannelError(f"{where.domain} has no user {where.user} (404).", "Check the user.", permanent=True)
    raise ChannelError(
        f"{where.domain} does not register us ({status} {answer.reason_phrase[:100]}).",
        "Look into its log.",
        permanent=300 <= status < 500 and status not in _FOR_NOW,
    )
