"""What a token may not read is in no answer, whatever is asked for: on a cluster with users and roles."""

from __future__ import annotations

import os
import random
import threading
import time
import urllib.error
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from made import OF_A_FILE, WORDS, Made

from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_core.problems import Code
from codanna_core.text.stored import Filter
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.publish import Publisher, Target
from codanna_team.remote import RemoteAnswer, RemoteFailure, RemoteQuestion
from codanna_team.source import TeamSource
from codanna_team.upkeep import set_up

if TYPE_CHECKING:
    from cluster import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]

QUESTIONS = int(os.environ.get("TEAM_QUESTIONS", "100"))
THREADS = 2
FILES = 10
DOMAINS = {"codanna-web": ("team/web", 3), "codanna-pay": ("team/pay", 7)}
"""An index for each security domain: the repository in it, and the number in all that is only there."""
PASSWORD = "Loopback-only-7"
PAGE = Path(__file__).parents[2] / "docs" / "team-operate.md"
READS = ("read", "cluster_composite_ops_ro")
"""What the page for operators says is enough for who reads: of the index, and of the cluster."""


@dataclass(frozen=True)
class Domains:
    """Two indexes with the same code but for their numbers, and a user who may read each."""

    cluster: Cluster
    model: str
    users: dict[str, str]

    def source(self, index: str, user: str) -> TeamSource:
        """Asks an address with a token."""
        url = f"{self.cluster.nodes[0].url}/{index}"
        # Few probes: what may be read does not depend on them, and ten thousand questions take time.
        engine = OpenSearch(Client(Endpoint.parse(url), lambda: user, self.cluster.ca))
        return TeamSource(engine, probes=64)

    def made(self, index: str) -> Made:
        """What is published there."""
        _, number = DOMAINS[index]
        return Made.of("same", FILES, self.model, dict.fromkeys(range(FILES), number), OF_A_FILE)


@pytest.fixture(scope="module")
def domains(cluster: Cluster) -> Domains:
    """Published by the administrator; each user has the role of the page for operators."""
    assert f"| Reads | `{READS[0]}` | `{READS[1]}` |" in PAGE.read_text("utf-8")
    model = StaticEmbedder(BUILTIN_FOLDER).model_id
    made = Domains(cluster, model, {index: f"{index}-reader:{PASSWORD}" for index in DOMAINS})
    for index, (repository, _) in DOMAINS.items():
        user = f"{index}-reader"
        role = {
            "index_permissions": [{"index_patterns": [index], "allowed_actions": [READS[0]]}],
            "cluster_permissions": [READS[1]],
        }
        cluster.ask("PUT", f"/_plugins/_security/api/roles/{user}", role)
        cluster.ask("PUT", f"/_plugins/_security/api/internalusers/{user}", {"password": PASSWORD})
        cluster.ask("PUT", f"/_plugins/_security/api/rolesmapping/{user}", {"users": [user]})
        url = f"{cluster.nodes[0].url}/{index}"
        engine = OpenSearch(Client(Endpoint.parse(url), lambda: "admin:admin", cluster.ca))
        set_up(engine, model)
        target = Target(repository, "main", "aa")
        Publisher(engine, target, Codebook.shipped(model)).publish(made.made(index))
    return made


def question_about(domains: Domains, index: str, chance: random.Random) -> RemoteQuestion:
    """One that asks, in one of many ways, for what is in an index."""
    repository, number = DOMAINS[index]
    rows = domains.made(index)._file(f"part{(at := chance.randrange(FILES)) % 7}/file{at}.py").rows
    row = chance.choice(rows)
    assert row.vector is not None
    vector = row.vector.astype(np.float32)
    parts: list[dict[str, Any]] = [
        {"words": {f"rev{number}": 1.0, chance.choice(WORDS): 0.2}},
        {"vector": vector / np.linalg.norm(vector)},
        {"names": (row.name,)},
        {"prefix": row.name[: chance.randrange(4, len(row.name))]},
        {"identifier": "int"},
        {"words": {"file": 1.0}, "only": Filter(path_regexes=(f"{row.path.rpartition('/')[0]}/.*",))},
    ]
    asked: dict[str, Any] = {}
    for one in chance.sample(parts, chance.randrange(1, 4)):
        asked |= one
    wanted = chance.choice(
        ((), (repository,), (f"{repository}@main",), tuple(name for name, _ in DOMAINS.values()))
    )
    return replace(
        RemoteQuestion(model=domains.model), repositories=wanted, limit=chance.choice((10, 200)), **asked
    )


def leaks(answer: RemoteAnswer, index: str) -> list[str]:
    """What of an index that may not be read is in an answer."""
    repository, number = DOMAINS[index]
    found = [row.repository for row in answer.rows if row.repository == repository]
    found += [row.name for row in answer.rows if row.name.endswith(f"_v{number}")]
    found += [f"rev{number}"] * answer.files_holding.get(f"rev{number}", 0)
    return found


def test_the_questions_find_what_they_are_about(domains: Domains) -> None:
    """With its own token most questions have rows of the index, so that the next test would notice."""
    chance, index = random.Random(1), "codanna-pay"
    source = domains.source(index, domains.users[index])
    answers = [source.ask(question_about(domains, index, chance), time.monotonic() + 60) for _ in range(40)]
    assert sum(bool(leaks(answer, index)) for answer in answers) >= 30


def test_no_answer_has_what_the_token_may_not_read(domains: Domains) -> None:
    """Asked in every way, by the address of its own index, of the other one, of both and of all."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    lock = threading.Lock()
    sources: dict[tuple[str, str], TeamSource] = {}

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        for turn in range(QUESTIONS // THREADS):
            own, other = chance.sample(sorted(DOMAINS), 2)
            address = own
            if turn % 5 == 4:
                address = chance.choice((other, f"{own},{other}", f"{other},{own}", "codanna-*"))
            with lock:
                if (own, address) not in sources:
                    sources[own, address] = domains.source(address, domains.users[own])
                source = sources[own, address]
            question = question_about(domains, chance.choice((own, other, other)), chance)
            try:
                answer = source.ask(question, time.monotonic() + 60)
            except RemoteFailure as failure:
                with lock:
                    counts[f"{failure.code} {address == own}"] += 1
                    if failure.code is not Code.TEAM_REFUSED or address == own:
                        wrong.append(f"{address}: {failure}")
                continue
            with lock:
                counts["answers"] += 1
                counts["with rows"] += bool(answer.rows)
                wrong.extend(leaks(answer, other))
                if answer.documents > FILES * (OF_A_FILE + 1):
                    wrong.append(f"{answer.documents} documents")

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{QUESTIONS} questions: {dict(counts)}, {len(wrong)} wrong")
    assert wrong == []
    assert sum(counts[key] for key in counts if key != "with rows") == QUESTIONS // THREADS * THREADS
    assert counts["with rows"] > QUESTIONS // 8


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/{}/_search"),
        ("GET", "/{}/_doc/team%2Fpay@main"),
        ("GET", "/{}/_mapping"),
        ("GET", "/{}/_count"),
        ("POST", "/{}/_refresh"),
        ("DELETE", "/{}"),
    ],
)
def test_the_engine_itself_refuses(domains: Domains, method: str, path: str) -> None:
    """Nothing of the other index is read or changed by a request past this program."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        domains.cluster.ask(method, path.format("codanna-pay"), user=domains.users["codanna-web"])
    assert raised.value.code == 403
