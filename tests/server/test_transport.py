"""The base protocol: frames survive any way of being cut up, and garbage costs only itself."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codanna_rpc.transport import MAX_HEADER_LINE, BadFrame, FrameParser, Writer


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def bodies(parser: FrameParser, *chunks: bytes) -> list[bytes]:
    return [item for chunk in chunks for item in parser.feed(chunk) if isinstance(item, bytes)]


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 17))
def test_chunking_does_not_matter(contents: list[bytes], size: int) -> None:
    """However a stream is cut, the same bodies come out."""
    stream = b"".join(map(frame, contents))
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert bodies(FrameParser(), *chunks) == contents


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 2\r\n\r\n",
        b"Content-Length:2\n\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"\r\n\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_header_variants_are_understood(header: bytes) -> None:
    """Other spellings of the header that clients send are accepted."""
    assert bodies(FrameParser(), header + b"{}") == [b"{}"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: twelve\r\n\r\n",
        b'{"jsonrpc": "2.0"}',
        b"\x00\xff\xfe" * 50 + b"\n",
        b"x" * (3 * MAX_HEADER_LINE) + b"\n",
    ],
)
def test_finds_back_after_garbage(garbage: bytes) -> None:
    """The frame after a broken one is read."""
    assert bodies(FrameParser(), garbage + frame(b"{}")) == [b"{}"]


def test_too_long_message_is_skipped_without_being_stored() -> None:
    """A message beyond the limit is refused once, and the next is read."""
    parser = FrameParser(max_body=100)
    found = list(parser.feed(b"Content-Length: 1000\r\n\r\n"))
    assert [isinstance(item, BadFrame) and item.answerable for item in found] == [True]
    for _ in range(10):
        assert list(parser.feed(b"x" * 100)) == []
        assert len(parser._buffer) == 0
    assert bodies(parser, frame(b"{}")) == [b"{}"]


def test_endless_header_line_is_not_collected() -> None:
    """A line without end is dropped instead of filling the memory."""
    parser = FrameParser()
    for _ in range(100):
        list(parser.feed(b"y" * MAX_HEADER_LINE))
    assert len(parser._buffer) <= 2 * MAX_HEADER_LINE


def test_writer_never_blocks_and_keeps_the_order() -> None:
    """Frames that a slow client does not take at once arrive whole and in order."""
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    lost = threading.Event()
    writer = Writer(lambda data: os.write(sink, data), writable=sink)
    writer.when_lost(lost.set)
    frames = [frame(b"%06d" % number * 5000) for number in range(40)]
    for item in frames:  # 1.2 MB, far more than a pipe holds, and nobody reads yet.
        writer.write(item)
    expected = b"".join(frames)
    received = bytearray()
    while len(received) < len(expected):
        received += os.read(source, 65536)
    assert bytes(received) == expected
    writer.close()
    os.close(source)
    os.close(sink)
    assert not lost.is_set()


def test_writer_reports_a_client_that_is_gone() -> None:
    """A closed pipe is told once and later frames vanish silently."""
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    lost = threading.Event()
    writer = Writer(lambda data: os.write(sink, data), writable=sink)
    writer.when_lost(lost.set)
    os.close(source)
    writer.write(frame(b"{}"))
    assert lost.wait(5)
    writer.write(frame(b"{}"))
    writer.close()
    os.close(sink)
