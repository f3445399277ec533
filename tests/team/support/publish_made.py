"""Publishes a made repository in a process of its own, which ends itself at a step that is named.

`python publish_made.py URL CERTIFICATE USER NAME FILES VERSION CHANGED STEP COUNT`
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from made import Made

from codanna_core.embed.builtin import BUILTIN_FOLDER
from codanna_core.embed.static_model import StaticEmbedder
from codanna_team.codebook import Codebook
from codanna_team.engine import OpenSearch
from codanna_team.http import Client, Endpoint
from codanna_team.publish import Publisher, Target


def main() -> None:
    """The step is `-` to let it come to its end."""
    url, certificate, user, name, files, version, changed, step, count = sys.argv[1:]
    left = int(count)

    def checkpoint(now: str) -> None:
        nonlocal left
        if now == step:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    engine = OpenSearch(Client(Endpoint.parse(url), lambda: user, Path(certificate)))
    model = StaticEmbedder(BUILTIN_FOLDER).model_id
    versions = dict.fromkeys(range(int(files)), int(version)) if int(version) else {}
    made = Made.of(name, int(files), model, versions, int(changed))
    publisher = Publisher(
        engine, Target(name, "main", f"{int(version):04x}"), Codebook.shipped(model), checkpoint=checkpoint
    )
    print(publisher.publish(made).symbols)


if __name__ == "__main__":
    main()
