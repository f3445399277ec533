"""The write side: what brings the index up to date."""
