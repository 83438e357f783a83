"""A reader of transport-wide feedback written from the draft alone, for checking the writer against."""

from __future__ import annotations

import struct


def read_feedback(data: bytes) -> tuple[int, list[int | None]]:
    """First packet number, and per packet its arrival in µs, or None when it did not arrive."""
    head, kind, words = struct.unpack_from("!BBH", data)
    assert head >> 6 == 2
    assert head & 31 == 15
    assert kind == 205
    assert len(data) == 4 * (words + 1)
    end = len(data) - data[-1] if head & 0x20 else len(data)
    first, count, base = struct.unpack_from("!HHI", data, 12)
    position = 20
    symbols: list[int] = []
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", data, position)
        position += 2
        if chunk >> 15 == 0:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
        elif chunk >> 14 & 1 == 0:
            symbols += [chunk >> bit & 1 for bit in range(13, -1, -1)]
        else:
            symbols += [chunk >> bit & 3 for bit in range(12, -1, -2)]
    at = (base >> 8) * 64_000
    told: list[int | None] = []
    for symbol in symbols[:count]:
        if symbol == 0:
            told.append(None)
            continue
        if symbol == 1:
            delta = data[position]
            position += 1
        else:
            assert symbol == 2
            (delta,) = struct.unpack_from("!h", data, position)
            position += 2
        at += delta * 250
        told.append(at)
    assert position <= end
    assert all(symbol == 0 for symbol in symbols[count:])
    assert end - position == 0
    return first, told
