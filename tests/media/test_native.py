"""The native core under the compiler's sanitizers: a short look each time, `make sanitize` and `make fuzz` for long."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from server.sfu.native.build import SOURCES, NotBuilt
from tests.fuzz import harness, parsers


def driver(sanitizers: tuple[str, ...]) -> Path:
    try:
        return harness.build(sanitizers)
    except NotBuilt as reason:
        pytest.skip(f"no sanitized core: {reason}")


def play(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    return done.stdout


def test_whatever_was_ever_found_breaks_nothing(tmp_path: Path) -> None:
    program = driver(harness.MEMORY)
    inputs = harness.corpus()
    assert len(inputs) > 100
    play(program, "run", *inputs)
    for path in inputs:
        shutil.copy(path, tmp_path)
    assert "inputs played" in play(program, "fuzz", "2", "1", tmp_path)


@pytest.mark.parametrize("sanitizers", [harness.THREADS, harness.MEMORY], ids=["races", "addresses"])
def test_the_ports_thread_and_the_event_loops_do_not_tread_on_each_other(sanitizers: tuple[str, ...]) -> None:
    assert "datagrams were nobody's" in play(driver(sanitizers), "threads", "2")


def test_the_corpus_reaches_every_part_of_the_core(tmp_path: Path) -> None:
    """What nobody plays nobody finds: new code needs a step in the harness, or inputs that come to it."""
    try:
        shares = harness.reached(tmp_path)
    except NotBuilt as reason:
        pytest.skip(f"nothing counts what is reached: {reason}")
    plain_readers = {"core_told", "layer_number", "layer_read", "link_read", "track_read"}
    missed = {name for name, share in shares.items() if share == 0 and name.rpartition(" ")[2] not in plain_readers}
    assert len(shares) > 100
    # Whether the port's thread is ever so busy that it rests depends on the machine.
    assert missed <= {"port.c: rest"}


def test_a_sanitizer_sees_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "native"
    shutil.copytree(SOURCES, broken, ignore=shutil.ignore_patterns(".built", "__pycache__"))
    slot = broken / "slot.c"
    bound = "++of->count > RUNS_MAX"
    assert bound in slot.read_text()
    slot.write_text(slot.read_text().replace(bound, "++of->count > 2 * RUNS_MAX"))
    monkeypatch.setattr(harness, "SOURCES", broken)
    monkeypatch.setattr(harness, "sources", lambda: sorted(broken.glob("*.c")))
    monkeypatch.setattr(harness, "COMMON", (*harness.COMMON[:-1], f"-I{broken}"))
    monkeypatch.setattr(harness, "BUILT", tmp_path)
    # Every other picture is left out: that closes more gaps than there is room for.
    slow = bytes([21, 32, 0])
    pictures = b"".join(
        bytes([2, 16, 0x80 | 8 << 2 | 1, 0, number, 0, 0x90, 0xA0, 0x80, number, number % 2 << 6, number > 0, 0, 0])
        for number in range(150)
    )
    (tmp_path / "in-pictures").write_bytes(slow + pictures)
    done = subprocess.run(
        [driver(harness.MEMORY), "run", tmp_path / "in-pictures"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stderr


@pytest.mark.parametrize("name", parsers.PARSERS)
def test_a_parser_of_strangers_bytes_refuses_in_its_own_words(name: str) -> None:
    known = len(parsers.corpus(name))
    assert known, "a parser without a corpus"
    played, lines = parsers.fuzz(name, 0.4, seed=1)
    assert played > known + 5
    assert lines > 5
