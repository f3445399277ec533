"""Code like other code is code of the same sort."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codanna_core import Engine
from codanna_core.results import Filters

ACCOUNTS = """class Account:
    balance = 0
    owner = ""

    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount):
        self.balance -= amount


class SavingsAccount(Account):
    rate = 0.01


DEPOSIT_LIMIT = 100
WITHDRAW_LIMIT = 50
"""
NOTES = (
    "# Deposits\n\nHow to deposit an amount into an account.\n\n# Withdrawals\n\nHow to withdraw an amount.\n"
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine over one file of code and one of prose."""
    root = tmp_path_factory.mktemp("bank")
    (root / "accounts.py").write_text(ACCOUNTS)
    (root / "notes.md").write_text(NOTES)
    with Engine.open(root, tmp_path_factory.mktemp("index")) as engine:
        engine.sync()
        yield engine


def line_of(text: str) -> int:
    """The line of the code that begins so."""
    return next(number for number, line in enumerate(ACCOUNTS.splitlines()) if line.strip().startswith(text))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("def deposit", {"withdraw"}),
        ("class Account", {"SavingsAccount"}),
        ("balance = 0", {"owner", "rate", "DEPOSIT_LIMIT", "WITHDRAW_LIMIT"}),
        ("DEPOSIT_LIMIT", {"WITHDRAW_LIMIT", "balance", "owner", "rate"}),
    ],
)
def test_similar_code_is_of_the_same_sort(bank: Engine, line: str, names: set[str]) -> None:
    """Functions for a function of two lines, types for a type, fields and constants for a field."""
    assert {hit.name for hit in bank.similar("accounts.py", line_of(line)).hits} == names


def test_prose_is_like_prose(bank: Engine) -> None:
    """For a heading there are headings."""
    assert [hit.name for hit in bank.similar("notes.md", 0).hits] == ["Withdrawals"]


def test_a_filter_of_kinds_decides_itself(bank: Engine) -> None:
    """Whoever asks for classes like a method gets them, but for the one around it."""
    hits = bank.similar("accounts.py", line_of("def deposit"), filters=Filters(kinds=("class",))).hits
    assert {hit.name for hit in hits} == {"SavingsAccount"}


def test_a_selection_is_of_no_sort(bank: Engine) -> None:
    """Lines may hold anything, and so may what is like them."""
    kinds = {hit.kind for hit in bank.similar("accounts.py", 0, 2).hits}
    assert {"method", "constant", "heading"} <= kinds
