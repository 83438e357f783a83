"""The rewriter: makes whatever streams a slot shows over time look like one unbroken stream.

One rewriter per slot, for the slot's whole life. A viewer's decoder sees one SSRC whose sequence numbers,
timestamps and VP8 picture numbers run on without a seam, whoever is shown and in whichever layer. Pictures of higher
temporal layers can be left out, and that leaves no trace either.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from struct import Struct

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.removal import Removal
from server.sfu.rtp.sequence import Unwrapper, distance
from server.sfu.rtp.shift import Shift
from server.sfu.rtp.vp8 import Vp8, renumber

ALL_TEMPORAL = 3
"""The highest temporal layer that a descriptor can name: with it no picture is left out."""

RISEN_MAX = 64
"""Pictures for which it is remembered when a temporal layer came back: none comes later than that."""
_NEVER = (-1,) * 4

_WORD = 1 << 32
_outgoing: Callable[[type[Outgoing], tuple[object, ...]], Outgoing] = tuple.__new__
_DESCRIPTORS = {0x80: Struct("!BBH"), 0xC0: Struct("!BBHB"), 0xE0: Struct("!BBHBB")}
"""Of pictures whose number has 15 bits; other fields are seldom there."""


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
        "_fifteen_bits",
        "_first_number",
        "_frame_open",
        "_highest_number",
        "_highest_removed",
        "_key_offset",
        "_keyframes",
        "_last_at_us",
        "_last_key_index",
        "_last_picture",
        "_last_sequence",
        "_last_timestamp",
        "_last_tl0",
        "_newest_picture",
        "_numbers",
        "_offset",
        "_pace",
        "_pictures",
        "_rate",
        "_risen",
        "_seven_bits",
        "_started",
        "_temporal",
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
        self._highest_removed: int | None = None
        """The picture that the highest number belonged to, if it was left out."""
        self._numbers = Removal(0, 0)
        self._offset = 0
        """What to add to the numbers that are to come."""
        self._timestamp_offset = 0
        self._last_picture = -1
        self._last_tl0 = -1
        self._last_key_index = -1
        self._pictures: Removal | None = None
        self._newest_picture = -1
        self._pace = ALL_TEMPORAL
        self._temporal = ALL_TEMPORAL
        """Up to this temporal layer a viewer has all that pictures to come build on."""
        self._risen: tuple[int, ...] = _NEVER
        """Of each temporal layer, the picture with which it came back of late."""
        self._tl0_offset: int | None = None
        self._key_offset: int | None = None
        self._seven_bits = Unwrapper(7)
        self._fifteen_bits = Unwrapper(15)

    @property
    def current(self) -> Hashable | None:
        """The stream that flows now, None before the first packet and after a cut."""
        return self._current

    @property
    def awaited(self) -> Hashable | None:
        """The stream whose first usable packet (of video: a keyframe) is waited for, if any."""
        return self._aim if self._aim != self._current else None

    @property
    def is_settled(self) -> bool:
        """Whether it shows what it is to show, and waits for nothing else."""
        return self._aim is self._current

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

    def pace(self, temporal: int) -> None:
        """Leave out pictures above this temporal layer, from the next picture on.

        What was left out comes back layer by layer, each with a picture that needs nothing which was left out. Streams
        without temporal layers, or without picture numbers, stay as they are.
        """
        self._pace = temporal

    @property
    def temporal_max(self) -> int:
        """The temporal layer above which pictures are left out."""
        return self._pace

    def timestamp_at(self, now_us: int) -> int:
        """The slot's RTP timestamp of the moment `now_us` (for its sender reports)."""
        elapsed = max(0, now_us - self._last_at_us) if self._started else 0
        return (self._last_timestamp + elapsed * self._rate // 1_000_000) % _WORD

    def drop(self, stream: Hashable, number: int) -> None:
        """Close the gap that a packet without content (padding) would leave."""
        if stream != self._current or number <= self._highest_number:
            return  # Too late: later numbers went out already.
        self._close(number, 1)
        self._highest_removed = None

    def _close(self, number: int, count: int) -> None:
        """Let the number that is highest now, and those just before it, not have been: `count` in all."""
        self._highest_number = number
        self._numbers.remove(number - count + 1, count)
        self._offset = self._numbers.offset
        self._first_number = max(self._first_number, self._numbers.first)

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
            extended = 0
            if vp8 is not None and vp8.picture is not None:
                extended = self._extended(vp8, vp8.picture)
                if vp8.temporal is not None and self._leaves_out(vp8, vp8.temporal, extended, number):
                    return None
            self._highest_number = number
            self._highest_removed = None
            self._last_sequence = sequence = number + self._offset
            self._frame_open = not marker
            out_timestamp = (timestamp + self._timestamp_offset) & 0xFFFFFFFF
            if out_timestamp != self._last_timestamp and (out_timestamp - self._last_timestamp) & 0xFFFFFFFF < 1 << 31:
                self._last_timestamp, self._last_at_us = out_timestamp, now_us
            if vp8 is None:
                return _outgoing(Outgoing, (sequence & 0xFFFF, out_timestamp, marker, b"", payload, 0))
            prefix = self._renumbered(payload, vp8, extended)
            return _outgoing(Outgoing, (sequence & 0xFFFF, out_timestamp, marker, prefix, payload, vp8.size))
        if stream != self._current:
            if stream != self._aim or stream is None:
                return None
            if self._keyframes and (vp8 is None or not vp8.starts_keyframe):
                return None
            self._splice(stream, number, timestamp, now_us)
            marker = marker or not self._keyframes  # A talkspurt starts (RFC 3551 §4.1).
        elif number < self._first_number or (number < self._highest_number and self._numbers.removed(number)):
            return None
        extended = 0
        if vp8 is not None and vp8.picture is not None:
            extended = self._extended(vp8, vp8.picture)
            if vp8.temporal is not None and self._leaves_out(vp8, vp8.temporal, extended, number):
                return None

        sequence = number + self._numbers.of(number)
        out_timestamp = (timestamp + self._timestamp_offset) % _WORD
        if number > self._highest_number:
            self._highest_number = number
            self._highest_removed = None
        if sequence > self._last_sequence:
            self._last_sequence = sequence
            self._frame_open = not marker
        if not self._started or distance(out_timestamp, self._last_timestamp, 32) > 0:
            self._last_timestamp = out_timestamp
            self._last_at_us = now_us
        self._started = True

        prefix, skip = b"", 0
        if vp8 is not None:
            prefix, skip = self._renumbered(payload, vp8, extended), vp8.size
        return Outgoing(sequence & 0xFFFF, out_timestamp, marker, prefix, payload, skip)

    # ------------------------------------------------------------------ alike

    def shift_from(self, lead: Rewriter, *, has_all: Callable[[int, int], bool]) -> Shift | None:
        """What to add to the numbers that `lead` gives to have those that this one would give, whatever comes; None
        where that may differ in more.

        All that both remember is compared: where it is the same but for what is added, it stays so with every packet.
        `has_all` says whether no packet with a number from the first on, and before the second, can come any more.
        """
        if not self._is_as_far_as(lead):
            return None
        since = max(self._first_number, lead._first_number)
        if not has_all(min(self._first_number, lead._first_number), since):
            return None
        sequence = self._offset - lead._offset
        timestamp = (self._timestamp_offset - lead._timestamp_offset) & 0xFFFFFFFF
        if self._last_sequence - lead._last_sequence != sequence:
            return None
        if (self._last_timestamp - lead._last_timestamp) & 0xFFFFFFFF != timestamp:
            return None
        if not self._numbers.is_like(lead._numbers, shift=sequence, since=since):
            return None
        picture = self._picture_shift(lead)
        tl0 = _field_shift(self._tl0_offset, lead._tl0_offset, self._last_tl0, lead._last_tl0, 0xFF)
        key_index = _field_shift(self._key_offset, lead._key_offset, self._last_key_index, lead._last_key_index, 0x1F)
        if picture is None or tl0 is None or key_index is None:
            return None
        return Shift(sequence, timestamp, picture, tl0, key_index)

    def _is_as_far_as(self, lead: Rewriter) -> bool:
        """Whether both show the same stream, want the same of it and have come as far in it."""
        return (
            self._current is not None
            and (self._current, self._aim) == (lead._current, lead._aim) == (self._current, self._current)
            and (self._rate, self._keyframes) == (lead._rate, lead._keyframes)
            and (self._pace, self._temporal) == (lead._pace, lead._temporal)
            and (self._highest_number, self._frame_open) == (lead._highest_number, lead._frame_open)
            and (self._started, self._last_at_us) == (lead._started, lead._last_at_us)
        )

    def _picture_shift(self, lead: Rewriter) -> int | None:
        """What the pictures' numbers differ by."""
        ahead = 0  # Circles that this one went round more often.
        if self._fifteen_bits.highest is not None and lead._fifteen_bits.highest is not None:
            ahead = self._fifteen_bits.highest - lead._fifteen_bits.highest
        elif self._fifteen_bits.highest is not lead._fifteen_bits.highest:
            return None
        if ahead & 0x7FFF or (ahead and self._seven_bits.highest is not None):
            return None
        if self._seven_bits.highest != lead._seven_bits.highest:
            return None
        newest = lead._newest_picture + ahead if lead._newest_picture >= 0 else -1
        removed = lead._highest_removed + ahead if lead._highest_removed is not None else None
        risen = tuple(since + ahead if since >= 0 else since for since in lead._risen)
        if (self._newest_picture, self._highest_removed, self._risen) != (newest, removed, risen):
            return None
        offset, its_offset = None, None
        if self._pictures is not None and lead._pictures is not None:
            offset, its_offset = self._pictures.offset, lead._pictures.offset
            if not self._pictures.is_like(lead._pictures, shift=offset - its_offset, ahead=ahead):
                return None
        elif self._pictures is not lead._pictures:
            return None
        return _field_shift(offset, its_offset, self._last_picture, lead._last_picture, 0x7FFF)

    def shifted(self, shift: Shift) -> Rewriter:
        """One that gives all numbers with `shift` added, and is its own from now on."""
        other = object.__new__(Rewriter)
        for name in Rewriter.__slots__:
            setattr(other, name, getattr(self, name))
        other._last_sequence += shift.sequence
        other._offset += shift.sequence
        other._numbers = self._numbers.shifted(shift.sequence)
        other._last_timestamp = (self._last_timestamp + shift.timestamp) % _WORD
        other._timestamp_offset = (self._timestamp_offset + shift.timestamp) % _WORD
        if self._pictures is not None:
            other._pictures = self._pictures.shifted(shift.picture)
        if self._tl0_offset is not None:
            other._tl0_offset = self._tl0_offset + shift.tl0
        if self._key_offset is not None:
            other._key_offset = self._key_offset + shift.key_index
        if self._last_picture >= 0:
            other._last_picture = (self._last_picture + shift.picture) & 0x7FFF
        if self._last_tl0 >= 0:
            other._last_tl0 = (self._last_tl0 + shift.tl0) & 0xFF
        if self._last_key_index >= 0:
            other._last_key_index = (self._last_key_index + shift.key_index) & 0x1F
        other._seven_bits, other._fifteen_bits = self._seven_bits.twin(), self._fifteen_bits.twin()
        return other

    # ------------------------------------------------------------------ the seam

    def _splice(self, stream: Hashable, number: int, timestamp: int, now_us: int) -> None:
        following = self._last_sequence + 1
        if self._keyframes and self._started and self._frame_open:
            # The frame before the seam lacks its end: leave a number out, lest a decoder join the two.
            following += 1
        self._numbers = Removal(number, following - number)
        self._offset = following - number
        self._first_number = number
        self._highest_number = number
        self._highest_removed = None
        self._timestamp_offset = (self._timestamp_after(timestamp, now_us) - timestamp) % _WORD
        self._pictures = self._tl0_offset = self._key_offset = None
        self._newest_picture = -1
        self._temporal = self._pace
        self._risen = _NEVER
        self._seven_bits = Unwrapper(7)
        self._fifteen_bits = Unwrapper(15)
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

    # ------------------------------------------------------------------ pictures

    def _extended(self, vp8: Vp8, picture: int) -> int:
        """The picture's number, unwrapped."""
        extended = (self._fifteen_bits if vp8.picture_bits == 15 else self._seven_bits).unwrap(picture)
        if self._pictures is None:
            # Counting starts anywhere; after a seam it goes on where the last stream stopped.
            self._pictures = Removal(extended, self._last_picture + 1 - extended if self._last_picture >= 0 else 0)
        return extended

    def _leaves_out(self, vp8: Vp8, temporal: int, extended: int, number: int) -> bool:
        """Whether the packet's picture is left out; if so, its number closes up.

        That is decided with the first packet that comes of it. Of a picture that comes after later ones, only what
        would not have been left out then goes out: its place is kept, as everybody has to take it for lost.
        """
        assert self._pictures is not None
        if extended > self._newest_picture:
            self._newest_picture = extended
            if self._risen is not _NEVER and extended - max(self._risen) > RISEN_MAX:
                self._risen = _NEVER
            if vp8.starts_keyframe or (vp8.is_sync and temporal == self._temporal + 1 and temporal <= self._pace):
                rises_to = self._pace if vp8.starts_keyframe else temporal
                for layer in range(self._temporal + 1, rises_to + 1):
                    self._risen = (*self._risen[:layer], extended, *self._risen[layer + 1 :])
                self._temporal = rises_to
            elif self._temporal > self._pace:
                self._temporal = self._pace
            if temporal <= self._temporal or vp8.starts_keyframe:
                return False
            self._pictures.remove(extended, 1)
        elif not self._pictures.removed(extended):
            is_late = extended < self._newest_picture
            return is_late and (temporal > self._temporal or extended < self._risen[temporal])
        if number > self._highest_number:
            # What is missing between two packets of one picture is that picture's as well.
            is_between = self._highest_removed == extended
            self._close(number, number - self._highest_number if is_between else 1)
            self._highest_removed = extended
        return True

    def _renumbered(self, payload: bytes, vp8: Vp8, extended: int) -> bytes:
        picture, tl0, key_index = vp8.picture, vp8.tl0, vp8.key_index
        if picture is not None:
            assert self._pictures is not None
            picture = (extended + self._pictures.of(extended)) & 0x7FFF
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
        plain = _DESCRIPTORS.get(payload[1])
        if picture is not None and plain is not None:
            if tl0 is None:
                return plain.pack(payload[0], 0x80, 0x8000 | picture)
            if vp8.temporal is None:
                return plain.pack(payload[0], 0xC0, 0x8000 | picture, tl0)
            return plain.pack(payload[0], 0xE0, 0x8000 | picture, tl0, payload[vp8.size - 1])
        return renumber(payload, vp8, picture=picture, tl0=tl0, key_index=key_index)


def _field_shift(offset: int | None, its_offset: int | None, last: int, its_last: int, mask: int) -> int | None:
    """What a field of the descriptor differs by; None where that is not the same for all that is to come."""
    if (offset is None) != (its_offset is None) or (last < 0) != (its_last < 0):
        return None
    shift = (last - its_last) & mask if last >= 0 else 0
    if offset is not None and its_offset is not None and (offset - its_offset) & mask != shift:
        return None
    return shift
