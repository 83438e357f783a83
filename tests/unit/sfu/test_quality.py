from __future__ import annotations

from server.sfu.rtp.quality import Quality

FINE = {"loss_up": 0.0, "loss_down": 0.0, "round_trip_us": 0, "silent_us": 0}


def test_one_bad_second_does_not_change_the_word() -> None:
    quality = Quality()
    assert not quality.judge(**{**FINE, "loss_up": 0.5})
    assert not quality.judge(**FINE)
    assert not quality.judge(**{**FINE, "loss_up": 0.5})
    assert quality.word == "good"
    assert quality.direction == ""


def test_lasting_loss_delay_or_silence_changes_it_and_quiet_heals_it() -> None:
    for trouble, word, direction in (
        ({"loss_up": 0.05}, "weak", "up"),
        ({"loss_down": 0.05}, "weak", "down"),
        ({"loss_up": 0.05, "loss_down": 0.04}, "weak", "both"),
        ({"loss_up": 0.05, "loss_down": 0.20}, "poor", "down"),
        ({"loss_up": 0.20}, "poor", "up"),
        ({"missing_down": 1}, "weak", "down"),
        ({"missing_down": 2, "loss_up": 0.05}, "poor", "down"),
        ({"round_trip_us": 500_000}, "weak", "both"),
        ({"silent_us": 3_000_000}, "poor", "both"),
    ):
        quality = Quality()
        assert [quality.judge(**{**FINE, **trouble}) for _ in range(3)] == [False, True, False]
        assert (quality.word, quality.direction) == (word, direction)
        assert [quality.judge(**FINE) for _ in range(2)] == [False, True]
        assert (quality.word, quality.direction) == ("good", "")
