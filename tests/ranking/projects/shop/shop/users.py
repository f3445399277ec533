"""Accounts and sign in."""

import hashlib


class User:
    """Somebody with an account."""

    def set_password(self, password):
        """Store the hash of a new password with a fresh salt."""
        self.salt = "x"
        self.digest = hashlib.sha256((self.salt + password).encode()).hexdigest()


class SessionStore:
    """Remembers who is signed in by the cookie of the browser."""

    def open_session(self, user):
        """Sign a user in and give the cookie's value."""

    def close_session(self, token):
        """Sign out."""


def find_user_by_email(address):
    """Look an account up by its mail address."""
