"""`make oracle N=10000`: so many faulted evenings through the real room, each minute compared with the oracle.

    python -m tests.load.oracle [N] [--from SEED] [--workers COUNT]

What an evening is: tests/support/faults.py. Prints JSON lines as `make bench` does: `attendance.max_error_ms` (0, or
something is wrong) with the first seed that differs, and how much was compared. Status 1 on any difference.
Progress, and what differs, go to standard error.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.support.faults import Lived, live

BATCH = 10
SHOWN_MAX = 10


@dataclass
class Total:
    """All that was lived. `differing`: the first of those that differ, by seed."""

    evenings: int = 0
    figures: int = 0
    records: int = 0
    max_error_ms: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    differing: list[Lived] = field(default_factory=list)

    def add(self, lived: Lived) -> None:
        self.evenings += 1
        self.figures += lived.figures
        self.records += lived.records
        self.max_error_ms = max(self.max_error_ms, lived.error_ms)
        self.faults += lived.faults
        if lived.error_ms:
            self.differing = sorted([*self.differing, lived], key=lambda each: each.seed)[:SHOWN_MAX]


def live_all(seeds: range) -> list[Lived]:
    return [live(seed) for seed in seeds]


def batches(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, BATCH):
        yield range(start, min(start + BATCH, first + count))


def compare(first: int, count: int, workers: int, people: Console) -> Total:
    total = Total()
    columns = (TextColumn("Evenings"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        with Progress(*columns, console=people, transient=True, disable=not people.is_terminal) as progress:
            bar = progress.add_task("", total=count)
            pending: set[Future[list[Lived]]] = set()
            for seeds in batches(first, count):
                pending.add(pool.submit(live_all, seeds))
                if len(pending) >= 4 * workers:  # what waits is bounded, too
                    pending -= _take(pending, total)
                progress.update(bar, completed=total.evenings)
            while pending:
                pending -= _take(pending, total)
                progress.update(bar, completed=total.evenings)
    finally:
        pool.shutdown(cancel_futures=True)
    return total


def _take(pending: set[Future[list[Lived]]], total: Total) -> set[Future[list[Lived]]]:
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for each in done:
        for lived in each.result():
            total.add(lived)
    return done


def tell(total: Total, seconds: float, people: Console) -> None:
    seed = total.differing[0].seed if total.differing else None
    figures: list[dict[str, object]] = [
        {
            "figure": "attendance.max_error_ms",
            "value": total.max_error_ms,
            "unit": "ms",
            "better": "lower",
            "against": "a naive second opinion",
            "n": total.evenings,
            "first_failing_seed": seed,
        },
        {
            "figure": "attendance.figures_compared",
            "value": total.figures,
            "unit": "figures",
            "better": "higher",
            "against": f"{total.records} records",
            "n": total.evenings,
        },
        {
            "figure": "attendance.faults",
            "value": total.faults.total(),
            "unit": "faults",
            "better": "higher",
            "against": dict(sorted(total.faults.items())),
            "n": total.evenings,
        },
    ]
    for figure in figures:
        print(json.dumps(figure), flush=True)
    for lived in total.differing:
        people.print(f"Seed {lived.seed}: {lived.error_ms} ms: {lived.where}", markup=False)
    if total.differing:
        people.print(f"Live the first one again: make oracle FROM={seed} N=1")
    else:
        people.print(f"No difference in {total.evenings:,} evenings ({seconds:.0f} s).")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make oracle", description=__doc__.partition("\n")[0])
    parser.add_argument("count", nargs="?", type=_positive, default=10_000, help="how many evenings")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=_positive, default=os.cpu_count() or 1, help="processes; default: all cores")
    asked = parser.parse_args(arguments)
    people = Console(stderr=True)
    began = time.monotonic()
    total = compare(asked.first, asked.count, asked.workers, people)
    tell(total, time.monotonic() - began, people)
    return 1 if total.max_error_ms else 0


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
