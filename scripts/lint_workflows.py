"""Checks the files under .github: by their schemas, by a security linter, and by actionlint if it is there or
Go can build it; `make lint-workflows` runs it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
GITHUB: Final = ROOT / ".github"
SCHEMAS: Final = {
    "vendor.github-workflows": sorted(GITHUB.glob("workflows/*.yml")),
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE/config.yml"],
    "vendor.github-issue-forms": [
        path for path in sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml")) if path.name != "config.yml"
    ],
}
ACTIONLINT: Final = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"


def commands() -> list[list[str]]:
    """What is run, each of which has to pass."""
    python = [sys.executable, "-m"]
    found = [
        [*python, "check_jsonschema", "--builtin-schema", schema, *map(str, paths)]
        for schema, paths in SCHEMAS.items()
    ]
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent)) or "zizmor"
    found.append([zizmor, "--offline", "--quiet", "--persona", "pedantic", str(GITHUB)])
    if shutil.which("actionlint"):
        found.append(["actionlint", *map(str, SCHEMAS["vendor.github-workflows"])])
    elif shutil.which("go"):
        found.append(["go", "run", ACTIONLINT, *map(str, SCHEMAS["vendor.github-workflows"])])
    else:
        print("actionlint was left out: neither it nor Go is installed", file=sys.stderr)
    return found


def main() -> int:
    """Run them all, also when one has found something."""
    codes = [subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands()]
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
