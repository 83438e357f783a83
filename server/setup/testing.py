"""Runs groups of tests one after another and sums them up: `make test`, `make test ONLY="unit tidy"`.

    python server/setup/testing.py GROUP… [-- PYTEST-ARGUMENTS]

Every group is a pytest of its own, so that none can disturb the next; a group that hangs is ended. A group
without tests is no failure, but a run without any test is. Results stay in .artifacts/tests/GROUP.xml.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / ".artifacts" / "tests"
GROUP_LIMIT_S = 900
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Group:
    """`workers` pytest processes share the group's tests; 0 runs them here, one by one.

    Tests that bear one `xdist_group` stay with one worker, one after the other.
    """

    folder: str
    workers: int


# For two cores: two workers where there is work to do, more where tests wait for time to pass.
GROUPS = {
    "unit": Group("tests/unit", 2),
    "property": Group("tests/property", 2),
    "tidy": Group("tests/tidy", 2),
    "simulation": Group("tests/simulation", 2),
    "redis": Group("tests/integration/redis", 2),
    "wire": Group("tests/wire", 5),
    "roles": Group("tests/roles", 2),
    "media": Group("tests/media", 2),
    "e2e": Group("tests/e2e", 3),
}
ON_DEMAND = {"network": Group("tests/network", 0)}
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


def run(name: str, arguments: list[str]) -> Outcome:
    """Run one group with its output on this terminal."""
    group = (GROUPS | ON_DEMAND)[name]
    if not (ROOT / group.folder).is_dir():
        return Outcome(name)
    print(f"\n── {name} ──", flush=True)
    report = RESULTS / f"{name}.xml"
    report.unlink(missing_ok=True)
    words = [sys.executable, "-m", "pytest", "-q", group.folder, f"--junitxml={report}", "--durations=3"]
    if group.workers:
        words += ["-n", str(group.workers), "--dist", "loadgroup"]
    began = time.monotonic()
    process = subprocess.Popen([*words, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, process_group=0)
    try:
        status = process.wait(timeout=GROUP_LIMIT_S)
        trouble = "" if status in (0, 1, NO_TESTS_COLLECTED) else f"pytest ended with status {status}"
    except subprocess.TimeoutExpired:
        trouble = f"did not end within {GROUP_LIMIT_S // 60} minutes"
    finally:
        end(process)
    seconds = time.monotonic() - began
    if not report.exists():
        return Outcome(name, seconds=seconds, trouble=trouble or ("" if status == NO_TESTS_COLLECTED else "no report"))
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    count = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
    failed = count["failures"] + count["errors"]
    passed = count["tests"] - failed - count["skipped"]
    return Outcome(name, max(passed, 0), failed, count["skipped"], seconds, trouble)


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
        for name in names:
            outcomes.append(run(name, for_pytest))
    except KeyboardInterrupt:
        sum_up(outcomes)
        print("Stopped.")
        return 130
    return 0 if sum_up(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
