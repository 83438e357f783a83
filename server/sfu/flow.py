"""Slots that go together: what they send differs by constants, and so it is worked out once for all of them.

Most slots that show one layer began at the same packet, and nothing sets them apart but where their numbers began. One
rewriter, the lead, decides for all what becomes of a packet, and a slot adds its shift. Whoever is to show something
else, or at another pace, parts. Those that began apart are taken in once nothing that may still come could tell them
apart (`Rewriter.shift_from`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from server.sfu.departures import MARKER, Recipient, alike, spread
from server.sfu.rtp.history import Past
from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.shift import Shift


class Member(Protocol):
    """What a flow sees of a slot."""

    def joined(self, flow: Flow, shift: Shift) -> Recipient | None: ...
    def recipient(self) -> Recipient | None: ...


class Flow:
    """One numbering, and who sends by it. With `keeps` what was sent is kept for resending."""

    __slots__ = ("_alike", "_members", "lead", "octets", "packets", "past")

    def __init__(self, lead: Rewriter, *, keeps: bool) -> None:
        self.lead = lead
        self.past = Past() if keeps else None
        self.packets = 0
        self.octets = 0
        """Bytes of payload."""
        self._members: dict[Member, tuple[Shift, Recipient | None]] = {}
        self._alike: list[tuple[Shift | None, list[Recipient]]] = []
        """Those whose payload is the same, and the shift that leads to it; None where it is the lead's."""

    def add(self, member: Member, shift: Shift) -> None:
        self._members[member] = shift, member.joined(self, shift)
        self._sort()

    def renew(self, member: Member) -> None:
        """A member is to get its packets in another way."""
        self._members[member] = self._members[member][0], member.recipient()
        self._sort()

    def remove(self, member: Member) -> bool:
        """Let a member go, unless it is alone and all is as the lead has it: then it may as well stay, and False."""
        if len(self._members) == 1 and not any(self._members[member][0]):
            return False
        del self._members[member]
        self._sort()
        return True

    def take_in(self, other: Flow, *, has_all: Callable[[int, int], bool]) -> bool:
        """Make the members of another flow one's own, if that makes no difference to them."""
        if (self.past is None) != (other.past is None):
            return False
        between = other.lead.shift_from(self.lead, has_all=has_all)
        if between is None:
            return False
        for member, (shift, _) in other._members.items():
            shift = shift.after(between)
            self._members[member] = shift, member.joined(self, shift)
        other._members.clear()
        self._sort()
        return True

    def _sort(self) -> None:
        found: dict[tuple[int, int, int], tuple[Shift | None, list[Recipient]]] = {}
        for shift, recipient in self._members.values():
            if recipient is None:
                continue
            _, recipients = found.setdefault(shift.pictures, (shift if any(shift.pictures) else None, []))
            recipients.append(recipient)
        self._alike = list(found.values())

    def send(self, out: Outgoing, now_us: int) -> None:
        """Send to all members what the lead made of a packet."""
        sequence, timestamp, marker, prefix, payload, skip = out
        self.packets += 1
        self.octets += len(payload)
        if self.past is not None:
            self.past.sent(out, now_us)
        for shift, recipients in self._alike:
            whole = payload
            if skip:
                begin = prefix if shift is None else shift.prefix(prefix)
                if len(begin) != skip or not payload.startswith(begin):
                    whole = begin + payload[skip:]
            whole, mark = alike(recipients, whole)
            spread(recipients, mark | MARKER if marker else mark, sequence, timestamp, whole, now_us)
