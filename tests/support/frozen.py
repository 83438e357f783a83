"""A page that can be hidden and frozen, as a phone does it with one in the background.

Pages that Playwright looks after are always in front. So this one has a Chromium of its own, spoken to by its protocol
alone (https://chromedevtools.github.io/devtools-protocol).
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.support.browser import FLAGS, executable

WITHIN_S = 60


class LonePage:
    """One page of a browser that has no other but those it is left for."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._session = ""

    async def open(self, url: str, *, script: str) -> None:
        """Go there; `script` runs before anything else."""
        target = (await self._ask("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self._ask("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        await self._ask("Page.enable")
        await self._ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        await self._ask("Page.navigate", url=url)

    async def evaluate(self, expression: str) -> Any:
        told = await self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until it is true."""
        for _ in range(WITHIN_S * 10):
            if await self.evaluate(f"Boolean({expression})"):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"it never came true: {expression}")

    async def leave(self) -> None:
        """Have another page in front, as whoever turns to something else: this one is hidden."""
        await self._ask("Target.createTarget", url="about:blank", of_browser=True)
        await self.until("document.hidden")

    async def freeze(self) -> None:
        """What a browser does to a page that was hidden for a while: nothing of it runs any more."""
        await self._ask("Page.setWebLifecycleState", state="frozen")

    async def come_back(self) -> None:
        """Have it in front again."""
        await self._ask("Page.setWebLifecycleState", state="active")
        await self._ask("Page.bringToFront")

    async def _ask(self, method: str, *, of_browser: bool = False, **fields: Any) -> dict[str, Any]:
        number = next(self._numbers)
        of = {"sessionId": self._session} if self._session and not of_browser else {}
        await self._line.send(json.dumps({"id": number, "method": method, "params": fields, **of}))
        async with asyncio.timeout(WITHIN_S):
            async for text in self._line:
                told = json.loads(text)
                if told.get("id") == number:
                    assert "error" not in told, told["error"]
                    return dict(told["result"])
        raise AssertionError("the browser is gone")


@asynccontextmanager
async def lone_page(folder: Path) -> AsyncIterator[LonePage]:
    """A Chromium that opens windows, with its profile in `folder`, and one page that is not open yet."""
    flags = ["--headless", "--remote-debugging-port=0", f"--user-data-dir={folder}", *FLAGS]
    if os.getuid() == 0:
        flags.append("--no-sandbox")
    port = folder / "DevToolsActivePort"
    browser = await asyncio.create_subprocess_exec(
        executable(with_windows=True), *flags, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            while not (port.exists() and len(told := port.read_text().splitlines()) == 2):
                assert browser.returncode is None, "Chromium ended"
                await asyncio.sleep(0.05)
        async with connect(f"ws://127.0.0.1:{told[0]}{told[1]}", max_size=None, proxy=None) as line:
            yield LonePage(line)
    finally:
        if browser.returncode is None:
            browser.terminate()
        await browser.wait()
