"""What is printed of accounts."""

from ledger.account import Account, Payment


def describe(account: Account) -> str:
    """One line for an account."""
    return f"{account.owner}: {account.balance()}"


def total(accounts: list[Account]) -> int:
    """The sum of all accounts."""
    return sum(account.balance() for account in accounts)


def sample() -> Account:
    """An account with two payments."""
    account = Account("Ada")
    account.post(Payment(100))
    account.post(Payment(250))
    return account


print(describe(sample()))
