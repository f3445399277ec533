"""Talks to the bank."""

import time


def charge_card(card, amount):
    """Withdraw money from a credit card."""
    return retry_with_backoff(lambda: card.bank.withdraw(card.number, amount))


def refund(payment):
    """Give the money of a cancelled order back."""
    payment.card.bank.deposit(payment.card.number, payment.amount)


def retry_with_backoff(call, attempts=3):
    """Try again after a growing pause when the network fails."""
    for attempt in range(attempts):
        try:
            return call()
        except OSError:
            time.sleep(2**attempt)
    raise TimeoutError


def is_valid_card_number(digits):
    checksum = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        checksum += value - 9 if value > 9 else value
    return checksum % 10 == 0
