"""Where names are defined, folder by folder."""

from __future__ import annotations

from collections.abc import Sequence

from codanna_core.relations.provider import Provider


class ByFolder:
    """What one provider says, put in order once for each name: a package is asked for it again and again."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._found: dict[str, dict[str, list[str]]] = {}

    def defining(self, name: str, folder: str) -> Sequence[str]:
        """The files directly inside a folder that define a name."""
        if name not in self._found:
            found = self._found[name] = {}
            for path in sorted(self._provider.defining(name)):
                found.setdefault(path.rpartition("/")[0], []).append(path)
        return self._found[name].get(folder, ())
