"""Stand-ins that tests of this project, and of programs built on it, can rely on."""
