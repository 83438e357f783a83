"""A picture from an upright phone, between real browsers: it stands upright, and nothing of it is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.support.browser import PHONE, pictures
from tests.support.call import call

pytestmark = pytest.mark.timeout(300)

# What a phone held upright sends: red above, blue below.
UPRIGHT_CAMERA = """(() => {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await real(wanted);
    for (const track of stream.getVideoTracks()) {
      const canvas = document.createElement("canvas");
      canvas.width = 180; canvas.height = 320;
      const brush = canvas.getContext("2d");
      setInterval(() => {
        brush.fillStyle = "#d00"; brush.fillRect(0, 0, 180, 160);
        brush.fillStyle = "#00d"; brush.fillRect(0, 160, 180, 160);
      }, 100);
      stream.addTrack(canvas.captureStream(10).getVideoTracks()[0]);
      stream.removeTrack(track);
      track.stop();
    }
    return stream;
  };
})();"""

SHOWN = """(mirrored) => {
  const video = [...document.querySelectorAll(".tile video")].find(
    (one) => one.classList.contains("mirrored") === mirrored && one.videoHeight > one.videoWidth);
  if (!video) return null;
  const canvas = document.createElement("canvas");
  canvas.width = 2; canvas.height = 4;
  const brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0, 2, 4);
  const at = (row) => [...brush.getImageData(0, row, 1, 1).data];
  const over = video.getBoundingClientRect().height - video.parentElement.getBoundingClientRect().height;
  const fit = getComputedStyle(video).objectFit;
  return { ratio: video.videoHeight / video.videoWidth, fit, over, top: at(0), bottom: at(3) };
}"""


async def shown(page: Page, *, mirrored: bool) -> dict[str, Any]:
    """The upright picture on somebody's screen, once it is there."""
    for _ in range(300):
        found: dict[str, Any] | None = await page.evaluate(SHOWN, mirrored)
        if found is not None and max(found["top"][:3]) > 100:
            return found
        await page.wait_for_timeout(100)
    raise AssertionError("no upright picture is shown")


async def test_a_phone_held_upright_is_seen_whole_by_the_others_and_by_its_owner(
    chromium: Browser, tmp_path: Path
) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay, script=UPRIGHT_CAMERA, **PHONE)
        for page, mirrored in ((fay.page, False), (robin.page, True)):
            seen = await shown(page, mirrored=mirrored)
            assert seen["fit"] == "contain", "cut to the shape of the tile it would lose two fifths"
            assert seen["over"] <= 1, "it reaches beyond its tile"
            assert 1.7 < seen["ratio"] < 1.85
            assert seen["top"][0] > 100 > seen["top"][2]
            assert seen["bottom"][2] > 100 > seen["bottom"][0]
            await pictures(page, "upright")
        assert fay.mistakes == robin.mistakes == []
