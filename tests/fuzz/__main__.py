"""Look for inputs that break what strangers can reach.

    python -m tests.fuzz [SECONDS]          the native core under sanitizers, then every parser in Python
    python -m tests.fuzz --sanitize         the corpus, and the core's threads, under each sanitizer
    python -m tests.fuzz --keep             what was found so far, as far as it reaches more, becomes the corpus
    python -m tests.fuzz --reached          how much of each function of the core the corpus reaches

What reaches new code is kept in .artifacts/fuzz; an input that breaks the core is left there as `latest`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from server.sfu.native.build import NotBuilt
from tests.fuzz import harness, parsers

FOUND = Path(".artifacts/fuzz")
KEPT = FOUND / "core"


def fuzz(seconds: float) -> int:
    seed = int(time.time())
    share = seconds / 2
    try:
        driver = harness.build(harness.MEMORY)
    except NotBuilt as reason:
        print(f"The native core is left out: {reason}.")
    else:
        KEPT.mkdir(parents=True, exist_ok=True)
        for path in harness.CORPUS.iterdir():
            shutil.copy(path, KEPT / path.name)
        print(f"The native core, with addresses and undefined behaviour watched (seed {seed}):", flush=True)
        if subprocess.run([driver, "fuzz", str(share), str(seed % 2**32), KEPT], check=False).returncode:
            print(f"It broke. The input begins at the ninth byte of {KEPT / 'latest'}; its size is before it.")
            return 1
    for name in parsers.PARSERS:
        played, lines = parsers.fuzz(name, share / len(parsers.PARSERS), seed, folder=FOUND / name)
        print(f"{name}: {played:,} inputs, {lines} lines reached")
    return 0


def sanitize() -> int:
    failed, seed = 0, str(int(time.time()))
    for words, sanitizers, run in (
        ("addresses and undefined behaviour", harness.MEMORY, ["run", *harness.corpus()]),
        ("addresses and undefined behaviour, with threads", harness.MEMORY, ["threads", "5", seed]),
        ("races between threads", harness.THREADS, ["threads", "10", seed]),
    ):
        print(f"{words}: ", end="", flush=True)
        done = subprocess.run([harness.build(sanitizers), *run], capture_output=True, text=True, check=False)
        print("clean" if done.returncode == 0 else f"not clean (seed {seed})\n{done.stderr[-8_000:]}")
        failed += done.returncode != 0
    return 1 if failed else 0


def keep() -> int:
    """The smallest inputs that reach all that is reached, by the corpus and by what was kept beside it."""
    for name in parsers.PARSERS:
        found = [path.read_bytes() for path in (FOUND / name).glob("in-*.bin")]
        inputs = parsers.smallest(name, [*parsers.corpus(name), *found])
        folder = parsers.CORPUS / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number, data in enumerate(inputs):
            (folder / f"in-{number:03}.bin").write_bytes(data)
        print(f"{name}: {len(inputs)} inputs")
    driver = harness.build(harness.MEMORY)
    for path in harness.CORPUS.iterdir():
        shutil.copy(path, KEPT / path.name)
        path.unlink()
    return subprocess.run([driver, "merge", KEPT, harness.CORPUS], check=False).returncode


def tell_reached() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name, share in sorted(harness.reached(Path(folder)).items(), key=lambda pair: pair[1]):
            print(f"{share:5.0%}  {name}")
    return 0


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Break what strangers can reach.")
    asked.add_argument("seconds", nargs="?", type=float, default=60.0)
    for name in ("sanitize", "keep", "reached"):
        asked.add_argument(f"--{name}", action="store_true")
    chosen = asked.parse_args()
    if chosen.sanitize:
        sys.exit(sanitize())
    sys.exit(keep() if chosen.keep else tell_reached() if chosen.reached else fuzz(chosen.seconds))
