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
            picture: int | None = None
            tl0: int | None = None
            temporal: int | None = None
            key_index: int | None = None
            picture_bits, is_sync = 0, False
            if first & 0x80:
                flags = payload[1]
                position = 2
                if flags & 0x80:
                    picture = payload[position]
                    if picture & 0x80:
                        picture = (picture & 0x7F) << 8 | payload[position + 1]
                        picture_bits = 15
                        position += 2
                    else:
                        picture_bits = 7
                        position += 1
                if flags & 0x40:
                    tl0 = payload[position]
                    position += 1
                if flags & 0x30:
                    packed = payload[position]
                    if flags & 0x20:
                        temporal = packed >> 6
                        is_sync = packed & 0x20 != 0
                    if flags & 0x10:
                        key_index = packed & 0x1F
                    position += 1
            self.picture, self.picture_bits = picture, picture_bits
            self.tl0, self.key_index = tl0, key_index
            self.temporal, self.is_sync = temporal, is_sync
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


def shifted(descriptor: bytes, *, picture: int, tl0: int, key_index: int) -> bytes:
    """A descriptor that `renumber` wrote, with so much added to its numbers."""
    if len(descriptor) < 3:
        return descriptor
    flags, position = descriptor[1], 2
    fields = bytearray(descriptor)
    if flags & 0x80:
        number = (fields[2] << 8 | fields[3]) + picture
        fields[2], fields[3] = 0x80 | number >> 8 & 0x7F, number & 0xFF
        position = 4
    if flags & 0x40:
        fields[position] = fields[position] + tl0 & 0xFF
        position += 1
    if flags & 0x10:
        fields[position] = fields[position] & 0xE0 | fields[position] + key_index & 0x1F
    return bytes(fields)
