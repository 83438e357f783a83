"""A network of our own: the bench runs where no packet can leave the machine, and nothing else is on the wires.

Janus takes no loopback interface for its candidates, so the namespace has a virtual cable with an address; what goes to
that address stays inside, as on loopback. Root can always make one, others where user namespaces are allowed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

ADDRESS = "198.51.100.1"  # of those reserved for documentation
_INSIDE = "MILIEU_BENCH_APART"
_SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
_CABLES = (
    "ip link set lo up && ip link add media0 type veth peer name media1 && "
    f"ip addr add {ADDRESS}/32 dev media0 && ip link set media0 up && ip link set media1 up"
)


def is_apart() -> bool:
    return os.environ.get(_INSIDE) == "yes"


def go() -> None:
    """Run this very command again in a network of its own, and never return; returns where none can be made."""
    if _INSIDE in os.environ:
        return
    os.environ["PATH"] = _SEARCH
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if (
        not shutil.which("unshare")
        or not shutil.which("ip")
        or subprocess.run([*alone, "sh", "-c", _CABLES], capture_output=True, check=False).returncode
    ):
        os.environ[_INSIDE] = "no"
        return
    os.environ[_INSIDE] = "yes"
    sys.stdout.flush()
    words = [sys.executable, *sys.orig_argv[1:]]
    os.execvp(alone[0], [*alone, "sh", "-c", f'{_CABLES} && exec "$@"', "sh", *words])
