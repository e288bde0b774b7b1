"""Questions to a real name server on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest

from supportbot.channels.email.authenticity.names import NamesUnavailable, Resolver

RECORDS = {
    ("text.example.", "TXT"): ['"v=spf1 " "-all"', '"other"'],
    ("text.example.", "MX"): ["10 mx.text.example."],
    ("text.example.", "A"): ["192.0.2.7"],
}


def answered(wire: bytes) -> bytes | None:
    """Answer a query; a name that begins with `silent` gets no answer."""
    query = dns.message.from_wire(wire)
    asked = query.question[0]
    name, kind = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
    if name.startswith("silent"):
        return None
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if name.startswith("broken"):
        response.set_rcode(dns.rcode.SERVFAIL)
    elif not any(known == name for known, _ in RECORDS):
        response.set_rcode(dns.rcode.NXDOMAIN)
    elif texts := RECORDS.get((name, kind)):
        response.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, texts))
    return response.to_wire()


@pytest.fixture
def resolver() -> Iterator[Resolver]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                wire, client = server.recvfrom(4096)
                if wire == b"stop":
                    return
                if (response := answered(wire)) is not None:
                    server.sendto(response, client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Resolver(["127.0.0.1"], server.getsockname()[1])
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.sendto(b"stop", server.getsockname())
            thread.join()


def test_records_are_given_as_they_stand_in_a_zone(resolver: Resolver) -> None:
    assert {*resolver("text.example", "TXT", 5)} == {b"v=spf1 -all", b"other"}
    assert [*resolver("text.example.", "MX", 5)] == [b"10 mx.text.example."]
    assert [*resolver("TEXT.example", "A", 5)] == [b"192.0.2.7"]


@pytest.mark.parametrize("name", ["text.example", "nothing.example", "a" * 64 + ".example", "a..b"])
def test_where_nothing_stands_nothing_is_given(resolver: Resolver, name: str) -> None:
    assert [*resolver(name, "AAAA", 5)] == []


@pytest.mark.parametrize(("name", "seconds"), [("broken.example", 5.0), ("silent.example", 0.1)])
def test_no_answer_is_told_apart_from_nothing(
    resolver: Resolver, name: str, seconds: float
) -> None:
    with pytest.raises(NamesUnavailable, match=name):
        resolver(name, "TXT", seconds)
