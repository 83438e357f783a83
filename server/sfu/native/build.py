"""Builds the native core with the system's C compiler; standard library only, for the set-up runs it as well.

    python server/sfu/native/build.py

The library's name holds a digest of what it was made of, so that old ones are never loaded.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).parent
BUILT = SOURCES / ".built"
FLAGS = (
    *("-std=gnu17", "-D_GNU_SOURCE", "-O2", "-g", "-fPIC", "-pthread", "-fvisibility=default"),
    *("-Wall", "-Wextra", "-Wconversion", "-Wno-sign-conversion", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"),
)
BUILD_S_MAX = 120
WHY_NOT = "the native core is not built; install a C compiler (on Debian: apt-get install gcc libc6-dev) and start anew"


class NotBuilt(Exception):
    """There is no native core; the text says why."""


def sources() -> list[Path]:
    """The C files of the core, in a steady order."""
    return sorted(SOURCES.glob("*.c"))


def library() -> Path:
    """Where the library of the present sources is, or will be."""
    whole = hashlib.sha256()
    for path in sorted(SOURCES.glob("*.[ch]")):
        whole.update(path.read_bytes())
    whole.update("\0".join((*FLAGS, platform.machine(), sys.platform)).encode())
    return BUILT / f"core-{whole.hexdigest()[:16]}.so"


def compiler() -> str | None:
    """The C compiler: $CC, or the first there is."""
    return next((found for name in (os.environ.get("CC"), "cc", "gcc") if name and (found := shutil.which(name))), None)


def build() -> Path:
    """The library, made if it is not there yet; those of other sources go. Raises NotBuilt."""
    made = library()
    if made.exists():
        return made
    cc = compiler()
    if cc is None:
        raise NotBuilt("there is no C compiler (gcc)")
    try:
        BUILT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT) as folder:
            # Made aside and moved: whoever looks finds all of it or nothing.
            unfinished = Path(folder) / "core.so"
            done = subprocess.run(
                [cc, *FLAGS, "-shared", *map(str, sources()), "-o", str(unfinished)],
                capture_output=True,
                text=True,
                timeout=BUILD_S_MAX,
                check=False,
            )
            if done.returncode != 0:
                raise NotBuilt(f"the C compiler failed: {done.stderr.strip()[-2_000:]}")
            unfinished.replace(made)
        for old in BUILT.glob("core-*.so"):
            if old != made:
                old.unlink(missing_ok=True)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"the C compiler could not be run: {error}") from error
    return made


if __name__ == "__main__":
    try:
        print(build())
    except NotBuilt as reason:
        sys.exit(f"The native media core was not built: {reason}.")
