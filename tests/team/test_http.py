"""What a client of the engine does with a server that misbehaves, on loopback."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from loopback import reply, server

from codanna_core.errors import CodannaError
from codanna_team.http import Client, Endpoint, EngineError, Trouble


def client(port: int, token: str = "") -> Client:
    """Of a server without TLS, which only loopback may be."""
    return Client(Endpoint.parse(f"http://127.0.0.1:{port}/code"), lambda: token)


def trouble(one: Client, seconds: float = 2.0, most: int = 1 << 20) -> EngineError:
    """What a request fails with."""
    with pytest.raises(EngineError) as raised:
        one.request("GET", "/", deadline=time.monotonic() + seconds, most=most)
    return raised.value


def test_connections_are_kept() -> None:
    """Two requests are two requests on one connection, and the token travels with each."""
    peers = set()

    def serve(connection: socket.socket, request: bytes) -> None:
        peers.add(connection.getpeername())
        connection.sendall(reply(b"{}"))

    with server(serve) as (port, seen):
        one = client(port, "user:secret")
        for _ in range(3):
            assert one.request("POST", "/x", b"{}", deadline=time.monotonic() + 5).body == b"{}"
        assert len(peers) == 1
        assert all(b"Authorization: Basic dXNlcjpzZWNyZXQ=" in request for request in seen)
        one.close()


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    """A server may end idle connections whenever it likes."""

    def serve(connection: socket.socket, request: bytes) -> None:
        connection.sendall(reply(b"{}"))
        connection.shutdown(socket.SHUT_RDWR)

    with server(serve) as (port, seen):
        one = client(port)
        for _ in range(3):
            one.request("GET", "/", deadline=time.monotonic() + 5)
            time.sleep(0.02)
        assert len(seen) == 3


def test_a_redirect_is_not_followed() -> None:
    """The token goes nowhere else, whatever the server says."""
    with server(lambda connection, _: connection.sendall(reply(b"", "302 Found", b"Location: /y\r\n"))) as (
        port,
        seen,
    ):
        assert trouble(client(port, "t")).trouble is Trouble.MALFORMED
        assert len(seen) == 1


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    """A byte now and then does not keep anybody waiting."""

    def serve(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.02)

    with server(serve) as (port, _):
        began = time.monotonic()
        assert trouble(client(port), 0.2).trouble is Trouble.SLOW
        assert time.monotonic() - began < 1.0


def test_silence_ends_at_the_deadline() -> None:
    """A server that takes the request and says nothing is slow, and one that refuses is unreachable."""
    with server(lambda connection, _: time.sleep(1)) as (port, _):
        assert trouble(client(port), 0.1).trouble is Trouble.SLOW
    assert trouble(client(port), 1).trouble is Trouble.UNREACHABLE


@pytest.mark.parametrize("declared", [True, False])
def test_a_large_answer_is_not_read(declared: bool) -> None:
    """Neither one that says how long it is nor one that never ends."""

    def serve(connection: socket.socket, request: bytes) -> None:
        length = b"Content-Length: 99999999\r\n" if declared else b"Connection: close\r\n"
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + b"x" * 100_000)

    with server(serve) as (port, _):
        assert trouble(client(port), most=50_000).trouble is Trouble.MALFORMED


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"])
def test_what_is_no_http_is_no_answer(answer: bytes) -> None:
    """Garbage and cut answers alike."""

    def serve(connection: socket.socket, request: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with server(serve) as (port, _):
        assert trouble(client(port)).trouble in (Trouble.MALFORMED, Trouble.UNREACHABLE)


def test_certificates_are_checked(tmp_path: Path) -> None:
    """A certificate that nobody vouches for ends it before the token travels; a bundle with it helps."""
    key, pem = tmp_path / "key", tmp_path / "pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(pem)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    with server(lambda connection, _: connection.sendall(reply(b"{}")), context) as (port, seen):
        endpoint = Endpoint.parse(f"https://127.0.0.1:{port}/code")
        failure = trouble(Client(endpoint, lambda: "secret"))
        assert failure.trouble is Trouble.UNREACHABLE
        assert "certificate" in str(failure)
        assert seen == []
        trusting = Client(endpoint, lambda: "secret", pem)
        assert trusting.request("GET", "/", deadline=time.monotonic() + 5).status == 200


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://search.example.com/code", "https://"),
        ("https://user:secret@example.com/code", "password"),
        ("https://example.com/Code", "name of an index"),
        ("https://example.com/a?b", "https://host"),
        ("ftp://example.com/", "https://"),
        ("https://example.com:999999/", "cannot be read"),
        ("", "https://host"),
    ],
)
def test_addresses_that_are_refused(url: str, part: str) -> None:
    """Each with what is wrong, and never with a password."""
    with pytest.raises(CodannaError, match=part) as raised:
        Endpoint.parse(url)
    assert "secret" not in str(raised.value)


def test_an_address_names_its_index() -> None:
    """Behind a gateway as well; without a name it is the usual one."""
    assert Endpoint.parse("https://example.com").index == "codanna"
    behind = Endpoint.parse("https://example.com:9200/search/web,shop/")
    assert (behind.port, behind.prefix, behind.index) == (
        9200,
        "/search/web,shop".rpartition("/")[0],
        "web,shop",
    )


def test_a_token_that_cannot_be_sent() -> None:
    """A line end in a token would be another header."""
    with server(lambda connection, _: connection.sendall(reply(b"{}"))) as (port, seen):
        assert trouble(client(port, "a\r\nX: y")).trouble is Trouble.REFUSED
        assert seen == []
