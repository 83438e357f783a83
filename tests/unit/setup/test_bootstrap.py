"""The set-up repeats nothing, takes up what was interrupted, and fails in words (server/setup/bootstrap.py)."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.setup import bootstrap
from server.setup.bootstrap import SetupFailed, Step, carry_out, digest, explain, stamp, stamped

SCRIPT = Path(bootstrap.__file__)


@pytest.fixture(autouse=True)
def a_tree_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    venv = tmp_path / ".venv"
    venv.mkdir()
    for name, path in {
        "ROOT": tmp_path,
        "VENV": venv,
        "PYTHON": venv / "bin/python",
        "UV": venv / "bin/uv",
        "UNFINISHED": venv / ".unfinished",
        "OUTPUT_LOG": venv / "setup.log",
        "FREE_MB_MIN": 1,
    }.items():
        monkeypatch.setattr(bootstrap, name, path)
    return tmp_path


def a_venv(tree: Path) -> None:
    """A .venv as somebody may have made it by hand."""
    (tree / ".venv/bin").mkdir()
    (tree / ".venv/bin/uv").touch()
    (tree / ".venv/bin/python").symlink_to(sys.executable)


def test_nothing_is_done_and_nothing_said_when_all_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    def never() -> None:
        raise AssertionError("done twice")

    carry_out([Step("It", lambda: True, never)])
    assert capsys.readouterr().out == ""


def test_only_what_is_missing_is_done_in_order_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []
    steps = [
        Step("One", lambda: False, lambda: done.append("one")),
        Step("Two", lambda: True, lambda: done.append("two")),
        Step("Three", lambda: False, lambda: done.append("three")),
    ]
    carry_out(steps)
    said = capsys.readouterr().out
    assert done == ["one", "three"]
    assert "1 of 2  One" in said
    assert "2 of 2  Three" in said
    assert "Two" not in said


def test_a_full_disk_is_told_before_anything_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "FREE_MB_MIN", 10**12)
    with pytest.raises(SetupFailed, match="MB are free"):
        carry_out([Step("It", lambda: False, lambda: None)])


def test_a_stamp_holds_for_the_same_contents_only(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("one")
    stamp(tmp_path, "run", digest(lock, "here"))
    assert stamped(tmp_path, "run", digest(lock, "here"))
    assert not stamped(tmp_path, "test", digest(lock, "here"))
    assert not stamped(tmp_path, "run", digest(lock, "there"))
    lock.write_text("two")
    assert not stamped(tmp_path, "run", digest(lock, "here"))


def test_a_venv_made_by_hand_is_taken_over(a_tree_of_its_own: Path) -> None:
    assert not bootstrap.venv_works()
    a_venv(a_tree_of_its_own)
    assert bootstrap.venv_works()


def test_an_interrupted_venv_is_not_trusted(a_tree_of_its_own: Path) -> None:
    a_venv(a_tree_of_its_own)
    (a_tree_of_its_own / ".venv/.unfinished").touch()
    assert not bootstrap.venv_works()


def test_a_venv_whose_python_is_broken_or_gone_is_not_trusted(a_tree_of_its_own: Path) -> None:
    a_venv(a_tree_of_its_own)
    python = a_tree_of_its_own / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert not bootstrap.venv_works()
    python.unlink()
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert not bootstrap.venv_works()


def test_a_venv_that_was_moved_is_not_trusted(a_tree_of_its_own: Path) -> None:
    a_venv(a_tree_of_its_own)
    stamp(bootstrap.VENV, "made", bootstrap.venv_identity())
    assert bootstrap.venv_works()
    stamp(bootstrap.VENV, "made", bootstrap.venv_identity().replace(".venv", "elsewhere"))
    assert not bootstrap.venv_works()


def test_packages_that_were_laid_halfway_leave_a_mark_and_no_stamp(
    a_tree_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_venv(a_tree_of_its_own)

    def pulled_the_plug(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "call", pulled_the_plug)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.install_packages("run")
    assert not stamped(bootstrap.VENV, "run", bootstrap.python_digest("run"))
    assert not bootstrap.venv_works()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("error: Failed to fetch: dns error: failed to lookup address", "cannot be reached"),
        ("npm error code EAI_AGAIN", "cannot be reached"),
        ("NewConnectionError: [Errno 111] Connection refused", "cannot be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("npm error code ENOSPC", "disk is full"),
        ("invalid peer certificate: UnknownIssuer", "certificate is not trusted"),
        ("Hash mismatch for `segno==1.6.6`", "not the one that was pinned"),
        ("npm error code EINTEGRITY", "not the one that was pinned"),
        ("E: Could not get lock /var/lib/dpkg/lock-frontend", "apt is busy"),
        ("something nobody has seen before", "A command failed."),
    ],
)
def test_a_failed_command_is_explained_with_the_end_of_what_it_said(said: str, words: str) -> None:
    text = explain(["first line", said])
    assert words in text
    assert said in text


def test_a_command_that_fails_raises_and_its_output_is_kept(a_tree_of_its_own: Path) -> None:
    with pytest.raises(SetupFailed, match="it went wrong"):
        bootstrap.call(sys.executable, "-c", "print('it went wrong'); raise SystemExit(3)")
    assert "it went wrong" in (a_tree_of_its_own / ".venv/setup.log").read_text()


def test_debian_packages_are_never_installed_without_the_right_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "missing_programs", lambda: ["chromium-headless-shell"])
    monkeypatch.setattr(bootstrap, "call", lambda *words: pytest.fail(f"ran {words}"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(SetupFailed, match="apt-get install chromium"):
        bootstrap.install_debian_packages()


def test_janus_is_wanted_only_where_it_is_missing_may_be_installed_and_starts_no_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    monkeypatch.setattr(bootstrap, "STARTS_NO_SERVICES", True)
    monkeypatch.setattr(bootstrap, "apt_get", lambda: ["apt-get"])
    assert bootstrap.is_janus_to_be_had()
    monkeypatch.setattr(bootstrap, "apt_get", lambda: None)
    assert not bootstrap.is_janus_to_be_had()
    monkeypatch.setattr(bootstrap, "apt_get", lambda: ["apt-get"])
    monkeypatch.setattr(bootstrap, "STARTS_NO_SERVICES", False)
    assert not bootstrap.is_janus_to_be_had()


def test_a_bench_goes_on_without_janus(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*words: str) -> None:
        raise SetupFailed("no network")

    monkeypatch.setattr(bootstrap, "apt_get", lambda: ["apt-get"])
    monkeypatch.setattr(bootstrap, "call", refuse)
    bootstrap.install_janus()
    assert "nothing is measured beside it" in capsys.readouterr().err


def test_two_setups_in_one_folder_wait_for_each_other(
    a_tree_of_its_own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    real = fcntl.flock

    def flock(fd: int, how: int) -> None:
        asked.append(how)
        if how == fcntl.LOCK_EX:
            real(other, fcntl.LOCK_UN)  # the other one is done now
        real(fd, how)

    other = os.open(a_tree_of_its_own, os.O_RDONLY)
    real(other, fcntl.LOCK_EX)
    monkeypatch.setattr(fcntl, "flock", flock)
    with bootstrap.one_at_a_time():
        pass
    os.close(other)
    assert asked == [fcntl.LOCK_EX | fcntl.LOCK_NB, fcntl.LOCK_EX]
    assert "waiting for it" in capsys.readouterr().out


def test_without_a_purpose_it_says_how_it_is_used() -> None:
    result = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "bootstrap.py run" in result.stdout


def test_it_needs_nothing_but_the_standard_library() -> None:
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(SCRIPT)!r})"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""


def test_without_a_c_compiler_set_up_goes_on_and_says_who_forwards_media(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    native = tmp_path / "native"
    native.mkdir()
    (native / "build.py").write_bytes((Path(bootstrap.MEDIA_CORE) / "build.py").read_bytes())
    monkeypatch.setattr(bootstrap, "MEDIA_CORE", native)
    monkeypatch.setattr(bootstrap, "MEDIA_CORE_BUILT", native / ".built")
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    step = next(step for step in bootstrap.steps_for("run") if "media core" in step.name)
    assert not step.done()
    carry_out([step])
    said = capsys.readouterr().out
    assert "Python forwards media" in said
    assert "apt-get install gcc" in said
    assert step.done(), "said once, not at every start"
