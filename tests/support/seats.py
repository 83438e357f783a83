"""People at real browsers: each a Chromium profile of its own, doing everything by the clicks a person makes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, Page, expect

WITHIN_MS = 60_000

# Keeps every RTCPeerConnection of a page and its frames at hand, so that a test can read its statistics.
WATCH_PEERS = """
(() => {
  const peers = (window.top.watchedPeers ??= []);
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) { super(...given); peers.push(this); }
  };
})();
"""

# A camera as small as there are: to code and decode seven times as many pixels for everybody proves nothing more.
SMALL_CAMERA = """
(() => {
  if (!window.MediaDevices) return; // an empty page has no camera
  const real = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = function (wanted) {
    const video = wanted.video && { ...wanted.video, width: 320, height: 240 };
    return real.call(this, { ...wanted, video });
  };
})();
"""

# What one page has received until now, over all of its peers: frames per picture, energy of all sound.
RECEIVED = """
async () => {
  let pictures = {}, energy = 0;
  for (const peer of window.watchedPeers ?? []) {
    if (peer.connectionState === "closed") continue;
    for (const report of (await peer.getStats()).values()) {
      if (report.type !== "inbound-rtp") continue;
      if (report.kind === "video" && report.framesDecoded) pictures[report.mid ?? report.id] = report.framesDecoded;
      if (report.kind === "audio") energy += report.totalAudioEnergy ?? 0;
    }
  }
  return { pictures, energy };
}
"""


@dataclass
class SeatAtBrowser:
    """One person at one device."""

    name: str
    link: str
    context: BrowserContext
    page: Page
    mistakes: list[str] = field(default_factory=list)

    async def open(self) -> None:
        await self.page.goto(self.link)

    async def arrive(
        self,
        *,
        location: str = "12 Sample Street, Exampleton",
        callback: str = "555 010 0199",
        near: tuple[str, str] | None = None,
    ) -> None:
        """The four steps, by their own words, and what is to be signed then, until the waiting room. `near`: who could
        look after them, and their number."""
        go_on = self.page.get_by_role("button", name="Continue")
        await expect(self.page.get_by_label("Name the group sees")).to_be_visible(timeout=WITHIN_MS)
        await go_on.click()
        await expect(self.page.get_by_role("heading", name="Camera and sound")).to_be_visible()
        await go_on.click()
        await self.page.get_by_label("Address, or where you are").fill(location)
        await self.page.get_by_label("A number we can call").fill(callback)
        state = self.page.get_by_label("State", exact=True)
        if await state.count():
            await state.select_option("NY")
        if near is None:
            await self.page.get_by_label("Nobody is near").check()
        else:
            await self.page.get_by_label("Their name").fill(near[0])
            await self.page.get_by_label("Their number").fill(near[1])
        await go_on.click()
        await self.page.get_by_text("No, I am alone").click()
        to_sign = await self.page.locator(".steps li").count() - 4
        if to_sign:
            await go_on.click()
        else:
            await self.page.get_by_text("I agree", exact=True).click()
            await self.page.get_by_role("button", name="Go to the waiting room").click()
        for number in range(to_sign):
            await expect(self.page.get_by_text(f"Step {5 + number} of")).to_be_visible(timeout=WITHIN_MS)
            await self.page.get_by_label("I have read this and I agree").check()
            await self.page.get_by_role("button", name="Sign and go on").click()

    async def is_in_the_room(self) -> None:
        """Among the others: the waiting room has a button to leave as well."""
        await expect(self.page.locator("body[data-place=room]")).to_have_count(1, timeout=WITHIN_MS)
        await expect(self.page.get_by_role("button", name="Leave", exact=True)).to_be_visible(timeout=WITHIN_MS)

    async def speak_and_show(self) -> None:
        """Press microphone and camera unless they are on."""
        for number in range(2):
            button = self.page.locator(".dock-button").nth(number)
            await expect(button).to_be_visible(timeout=WITHIN_MS)
            if await button.get_attribute("aria-pressed") != "true":
                await button.click()
            await expect(button).to_have_attribute("aria-pressed", "true", timeout=WITHIN_MS)

    async def hide(self) -> None:
        """Press the camera off."""
        camera = self.page.locator(".dock-button").nth(1)
        if await camera.get_attribute("aria-pressed") == "true":
            await camera.click()
        await expect(camera).to_have_attribute("aria-pressed", "false", timeout=WITHIN_MS)

    async def received(self) -> tuple[dict[str, int], float]:
        """Decoded frames by picture and the energy of all sound heard so far."""
        stats = await self.page.evaluate(RECEIVED)
        return stats["pictures"], stats["energy"]

    async def roams(self) -> bool:
        """Whether the connections of the page are bound to no address: those of its frame."""
        script = "() => watchedPeers.length > 0 && watchedPeers.every((each) => !(each instanceof RTCPeerConnection))"
        return bool(await self.page.evaluate(script))

    async def sees(self, pictures: int) -> None:
        """Wait until at least so many pictures move, whatever is heard."""
        await self.sees_and_hears(pictures, sound=False)

    async def sees_and_hears(self, pictures: int, *, sound: bool = True) -> None:
        """Wait until at least so many pictures move and sound is heard, from now on."""
        frames, energy = await self.received()

        async def grown() -> bool:
            now_frames, now_energy = await self.received()
            moving = [mid for mid, count in now_frames.items() if count > frames.get(mid, 0) + 5]
            return len(moving) >= pictures and (now_energy > energy or not sound)

        for _ in range(WITHIN_MS // 100):
            if await grown():
                return
            await self.page.wait_for_timeout(100)
        now_frames, now_energy = await self.received()
        raise AssertionError(
            f"{self.name} should see {pictures} moving pictures and hear sound: "
            f"frames {frames} → {now_frames}, energy {energy} → {now_energy}"
        )


async def seat_at(
    browser: Browser,
    name: str,
    link: str,
    *,
    width: int = 1366,
    height: int = 768,
    large: bool = False,
    roams: bool = False,
) -> SeatAtBrowser:
    """A fresh profile with a pretended camera and microphone, allowed; a camera of full size where it is `large`.

    Where it `roams` the person allows them when asked, as people do: the page alone, and no frame that forbids itself
    either. What a debugger allows holds for every frame.
    """
    context = await browser.new_context(
        viewport={"width": width, "height": height}, permissions=[] if roams else ["camera", "microphone"]
    )
    await context.add_init_script(WATCH_PEERS)
    if not large:
        await context.add_init_script(SMALL_CAMERA)
    return on_page(name, link, context, await context.new_page())


def on_page(name: str, link: str, context: BrowserContext, page: Page) -> SeatAtBrowser:
    seat = SeatAtBrowser(name=name, link=link, context=context, page=page)
    page.on("pageerror", lambda error: seat.mistakes.append(str(error)))
    page.on(
        "console",
        lambda message: (
            seat.mistakes.append(message.text)
            if message.type == "error"
            and not re.search(r"WebSocket|ERR_CONNECTION|Failed to load resource", message.text)
            else None
        ),
    )
    return seat
