"""A real Chromium with a pretended camera and microphone, pictures of pages, and axe on them."""

from __future__ import annotations

import os
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
LOOKING = "PICTURES" in os.environ
"""Whether somebody wants to look: pictures prove nothing, and cost more than what is proven beside them."""

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


PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is there. All show, run and connect alike; the shell, which opens no window, costs half as much."""


def executable(*, with_windows: bool = False) -> str:
    """Path of Debian's Chromium; `make test` installs it where it may. One that opens windows, if there is one, keeps
    what a person allowed a page, as theirs does."""
    programs = sorted(PROGRAMS, key=lambda name: name.endswith("-shell")) if with_windows else PROGRAMS
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        raise RuntimeError("Chromium is not installed. As root: apt-get install chromium-headless-shell")
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


async def picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """A screenshot of the page as it stands, as .artifacts/screenshots/NAME.png, if somebody wants to look."""
    if LOOKING:
        path = artifact(f"screenshots/{name}.png")
        await page.screenshot(path=path, full_page=full_page, animations="disabled")


async def pictures(
    page: Page,
    name: str,
    *,
    sizes: Sequence[ViewportSize] = (PHONE, DESKTOP),
    themes: Sequence[Theme] = THEMES,
) -> None:
    """The page at each width in each theme, NAME-WIDTH-THEME.png; afterwards it is as it was, in light."""
    before = page.viewport_size
    if LOOKING:
        for theme in themes:
            await page.emulate_media(color_scheme=theme)
            for size in sizes:
                await page.set_viewport_size(size)
                await picture(page, f"{name}-{size['width']}-{theme}", full_page=True)
        if before is not None:
            await page.set_viewport_size(before)
    await page.emulate_media(color_scheme="light")


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """One thing on a page that keeps somebody out: axe's rule, its words, and where."""

    rule: str
    text: str
    where: tuple[str, ...]


WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules among them that another theme can break: all else is the same page."""

RUN_AXE = """async ([within, runOnly]) => {
    const {violations} = await axe.run(within ?? document, {runOnly, resultTypes: ["violations"]});
    return violations.map(v => [v.id, v.help, v.nodes.map(n => n.target.join(" "))]);
}"""


async def barriers(page: Page, *, within: str | None = None, of_colours: bool = False) -> list[Barrier]:
    """What axe finds against WCAG 2.2 A and AA on the page as it stands, or within a CSS selector.

    axe is evaluated by the debugger, so that the page's Content-Security-Policy stays as it is.
    """
    if not await page.evaluate("() => typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text())
    only = {"type": "rule", "values": OF_COLOURS} if of_colours else {"type": "tag", "values": WCAG}
    found = await page.evaluate(RUN_AXE, [within, only])
    return [Barrier(rule=rule, text=text, where=tuple(where)) for rule, text, where in found]


SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    .then(() => Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null))))"""
NOT_SIDEWAYS = "document.documentElement.scrollWidth <= innerWidth"
