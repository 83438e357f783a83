"""Simulated participants show a picture and make a sound of their own."""

from __future__ import annotations

from itertools import combinations

from aiortc.rtp import compute_audio_level_dbov

from server.bots import picture


def _is_keyframe(vp8: bytes) -> bool:
    return not vp8[0] & 1  # RFC 7741 §4.3, the P bit


def test_a_loop_has_every_frame_and_begins_each_second_with_a_keyframe() -> None:
    loop = picture.encoded_loop(3)

    assert len(loop) == picture.LOOP_FRAMES
    assert [step for step, data in enumerate(loop) if _is_keyframe(data)] == [0, picture.KEYFRAME_EVERY]


def test_a_picture_moves() -> None:
    still, later = (bytes(picture.frame(1, step).planes[0]) for step in (0, picture.LOOP_FRAMES // 4))

    assert still != later


def test_sixteen_people_have_sixteen_different_backgrounds() -> None:
    def corner(number: int) -> tuple[int, ...]:
        return tuple(bytes(plane)[0] for plane in picture.frame(number, 0).planes)

    distances = [
        max(abs(a - b) for a, b in zip(corner(one), corner(other), strict=True))
        for one, other in combinations(range(16), 2)
    ]

    assert min(distances) >= 2


def test_a_tone_is_soft_but_not_silent() -> None:
    levels = [compute_audio_level_dbov(sound) for sound in picture.tone_loop(2)]

    assert max(levels) <= -15  # dBov: well below full scale
    assert max(levels) >= -35


def test_two_people_have_two_pitches() -> None:
    assert bytes(picture.tone(1, 5).planes[0]) != bytes(picture.tone(2, 5).planes[0])
