"""The last packets of a slot, kept to be sent again when a viewer asks, within a budget.

Slots that send the same share what is kept: there is one `Past` for all of them, and each slot's `History` says from
when to when it took part in which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.shift import NO_SHIFT, Shift

SIZE = 512
AGE_MAX_US = 2_000_000
BUDGET_SHARE = 0.4
"""Resent bytes stay below this share of what was sent, with a little allowance to begin with: a way that loses a fifth
needs a quarter, and what a narrow link bears is the estimate's matter."""
ALLOWANCE_BYTES = 16_000
CREDIT_BYTES_MAX = 4.0 * ALLOWANCE_BYTES
PAUSE_MIN_US = 20_000
LOOK_EACH = 64
"""What is too old is let go of when so many more were sent."""
CHAPTERS_MAX = 64


class Kept(NamedTuple):
    """A packet, when it was sent, and the how manyth of its past it is."""

    packet: Outgoing
    sent_us: int
    turn: int


class Past:
    """What was sent of late in one numbering."""

    __slots__ = ("_ring", "last", "last_us", "octets", "turn")

    def __init__(self) -> None:
        # sequence modulo SIZE -> what a `Kept` holds of what was sent last with it, in the order of sending
        self._ring: dict[int, tuple[Outgoing, int, int]] = {}
        self.turn = 0
        """How many packets there were."""
        self.octets = 0
        """Bytes of payload in all of them."""
        self.last = self.last_us = 0
        """The last one's sequence number, and when it was sent."""

    def sent(self, packet: Outgoing, now_us: int) -> None:
        ring, index = self._ring, packet[0] % SIZE
        ring.pop(index, None)
        ring[index] = packet, now_us, self.turn
        self.turn += 1
        self.octets += len(packet[4])
        self.last, self.last_us = packet[0], now_us
        if not self.turn % LOOK_EACH:
            self._let_go(now_us - AGE_MAX_US)

    def _let_go(self, before_us: int) -> None:
        """Forget what was sent before this moment."""
        old: list[int] = []
        for index, (_, sent_us, _) in self._ring.items():
            if sent_us >= before_us:
                break
            old.append(index)
        for index in old:
            del self._ring[index]

    def at(self, place: int) -> Kept | None:
        """What was sent last with a sequence number that is `place` modulo SIZE."""
        kept = self._ring.get(place % SIZE)
        return None if kept is None else Kept(*kept)

    def __len__(self) -> int:
        return len(self._ring)


class _Chapter(NamedTuple):
    """From `begun` and until `ended` (turns of it) a slot sent what is in `past`, in another numbering."""

    past: Past
    shift: Shift
    begun: int
    ended: int | None = None

    def at(self, sequence: int) -> Kept | None:
        """What the slot sent last in the place of this sequence number, if it is still known."""
        kept = self.past.at(sequence - self.shift.sequence)
        if kept is None or kept.turn < self.begun or (self.ended is not None and kept.turn >= self.ended):
            return None
        return kept


class History:
    """What one slot sent of late, and how much of it may be sent again."""

    __slots__ = ("_chapters", "_credit_bytes", "_last", "_octets", "_resent", "_turned")

    def __init__(self) -> None:
        self._chapters: list[_Chapter] = []
        self._credit_bytes = float(ALLOWANCE_BYTES)
        self._octets = 0
        """Of the present past, as far as they were credited."""
        self._last = 0
        """The last number that was sent, as far as is looked at."""
        self._turned: int | None = None
        """Where to go on backwards."""
        # sequence modulo SIZE -> (sequence, sent at, resent at)
        self._resent: dict[int, tuple[int, int, int]] = {}

    def begin(self, past: Past, shift: Shift = NO_SHIFT) -> None:
        """From now on the slot sends what comes into `past`, with `shift` added to its numbers."""
        self._close()
        newest_us = max((chapter.past.last_us for chapter in self._chapters), default=0)
        self._chapters = [
            chapter for chapter in self._chapters[1 - CHAPTERS_MAX :] if chapter.past.last_us >= newest_us - AGE_MAX_US
        ]
        self._chapters.append(_Chapter(past, shift, past.turn))
        self._octets = past.octets

    def _close(self) -> None:
        if not self._chapters:
            return
        self._look()
        past, shift, begun, _ = self._chapters.pop()
        if past.turn > begun:
            self._chapters.append(_Chapter(past, shift, begun, past.turn))

    def _look(self) -> None:
        """Take note of what was sent since the last look."""
        past, shift, begun, _ = self._chapters[-1]
        self._credit_bytes = min(self._credit_bytes + (past.octets - self._octets) * BUDGET_SHARE, CREDIT_BYTES_MAX)
        self._octets = past.octets
        if past.turn > begun:
            self._last = (past.last + shift.sequence) & 0xFFFF

    def _at(self, sequence: int) -> tuple[Kept, Shift] | None:
        """What was sent with this number, if nothing was sent in its place since."""
        for chapter in reversed(self._chapters):
            kept = chapter.at(sequence)
            if kept is not None:
                is_it = (kept.packet.sequence + chapter.shift.sequence - sequence) & 0xFFFF == 0
                return (kept, chapter.shift) if is_it else None
        return None

    def find(self, sequence: int, now_us: int, round_trip_us: int) -> Outgoing | None:
        """The packet to send again; None if unknown, too old, resent a moment ago or beyond the budget."""
        found = self._at(sequence)
        if found is None or now_us - found[0].sent_us > AGE_MAX_US:
            return None
        (packet, sent_us, _), shift = found
        before, sent_before_us, resent_us = self._resent.get(sequence % SIZE, (-1, 0, 0))
        is_again = (before, sent_before_us) == (sequence, sent_us)
        if is_again and now_us - resent_us < max(round_trip_us, PAUSE_MIN_US):
            return None
        self._look()
        if self._credit_bytes < len(packet.payload):
            return None
        self._credit_bytes -= len(packet.payload)
        self._resent[sequence % SIZE] = (sequence, sent_us, now_us)
        return shift.of(packet)

    def backwards(self, now_us: int) -> Iterator[Outgoing]:
        """What was sent of late, from where the last call ended: from the newest backwards as far as no number is left
        out and nothing is too old, and then from the newest again."""
        if self._chapters:
            self._look()
        for is_anew in (self._turned is None, True):
            sequence = self._last if is_anew or self._turned is None else self._turned
            for _ in range(SIZE):
                found = self._at(sequence)
                if found is None or now_us - found[0].sent_us > AGE_MAX_US:
                    break
                sequence = self._turned = (sequence - 1) & 0xFFFF
                yield found[1].of(found[0].packet)
            self._turned = None
            if is_anew:
                return

    def clear(self) -> None:
        """Forget everything, as when the slot shows another person."""
        if self._chapters:
            past, shift, _, _ = self._chapters[-1]
            self._look()
            self._chapters = [_Chapter(past, shift, past.turn)]
