"""What the people of a room send, and who is meant to see which of it: plain values, the same for every server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SOUND_HZ, SOUND_BYTES = 50.0, 100
PICTURE_HZ, PICTURE_PACKETS, PICTURE_BYTES = 20.0, 2, 1_000
"""A picture is as many packets of so many bytes, one straight after the other, as Chromium sends them: there half of a
picture's packets leave within 0.01 to 0.15 ms after the one before."""
PICTURE_HEIGHT = 360
SMALL_HZ, SMALL_BYTES, SMALL_HEIGHT = 15.0, 900, 180
QUIET_HZ, QUIET_BYTES = 5.0, 40
"""Opus with discontinuous transmission while nobody speaks: five comfort packets a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One RTP stream of one seat: `hertz` times a second it sends `packets` of `size` bytes of payload; `rid` names a
    layer, `height` is in pixels."""

    seat: int
    kind: str
    hertz: float
    size: int
    packets: int = 1
    rid: str = ""
    height: int = 0

    @property
    def clock_hz(self) -> int:
        return 48_000 if self.kind == "sound" else 90_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """`sees(viewer, stream)` says whether each packet of the stream must reach that viewer; `wishes` is the height in
    pixels at which a viewer shows each other seat."""

    people: int
    streams: tuple[Stream, ...]
    sees: Callable[[int, Stream], bool]
    wishes: Callable[[int], dict[int, int]]

    @property
    def rate(self) -> float:
        """Packets a second that viewers of one room are meant to get."""
        return sum(
            stream.hertz * stream.packets * self.sees(viewer, stream)
            for stream in self.streams
            for viewer in range(self.people)
        )

    def of(self, seat: int) -> dict[int, Stream]:
        """The streams of a seat by their place in the scene."""
        return {index: stream for index, stream in enumerate(self.streams) if stream.seat == seat}

    @property
    def rids(self) -> tuple[str, ...]:
        """The layers in which everybody sends the picture, smallest first; none where it has no layers."""
        return tuple(stream.rid for stream in self.of(0).values() if stream.rid)


def _sound(seat: int, *, speaks: bool = True) -> Stream:
    hertz, size = (SOUND_HZ, SOUND_BYTES) if speaks else (QUIET_HZ, QUIET_BYTES)
    return Stream(seat=seat, kind="sound", hertz=hertz, size=size)


def _picture(seat: int, *, rid: str = "") -> Stream:
    return Stream(
        seat=seat,
        kind="picture",
        hertz=PICTURE_HZ,
        packets=PICTURE_PACKETS,
        size=PICTURE_BYTES,
        rid=rid,
        height=PICTURE_HEIGHT,
    )


def _small(seat: int, *, rid: str) -> Stream:
    return Stream(seat=seat, kind="picture", hertz=SMALL_HZ, size=SMALL_BYTES, rid=rid, height=SMALL_HEIGHT)


def everybody(people: int) -> Scene:
    """All speak, all show their picture in one size, all get everything: the plain load."""
    return Scene(
        people=people,
        streams=tuple(stream for seat in range(people) for stream in (_sound(seat), _picture(seat))),
        sees=lambda viewer, stream: viewer != stream.seat,
        wishes=lambda viewer: {seat: PICTURE_HEIGHT for seat in range(people) if seat != viewer},
    )


def group(people: int, *, layers: bool) -> Scene:
    """A group as it looks: seat 0 speaks and is shown large, the others listen (with DTX) in small tiles.

    With `layers` everybody sends two sizes and each viewer gets the one that suits the tile; without, one size that
    suits the large tile goes to everybody. What people hear and see is the same.
    """
    streams: list[Stream] = []
    for seat in range(people):
        streams.append(_sound(seat, speaks=seat == 0))
        streams += [_small(seat, rid="q"), _picture(seat, rid="h")] if layers else [_picture(seat)]

    def sees(viewer: int, stream: Stream) -> bool:
        if viewer == stream.seat:
            return False
        return not stream.rid or stream.rid == ("h" if stream.seat == 0 else "q")

    return Scene(
        people=people,
        streams=tuple(streams),
        sees=sees,
        wishes=lambda viewer: {
            seat: PICTURE_HEIGHT if seat == 0 else SMALL_HEIGHT for seat in range(people) if seat != viewer
        },
    )
