"""Outgoing connections go nowhere private unless the operator says so."""

import socket
from dataclasses import replace
from typing import Any

import pytest

from rapport.channels import guard
from rapport.core.errors import ChannelError
from rapport.core.options import options


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"inside.example": "10.1.2.3", "trick.example": "127.0.0.1", "meta.example": "169.254.169.254",
             "public.example": "93.184.216.34", "localhost": "127.0.0.1"}  # fmt: skip

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host not in known:
            raise OSError("no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], port))]

    monkeypatch.setattr(guard.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("host", ["inside.example", "trick.example", "meta.example"])
def test_a_name_that_leads_inside_is_refused_for_good(names: None, host: str) -> None:
    with pytest.raises(ChannelError, match="private network") as refused:
        guard.resolved(host, 993)
    assert refused.value.permanent


def test_a_public_server_and_loopback_by_name_are_reached(names: None) -> None:
    assert guard.resolved("public.example", 993) == "93.184.216.34"
    assert guard.resolved("localhost", 993) == "127.0.0.1"


def test_the_operator_may_allow_it(names: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "options", lambda: replace(options(), allow_private_addresses=True))
    assert guard.resolved("inside.example", 993) == "10.1.2.3"


def test_an_unknown_name_is_tried_again_later(names: None) -> None:
    with pytest.raises(ChannelError) as refused:
        guard.resolved("nowhere.example", 993)
    assert not refused.value.permanent
