"""Accounts of a ledger."""


class Entry:
    """Something that can be posted."""

    def amount(self) -> int:
        """In cents."""
        raise NotImplementedError


class Payment(Entry):
    """Money that was paid."""

    def __init__(self, cents: int) -> None:
        self.cents = cents

    def amount(self) -> int:
        return self.cents


class Account:
    """Entries with their sum."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.entries: list[Entry] = []

    def post(self, entry: Entry) -> None:
        """Add an entry to the account."""
        self.entries.append(entry)

    def balance(self) -> int:
        """The sum of all entries."""
        total = 0
        for entry in self.entries:
            total += entry.amount()
        return total
