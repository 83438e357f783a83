"""The native core with the compiler's sanitizers in it, and the program that drives it (core_harness.c)."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from server.sfu.native.build import BUILT, SOURCES, NotBuilt, compiler, sources

HERE = Path(__file__).parent
CORPUS = HERE / "corpus" / "core"
COMMON = ("-std=gnu17", "-D_GNU_SOURCE", "-O1", "-g", "-pthread", "-fno-omit-frame-pointer", f"-I{SOURCES}")
MEMORY = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
THREADS = ("-fsanitize=thread",)
COVERAGE = ("-fsanitize-coverage=trace-pc",)
BUILD_S_MAX = 300


def build(sanitizers: tuple[str, ...]) -> Path:
    """The driver with these sanitizers, made where it is not there yet. Raises NotBuilt."""
    files = [*sources(), *SOURCES.glob("*.h"), HERE / "core_harness.c"]
    whole = hashlib.sha256("\0".join((*COMMON, *sanitizers)).encode())
    for path in files:
        whole.update(path.read_bytes())
    made = BUILT / f"harness-{whole.hexdigest()[:16]}"
    if made.exists():
        return made
    cc = compiler()
    if cc is None:
        raise NotBuilt("there is no C compiler (gcc)")
    BUILT.mkdir(exist_ok=True)
    folder = made.with_suffix(f".{os.getpid()}")
    folder.mkdir()
    # The driver itself is not counted: only what it reaches in the core.
    objects = [(path, sanitizers + COVERAGE) for path in sources()] + [(HERE / "core_harness.c", sanitizers)]
    for path, flags in objects:
        _run([cc, *COMMON, *flags, "-c", str(path), "-o", str(folder / f"{path.stem}.o")])
    _run([cc, *sanitizers, "-pthread", *map(str, folder.glob("*.o")), "-o", str(folder / "harness")])
    (folder / "harness").replace(made)
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()
    return made


def _run(words: list[str], folder: Path | None = None) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=BUILD_S_MAX, check=False)
    if done.returncode != 0:
        raise NotBuilt(f"{words[0]} failed: {done.stderr.strip()[-2_000:]}")
    return done.stdout


def reached(folder: Path, *, threads_s: float = 0.5) -> dict[str, float]:
    """What share of each function of the core (`file: function`) the corpus reaches, with the threads beside it.

    Built and played in `folder`, without sanitizers. Raises NotBuilt, where gcov is missing as well.
    """
    cc, gcov = compiler(), shutil.which("gcov")
    if cc is None or gcov is None:
        raise NotBuilt("there is no gcc with gcov")
    _run([cc, *COMMON[:3], "-O0", "--coverage", "-pthread", *COMMON[-1:], "-c", *map(str, sources())], folder)
    _run([cc, *COMMON[:3], "-pthread", *COMMON[-1:], "-c", str(HERE / "core_harness.c")], folder)
    _run([cc, "--coverage", "-pthread", *(path.name for path in folder.glob("*.o")), "-o", "harness"], folder)
    _run(["./harness", "run", *corpus()], folder)
    _run(["./harness", "threads", str(threads_s)], folder)
    shares = {}
    for counted in sorted(folder.glob("*.gcda")):
        told = _run([gcov, "--no-output", "--function-summaries", counted.name], folder)
        for name, percent in re.findall(r"^Function '(\w+)'\nLines executed:([\d.]+)%", told, re.M):
            shares[f"{counted.stem}.c: {name}"] = float(percent) / 100
    return shares


def corpus() -> list[str]:
    return [str(path) for path in sorted(CORPUS.iterdir())]
