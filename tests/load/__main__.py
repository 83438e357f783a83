"""`make bench`: every figure as one JSON object a line, then a table for people.

    python -m tests.load [GROUP …]

Each group is a module of this folder that prints its figures itself (`python -m tests.load.rooms`): a JSON object
a line with `figure`, `value`, `unit`, `better` ("lower" or "higher"), `against` (what it was measured beside, in the
same run) and `n`. Machines are noisy: quote ratios, not absolute times. Progress goes to standard error.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.load.media.figures import AIMS as MEDIA_AIMS

ROOT = Path(__file__).resolve().parents[2]
GROUPS = ("rooms", "ledger", "verify", "media", "schedule", "exercises", "lists")
GROUP_LIMIT_S = 1_500
AIMS = {
    "room.block_change_p99_vs_broadcast": "≤ 3",
    "ledger.post_rate_vs_append": "≥ 0.7",
    "facilitation.sync_spread_ms": "≤ 100",
    "server.list_page_ratio": "≤ 10",
    **MEDIA_AIMS,
}


def measure(group: str) -> tuple[list[dict[str, Any]], bool]:
    """Run one group; its figures pass through as they come. False if it failed."""
    figures: list[dict[str, Any]] = []
    with subprocess.Popen(
        [sys.executable, "-m", f"tests.load.{group}"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        began = time.monotonic()
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("{"):
                figures.append(json.loads(line))
            if time.monotonic() - began > GROUP_LIMIT_S:
                process.kill()
        status = process.wait()
    return figures, status == 0 and bool(figures)


def main(names: list[str]) -> int:
    if unknown := [name for name in names if name not in GROUPS]:
        print(f"There is no group {', '.join(unknown)}. The groups are: {', '.join(GROUPS)}.", file=sys.stderr)
        return 2
    people = Console(stderr=True)
    table = Table(title="Milieu, measured in this run")
    table.add_column("figure", no_wrap=True)
    for heading in ("value", "unit", "better", "aim", "against", "n"):
        table.add_column(heading)
    failed = []
    for group in names or GROUPS:
        people.print(f"[dim]measuring {group} …")
        figures, good = measure(group)
        if not good:
            failed.append(group)
        for figure in figures:
            value = figure["value"]
            table.add_row(
                figure["figure"],
                f"{value:.3g}" if isinstance(value, float) else str(value),
                figure["unit"],
                figure["better"],
                AIMS.get(figure["figure"], ""),
                str(figure["against"]),
                str(figure["n"]),
            )
    # A file or a pipe is no eighty columns wide: names of figures must not be cut there.
    Console(width=None if Console().is_terminal else 180).print(table)
    if failed:
        people.print(f"Could not be measured: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
