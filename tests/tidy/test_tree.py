"""What lies in the tree, and what must not."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from server.setup import bootstrap, testing
from tests.support.source import ROOT, files_of_the_tree, imports, modules

TOP = {
    *("README.md", "CHANGELOG.md", "Makefile", "Procfile", "pyproject.toml"),
    *("facilitation", "server", "tests", "webclient"),
}
BINARY = {".png", ".jpg", ".webp", ".woff2", ".ico", ".ivf", ".wav", ".bin", ".pcap"}
BYTES_MAX = 1_000_000


def texts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for path in files_of_the_tree()
        if path.suffix not in BINARY
    ]


def test_the_top_level_holds_only_what_belongs_there() -> None:
    names = {path.relative_to(ROOT).parts[0] for path in files_of_the_tree()}
    assert {name for name in names if not name.startswith(".")} <= TOP


def test_no_file_is_huge() -> None:
    assert [str(path) for path in files_of_the_tree() if path.stat().st_size > BYTES_MAX] == []


def test_no_address_of_a_package_index_and_no_path_of_a_machine_is_in_the_tree() -> None:
    # Put together here, so that this file does not hold them.
    hosts = ["pypi" + ".org", "files.python" + "hosted", "npm" + "js.org", "npm" + "js.com", "deb." + "debian.org"]
    paths = ["/ro" + "ot/", "/wo" + "rk/", "/ho" + "me/[a-z]"]
    pattern = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![\w.\-/]){path}" for path in paths)]))
    wrong = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert wrong == []


def test_every_python_dependency_says_why_it_is_here() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    wanted = tomllib.loads("\n".join(lines))
    every = [
        *wanted["project"]["dependencies"],
        *(each for extra in wanted["project"]["optional-dependencies"].values() for each in extra),
        *(each for group in wanted["dependency-groups"].values() for each in group),
    ]
    assert len(every) > 20
    for dependency in every:
        (line,) = [line for line in lines if f'"{dependency}"' in line]
        assert re.search(r'",\s+# \S.{4,}', line), f"say why in a comment: {line.strip()}"


def test_what_is_imported_is_declared_and_not_just_there_by_chance() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run = {name_of(each) for each in wanted["dependencies"]}
    tests = run | {name_of(each) for each in wanted["optional-dependencies"]["test"]}
    carried_by = packages_distributions()
    wrong = [
        f"{module.where}:{line} imports {name}"
        for place, declared in (("facilitation", run), ("server", run), ("tests", tests))
        for module in modules(place)
        for line, name in imports(module)
        if (root := name.split(".")[0]) not in {*sys.stdlib_module_names, "facilitation", "server", "tests"}
        and not declared & {name_of(each) for each in carried_by.get(root, [])}
    ]
    assert wrong == []


def test_every_browser_library_says_why_it_is_here_and_is_pinned() -> None:
    package = json.loads((ROOT / "webclient/package.json").read_text())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"pin {name} exactly"
        assert package["//"].get(name), f"say under // why {name} is here"


def test_the_locks_pin_every_package_by_hash_and_hold_what_is_wanted() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run = locked("run")
    test = locked("test")
    for name in map(name_of, wanted["project"]["dependencies"]):
        assert name in run, f"{name} is not in run.lock: make lock"
    for name in map(name_of, wanted["project"]["optional-dependencies"]["test"]):
        assert name in test, f"{name} is not in test.lock: make lock"
    assert run.items() <= test.items(), "test.lock must hold run.lock at the same versions"
    for group in ("installer", "node"):
        assert {name_of(each) for each in wanted["dependency-groups"][group]} <= locked(group).keys()


def locked(name: str) -> dict[str, str]:
    """Package and version of a lock; each must have a hash."""
    found = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / f"server/setup/{name}.lock").read_text().strip()):
        match = re.match(r"([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", entry)
        assert match, entry
        assert "--hash=sha256:" in entry
        found[match[1]] = match[2]
    return found


def name_of(dependency: str) -> str:
    return re.split(r"[\[~=<>! ]", dependency)[0].lower().replace("_", "-").replace(".", "-")


def test_the_browser_lock_names_no_registry_and_pins_every_package_by_hash() -> None:
    lock = json.loads((ROOT / "webclient/package-lock.json").read_text())
    for name, package in lock["packages"].items():
        if name:
            assert "resolved" not in package, name
            assert package["integrity"].startswith("sha512-"), name


def test_every_folder_of_tests_belongs_to_a_group_that_is_run() -> None:
    known = [ROOT / group.folder for group in (testing.GROUPS | testing.ON_DEMAND).values()]
    lost = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if not any(path.is_relative_to(folder) for folder in known)
    ]
    assert lost == []


def test_the_makefile_and_the_runner_know_the_same_groups() -> None:
    makefile = (ROOT / "Makefile").read_text()
    match = re.search(r"GROUPS = \$\(or \$\(ONLY\),(.*)\)", makefile)
    assert match
    assert match[1].split() == list(testing.GROUPS)
    without_browser = re.search(r'make test ONLY="([a-z0-9 ]+)"', (ROOT / bootstrap.__file__).read_text())
    assert without_browser
    assert without_browser[1].split() == [name for name in testing.GROUPS if name not in ("media", "e2e", "evenings")]


def test_a_process_manager_starts_what_make_run_starts() -> None:
    command = (ROOT / "Procfile").read_text().strip().removeprefix("web: python3 ")
    makefile = (ROOT / "Makefile").read_text().replace("$(SETUP)", "server/setup/bootstrap.py")
    assert f"exec {command}" in makefile
