"""Runs groups of tests and sums them up: `make test`, `make test ONLY="unit tidy"`.

    python server/setup/testing.py GROUP… [-- PYTEST-ARGUMENTS]

Every group is a pytest of its own, so that none can disturb the next; a group that hangs is ended. Two that keep one
core busy run side by side; what each said is shown when it has ended, that of a single one at once. A group without
tests is no failure, but a run without any test is. Results stay in .artifacts/tests/GROUP.xml and GROUP.log.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / ".artifacts" / "tests"
GROUP_LIMIT_S = 1_800  # for a machine three times slower than ours
WAIT_S = 0.1
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Group:
    """`workers` pytest processes share the group's tests and keep `cores` busy; 0 runs them here, one by one.

    Tests that bear one `xdist_group` stay with one worker, one after the other.
    """

    folder: str
    workers: int
    cores: int = 1


CORES = 2
# The longest first: beside groups that mostly wait for time to pass, and so have many workers, go those that work.
GROUPS = {
    "e2e": Group("tests/e2e", 3, cores=2),
    "evenings": Group("tests/evenings", 1, cores=2),
    "media": Group("tests/media", 2),
    "unit": Group("tests/unit", 1),
    "wire": Group("tests/wire", 4),
    "simulation": Group("tests/simulation", 1),
    "property": Group("tests/property", 1),
    "redis": Group("tests/integration/redis", 2),
    "tidy": Group("tests/tidy", 1),
    "roles": Group("tests/roles", 1),
}
ON_DEMAND = {"network": Group("tests/network", 0, cores=2)}
"""Run by name only: bad home networks played to real browsers for minutes, on a machine that does nothing else."""


@dataclass(frozen=True)
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    trouble: str = ""

    @property
    def good(self) -> bool:
        return not self.failed and not self.trouble


class Run:
    """One group under way; what it says goes to this terminal, or to GROUP.log until it has ended."""

    def __init__(self, name: str, group: Group, arguments: list[str], *, alone: bool) -> None:
        self.name = name
        self.cores = group.cores
        self._report = RESULTS / f"{name}.xml"
        self._report.unlink(missing_ok=True)
        self._log = None if alone else RESULTS / f"{name}.log"
        words = [sys.executable, "-m", "pytest", "-q", group.folder, f"--junitxml={self._report}"]
        words += ["--durations=3", "--tb=short"]  # a long test's own text would hide what it says
        if group.workers > 1:
            words += ["-n", str(group.workers), "--dist", "loadgroup"]
        self._began = time.monotonic()
        with self._log.open("wb") if self._log else nullcontext() as said:
            self._process = subprocess.Popen(
                [*words, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, process_group=0
            )

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None or self.seconds > GROUP_LIMIT_S

    def end(self) -> Outcome:
        """How it went; what is still running is ended."""
        status, seconds = self._process.poll(), self.seconds
        trouble = "" if status in (0, 1, NO_TESTS_COLLECTED) else f"pytest ended with status {status}"
        if status is None:
            trouble = f"did not end within {GROUP_LIMIT_S // 60} minutes"
        end(self._process)
        if self._log is not None:
            print(f"\n── {self.name} ──\n{self._log.read_text(errors='replace')}", end="", flush=True)
        if not self._report.exists():
            trouble = trouble or ("" if status == NO_TESTS_COLLECTED else "no report")
            return Outcome(self.name, seconds=seconds, trouble=trouble)
        suite = ElementTree.parse(self._report).getroot().find("testsuite")
        assert suite is not None
        count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        failed = count["failures"] + count["errors"]
        passed = count["tests"] - failed - count["skipped"]
        return Outcome(self.name, max(passed, 0), failed, count["skipped"], seconds, trouble)


def run_all(names: list[str], arguments: list[str]) -> Iterator[Outcome]:
    """Run each group as soon as there are cores for it; outcomes come as groups end."""
    waiting = [name for name in names if (ROOT / (GROUPS | ON_DEMAND)[name].folder).is_dir()]
    yield from (Outcome(name) for name in names if name not in waiting)
    alone = len(waiting) == 1
    running: list[Run] = []
    try:
        while waiting or running:
            for name in list(waiting):
                group = (GROUPS | ON_DEMAND)[name]
                if sum(each.cores for each in running) + group.cores <= CORES:
                    waiting.remove(name)
                    print(f"── {name} begins ──", flush=True)
                    running.append(Run(name, group, arguments, alone=alone))
            time.sleep(WAIT_S)
            for each in [each for each in running if each.is_over]:
                running.remove(each)
                yield each.end()
    finally:
        for each in running:
            each.end()


def end(process: subprocess.Popen[bytes]) -> None:
    """End pytest and what it started; ask first, so that fixtures can put things away."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def sum_up(outcomes: list[Outcome]) -> bool:
    """Print a line per group and one for all; True when the run is good."""
    print("\n── Summary ──")
    for each in outcomes:
        mark = "ok    " if each.good else "FAILED"
        if each.good and not each.passed + each.skipped:
            mark = "empty "
        numbers = f"{each.passed:5} passed {each.failed:4} failed {each.skipped:4} skipped {each.seconds:7.1f} s"
        print(f"{mark} {each.name:11}{numbers}  {each.trouble}".rstrip())
    passed = sum(each.passed for each in outcomes)
    failed = sum(each.failed + bool(each.trouble) for each in outcomes)
    skipped = sum(each.skipped for each in outcomes)
    if not passed + failed:
        print("No test ran: that is a failure too.")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return failed == 0 and passed > 0


def main(arguments: list[str]) -> int:
    split = arguments.index("--") if "--" in arguments else len(arguments)
    names, for_pytest = arguments[:split] or list(GROUPS), arguments[split + 1 :]
    if unknown := [name for name in names if name not in GROUPS | ON_DEMAND]:
        every = ", ".join(GROUPS | ON_DEMAND)
        print(f"There is no group {', '.join(unknown)}. The groups are: {every}.", file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    try:
        for outcome in run_all(names, for_pytest):
            outcomes.append(outcome)
    except KeyboardInterrupt:
        sum_up(outcomes)
        print("Stopped.")
        return 130
    return 0 if sum_up(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
