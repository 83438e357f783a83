"""The VP8 payload descriptor: read, and written anew with other numbers (RFC 7741 §4.2).

It lies outside what end-to-end encryption covers, so that a server can go on switching streams it cannot see.
"""

from __future__ import annotations

from server.sfu.rtp.packet import MalformedPacket


class Vp8:
    """What the descriptor (and, of a keyframe, the frame's own first bytes) says about one packet."""

    __slots__ = (
        "height",
        "is_sync",
        "key_index",
        "picture",
        "picture_bits",
        "size",
        "starts_frame",
        "starts_keyframe",
        "temporal",
        "tl0",
    )

    def __init__(self, payload: bytes) -> None:
        """Reads a payload; raises MalformedPacket where it is cut off.

        `picture` is None when absent, else of `picture_bits` (7 or 15); `tl0`, `temporal` and `key_index`
        are None when absent; `is_sync`: of other pictures this one needs only such of the base temporal layer;
        `height` is that of a keyframe whose clear bytes show it, else 0.
        """
        try:
            first = payload[0]
            position = 1
            self.picture: int | None = None
            self.picture_bits = 0
            self.tl0: int | None = None
            self.temporal: int | None = None
            self.key_index: int | None = None
            self.is_sync = False
            if first & 0x80:
                flags = payload[1]
                position = 2
                if flags & 0x80:
                    number = payload[position]
                    if number & 0x80:
                        self.picture = (number & 0x7F) << 8 | payload[position + 1]
                        self.picture_bits = 15
                        position += 2
                    else:
                        self.picture = number
                        self.picture_bits = 7
                        position += 1
                if flags & 0x40:
                    self.tl0 = payload[position]
                    position += 1
                if flags & 0x30:
                    packed = payload[position]
                    if flags & 0x20:
                        self.temporal = packed >> 6
                        self.is_sync = packed & 0x20 != 0
                    if flags & 0x10:
                        self.key_index = packed & 0x1F
                    position += 1
            self.size = position
            self.starts_frame = bool(first & 0x10) and first & 0x07 == 0
            self.starts_keyframe = self.starts_frame and payload[position] & 1 == 0
        except IndexError:
            raise MalformedPacket("VP8 descriptor cut off") from None
        self.height = 0
        if self.starts_keyframe and payload[position + 3 : position + 6] == b"\x9d\x01\x2a":
            size = payload[position + 8 : position + 10]
            if len(size) == 2:
                self.height = (size[0] | size[1] << 8) & 0x3FFF


def renumber(payload: bytes, vp8: Vp8, *, picture: int | None, tl0: int | None, key_index: int | None) -> bytes:
    """The descriptor of `payload` with new numbers; a picture number always takes 15 bits.

    A field the packet does not have is not added; a None leaves nothing to write for an absent one.
    """
    if vp8.size == 1:
        return payload[:1]
    flags = payload[1]
    fields = bytearray(payload[:2])
    if vp8.picture is not None and picture is not None:
        fields += bytes((0x80 | picture >> 8 & 0x7F, picture & 0xFF))
    if vp8.tl0 is not None and tl0 is not None:
        fields.append(tl0 & 0xFF)
    if flags & 0x30:
        packed = payload[vp8.size - 1]
        if vp8.key_index is not None and key_index is not None:
            packed = packed & 0xE0 | key_index & 0x1F
        fields.append(packed)
    return bytes(fields)
