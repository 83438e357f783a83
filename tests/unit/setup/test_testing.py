"""The runner of test groups cannot pass by running nothing (server/setup/testing.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.setup import testing
from server.setup.testing import Group, Outcome, main

GOOD = "def test_good(): pass\n"
BAD = "def test_bad(): assert False\n"
SKIPPED = "import pytest\ndef test_later(): pytest.skip('not here')\n"
BROKEN = "import nothing_of_this_name\n"
HANGS = "import time\ndef test_hangs(): time.sleep(600)\n"


@pytest.fixture(autouse=True)
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    monkeypatch.setattr(testing, "ROOT", tmp_path)
    monkeypatch.setattr(testing, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(testing, "GROUPS", {name: Group(f"tests/{name}", 0) for name in ("one", "two")})
    return tmp_path


def write(tree: Path, group: str, text: str) -> None:
    (tree / "tests" / group).mkdir(parents=True, exist_ok=True)
    (tree / "tests" / group / f"test_{len(text)}.py").write_text(text)


def test_every_group_runs_and_the_last_line_counts_all(groups: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(groups, "one", GOOD)
    write(groups, "one", SKIPPED)
    write(groups, "two", GOOD)
    assert main([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "2 passed, 0 failed, 1 skipped"


def test_one_failure_fails_the_run_and_the_other_groups_still_run(
    groups: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(groups, "one", BAD)
    write(groups, "two", GOOD)
    assert main([]) == 1
    said = capfd.readouterr().out
    assert "FAILED one" in said
    assert said.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_a_group_without_tests_is_no_failure(groups: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (groups / "tests/one").mkdir(parents=True)
    write(groups, "two", GOOD)
    assert main([]) == 0
    assert "empty  one" in capfd.readouterr().out


def test_a_run_without_any_test_is_a_failure(groups: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (groups / "tests/one").mkdir(parents=True)
    assert main([]) == 1
    assert "No test ran" in capfd.readouterr().out


def test_tests_that_are_all_skipped_are_a_failure_too(groups: Path) -> None:
    write(groups, "one", SKIPPED)
    assert main(["one"]) == 1


def test_tests_that_cannot_be_read_are_a_failure(groups: Path) -> None:
    write(groups, "one", BROKEN)
    write(groups, "two", GOOD)
    assert main([]) == 1


def test_a_group_that_hangs_is_ended_and_named(
    groups: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(testing, "GROUP_LIMIT_S", 3)
    write(groups, "one", HANGS)
    assert main(["one"]) == 1
    assert "did not end" in capfd.readouterr().out


def test_arguments_go_to_pytest(groups: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(groups, "one", GOOD + BAD)
    assert main(["one", "--", "-k", "good"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_an_unknown_group_is_refused_with_the_known_ones(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["three"]) == 2
    assert "one, two" in capfd.readouterr().err


def test_trouble_counts_as_a_failure() -> None:
    assert not Outcome("one", passed=3, trouble="did not end").good
