"""The rewriter: makes whatever streams a slot shows over time look like one unbroken stream.

One rewriter per slot, for the slot's whole life. A viewer's decoder sees one SSRC whose sequence numbers,
timestamps and VP8 picture numbers run on without a seam, whoever is shown and in whichever layer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from struct import Struct

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.sequence import Unwrapper, distance
from server.sfu.rtp.vp8 import Vp8, renumber

REMOVED_RUNS_MAX = 100
"""How many closed gaps are remembered for packets that arrive late."""

_WORD = 1 << 32
_outgoing: Callable[[type[Outgoing], tuple[object, ...]], Outgoing] = tuple.__new__
_DESCRIPTORS = {0x80: Struct("!BBH"), 0xC0: Struct("!BBHB")}
"""Of pictures whose number has 15 bits; the other fields are seldom there."""


class Rewriter:
    """Numbers the packets of changing streams for one slot.

    `rate` is the RTP clock in ticks a second. `first_sequence` must be below 2**15, else early loss can
    make the receiver guess SRTP's rollover counter wrongly (RFC 3711 §3.3.1). With `keyframes` a new stream
    starts at a keyframe only. Streams are any hashable key; `number` is the sender's sequence number, unwrapped.
    """

    __slots__ = (
        "_aim",
        "_clock_shift",
        "_current",
        "_first_number",
        "_frame_open",
        "_highest_number",
        "_key_offset",
        "_keyframes",
        "_last_at_us",
        "_last_key_index",
        "_last_picture",
        "_last_sequence",
        "_last_timestamp",
        "_last_tl0",
        "_offsets",
        "_picture_offset",
        "_rate",
        "_seven_bits",
        "_started",
        "_timestamp_offset",
        "_tl0_offset",
    )

    def __init__(self, *, rate: int, keyframes: bool, first_sequence: int, first_timestamp: int) -> None:
        assert 1 < first_sequence < 1 << 15
        self._rate = rate
        self._keyframes = keyframes
        self._aim: Hashable | None = None
        self._current: Hashable | None = None
        self._clock_shift: int | None = None
        self._started = False
        self._last_sequence = first_sequence - 1
        self._last_timestamp = first_timestamp
        self._last_at_us = 0
        self._frame_open = False
        self._first_number = 0
        self._highest_number = 0
        # Runs of (first number, what to add to it and to all that follow), oldest first.
        self._offsets: list[tuple[int, int]] = []
        self._timestamp_offset = 0
        self._last_picture = -1
        self._last_tl0 = -1
        self._last_key_index = -1
        self._picture_offset: int | None = None
        self._tl0_offset: int | None = None
        self._key_offset: int | None = None
        self._seven_bits = Unwrapper(7)

    @property
    def current(self) -> Hashable | None:
        """The stream that flows now, None before the first packet and after a cut."""
        return self._current

    @property
    def awaited(self) -> Hashable | None:
        """The stream whose first usable packet (of video: a keyframe) is waited for, if any."""
        return self._aim if self._aim != self._current else None

    @property
    def started(self) -> bool:
        return self._started

    def aim(self, stream: Hashable | None, *, cut: bool, clock_shift: int | None = None) -> None:
        """From the next usable packet on, show `stream`.

        With `cut` the present one stops now (another person), else it goes on until then (another layer).
        `clock_shift` is what to add to the new stream's timestamps to have the present one's of the same
        moment, in ticks, when sender reports tell; without it the wall clock decides.
        """
        self._aim = stream
        self._clock_shift = None if cut else clock_shift
        if cut:
            self._current = None

    def timestamp_at(self, now_us: int) -> int:
        """The slot's RTP timestamp of the moment `now_us` (for its sender reports)."""
        elapsed = max(0, now_us - self._last_at_us) if self._started else 0
        return (self._last_timestamp + elapsed * self._rate // 1_000_000) % _WORD

    def drop(self, stream: Hashable, number: int) -> None:
        """Close the gap that a packet without content (padding) would leave."""
        if stream != self._current or number <= self._highest_number:
            return  # Too late: later numbers went out already.
        self._highest_number = number
        self._offsets.append((number + 1, self._offsets[-1][1] - 1))
        if len(self._offsets) > REMOVED_RUNS_MAX:
            del self._offsets[0]
            self._first_number = max(self._first_number, self._offsets[0][0])

    def push(
        self,
        stream: Hashable,
        number: int,
        timestamp: int,
        marker: bool,
        payload: bytes,
        vp8: Vp8 | None,
        now_us: int,
    ) -> Outgoing | None:
        """The packet as the slot sends it, or None when it must not be sent."""
        if stream is self._current and number == self._highest_number + 1:
            # In order, as nearly all are: the same as below, where less can happen.
            self._highest_number = number
            self._last_sequence = sequence = number + self._offsets[-1][1]
            self._frame_open = not marker
            out_timestamp = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
            if out_timestamp != self._last_timestamp and (out_timestamp - self._last_timestamp) & 0xFFFFFFFF < 1 << 31:
                self._last_timestamp, self._last_at_us = out_timestamp, now_us
            if vp8 is None:
                return _outgoing(Outgoing, (sequence & 0xFFFF, out_timestamp, marker, b"", payload, 0))
            prefix = self._renumbered(payload, vp8)
            return _outgoing(Outgoing, (sequence & 0xFFFF, out_timestamp, marker, prefix, payload, vp8.size))
        if stream != self._current:
            if stream != self._aim or stream is None:
                return None
            if self._keyframes and (vp8 is None or not vp8.starts_keyframe):
                return None
            self._splice(stream, number, timestamp, now_us)
            marker = marker or not self._keyframes  # A talkspurt starts (RFC 3551 §4.1).
        elif number < self._first_number:
            return None

        sequence = number + self._offset_of(number)
        out_timestamp = (timestamp + self._timestamp_offset) % _WORD
        if number > self._highest_number:
            self._highest_number = number
        if sequence > self._last_sequence:
            self._last_sequence = sequence
            self._frame_open = not marker
        if not self._started or distance(out_timestamp, self._last_timestamp, 32) > 0:
            self._last_timestamp = out_timestamp
            self._last_at_us = now_us
        self._started = True

        prefix, skip = b"", 0
        if vp8 is not None:
            prefix, skip = self._renumbered(payload, vp8), vp8.size
        return Outgoing(sequence & 0xFFFF, out_timestamp, marker, prefix, payload, skip)

    # ------------------------------------------------------------------ the seam

    def _splice(self, stream: Hashable, number: int, timestamp: int, now_us: int) -> None:
        following = self._last_sequence + 1
        if self._keyframes and self._started and self._frame_open:
            # The frame before the seam lacks its end: leave a number out, lest a decoder join the two.
            following += 1
        self._offsets = [(number, following - number)]
        self._first_number = number
        self._highest_number = number
        self._timestamp_offset = (self._timestamp_after(timestamp, now_us) - timestamp) % _WORD
        self._picture_offset = self._tl0_offset = self._key_offset = None
        self._seven_bits = Unwrapper(7)
        self._current = stream
        self._clock_shift = None

    def _timestamp_after(self, timestamp: int, now_us: int) -> int:
        """Where the new stream's first timestamp goes: as far after the last as time has passed."""
        if not self._started:
            return self._last_timestamp
        expected = self.timestamp_at(now_us)
        if self._clock_shift is not None:
            aligned = (timestamp + self._clock_shift + self._timestamp_offset) % _WORD
            # A report that says otherwise by more than a quarter of a second is not believed.
            if abs(distance(aligned, expected, 32)) < self._rate // 4:
                expected = aligned
        if distance(expected, self._last_timestamp, 32) < 1:
            expected = (self._last_timestamp + 1) % _WORD
        return expected

    def _offset_of(self, number: int) -> int:
        for first, offset in reversed(self._offsets):
            if number >= first:
                return offset
        return self._offsets[0][1]

    def _renumbered(self, payload: bytes, vp8: Vp8) -> bytes:
        picture, tl0, key_index = vp8.picture, vp8.tl0, vp8.key_index
        if picture is not None:
            if vp8.picture_bits != 15:
                picture = self._seven_bits.unwrap(picture)
            if self._picture_offset is None:
                # Counting starts anywhere; after a seam it goes on where the last stream stopped.
                self._picture_offset = self._last_picture + 1 - picture if self._last_picture >= 0 else 0
            picture = (picture + self._picture_offset) & 0x7FFF
            if self._last_picture < 0 or 0 < (picture - self._last_picture) & 0x7FFF < 0x4000:
                self._last_picture = picture
        if tl0 is not None:
            if self._tl0_offset is None:
                self._tl0_offset = self._last_tl0 + 1 - tl0 if self._last_tl0 >= 0 else 0
            tl0 = (tl0 + self._tl0_offset) & 0xFF
            if self._last_tl0 < 0 or 0 < (tl0 - self._last_tl0) & 0xFF < 0x80:
                self._last_tl0 = tl0
        if key_index is not None:
            if self._key_offset is None:
                self._key_offset = self._last_key_index + 1 - key_index if self._last_key_index >= 0 else 0
            key_index = (key_index + self._key_offset) & 0x1F
            if self._last_key_index < 0 or 0 < (key_index - self._last_key_index) & 0x1F < 0x10:
                self._last_key_index = key_index
        if picture is not None and key_index is None and vp8.temporal is None:
            plain = _DESCRIPTORS.get(payload[1])
            if plain is not None and tl0 is not None:
                return plain.pack(payload[0], 0xC0, 0x8000 | picture, tl0)
            if plain is not None:
                return plain.pack(payload[0], 0x80, 0x8000 | picture)
        return renumber(payload, vp8, picture=picture, tl0=tl0, key_index=key_index)
