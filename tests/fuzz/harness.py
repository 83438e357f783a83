"""The native core with the compiler's sanitizers in it, and the program that drives it (core_harness.c)."""

from __future__ import annotations

import hashlib
import os
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


def _run(words: list[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, timeout=BUILD_S_MAX, check=False)
    if done.returncode != 0:
        raise NotBuilt(f"the C compiler failed: {done.stderr.strip()[-2_000:]}")


def corpus() -> list[str]:
    return [str(path) for path in sorted(CORPUS.iterdir())]
