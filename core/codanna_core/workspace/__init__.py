"""A folder as a program that stays open sees it: kept current, watched, settings read again."""
