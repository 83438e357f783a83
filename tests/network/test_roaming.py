"""What a Chromium that keeps a person's permissions binds connections to: the page's own, and those of our frame."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from server.web.statics import Files
from server.web.templates import WEBCLIENT
from tests.support.browser import FLAGS, executable
from tests.support.serving import served

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(executable(with_windows=True).endswith("-shell"), reason="the whole Chromium is not installed"),
]

PLACES = """async ([roams]) => {
  const { createRoaming } = await import("/static/media/roaming.mjs");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const capture = { chosen: {}, tracks: { audio: stream.getAudioTracks()[0] } };
  const roaming = createRoaming();
  const Connection = roams ? await roaming.choose(capture) : RTCPeerConnection;
  const connection = new Connection();
  stream.getTracks().forEach((track) => connection.addTransceiver(track, { direction: "sendonly" }));
  const hosts = new Set();
  const done = new Promise((resolve) => {
    connection.onicecandidate = ({ candidate }) => (candidate?.candidate ? hosts.add(candidate.address) : resolve());
  });
  await connection.setLocalDescription();
  await done;
  roaming.close();
  return [Connection === RTCPeerConnection, [...hosts]];
}"""


async def test_where_the_camera_is_allowed_for_good_a_connection_of_the_frame_is_bound_to_no_address(
    tmp_path: Path,
) -> None:
    async def nothing(request: Request) -> Response:
        return HTMLResponse("<!doctype html><title>roaming</title><body></body>")

    files = Files(WEBCLIENT / "static", suffixes=frozenset({".mjs"}), cache="no-cache")
    async with served(Starlette(routes=[Route("/", nothing), Mount("/static", files)])) as url:
        allowed = {f"{url},*": {"last_modified": "13300000000000000", "setting": 1}}
        kept = {"media_stream_camera": allowed, "media_stream_mic": allowed}
        (tmp_path / "Default").mkdir()
        preferences = {"profile": {"content_settings": {"exceptions": kept}}}
        (tmp_path / "Default/Preferences").write_text(json.dumps(preferences))
        async with async_playwright() as playwright:
            context = await playwright.chromium.launch_persistent_context(
                tmp_path,
                executable_path=executable(with_windows=True),
                args=[flag for flag in FLAGS if "fake-ui" not in flag],
                chromium_sandbox=False,
            )
            page = await context.new_page()
            await page.goto(url)
            for roams in (False, True):
                is_own, hosts = await page.evaluate(PLACES, [roams])
                assert is_own == (not roams)
                assert hosts and all(host.endswith(".local") == roams for host in hosts), hosts
            await context.close()
