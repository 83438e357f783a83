"""A headset that goes and comes in the middle of a real call: sound goes on both ways, and a plain line says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import PHONE, barriers
from tests.support.call import call
from tests.support.seats import WITHIN_MS, SeatAtBrowser

pytestmark = pytest.mark.timeout(300)

# Robin's devices: a laptop's own, and a headset with a microphone and a speaker; each microphone has a tone of its own.
# A speaker that is gone plays nothing, whatever it was told, as in Chromium.
DEVICES = """(() => {
  const media = navigator.mediaDevices;
  if (!media) return;
  const real = media.getUserMedia.bind(media);
  const laptop = [
    { kind: "audioinput", deviceId: "laptop-in", label: "Laptop microphone", hz: 300 },
    { kind: "audiooutput", deviceId: "laptop-out", label: "Laptop speaker" },
    { kind: "videoinput", deviceId: "camera", label: "Camera" },
    { kind: "videoinput", deviceId: "camera-2", label: "Camera on the desk" },
  ];
  const headset = [
    { kind: "audioinput", deviceId: "headset-in", label: "Blue headset (046d:0a44)", hz: 700 },
    { kind: "audiooutput", deviceId: "headset-out", label: "Blue headset (046d:0a44)" },
  ];
  let plugged = [...laptop, ...headset];
  media.enumerateDevices = async () => [...plugged];
  media.getUserMedia = async ({ audio, video }) => {
    const stream = new MediaStream();
    if (audio) {
      const id = audio.deviceId?.exact ?? "laptop-in";
      const device = plugged.find((one) => one.deviceId === id);
      if (!device) throw new DOMException("gone", "OverconstrainedError");
      const context = new AudioContext();
      const out = context.createMediaStreamDestination();
      const tone = new OscillatorNode(context, { frequency: device.hz });
      tone.connect(out); tone.start();
      const [track] = out.stream.getAudioTracks();
      Object.defineProperty(track, "label", { value: device.label });
      track.getSettings = () => ({ deviceId: device.deviceId });
      device.track = track;
      stream.addTrack(track);
    }
    if (video) {
      const [track] = (await real({ video: { width: 320, height: 240 } })).getVideoTracks();
      track.getCapabilities = () => ({ backgroundBlur: [true, false] });
      const deviceId = video.deviceId?.exact ?? "camera";
      track.getSettings = () => ({ deviceId, width: 320, height: 240, backgroundBlur: window.blurred });
      window.camera = track;
      track.applyConstraints = async (wanted) => { window.blurred = wanted.backgroundBlur; };
      stream.addTrack(track);
    }
    return stream;
  };
  HTMLMediaElement.prototype.setSinkId = async function (id) {
    if (id && !plugged.some((one) => one.deviceId === id)) throw new DOMException("gone", "NotFoundError");
    this.speaker = id;
  };
  window.speakers = () => [...document.querySelectorAll("#sounds audio")].map((one) => one.speaker ?? "");
  window.unplug = () => {
    plugged = [...laptop];
    const { track } = headset[0];
    track?.stop();
    track?.dispatchEvent(new Event("ended"));
    media.dispatchEvent(new Event("devicechange"));
  };
  window.plug = () => { plugged = [...laptop, ...headset]; media.dispatchEvent(new Event("devicechange")); };
})();"""

# The pitch that is heard loudest of the one voice that this page plays.
PITCH = """async () => {
  const voice = document.querySelector("#sounds audio");
  if (!voice) return 0;
  const context = (window.pitchContext ??= new AudioContext());
  await context.resume();
  const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
  const source = context.createMediaStreamSource(voice.srcObject);
  source.connect(analyser);
  await new Promise((done) => setTimeout(done, 200));
  const levels = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(levels);
  source.disconnect();
  const loudest = levels.indexOf(Math.max(...levels));
  return levels[loudest] > -80 ? loudest * context.sampleRate / analyser.fftSize : 0;
}"""


async def hears(seat: SeatAtBrowser, hz: int) -> None:
    for _ in range(WITHIN_MS // 200):
        pitch = await seat.page.evaluate(PITCH)
        if abs(pitch - hz) < 60:
            return
    raise AssertionError(f"{seat.name} hears {pitch:.0f} Hz, not {hz}")


async def test_a_headset_that_goes_and_comes_back_takes_the_sound_along_without_a_click(
    chromium: Browser, tmp_path: Path
) -> None:
    async with call(tmp_path) as room:
        fay = await room.enter(chromium, "fay")
        robin = await room.enter(chromium, "robin", by=fay, script=DEVICES)
        await hears(fay, 300)

        # In mid-session Robin takes the headset, for both ways, and blurs what is behind: in one place.
        await robin.page.get_by_role("button", name="More").click()
        await robin.page.get_by_role("button", name="Camera and sound").click()
        check = robin.page.get_by_role("dialog", name="Camera and sound")
        await check.get_by_label("Choose a microphone").select_option("headset-in")
        await check.get_by_label("Choose a speaker").select_option("headset-out")
        await expect(check.get_by_role("meter")).not_to_have_attribute("aria-valuenow", "0")
        await check.get_by_label("Blur what is behind me").check()
        assert await robin.page.evaluate("() => window.blurred") is True
        before = await robin.page.evaluate_handle("() => window.camera")
        await check.get_by_label("Choose a camera").select_option("camera-2")
        await robin.page.wait_for_function("() => window.camera.getSettings().deviceId === 'camera-2'")
        assert await before.evaluate("(track) => track.readyState") == "ended", "its light is out"
        await fay.sees(1)
        await robin.page.set_viewport_size(PHONE)
        assert await barriers(robin.page, within="dialog[open]") == []
        await check.get_by_role("button", name="Done").click()
        await hears(fay, 700)
        assert await robin.page.evaluate("() => window.speakers()") == ["headset-out"]

        for _ in range(2):  # what was read once is said again the next time
            await robin.page.evaluate("() => window.unplug()")
            told = robin.page.get_by_text("Blue headset is gone. Now using Laptop microphone.")
            await expect(told).to_be_visible()
            await hears(fay, 300)
            await robin.page.wait_for_function("() => window.speakers().join() === ''")
            await robin.page.get_by_role("button", name="All right").click()
            await expect(told).to_have_count(0)

            await robin.page.evaluate("() => window.plug()")
            await expect(robin.page.get_by_text("Now using Blue headset.")).to_be_visible()
            await hears(fay, 700)
            await robin.page.wait_for_function("() => window.speakers().join() === 'headset-out'")
            assert await barriers(robin.page) == []
        assert fay.mistakes == robin.mistakes == []
