"""What the browser's code may not hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.source import ROOT, begins, files_of_the_tree, imports, modules

DOM_GLOBALS = (
    *("document", "window", "navigator", "localStorage", "sessionStorage", "customElements", "HTMLElement"),
    *("requestAnimationFrame", "alert", "matchMedia"),
)


def browser_files(*suffixes: str, under: str = "webclient") -> list[Path]:
    found = [path for path in files_of_the_tree() if path.is_relative_to(ROOT / under) and path.suffix in suffixes]
    assert found, f"nothing under {under}"
    return found


def code_of(path: Path) -> str:
    """The text of a script without comments and plain strings; its lines stay where they are."""
    blank = lambda match: re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    return re.sub(
        r"/\*.*?\*/|(?<![:\w'\"`\\])//[^\n]*|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"",
        blank,
        path.read_text(),
        flags=re.S,
    )


def found(pattern: str, paths: list[Path], *, code: bool = False, flags: int = 0) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate((code_of(path) if code else path.read_text()).splitlines(), 1)
        if re.search(pattern, line, flags)
    ]


def test_nothing_records_media_and_no_control_asks_to() -> None:
    files = browser_files(".mjs", ".js", ".html", ".css", ".svg")
    # Whatever could keep sound or pictures: recorders, raw frames, encoders, files to write into, canvases drawn upon.
    keepers = (
        r"MediaRecorder|MediaStreamTrackProcessor|\b(Video|Audio)Encoder\b|ImageCapture|grabFrame|takePhoto"
        r"|showSaveFilePicker|createWritable|FileSystemWritable|indexedDB"
        r"|ScriptProcessor|AudioWorklet|\.drawImage\(|createObjectURL"
    )
    assert found(keepers, files) == []
    assert found(r"(start|stop|toggle)[-_ ]?record", files, flags=re.I) == []


def test_the_server_has_nothing_that_keeps_media() -> None:
    """It forwards and forgets; simulated participants alone encode, what they drew themselves."""
    wrong = [
        f"{module.where}:{line} imports {name}"
        for module in modules("server")
        for line, name in imports(module)
        if begins(name, "aiortc.contrib", "wave", "av") and not module.where.startswith("server/bots/")
    ]
    keepers = re.compile(r"MediaRecorder|MediaBlackhole|MediaPlayer|ffmpeg|\.mp4|\.webm|\.ivf|\.wav|\.pcap", re.I)
    for module in [*modules("server/sfu"), *modules("server/rooms"), *modules("server/wire")]:
        lines = enumerate(module.path.read_text().splitlines(), 1)
        wrong += [f"{module.where}:{number}" for number, text in lines if keepers.search(text)]
        wrong += [
            f"{module.where}:{node.lineno} writes a file"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            if (isinstance(node.func, ast.Name) and node.func.id == "open")
            or (isinstance(node.func, ast.Attribute) and node.func.attr in ("write_bytes", "write_text"))
            or (isinstance(node.func, ast.Attribute) and node.func.attr == "open" and any(map(is_mode, node.args)))
        ]
    files = re.compile(r"\b(f?open(at)?|creat|f?write|p?writev?|mmap|sendfile|tmpfile|mkstemp|fprintf)\s*\(")
    for path in (ROOT / "server/sfu/native").glob("*.c"):
        lines = enumerate(path.read_text().splitlines(), 1)
        wrong += [f"{path.name}:{number} writes a file" for number, text in lines if files.search(text)]
    assert wrong == []


def is_mode(argument: ast.expr) -> bool:
    """Whether this opens a file to write into it; a port is opened with other words."""
    return isinstance(argument, ast.Constant) and bool(re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", str(argument.value)))


def test_the_core_uses_nothing_of_a_page() -> None:
    names = "|".join(DOM_GLOBALS)
    assert (
        found(rf"(?<![\w.$])({names})\b(?!\s*:)", browser_files(".mjs", under="webclient/static/core"), code=True) == []
    )


def test_pages_hold_no_script_and_no_style_of_their_own() -> None:
    """Content-Security-Policy would stop it; better that it is never written."""
    pages = browser_files(".html")
    assert found(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", pages) == []
    assert found(r"\s(on[a-z]+|style)=[\"']", pages) == []
    assert found(r"<style\b", pages) == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    """Namespaces of SVG are names, not addresses."""
    files = browser_files(".mjs", ".html", ".css")
    pattern = r"""(src|href|url|import|from|fetch)\s*[=(]?\s*["'(]\s*(https?:)?//(?!www\.w3\.org/)"""
    assert found(pattern, files) == []


@pytest.mark.parametrize(
    "sink", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "unsafeHTML"]
)
def test_no_text_becomes_markup(sink: str) -> None:
    assert found(re.escape(sink), browser_files(".mjs"), code=True) == []
