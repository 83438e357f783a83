"""A real Chromium with a pretended camera and microphone, pictures of pages, and axe on them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, ViewportSize, async_playwright

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / ".artifacts"
AXE = ROOT / "webclient/node_modules/axe-core/axe.min.js"

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
PHONE: ViewportSize = {"width": 360, "height": 740}
TABLET: ViewportSize = {"width": 768, "height": 1024}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}

FLAGS = (
    "--use-fake-device-for-media-stream=fps=10",  # a green picture with a pie chart, a beep a second; half the work
    "--use-fake-ui-for-media-stream",  # says yes to the permission prompt
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    "--disable-dev-shm-usage",
    "--mute-audio",
)


def executable() -> str:
    """Path of Debian's Chromium; `make test` installs it where it may."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        raise RuntimeError("Chromium is not installed. As root: apt-get install chromium")
    return found


@asynccontextmanager
async def open_chromium(*, flags: Sequence[str] = (), program: Path | None = None) -> AsyncIterator[Browser]:
    """One headless Chromium. `flags` come after the usual ones and win over them; `program` runs it somewhere else."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program or executable(), args=[*FLAGS, *flags], chromium_sandbox=os.getuid() != 0
        )
        try:
            yield browser
        finally:
            await browser.close()


def artifact(name: str) -> Path:
    """Where a test leaves something to look at: .artifacts/NAME, its folders made."""
    path = ARTIFACTS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


async def picture(page: Page, name: str, *, full_page: bool = False) -> Path:
    """A screenshot of the page as it stands, as .artifacts/screenshots/NAME.png."""
    path = artifact(f"screenshots/{name}.png")
    await page.screenshot(path=path, full_page=full_page, animations="disabled")
    return path


async def pictures(
    page: Page,
    name: str,
    *,
    sizes: Sequence[ViewportSize] = (PHONE, DESKTOP),
    themes: Sequence[Theme] = THEMES,
) -> list[Path]:
    """The page at each width in each theme, NAME-WIDTH-THEME.png; afterwards it is as it was, in light."""
    before = page.viewport_size
    paths = []
    for theme in themes:
        await page.emulate_media(color_scheme=theme)
        for size in sizes:
            await page.set_viewport_size(size)
            paths.append(await picture(page, f"{name}-{size['width']}-{theme}", full_page=True))
    await page.emulate_media(color_scheme="light")
    if before is not None:
        await page.set_viewport_size(before)
    return paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """One thing on a page that keeps somebody out: axe's rule, its words, and where."""

    rule: str
    text: str
    where: tuple[str, ...]


async def barriers(page: Page, *, within: str | None = None) -> list[Barrier]:
    """What axe finds against WCAG 2.2 A and AA on the page as it stands, or within a CSS selector.

    axe is evaluated by the debugger, so that the page's Content-Security-Policy stays as it is.
    """
    if not await page.evaluate("() => typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        """async (within) => {
            const only = {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']};
            const {violations} = await axe.run(within ?? document, {runOnly: only});
            return violations.map(v => [v.id, v.help, v.nodes.map(n => n.target.join(' '))]);
        }""",
        within,
    )
    return [Barrier(rule=rule, text=text, where=tuple(where)) for rule, text, where in found]


def slug(text: str) -> str:
    """A file name made of the words of `text`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
