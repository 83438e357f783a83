"""A shared screen between real browsers: large, sharp, one at a time, and gone when it should be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_encryption import MARK, frames
from tests.support.browser import PHONE, barriers, pictures
from tests.support.call import call
from tests.support.seats import WITHIN_MS

pytestmark = pytest.mark.timeout(300)

# A page of text as a browser would capture it; the choosing is the browser's own dialog, which no test can press.
A_DOCUMENT = """(() => {
  navigator.mediaDevices.getDisplayMedia = async (wanted) => {
    window.screenWanted = wanted;
    const canvas = document.createElement("canvas");
    canvas.width = 1280; canvas.height = 720;
    const brush = canvas.getContext("2d");
    let line = 0;
    const draw = () => {
      brush.fillStyle = "#fff"; brush.fillRect(0, 0, 1280, 720);
      brush.fillStyle = "#111"; brush.font = "28px sans-serif";
      for (let row = 0; row < 20; row += 1) brush.fillText(`Line ${line + row} of a page we read`, 40, 40 + 34 * row);
      line += 1;
    };
    draw();
    setInterval(draw, 200);
    const stream = canvas.captureStream(5);
    window.screenTrack = stream.getVideoTracks()[0];
    return stream;
  };
})();"""

SHOWN = """() => { const video = document.querySelector(".shared-screen video");
  return video ? [video.videoWidth, video.videoHeight, video.currentTime] : null; }"""


# How much of the page of text is as dark as ink and as light as paper: as it is shown, and as it was drawn.
INK = """() => {
  const share = (paint) => {
    const canvas = document.createElement("canvas");
    canvas.width = 1280; canvas.height = 720;
    const brush = canvas.getContext("2d");
    paint(brush);
    const { data } = brush.getImageData(30, 20, 380, 690);
    let ink = 0, paper = 0;
    for (let at = 1; at < data.length; at += 4) { ink += data[at] < 80; paper += data[at] > 215; }
    return [ink, paper].map((count) => count * 4 / data.length);
  };
  return { shown: share((brush) => brush.drawImage(document.querySelector(".shared-screen video"), 0, 0)),
    drawn: share((brush) => {
      brush.fillStyle = "#fff"; brush.fillRect(0, 0, 1280, 720);
      brush.fillStyle = "#111"; brush.font = "28px sans-serif";
      for (let row = 0; row < 20; row += 1) brush.fillText(`Line ${20 + row} of a page we read`, 40, 40 + 34 * row);
    }) };
}"""

# Pictures of the one stream of this height that were coded here or decoded.
FRAMES = """async (height) => {
  for (const peer of window.watchedPeers) {
    for (const entry of (await peer.getStats()).values()) {
      if (entry.frameHeight === height) return entry.framesEncoded ?? entry.framesDecoded;
    }
  }
  return 0;
}"""


async def is_read(shower: Page, viewer: Page) -> None:
    """The text is as sharp as it was drawn, and each of its five pictures a second is shown."""
    for _ in range(100):
        ink = await viewer.evaluate(INK)
        if all(shown > 0.75 * drawn for shown, drawn in zip(ink["shown"], ink["drawn"], strict=True)):
            break
        await viewer.wait_for_timeout(100)
    else:
        raise AssertionError(f"not to be read: {ink}")
    before = await shower.evaluate(FRAMES, 720), await viewer.evaluate(FRAMES, 720), time.monotonic()
    await viewer.wait_for_timeout(2_000)
    coded, decoded = await shower.evaluate(FRAMES, 720) - before[0], await viewer.evaluate(FRAMES, 720) - before[1]
    assert 4 <= coded <= 5 * (time.monotonic() - before[2]) + 2
    assert abs(coded - decoded) <= 2


async def moves(page: Page, height: int) -> None:
    """Wait until the shared screen is shown in this size, and goes on."""
    seen: list[float] = []
    for _ in range(300):
        shown = await page.evaluate(SHOWN)
        if shown and shown[1] == height:
            seen.append(shown[2])
            if seen[-1] > seen[0]:
                return
        await page.wait_for_timeout(100)
    raise AssertionError(f"no shared screen: {await page.evaluate(SHOWN)}")


async def test_a_facilitators_screen_is_read_by_all_and_a_participants_once_they_may(
    chromium: Browser, tmp_path: Path
) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay", script=A_DOCUMENT)
        robin = await room.enter(chromium, "robin", by=fay, script=A_DOCUMENT)
        sam = await room.enter(chromium, "sam", by=fay)
        for seat in (robin, sam):
            await seat.page.get_by_role("button", name="More").click()
            await expect(seat.page.get_by_role("button", name="Show my screen")).to_have_count(0)
            await seat.page.keyboard.press("Escape")

        await fay.page.locator("body").press("p")
        for seat in (robin, sam):
            await expect(seat.page.get_by_text("Dr. Fay Facilitator is showing their screen")).to_be_visible(
                timeout=WITHIN_MS
            )
            await moves(seat.page, 720)
            assert await barriers(seat.page) == []
        await sam.sees_and_hears(3)
        await is_read(fay.page, robin.page)
        wanted = await fay.page.evaluate("() => window.screenWanted")
        assert wanted["video"]["frameRate"]["max"] == 5
        assert wanted["audio"] is False
        assert await fay.page.evaluate("() => window.screenTrack.contentHint") == "text"
        await pictures(robin.page, "shared-screen", themes=("light", "dark"))
        await pictures(fay.page, "shared-screen-own", themes=("light",))
        await sam.page.set_viewport_size(PHONE)
        await moves(sam.page, 720)

        # One at a time: Robin may now, and has to wait; Fay stops, and Robin shows theirs.
        await fay.page.locator(".person-name").filter(has_text="Robin Example").click()
        await fay.page.get_by_role("button", name="May show a screen").click()
        await robin.page.get_by_role("button", name="More").click()
        await robin.page.get_by_role("button", name="Show my screen").click()
        await expect(robin.page.get_by_text("Theirs has to end first")).to_be_visible(timeout=WITHIN_MS)
        assert await robin.page.evaluate("() => window.screenTrack.readyState") == "ended"
        await fay.page.get_by_role("button", name="Stop showing").click()
        await expect(robin.page.locator(".shared-screen")).to_have_count(0, timeout=WITHIN_MS)
        assert await fay.page.evaluate("() => window.screenTrack.readyState") == "ended"
        await robin.page.get_by_role("button", name="More").click()
        await robin.page.get_by_role("button", name="Show my screen").click()
        await moves(fay.page, 720)

        # What leaves is sealed like everything else.
        spy = await room.spy(video_slots=0, audio_slots=0, screen_slots=1)
        await spy.until(lambda: len(frames(spy)) > 5, 30)
        assert all(frame.endswith(MARK) for frame in frames(spy))

        # A facilitator can end it; a reload ends it too.
        await fay.page.get_by_role("button", name="End it").click()
        await expect(robin.page.get_by_text("Your screen is no longer shown")).to_be_visible(timeout=WITHIN_MS)
        assert await robin.page.evaluate("() => window.screenTrack.readyState") == "ended"
        await robin.page.locator("body").press("p")
        await moves(fay.page, 720)
        await robin.page.reload()
        await expect(fay.page.locator(".shared-screen")).to_have_count(0, timeout=WITHIN_MS)
        for seat in (fay, robin, sam):
            assert seat.mistakes == [], seat.name
