"""A secured OpenSearch cluster on loopback for tests, made of artifacts that Maven fetches.

`python tests/team/support/cluster.py --nodes 3` starts one and stops it when its input ends.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
ADMIN = "admin:admin"
"""Of the security plug-in's own example users; such a cluster listens on loopback alone."""
PASSWORD = "Loopback-only-7"
_PLUGINS = (
    "org.opensearch.transport.Netty4Plugin",
    "org.opensearch.painless.PainlessPlugin",
    "org.opensearch.analysis.common.CommonAnalysisPlugin",
    "org.opensearch.index.reindex.ReindexPlugin",
    "org.opensearch.security.OpenSearchSecurityPlugin",
)
_MODULES = ("java.base/java.lang", "java.base/sun.nio.ch", "java.base/java.nio")


class NoCluster(Exception):
    """What is missing for a cluster, or why it did not start."""


def cache_folder() -> Path:
    """Where fetched artifacts are kept between runs."""
    named = os.environ.get("CODANNA_TEST_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(home) / "codanna-lsp-tests" / "opensearch"


def artifacts() -> list[tuple[str, str]]:
    """The sum and the Maven coordinates of everything that a node needs."""
    lines = (HERE / "artifacts.txt").read_text("utf-8").splitlines()
    return [(line.split()[0], line.split()[1]) for line in lines if line.strip()]


def class_path() -> str:
    """Fetch what is not there yet, check every file, and compile the node; gives Java's class path."""
    for program in ("java", "javac", "mvn", "openssl"):
        if shutil.which(program) is None:
            raise NoCluster(
                f"`{program}` is not installed; the tests of a team's index need Java 17 and Maven"
            )
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    if _wrong(folder):
        _fetch(folder)
        if wrong := _wrong(folder):
            raise NoCluster(
                f"these are not what was expected: {', '.join(wrong)}; see {HERE / 'artifacts.txt'}"
            )
    security = _unpacked(folder)
    jars = [folder / _file_name(name) for _, name in artifacts() if name.endswith(":jar")]
    known = {jar.name for jar in jars}
    jars += [jar for jar in sorted(security.glob("*.jar")) if jar.name not in known]
    classes = folder / "classes"
    compiled = classes / "TestNode.class"
    source = HERE / "TestNode.java"
    path = os.pathsep.join(map(str, jars))
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-cp", path, "-d", str(classes), str(source)], check=True)
    return os.pathsep.join((str(classes), path))


def _file_name(coordinates: str) -> str:
    _, artifact, version, kind = coordinates.split(":")
    return f"{artifact}-{version}.{kind}"


def _wrong(folder: Path) -> list[str]:
    """Artifacts that are missing or are not what they were."""
    wrong = []
    for digest, coordinates in artifacts():
        file = folder / _file_name(coordinates)
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            wrong.append(coordinates)
    return wrong


def _fetch(folder: Path) -> None:
    """From wherever Maven is set up to fetch."""
    wanted = []
    for _, coordinates in artifacts():
        group, artifact, version, kind = map(escape, coordinates.split(":"))
        wanted.append(
            f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version><type>{kind}</type><exclusions><exclusion><groupId>*</groupId>"
            "<artifactId>*</artifactId></exclusion></exclusions></dependency>"
        )
    project = (
        "<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>test</artifactId>"
        f"<version>1</version><packaging>pom</packaging><dependencies>{''.join(wanted)}</dependencies></project>"
    )
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "pom.xml").write_text(project, "utf-8")
        command = ["mvn", "-B", "-q", "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        if done.returncode:
            raise NoCluster(f"Maven could not fetch the artifacts:\n{done.stdout[-2000:]}")


def _unpacked(folder: Path) -> Path:
    """The security plug-in, whose archive was checked."""
    (archive,) = [folder / _file_name(name) for _, name in artifacts() if name.endswith(":zip")]
    target = folder / archive.stem
    if not target.exists():
        fresh = Path(tempfile.mkdtemp(dir=folder))
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(fresh)
        fresh.rename(target)
    return target


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_certificates(folder: Path) -> None:
    """A root, and from it what nodes and the administrator show."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "30",
        "-subj",
        "/CN=root",
        "-keyout",
        "root.key",
        "-out",
        "root.pem",
        "-addext",
        "keyUsage=critical,keyCertSign,cRLSign",
    )
    (folder / "names").write_text(
        "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    for name in ("node", "admin"):
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.raw",
            "-out",
            f"{name}.csr",
        )
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.raw", "-out", f"{name}.key")
        openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "root.pem",
            "-CAkey",
            "root.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "names",
            "-out",
            f"{name}.pem",
        )


@dataclass(slots=True)
class Node:
    """One process of the cluster."""

    name: str
    http: int
    home: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"https://127.0.0.1:{self.http}"

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None


@dataclass(slots=True)
class Cluster:
    """Nodes that know each other, in a folder of their own."""

    folder: Path
    count: int = 1
    heap: str = "1g"
    quick: bool = True
    """Compile little: nodes start in half the time, and answer half as fast."""
    nodes: list[Node] = field(default_factory=list)

    @property
    def ca(self) -> Path:
        """The certificate that clients have to trust."""
        return self.folder / "certificates" / "root.pem"

    @property
    def url(self) -> str:
        """Of the first node that runs."""
        return next(node.url for node in self.nodes if node.runs)

    def start(self, timeout: float = 600.0) -> Cluster:
        """Start all nodes and wait until they are one cluster that answers."""
        path = class_path()
        (self.folder / "certificates").mkdir(parents=True, exist_ok=True)
        make_certificates(self.folder / "certificates")
        ports = _free_ports(2 * self.count)
        transports = ports[self.count :]
        for number in range(self.count):
            node = Node(f"node{number}", ports[number], self.folder / f"node{number}")
            self._configure(node, transports, number)
            self.nodes.append(node)
        for node in self.nodes:
            self._launch(node, path)
        self.wait(self.count, timeout)
        return self

    def restart(self, number: int, timeout: float = 600.0) -> None:
        """Start a node that was killed again, with what it had."""
        self._launch(self.nodes[number], class_path())
        self.wait(sum(node.runs for node in self.nodes), timeout)

    def recover(self, timeout: float = 300.0) -> None:
        """Wait until every shard has its replica again."""
        end = time.monotonic() + timeout
        while self.ask("GET", "/_cluster/health")["status"] != "green":
            if time.monotonic() > end:
                raise NoCluster(
                    f"replicas are missing after {timeout:.0f} s: {self.ask('GET', '/_cluster/health')}"
                )
            time.sleep(0.5)

    def kill(self, number: int) -> None:
        """End a node as a power cut would."""
        process = self.nodes[number].process
        assert process is not None
        process.kill()
        process.wait()

    def end(self, number: int) -> None:
        """End a node in good order."""
        process = self.nodes[number].process
        assert process is not None
        process.terminate()
        process.wait()

    def stop(self) -> None:
        """End all nodes that this started."""
        for node in self.nodes:
            if node.process is not None and node.process.poll() is None:
                node.process.send_signal(signal.SIGKILL)  # Nothing that they hold is wanted any more.
        for node in self.nodes:
            if node.process is not None:
                node.process.wait()

    def wait(self, count: int, timeout: float) -> None:
        """Until so many nodes are one cluster and the users are known."""
        end = time.monotonic() + timeout
        said = ""
        while time.monotonic() < end:
            ended = [node for node in self.nodes if not node.runs]
            if len(self.nodes) - len(ended) < count:
                raise NoCluster(f"{ended[0].name} ended:\n{self.log(ended[0])[-3000:]}")
            try:
                health = self.ask("GET", f"/_cluster/health?wait_for_nodes={count}&timeout=2s")
                if health["number_of_nodes"] == count and not health["timed_out"]:
                    return
                said = str(health)
            except (OSError, ValueError, KeyError) as error:
                said = str(error)
            time.sleep(0.3)
        raise NoCluster(f"no cluster after {timeout:.0f} s: {said}\n{self.log(self.nodes[0])[-3000:]}")

    def log(self, node: Node) -> str:
        """What a node printed."""
        return (node.home / "out.log").read_text("utf-8", "replace")

    def ask(self, method: str, path: str, body: Any = None, user: str = ADMIN) -> Any:
        """One request to a node that runs, as the administrator unless told otherwise."""
        context = ssl.create_default_context(cafile=str(self.ca))
        data = None if body is None else json.dumps(body).encode("utf-8")
        basic = base64.b64encode(user.encode("utf-8")).decode("ascii")
        headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def add_user(self, name: str, actions: Mapping[str, Sequence[str]]) -> str:
        """A user who may do these things with these indexes; gives what it logs in with."""
        permissions = [
            {"index_patterns": [pattern], "allowed_actions": list(allowed)}
            for pattern, allowed in actions.items()
        ]
        self.ask(
            "PUT",
            f"/_plugins/_security/api/roles/{name}",
            {"index_permissions": permissions, "cluster_permissions": ["cluster_composite_ops"]},
        )
        self.ask("PUT", f"/_plugins/_security/api/internalusers/{name}", {"password": PASSWORD})
        self.ask("PUT", f"/_plugins/_security/api/rolesmapping/{name}", {"users": [name]})
        return f"{name}:{PASSWORD}"

    def _configure(self, node: Node, transports: Sequence[int], number: int) -> None:
        config = node.home / "config"
        certificates = config / "certificates"
        shutil.copytree(
            _unpacked(cache_folder()) / "config", config / "opensearch-security", dirs_exist_ok=True
        )
        shutil.copytree(self.folder / "certificates", certificates, dirs_exist_ok=True)
        names = [f"node{one}" for one in range(len(transports))]
        lines = [
            "cluster.name: codanna-test",
            f"node.name: {node.name}",
            "network.host: 127.0.0.1",
            f"http.port: {node.http}",
            f"transport.port: {transports[number]}",
            f"path.data: {node.home / 'data'}",
            f"path.logs: {node.home / 'logs'}",
            f"path.repo: {self.folder / 'snapshots'}",
            f"discovery.seed_hosts: {json.dumps([f'127.0.0.1:{port}' for port in transports])}",
            f"cluster.initial_cluster_manager_nodes: {json.dumps(names)}",
            # A test's disk is nearly full more often than not.
            "cluster.routing.allocation.disk.threshold_enabled: false",
            'plugins.security.nodes_dn: ["CN=node"]',
            'plugins.security.authcz.admin_dn: ["CN=admin"]',
            "plugins.security.allow_default_init_securityindex: true",
            'plugins.security.restapi.roles_enabled: ["all_access"]',
            "plugins.security.ssl.http.enabled: true",
            "plugins.security.ssl.transport.enforce_hostname_verification: false",
        ]
        for layer in ("transport", "http"):
            lines += [
                f"plugins.security.ssl.{layer}.pemcert_filepath: certificates/node.pem",
                f"plugins.security.ssl.{layer}.pemkey_filepath: certificates/node.key",
                f"plugins.security.ssl.{layer}.pemtrustedcas_filepath: certificates/root.pem",
            ]
        (config / "opensearch.yml").write_text("\n".join(lines) + "\n", "utf-8")

    def _launch(self, node: Node, path: str) -> None:
        command = [
            "java",
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            "-XX:+UseG1GC",
            "-Dopensearch.networkaddress.cache.ttl=60",
        ]
        command += ["-XX:TieredStopAtLevel=1"] if self.quick else []
        command += ["-Djava.io.tmpdir=" + str(node.home)]
        command += [f"--add-opens={module}=ALL-UNNAMED" for module in _MODULES]
        command += ["-cp", path, "TestNode", str(node.home), *_PLUGINS]
        with (node.home / "out.log").open("ab") as log:
            node.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=node.home
            )


def main() -> None:
    """Start, say where, wait for the end of the input, stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--heap", default="1g")
    parser.add_argument(
        "--folder", type=Path, help="where nodes keep their data; a temporary folder unless named"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="codanna-team-") as made:
        cluster = Cluster(arguments.folder or Path(made), arguments.nodes, arguments.heap)
        try:
            cluster.start()
            for node in cluster.nodes:
                print(f"{node.name}: {node.url}, process {node.process.pid if node.process else '-'}")
            print(f"certificate: {cluster.ca}\nuser: {ADMIN}\nPress Ctrl+D to stop.", flush=True)
            sys.stdin.read()
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
