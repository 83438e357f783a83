"""A simulated participant's camera and microphone: an aiortc peer that publishes and receives nothing.

Sending is real WebRTC (ICE, DTLS, SRTP, VP8, Opus); receiving would make every simulated participant decode eleven
others in Python, which shows nobody anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import aioice.ice
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.opus import OpusEncoder
from aiortc.codecs.vpx import Vp8Encoder
from av import AudioFrame
from av.packet import Packet
from av.video.stream import VideoStream

from server.bots import picture
from server.bots.secrecy import DELTA_CLEAR_BYTES, KEYFRAME_CLEAR_BYTES, Keys


class _Camera(MediaStreamTrack):
    kind = "video"

    def __init__(self, frames: list[bytes], on: asyncio.Event) -> None:
        super().__init__()
        self._frames = frames
        self._next_frame = 0
        self._index = 0
        self._started = time.monotonic()
        self._switch = on

    async def recv(self) -> Packet[VideoStream]:
        if not self._switch.is_set():
            self._next_frame = 0  # the first picture after a pause is a keyframe
            await self._switch.wait()
        self._index = max(self._index + 1, round((time.monotonic() - self._started) * picture.FPS))
        await asyncio.sleep(self._started + self._index / picture.FPS - time.monotonic())
        data = self._frames[self._next_frame]
        self._next_frame = (self._next_frame + 1) % len(self._frames)
        return picture.video_packet(data, self._index)


class _Microphone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, sounds: list[AudioFrame], on: asyncio.Event) -> None:
        super().__init__()
        self._sounds = sounds
        self._index = 0
        self._started = time.monotonic()
        self._switch = on

    async def recv(self) -> AudioFrame:
        await self._switch.wait()
        self._index = max(self._index + 1, round((time.monotonic() - self._started) * picture.SOUNDS_PER_S))
        await asyncio.sleep(self._started + self._index / picture.SOUNDS_PER_S - time.monotonic())
        frame = self._sounds[self._index % len(self._sounds)]
        frame.pts = self._index * picture.AUDIO_SAMPLES
        return frame


class _SealedOpus(OpusEncoder):
    """Sounds that leave sealed, or not at all."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    def encode(self, frame: Any, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        sounds, timestamp = super().encode(frame, force_keyframe)
        sealed = [self._keys.seal(sound, clear=0) for sound in sounds]
        return [sound for sound in sealed if sound is not None], timestamp


class _SealedVp8(Vp8Encoder):
    """Pictures that leave sealed, or not at all; they were encoded before."""

    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    def pack(self, packet: Packet[VideoStream]) -> tuple[list[bytes], int]:
        data = bytes(packet)
        sealed = self._keys.seal(data, clear=DELTA_CLEAR_BYTES if data[0] & 1 else KEYFRAME_CLEAR_BYTES)
        if sealed is None:
            return [], 0
        packed = Packet(sealed)
        packed.pts, packed.time_base = packet.pts, packet.time_base
        payloads, timestamp = super().pack(packed)
        return payloads, timestamp


def _with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    addresses = _host_addresses(use_ipv4, use_ipv6)
    return [*addresses, "127.0.0.1"] if use_ipv4 else addresses


# aioice leaves loopback out; a demo on a laptop without a network has nothing else.
_host_addresses = aioice.ice.get_host_addresses
aioice.ice.get_host_addresses = _with_loopback


ENCODER = "_RTCRtpSender__encoder"
"""A private name of aiortc's; tests/media/test_simulated_publisher.py fails when an upgrade moves it."""


class Offering(Protocol):
    """A way to agree media; `Seat` is one."""

    async def offer(self, sdp: str, peer: str | None = None) -> tuple[str, str]: ...


class Publisher:
    """Publishes person `number`'s picture and tone through `seat`; what is off sends nothing."""

    def __init__(self, seat: Offering, number: int, keys: Callable[[], Keys] | None = None) -> None:
        """`keys` gives those of this stay in the room; without them everything leaves as it is."""
        self._seat = seat
        self._keys = keys
        self._number = number
        self._frames: list[bytes] = []
        self._sounds: list[AudioFrame] = []
        self._microphone_on = asyncio.Event()
        self._camera_on = asyncio.Event()
        self._connection: RTCPeerConnection | None = None

    async def prepare(self) -> None:
        """Draw what will be shown, once: it takes a moment that nobody should wait for in the room."""
        if not self._frames:  # aside: the seat must go on answering pings
            self._frames, self._sounds = await asyncio.gather(
                asyncio.to_thread(picture.encoded_loop, self._number),
                asyncio.to_thread(picture.tone_loop, self._number),
            )

    async def connect(self) -> None:
        """Agree media anew (after a first admission, a loss, or a server's restart). Raises Refused, SeatClosed."""
        await self.disconnect()
        await self.prepare()
        self._connection = connection = RTCPeerConnection()
        for track in (_Microphone(self._sounds, self._microphone_on), _Camera(self._frames, self._camera_on)):
            sender = connection.addTransceiver(track, direction="sendonly").sender
            if self._keys is not None:
                keys = self._keys()
                # aiortc makes an encoder at the first frame unless there is one; it has no other place for this.
                encoder = _SealedOpus(keys) if track.kind == "audio" else _SealedVp8(keys)
                setattr(sender, ENCODER, encoder)
        await connection.setLocalDescription(await connection.createOffer())
        _, answer = await self._seat.offer(connection.localDescription.sdp)
        await connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    @property
    def failed(self) -> bool:
        return self._connection is None or self._connection.connectionState in ("failed", "closed")

    def set(self, *, microphone: bool, camera: bool) -> None:
        for switch, on in ((self._microphone_on, microphone), (self._camera_on, camera)):
            if on:
                switch.set()
            else:
                switch.clear()

    async def disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()
