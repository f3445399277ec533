"""Ranking: how lists of candidates become one answer, and why."""
