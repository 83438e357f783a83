"""The name of a node (server/store/node.py)."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.store.node import NodeName, NodeNameTaken


def test_a_name_is_kept_for_the_next_start(tmp_path: Path) -> None:
    first = NodeName(tmp_path / "data")
    first.release()
    first.release()
    second = NodeName(tmp_path / "data")
    assert second.name == first.name
    second.release()


def test_two_folders_have_two_names(tmp_path: Path) -> None:
    one, two = NodeName(tmp_path / "one"), NodeName(tmp_path / "two")
    assert one.name != two.name
    one.release()
    two.release()


def test_a_name_in_use_is_refused_in_words(tmp_path: Path) -> None:
    name = NodeName(tmp_path)
    with pytest.raises(NodeNameTaken, match="MILIEU_DATA_DIR"):
        NodeName(tmp_path)
    name.release()


def test_a_killed_process_leaves_its_name_to_the_next(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from server.store.node import NodeName\n"
    code += "print(NodeName(Path(sys.argv[1])).name, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        with pytest.raises(NodeNameTaken):
            NodeName(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    successor = NodeName(tmp_path)
    assert successor.name == name
    successor.release()


@pytest.mark.parametrize("rubbish", [b"", b"n-12", b"\xff" * 50, b"n-1\nn-2\n"])
def test_a_damaged_name_is_replaced(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "node").write_bytes(rubbish)
    node = NodeName(tmp_path)
    assert (tmp_path / "node").read_text() == f"{node.name}\n"
    node.release()
