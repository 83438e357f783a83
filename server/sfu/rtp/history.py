"""The last packets of a slot, kept to be sent again when a viewer asks, within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from server.sfu.rtp.packet import Outgoing

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


class History:
    """What one slot sent of late. The payloads are shared with every other slot that sent them."""

    __slots__ = ("_credit_bytes", "_last", "_ring")

    def __init__(self) -> None:
        # sequence modulo SIZE -> (packet, sent at, resent at), in the order of sending
        self._ring: OrderedDict[int, tuple[Outgoing, int, int]] = OrderedDict()
        self._credit_bytes = float(ALLOWANCE_BYTES)
        self._last = 0

    def sent(self, packet: Outgoing, now_us: int) -> None:
        ring, index = self._ring, packet.sequence % SIZE
        ring.pop(index, None)
        ring[index] = (packet, now_us, 0)
        self._last = packet.sequence
        if not self._last % LOOK_EACH:
            while now_us - next(iter(ring.values()))[1] > AGE_MAX_US:
                ring.popitem(last=False)
        self._credit_bytes += len(packet.payload) * BUDGET_SHARE
        if self._credit_bytes > CREDIT_BYTES_MAX:
            self._credit_bytes = CREDIT_BYTES_MAX

    def find(self, sequence: int, now_us: int, round_trip_us: int) -> Outgoing | None:
        """The packet to send again; None if unknown, too old, resent a moment ago or beyond the budget."""
        entry = self._ring.get(sequence % SIZE)
        if entry is None:
            return None
        packet, sent_at, resent_at = entry
        if packet.sequence != sequence or now_us - sent_at > AGE_MAX_US:
            return None
        if resent_at and now_us - resent_at < max(round_trip_us, PAUSE_MIN_US):
            return None
        if self._credit_bytes < len(packet.payload):
            return None
        self._credit_bytes -= len(packet.payload)
        self._ring[sequence % SIZE] = (packet, sent_at, now_us)
        return packet

    def newest(self, now_us: int) -> Iterator[Outgoing]:
        """What was sent last, backwards, as far as no number is left out and nothing is too old."""
        for back in range(SIZE):
            sequence = (self._last - back) & 0xFFFF
            entry = self._ring.get(sequence % SIZE)
            if entry is None or entry[0].sequence != sequence or now_us - entry[1] > AGE_MAX_US:
                return
            yield entry[0]

    def clear(self) -> None:
        """Forget everything, as when the slot shows another person."""
        self._ring.clear()
