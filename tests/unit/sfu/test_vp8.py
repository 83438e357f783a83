from __future__ import annotations

import itertools

import pytest

from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.vp8 import Vp8, renumber, shifted
from tests.unit.sfu.packets import vp8


def test_all_shapes_of_descriptor_are_read() -> None:
    for picture, wide, tl0, temporal, key_index in itertools.product(
        (None, 0, 127), (True, False), (None, 200), (None, 2), (None, 17)
    ):
        payload = vp8(picture=picture, wide=wide, tl0=tl0, temporal=temporal, key_index=key_index)
        read = Vp8(payload)
        assert (read.picture, read.tl0, read.temporal, read.key_index) == (picture, tl0, temporal, key_index)
        assert read.picture_bits == (0 if picture is None else 15 if wide else 7)
        assert payload[read.size :] == b"\x01frame"
        assert read.starts_frame
        assert not read.starts_keyframe


def test_a_keyframe_says_so_and_how_high_it_is() -> None:
    read = Vp8(vp8(picture=5, keyframe=True, height=360))
    assert read.starts_keyframe
    assert read.height == 360


def test_only_the_first_packet_of_a_frame_starts_a_keyframe() -> None:
    assert not Vp8(vp8(picture=5, start=False, body=b"\x00...")).starts_keyframe


def test_of_an_encrypted_keyframe_only_the_first_byte_need_be_clear() -> None:
    payload = vp8(picture=5, body=b"")[:-1] + b"\x10" + b"ciphertext"
    read = Vp8(payload)
    assert read.starts_keyframe
    assert read.height == 0


def test_truncation_at_every_byte_is_refused_or_harmless() -> None:
    whole = vp8(picture=300, tl0=7, temporal=1, key_index=3, keyframe=True, height=180)
    for size in range(len(whole)):
        if size <= 6:  # the descriptor and the byte after it
            with pytest.raises(MalformedPacket):
                Vp8(whole[:size])
        else:
            assert Vp8(whole[:size]).starts_keyframe


def test_new_numbers_are_written_and_all_else_is_kept() -> None:
    payload = vp8(picture=9, wide=False, tl0=7, temporal=2, key_index=3)
    written = renumber(payload, Vp8(payload), picture=0x1234, tl0=99, key_index=31) + b"\x01"
    read = Vp8(written)
    assert (read.picture, read.picture_bits, read.tl0, read.temporal, read.key_index) == (0x1234, 15, 99, 2, 31)


def test_absent_numbers_stay_absent() -> None:
    for payload in (vp8(), vp8(temporal=1), vp8(tl0=3)):
        written = renumber(payload, Vp8(payload), picture=1, tl0=2, key_index=3) + b"\x01"
        assert Vp8(written).picture is None
        assert len(written) - 1 == Vp8(payload).size


def test_a_descriptor_is_moved_in_all_its_numbers_and_nothing_else() -> None:
    for picture, tl0, temporal, key_index in itertools.product((None, 32_767), (None, 255), (None, 2), (None, 31)):
        payload = vp8(picture=picture, tl0=tl0, temporal=temporal, key_index=key_index)
        read = Vp8(payload)
        written = renumber(payload, read, picture=picture, tl0=tl0, key_index=key_index)
        later = [None if number is None else number + 3 for number in (picture, tl0, key_index)]
        there = renumber(payload, read, picture=later[0], tl0=later[1], key_index=later[2])
        assert shifted(written, picture=3, tl0=3, key_index=3) == there
        assert shifted(there, picture=-3, tl0=-3, key_index=-3) == written
