"""Random sequences of writes, maintenance, reopening and kills, found and shrunk by hypothesis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from codanna_core.testing.memory_directory import MemoryDirectory
from codanna_core.vectors import ProbePolicy, VectorOptions, open_vector_index, rebuild, store
from codanna_core.vectors.exact import ExactIndex
from codanna_core.vectors.ivf import calibrate, policy

DIMENSION = 12
UNIVERSE = np.arange(1, 121, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
NUMBERS = st.lists(st.integers(0, len(UNIVERSE) - 1), min_size=1, max_size=40)
SEEDS = st.integers(0, 2**16)
SETTINGS = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Killed(BaseException):
    """Raised at a fault point in place of a kill."""


class Machine(RuleBasedStateMachine):
    """One index beside all states that a kill may lead back to: the last flushed one and those after it."""

    options = VectorOptions(precision="f32")

    def __init__(self) -> None:
        super().__init__()
        self.left = 0
        self.directory = MemoryDirectory(self.step)
        self.index = open_vector_index(self.directory, self.options, writable=True)
        self.states: list[dict[int, np.ndarray]] = [{}]

    def step(self, _name: str) -> None:
        """Kill at the fault point at which the count runs out; 0 lets all pass."""
        if self.left:
            self.left -= 1
            if not self.left:
                raise Killed

    @rule(numbers=NUMBERS, seed=SEEDS)
    def upsert(self, numbers: list[int], seed: int) -> None:
        """The last vector of a key counts."""
        keys = UNIVERSE[numbers]
        vectors = np.random.default_rng(seed).standard_normal((len(keys), DIMENSION)).astype(np.float32)
        self.states.append({**self.states[-1], **dict(zip(keys.tolist(), vectors, strict=True))})
        self.index.upsert(keys, vectors)

    @rule(numbers=NUMBERS)
    def remove(self, numbers: list[int]) -> None:
        """Unknown keys do not matter."""
        keys = UNIVERSE[numbers]
        gone = set(keys.tolist())
        self.states.append({key: vector for key, vector in self.states[-1].items() if key not in gone})
        self.index.remove(keys)

    @rule(numbers=NUMBERS)
    def retain(self, numbers: list[int]) -> None:
        """What is not named goes, and is counted."""
        before, keys = self.states[-1], UNIVERSE[numbers]
        live = set(keys.tolist())
        self.states.append({key: before[key] for key in before if key in live})
        assert self.index.retain(keys) == len(before) - len(self.states[-1])

    @rule()
    def flush(self) -> None:
        """From here on a kill keeps what was written."""
        self.index.flush()
        self.states = self.states[-1:]

    @rule()
    def maintain(self) -> None:
        """Seal, train, merge and join whatever is due."""
        self.index.maintain()

    @rule()
    def reopen(self) -> None:
        """Closing flushes."""
        self.index.close()
        self.states = self.states[-1:]
        self.index = open_vector_index(self.directory, self.options, writable=True)

    @rule(steps=st.integers(1, 40), keep=st.integers(0, 3000), numbers=NUMBERS, seed=SEEDS)
    def kill(self, steps: int, keep: int, numbers: list[int], seed: int) -> None:
        """A kill in the middle of writing and maintaining leaves one of the allowed states, whole."""
        self.left = steps
        try:
            self.upsert(numbers, seed)
            self.flush()
            self.maintain()
            self.remove(numbers[:3])
        except Killed:
            pass
        self.left = 0
        self.directory = self.directory.crash(keep, self.step)
        self.index = open_vector_index(self.directory, self.options, writable=True)
        found = set(UNIVERSE[self.index.contains(UNIVERSE)].tolist())
        self.states = [state for state in self.states if set(state) == found and self.holds(state)][-1:]
        assert self.states, "none of the states since the last flush was found"
        self.index.verify()

    def holds(self, state: dict[int, np.ndarray]) -> bool:
        """Whether the index holds exactly these vectors."""
        if not state:
            return True
        stored, _ = self.index.snapshot().get(np.array(list(state), np.uint64))
        wanted = np.stack(list(state.values()))
        wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
        return bool(np.allclose(stored, wanted, atol=1e-5))

    @invariant()
    def equals_the_reference(self) -> None:
        """Count, vectors and neighbours are those of the reference."""
        state = self.states[-1]
        snapshot = self.index.snapshot()
        assert snapshot.count == len(state)
        assert self.holds(state)

    @precondition(lambda self: self.states[-1])
    @rule(seed=SEEDS, k=st.integers(1, 130))
    def search(self, seed: int, k: int) -> None:
        """An exact search finds what the reference finds; any search finds as many, without repeating one."""
        reference = ExactIndex(self.options)
        state = self.states[-1]
        reference.upsert(np.array(list(state), np.uint64), np.stack(list(state.values())))
        query = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
        wanted = reference.snapshot().search(query, k)
        found = self.index.snapshot().search(query, k, policy=ProbePolicy(exact=True))
        assert np.allclose(found.scores, wanted.scores, atol=1e-4)
        quick = self.index.snapshot().search(query, k)
        assert len(set(quick.keys.tolist())) == len(wanted.keys)
        assert set(quick.keys.tolist()) <= set(state)


@pytest.mark.parametrize("implementation", ["ivf", "hnsw"])
def test_any_sequence(implementation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is done in whatever order, with kills in between, the index holds what the reference holds."""
    for module, name, value in (
        (store, "SEAL_AT", 20),
        (store, "DELTA_LIMIT", 60),
        (store, "MANY", 4),
        (policy, "CLUSTER_AT", 50),
        (policy, "MERGE_AT", 30),
        (policy, "JOIN_AT", 3),
        (calibrate, "QUERIES", 8),
        (rebuild, "OWN_PROCESS_AT", 10**9),
    ):
        monkeypatch.setattr(module, name, value)
    options = VectorOptions(precision="f32", implementation=implementation)  # type: ignore[arg-type]
    machine = type("Machine", (Machine,), {"options": options})
    case = machine.TestCase  # type: ignore[attr-defined]
    case.settings = SETTINGS
    case("runTest").runTest()
