"""The native core is built whole or not at all, and says in words why not (server/sfu/native/build.py)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from server.sfu.native import build
from server.sfu.transport import make_core


@pytest.fixture
def a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build, "BUILT", tmp_path / "built")
    return tmp_path


def test_without_a_compiler_it_says_so_and_python_forwards(
    a_folder_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(a_folder_of_its_own))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(build.NotBuilt, match="no C compiler"):
        build.build()
    assert make_core("auto", stun=lambda *seen: None, now_us=lambda: 0).name == "python"
    with pytest.raises(build.NotBuilt, match="apt-get install gcc"):
        make_core("native", stun=lambda *seen: None, now_us=lambda: 0)


def test_a_compiler_that_fails_leaves_nothing_behind(
    a_folder_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = a_folder_of_its_own / "cc"
    failing.write_text("#!/bin/sh\necho 'no such header' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("CC", str(failing))
    with pytest.raises(build.NotBuilt, match="no such header"):
        build.build()
    assert list(build.BUILT.iterdir()) == []


@pytest.mark.skipif(build.compiler() is None, reason="no C compiler")
def test_other_sources_make_another_library_and_the_old_one_goes(
    a_folder_of_its_own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = a_folder_of_its_own / "sources"
    shutil.copytree(build.SOURCES, sources, ignore=shutil.ignore_patterns(".built", "__pycache__"))
    monkeypatch.setattr(build, "SOURCES", sources)
    first = build.build()
    assert build.build() == first
    (sources / "rtp.c").write_text((sources / "rtp.c").read_text() + "\n/* another */\n")
    assert not build.library().exists()
    second = build.build()
    assert list(build.BUILT.iterdir()) == [second]
    assert second != first
