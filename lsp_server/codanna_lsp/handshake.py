"""`initialize`, answered before pygls, the engine or anything else that takes time is loaded."""

from __future__ import annotations

import logging
import time
from dataclasses import field
from pathlib import Path
from typing import Any

from codanna_core._version import __version__
from codanna_core.config import ServerSettings
from codanna_core.records import dataclass
from codanna_lsp import convert, settings
from codanna_lsp.capabilities import ClientCapabilities, read_client, server_capabilities
from codanna_rpc import jsonrpc
from codanna_rpc.jsonrpc import MsgId, Receiver
from codanna_rpc.params import InvalidParams, Params
from codanna_rpc.processes import visible
from codanna_rpc.transport import BadFrame, Channel, FrameParser, Writer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Introduction:
    """What the client said of itself in `initialize`."""

    client: ClientCapabilities
    folders: tuple[tuple[str, str], ...]
    """URI and name of each workspace folder."""
    roots: tuple[Path, ...]
    """Those that can be folders of this machine."""
    options: dict[str, Any]
    languages: settings.Languages
    server_settings: ServerSettings
    process_id: int | None
    """The client's process; None where it is not seen from here."""
    trace: str
    seconds: float
    """How long the answer took."""


@dataclass(slots=True)
class Greeting:
    """The state of the conversation after the handshake."""

    introduction: Introduction
    parser: FrameParser
    frames: list[bytes | BadFrame] = field(default_factory=list)
    """What the client has sent already behind `initialize`."""


class Greeter(Receiver):
    """Talks to the client until `initialize` is answered."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.introduction: Introduction | None = None
        self.exited = False

    def on_request(self, msg_id: MsgId, method: str, params: Any) -> None:
        """Only `initialize` is answered with a result."""
        if method != "initialize":
            self.refuse(msg_id, jsonrpc.NOT_INITIALIZED, "send `initialize` first")
            return
        started = time.perf_counter()
        try:
            self.introduction = introduction = read_introduction(params, started)
        except InvalidParams as error:
            self.refuse(msg_id, jsonrpc.INVALID_PARAMS, str(error))
            return
        except Exception:
            logger.exception("`initialize` failed")
            # Without an answer the editor would wait forever and show nothing.
            self.refuse(
                msg_id, jsonrpc.INTERNAL_ERROR, f"{method} failed inside the server; the log says why"
            )
            return
        self.send({"jsonrpc": "2.0", "id": msg_id, "result": answer(introduction)})

    def on_notification(self, method: str, params: Any) -> None:
        """Nothing counts before `initialize`, except `exit`."""
        self.exited = self.exited or method == "exit"

    def on_response(self, msg_id: MsgId, message: dict[str, Any]) -> None:
        """Nothing was asked."""

    def send(self, message: dict[str, Any]) -> int:
        """Send a message."""
        data = jsonrpc.frame(message)
        self._writer.write(data)
        return len(data)


def greet(channel: Channel, writer: Writer) -> Greeting | None:
    """Read until `initialize` is answered; None when the client left before."""
    greeter, parser = Greeter(writer), FrameParser()
    while True:
        try:
            data = channel.read(65536)
        except OSError as error:
            logger.info("reading from the client ended: %s", error)
            return None
        if not data:
            return None
        frames = parser.feed(data)
        for frame in frames:
            greeter.receive(frame)
            if greeter.exited:
                return None
            if greeter.introduction is not None:
                return Greeting(greeter.introduction, parser, list(frames))


def read_introduction(raw: Any, started: float) -> Introduction:
    """Read `InitializeParams`."""
    params = Params({} if raw is None else raw)
    raw_options = params.raw("initializationOptions")
    raw_options = dict(raw_options) if isinstance(raw_options, dict) else {}
    languages = settings.Languages.taken_from(raw_options)
    options = settings.layered(settings.unwrap(raw_options))
    folders = read_folders(params)
    roots = [root for uri, _ in folders if (root := convert.path_from_uri(uri)) is not None]
    process_id = params.raw("processId")
    return Introduction(
        client=read_client(params.raw("capabilities")),
        folders=tuple(folders),
        roots=tuple(roots),
        options=options,
        languages=languages,
        server_settings=settings.server_settings(options, roots[0] if roots else None),
        process_id=visible(process_id) if isinstance(process_id, int) else None,
        trace=str(params.raw("trace") or "off"),
        seconds=time.perf_counter() - started,
    )


def answer(introduction: Introduction) -> dict[str, Any]:
    """The `InitializeResult`."""
    server_settings, languages = introduction.server_settings, introduction.languages
    return {
        "capabilities": server_capabilities(
            introduction.client,
            document_symbol=settings.offers(server_settings.document_symbols, languages.outline),
            navigation=settings.offers(server_settings.navigation, languages.navigation),
            code_lens=server_settings.code_lens,
        ),
        "serverInfo": {"name": "codanna-lsp", "version": __version__},
    }


def read_folders(params: Params) -> list[tuple[str, str]]:
    """The folders of `initialize`, in whichever of its three forms the client names them."""
    listed = [(item.text("uri"), item.text("name", "")) for item in params.children("workspaceFolders")]
    if listed:
        return listed
    if isinstance(uri := params.raw("rootUri"), str):
        return [(uri, "")]
    if isinstance(path := params.raw("rootPath"), str) and Path(path).is_absolute():
        return [(convert.uri_from_path(Path(path)), "")]
    return []
