"""Each way in which an engine fails is one plain sentence in every answer, and local results stay."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from engine_double import HALF, Serve, answering, manifests, saying, silent
from loopback import server

from codanna_core import Engine
from codanna_core.cli.main import main
from codanna_core.model import Problem
from codanna_core.problems import Code
from codanna_core.results import Relation, RelationRequest, SearchRequest
from codanna_team.token import VARIABLE

TOKEN = "reader:s3cret"
BLOCKED = orjson.dumps(
    {
        "error": {
            "type": "cluster_block_exception",
            "reason": "index [codanna] blocked by: [FORBIDDEN/12/read-only]",
        }
    }
)
FAILURES: dict[str, tuple[Callable[[], Serve], Code, str]] = {
    "half the shards": (lambda: answering(manifests(), HALF), Code.TEAM_PARTIAL, "did not respond"),
    "half the shards from the start": (
        lambda: answering([], of_state=HALF),
        Code.TEAM_PARTIAL,
        "did not respond",
    ),
    "another model": (
        lambda: answering(manifests(model="other/model", codebook="other")),
        Code.TEAM_MISMATCH,
        "vectors of another model",
    ),
    "another format": (
        lambda: answering(manifests(format=99)),
        Code.TEAM_MISMATCH,
        "another version of codanna-lsp",
    ),
    "no index": (lambda: answering([]), Code.TEAM_MISMATCH, "has no index of codanna-lsp"),
    "a wrong token": (lambda: saying("401 Unauthorized"), Code.TEAM_REFUSED, "refuses the token"),
    "no right": (lambda: saying("403 Forbidden"), Code.TEAM_REFUSED, "refuses the token"),
    "blocked": (lambda: saying("403 Forbidden", BLOCKED), Code.TEAM_UNREACHABLE, "cannot do this now"),
    "overloaded": (lambda: saying("429 Too Many Requests"), Code.TEAM_UNREACHABLE, "cannot do this now"),
    "no engine behind the gateway": (
        lambda: saying("502 Bad Gateway", b"<html>"),
        Code.TEAM_UNREACHABLE,
        "behind its gateway",
    ),
    "a page to log in": (lambda: saying("200 OK", b"<html>"), Code.TEAM_INVALID, "not JSON"),
    "something else in JSON": (lambda: saying("200 OK", b'{"hits":[]}'), Code.TEAM_INVALID, "something else"),
    "a redirect": (
        lambda: saying("302 Found", b"", b"Location: http://127.0.0.1:9/\r\n"),
        Code.TEAM_INVALID,
        "redirects elsewhere",
    ),
    "silence": (lambda: silent, Code.TEAM_LATE, "did not respond within"),
}


@pytest.fixture(scope="module")
def local(folders: Path) -> Iterator[Engine]:
    """The project in the folder."""
    with Engine.open(folders / "here", folders / "failures-index") as engine:
        engine.sync()
        engine.search("once")
        yield engine


def answers(engine: Engine) -> dict[str, tuple[Any, tuple[Problem, ...]]]:
    """What each way to ask finds with the team, and what is said to be missing."""
    found = engine.search(SearchRequest("retry a failed payment", team=True))
    similar = engine.similar("shop/shop/payment.py", 20, team=True)
    uses = engine.relations(RelationRequest(Relation.REFERENCES, "retry_with_backoff", team=True))
    names = engine.symbols("retry backoff", team=True)
    context = engine.context("retry a failed payment")
    results: dict[str, tuple[Any, Any]] = {
        "search": (found.hits, found.problems),
        "similar": (similar.hits, similar.problems),
        "references": ((uses.edges, uses.targets, uses.elsewhere), uses.problems),
        "symbols": (list(names), names.problems),
        "context": (context.text, context.result.problems),
    }
    return {
        door: (value, tuple(problem for problem in problems if problem.code.startswith("team-")))
        for door, (value, problems) in results.items()
    }


def ask_all(engine: Engine, url: str, **settings: Any) -> dict[str, tuple[Any, tuple[Problem, ...]]]:
    engine.apply_settings({"team": {"url": url, "deadline_ms": 5_000, **settings}})
    try:
        return answers(engine)
    finally:
        engine.apply_settings({})


def is_plain(problem: Problem) -> bool:
    """One sentence for people: no line break, no name of a class, no secret, and not long."""
    text = problem.message
    return not re.search(r"\n|s3cret|Error\b|Exception|Traceback|\{", text) and 20 < len(text) < 240


@pytest.mark.parametrize("failure", FAILURES)
def test_every_answer_says_it_once_and_stays(
    local: Engine, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Search, similar code, references, symbols and contexts have the hits of before, and one problem."""
    monkeypatch.setenv(VARIABLE, TOKEN)
    expected = answers(local)
    made, code, part = FAILURES[failure]
    with server(made()) as (port, seen):
        deadline = {"deadline_ms": 100} if failure == "silence" else {}
        found = ask_all(local, f"http://127.0.0.1:{port}/codanna", **deadline)
    assert seen
    for door, (value, problems) in found.items():
        assert value == expected[door][0], door
        if failure == "another model" and door in ("references", "symbols"):
            assert problems == (), door  # No vector is in these questions.
            continue
        assert [problem.code for problem in problems] == [code], door
        assert part in problems[0].message
        assert is_plain(problems[0]), problems[0]


@pytest.mark.parametrize("failure", ["a wrong token", "no index", "half the shards", "another format"])
def test_commands_say_it_in_one_line(
    local: Engine,
    folders: Path,
    failure: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results go to standard output as ever, and the sentence to standard error."""
    monkeypatch.setenv(VARIABLE, TOKEN)
    where = [str(folders / "here"), "--index-dir", str(folders / "failures-index"), "--no-sync"]
    made, _, part = FAILURES[failure]
    asked = [
        ("search", "retry a failed payment"),
        ("symbols", "retry_with_backoff"),
        ("refs", "retry_with_backoff"),
        ("context", "retry a failed payment"),
        ("similar", f"{folders / 'here' / 'shop/shop/payment.py'}:21"),
    ]
    with server(made()) as (port, _):
        team = ["--set", f"team.url=http://127.0.0.1:{port}/codanna", "--set", "team.deadline_ms=5000"]
        for command in asked:
            code = main([*command, *where])
            plain = capsys.readouterr()
            assert main([*command, *where, *team]) == code
            said = capsys.readouterr()
            assert said.out == plain.out, command
            assert len([line for line in said.err.splitlines() if part in line]) == 1, command
            assert "s3cret" not in said.err


def test_an_answer_asks_once(local: Engine) -> None:
    """Whatever is asked, an engine that never responds is waited for once, so that nobody waits longer."""
    doors: dict[str, Callable[[], object]] = {
        "search": lambda: local.search(SearchRequest("retry a failed payment", team=True)),
        "similar": lambda: local.similar("shop/shop/payment.py", 20, team=True),
        "references": lambda: local.relations(RelationRequest(Relation.REFERENCES, "retry", team=True)),
        "a name": lambda: local.symbols("retry_with_backoff", team=True),
        "words of a name": lambda: local.symbols("retry backoff", team=True),
        "words of no name": lambda: local.symbols("where money goes", team=True),
        "context": lambda: local.context("retry a failed payment"),
    }
    for door, ask in doors.items():
        with server(silent) as (port, seen):
            local.apply_settings({"team": {"url": f"http://127.0.0.1:{port}/x", "deadline_ms": 60}})
            ask()
            local.apply_settings({})
        assert len(seen) == 1, door


def test_nothing_depends_on_a_clock_of_the_wall() -> None:
    """Deadlines, pauses and ages are measured by a clock that nobody sets; times in manifests are the
    engine's.
    """
    for file in (Path(__file__).parents[2] / "core" / "codanna_team").glob("*.py"):
        assert not re.search(r"time\.time\b|time_ns|datetime|localtime", file.read_text("utf-8")), file.name


# --- TLS and proxies


def certificate(folder: Path, name: str, *ages: str) -> tuple[Path, Path]:
    """One that vouches for itself; `ages` are its first and last day."""
    key, pem = folder / f"{name}.key", folder / f"{name}.pem"
    about = ["-subj", "/CN=engine", "-addext", "subjectAltName=IP:127.0.0.1"]
    if not ages:
        command = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *about]
        subprocess.run(
            ["openssl", *command, "-keyout", str(key), "-out", str(pem)], check=True, capture_output=True
        )
        return key, pem
    request, config = folder / f"{name}.csr", folder / f"{name}.cnf"
    command = ["req", "-newkey", "rsa:2048", "-nodes", *about, "-keyout", str(key), "-out", str(request)]
    subprocess.run(["openssl", *command], check=True, capture_output=True)
    config.write_text(
        "[ca]\ndefault_ca=d\n[d]\nnew_certs_dir=.\ndatabase=index\nserial=serial\ndefault_md=sha256\npolicy=p\n"
        "copy_extensions=copy\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=CA:true\n"
    )
    (folder / "index").write_text("")
    (folder / "serial").write_text("01\n")
    dates = ["-startdate", ages[0], "-enddate", ages[1]]
    command = ["ca", "-batch", "-selfsign", "-config", config.name, "-keyfile", str(key)]
    command += ["-in", str(request), "-out", str(pem), "-notext", *dates]
    subprocess.run(["openssl", *command], check=True, capture_output=True, cwd=folder)
    return key, pem


def with_tls(key: Path, pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    return context


@pytest.mark.parametrize(
    ("ages", "part"),
    [
        ((), "self-signed certificate"),
        (("200101000000Z", "210101000000Z"), "certificate has expired"),
        (("20980101000000Z", "20990101000000Z"), "certificate is not yet valid"),
    ],
)
def test_a_certificate_that_is_not_trusted(
    local: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ages: tuple[str, ...], part: str
) -> None:
    """The sentence names the reason, so that a clock that is wrong is seen; the token stays here."""
    key, pem = certificate(tmp_path, "engine", *ages)
    if ages:
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv(VARIABLE, TOKEN)
    expected = answers(local)
    with server(answering(manifests()), with_tls(key, pem)) as (port, seen):
        found = ask_all(local, f"https://127.0.0.1:{port}/codanna")
    assert seen == []
    for door, (value, problems) in found.items():
        assert value == expected[door][0], door
        assert [problem.code for problem in problems] == [Code.TEAM_UNREACHABLE], door
        assert part in problems[0].message.replace("self signed", "self-signed")
        assert is_plain(problems[0]), problems[0]


def tunnel(connection: socket.socket, request: bytes) -> None:
    """What a proxy does with CONNECT."""
    host, _, port = request.split(b" ")[1].partition(b":")
    with socket.create_connection((host.decode(), int(port))) as far:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        def pass_on(source: socket.socket, target: socket.socket) -> None:
            try:
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # The other side hung up.

        back = threading.Thread(target=pass_on, args=(far, connection), daemon=True)
        back.start()
        pass_on(connection, far)
        back.join(5)


def test_a_proxy_and_a_bundle_of_certificates(
    local: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organization's certificates and proxy are used; the proxy sees neither token nor question, and is
    passed by where NO_PROXY says so.
    """
    key, pem = certificate(tmp_path, "engine")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv(VARIABLE, TOKEN)
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ExitStack() as stack:
        port, seen = stack.enter_context(server(answering(manifests()), with_tls(key, pem)))
        via, passed = stack.enter_context(server(tunnel))
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{via}")
        found = ask_all(local, f"https://127.0.0.1:{port}/codanna")
        assert all(problems == () for _, problems in found.values())
        assert any(b"Authorization: Basic cmVhZGVyOnMzY3JldA==" in request for request in seen)
        assert passed
        for request in passed:
            assert request.startswith(b"CONNECT ")
            assert b"\r\nProxy-Authorization: Basic dXNlcjp3b3Jk" in request
            assert b"\r\nAuthorization" not in request
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        count = len(passed)
        assert all(problems == () for _, problems in ask_all(local, f"https://127.0.0.1:{port}/x").values())
        assert len(passed) == count


@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "502 Bad Gateway"])
def test_a_proxy_that_refuses(local: Engine, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    """It is one sentence, too, and gets no token."""
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(VARIABLE, TOKEN)
    expected = answers(local)
    with server(saying(status)) as (via, passed):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{via}")
        found = ask_all(local, "https://search.example.com/codanna")
    assert all(b"\r\nAuthorization" not in request for request in passed)
    for door, (value, problems) in found.items():
        assert value == expected[door][0], door
        assert [problem.code for problem in problems] == [Code.TEAM_UNREACHABLE], door
        assert is_plain(problems[0]), problems[0]


def test_a_redirect_gets_nothing(local: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an engine leads to is never connected to."""
    monkeypatch.setenv(VARIABLE, TOKEN)
    with ExitStack() as stack:
        elsewhere, seen = stack.enter_context(server(answering(manifests())))
        target = b"Location: http://127.0.0.1:%d/codanna/_msearch\r\n" % elsewhere
        port, asked = stack.enter_context(server(saying("307 Temporary Redirect", b"", target)))
        ask_all(local, f"http://127.0.0.1:{port}/codanna")
        assert asked
        assert seen == []


def test_the_result_of_a_healthy_engine_has_no_problem(local: Engine) -> None:
    """The double itself is one that answers."""
    with server(answering(manifests())) as (port, seen):
        found = ask_all(local, f"http://127.0.0.1:{port}/codanna")
        assert all(problems == () for _, problems in found.values())
        assert len(seen) >= 5
