"""The last packets of a slot, kept to be sent again when a viewer asks, within a budget."""

from __future__ import annotations

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


class History:
    """A ring of what one slot sent. The payloads are shared with every other slot that sent them."""

    __slots__ = ("_credit_bytes", "_last", "_ring")

    def __init__(self) -> None:
        # index -> (packet, sent at, resent at)
        self._ring: list[tuple[Outgoing, int, int] | None] = [None] * SIZE
        self._credit_bytes = float(ALLOWANCE_BYTES)
        self._last = 0

    def sent(self, packet: Outgoing, now_us: int) -> None:
        self._ring[packet.sequence % SIZE] = (packet, now_us, 0)
        self._last = packet.sequence
        self._credit_bytes += len(packet.payload) * BUDGET_SHARE
        if self._credit_bytes > CREDIT_BYTES_MAX:
            self._credit_bytes = CREDIT_BYTES_MAX

    def find(self, sequence: int, now_us: int, round_trip_us: int) -> Outgoing | None:
        """The packet to send again; None if unknown, too old, resent a moment ago or beyond the budget."""
        entry = self._ring[sequence % SIZE]
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

    def newest(self) -> Iterator[Outgoing]:
        """What was sent last, backwards, as far as no number is left out."""
        for back in range(SIZE):
            sequence = (self._last - back) & 0xFFFF
            entry = self._ring[sequence % SIZE]
            if entry is None or entry[0].sequence != sequence:
                return
            yield entry[0]

    def clear(self) -> None:
        """Forget everything, as when the slot shows another person."""
        self._ring = [None] * SIZE
