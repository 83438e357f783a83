"""Moving pictures and soft tones for simulated participants, drawn and encoded here: no files, no cameras.

A picture is a plain figure (head and shoulders) before a quiet background; colour and the way it sways come from the
person's number, so that two seats are never mistaken for each other.
"""

from __future__ import annotations

import colorsys
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from av import AudioFrame, VideoFrame
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

WIDTH, HEIGHT = 320, 240
FPS = 10
LOOP_FRAMES = 20
KEYFRAME_EVERY = 10
VIDEO_TIME_BASE = Fraction(1, 90_000)
AUDIO_RATE_HZ = 48_000
AUDIO_SAMPLES = 960
SOUNDS_PER_S = AUDIO_RATE_HZ // AUDIO_SAMPLES
AUDIO_TIME_BASE = Fraction(1, AUDIO_RATE_HZ)


@dataclass(frozen=True, slots=True)
class _Yuv:
    y: int
    u: int
    v: int


def _yuv(hue: float, lightness: float, saturation: float) -> _Yuv:
    """BT.601 studio-range colour of an HLS one."""
    red, green, blue = colorsys.hls_to_rgb(hue % 1.0, lightness, saturation)
    return _Yuv(
        y=round(16 + 65.481 * red + 128.553 * green + 24.966 * blue),
        u=round(128 - 37.797 * red - 74.203 * green + 112.0 * blue),
        v=round(128 + 112.0 * red - 93.786 * green - 18.214 * blue),
    )


def _draw(width: int, height: int, scale: float, sway: float, colours: list[int]) -> bytes:
    """One plane: background, shoulders (an ellipse) and head (a circle). `sway` moves the head, −1…1."""
    background, shoulders, head = colours
    rows = []
    head_x, head_y, head_r = (160 + 14 * sway) * scale, 98 * scale, 44 * scale
    body_x, body_y, body_w, body_h = (160 + 5 * sway) * scale, 240 * scale, 96 * scale, 92 * scale
    for y in range(height):
        row = bytearray([background]) * width
        inside = 1 - ((y - body_y) / body_h) ** 2
        if inside > 0:
            half = body_w * math.sqrt(inside)
            left, right = max(0, round(body_x - half)), min(width, round(body_x + half))
            row[left:right] = bytes([shoulders]) * (right - left)
        across = head_r**2 - (y - head_y) ** 2
        if across > 0:
            half = math.sqrt(across)
            left, right = round(head_x - half), round(head_x + half)
            row[left:right] = bytes([head]) * (right - left)
        rows.append(bytes(row))
    return b"".join(rows)


def _padded(plane: bytes, width: int, stride: int) -> bytes:
    if stride == width:
        return plane
    rows = (plane[start : start + width] for start in range(0, len(plane), width))
    return b"".join(row.ljust(stride, b"\0") for row in rows)


def frame(number: int, step: int) -> VideoFrame:
    """Picture `step` of person `number`'s endless loop of LOOP_FRAMES."""
    hue = number * 0.381966  # golden angle: neighbours differ most
    sway = math.sin(2 * math.pi * step / LOOP_FRAMES)
    colours = (_yuv(hue, 0.36, 0.28), _yuv(hue + 0.5, 0.55, 0.35), _yuv(hue + 0.08, 0.78, 0.35))
    drawn = VideoFrame(WIDTH, HEIGHT, "yuv420p")
    planes = (
        (WIDTH, HEIGHT, 1.0, [colour.y for colour in colours]),
        (WIDTH // 2, HEIGHT // 2, 0.5, [colour.u for colour in colours]),
        (WIDTH // 2, HEIGHT // 2, 0.5, [colour.v for colour in colours]),
    )
    for plane, (width, height, scale, values) in zip(drawn.planes, planes, strict=True):
        plane.update(_padded(_draw(width, height, scale, sway, values), width, plane.line_size))
    return drawn


def encoded_loop(number: int) -> list[bytes]:
    """The loop as VP8 frames; every KEYFRAME_EVERY-th is a keyframe, so a late viewer waits a second at most."""
    encoder = VideoCodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.bit_rate = 180_000
    encoder.gop_size = KEYFRAME_EVERY
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "8",
        "lag-in-frames": "0",
        "error-resilient": "1",
        "keyint_min": str(KEYFRAME_EVERY),
    }
    frames: list[bytes] = []
    for step in range(LOOP_FRAMES):
        picture = frame(number, step)
        picture.pts, picture.time_base = step, Fraction(1, FPS)
        frames.extend(bytes(packet) for packet in encoder.encode(picture))
    frames.extend(bytes(packet) for packet in encoder.encode(None))
    return frames


def video_packet(data: bytes, index: int) -> Packet[VideoStream]:
    packet = cast("Packet[VideoStream]", Packet(data))
    packet.pts = index * 90_000 // FPS
    packet.time_base = VIDEO_TIME_BASE
    return packet


def tone(number: int, index: int) -> AudioFrame:
    """20 ms of a soft tone that swells and fades twice a second; each person has a pitch of their own."""
    pitch_hz = 180 * 2 ** ((number * 5 % 24) / 12)
    samples = bytearray()
    start = index * AUDIO_SAMPLES
    for sample in range(start, start + AUDIO_SAMPLES):
        seconds = sample / AUDIO_RATE_HZ
        swell = 0.5 - 0.5 * math.cos(2 * math.pi * 2 * seconds)
        value = round(2_600 * swell * math.sin(2 * math.pi * pitch_hz * seconds))
        samples += value.to_bytes(2, "little", signed=True)
    made = AudioFrame(format="s16", layout="mono", samples=AUDIO_SAMPLES)
    made.planes[0].update(bytes(samples))
    made.sample_rate = AUDIO_RATE_HZ
    made.pts = start
    made.time_base = AUDIO_TIME_BASE
    return made


def tone_loop(number: int) -> list[AudioFrame]:
    """One second of the tone, which repeats without a seam but for its pitch."""
    return [tone(number, index) for index in range(SOUNDS_PER_S)]
