"""Settings from a file and the environment."""


def load_settings(path):
    """Read the configuration file; environment variables win."""


DEFAULT_CURRENCY = "EUR"
