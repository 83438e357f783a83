from __future__ import annotations

from random import Random

from server.sfu.rtp.onward import SHARE_MAX, STEP, OnwardLoss


def test_as_long_as_nobody_loses_anything_nothing_is_told() -> None:
    onward = OnwardLoss()
    assert not any(onward.measured(0.0) for _ in range(10))
    assert onward.share == 0


def test_loss_is_told_within_a_few_seconds_and_forgotten_in_some_more() -> None:
    onward = OnwardLoss()
    assert onward.measured(0.1)
    for _ in range(4):
        onward.measured(0.1)
    assert abs(onward.share / 256 - 0.1) <= STEP
    onward.measured(0.0)
    assert onward.share > 0.06 * 256, "one good second is not yet a good way"
    for _ in range(25):
        onward.measured(0.0)
    assert onward.share == 0


def test_a_listener_who_loses_all_is_told_as_no_more_than_can_be_made_good() -> None:
    onward = OnwardLoss()
    for _ in range(20):
        onward.measured(1.0)
    assert (SHARE_MAX - STEP) * 256 <= onward.share <= SHARE_MAX * 256 + 1


def test_less_than_a_step_is_not_worth_a_word() -> None:
    onward = OnwardLoss()
    assert not any(onward.measured(STEP * 0.9) for _ in range(60))


def test_uneven_loss_changes_what_is_told_seldom() -> None:
    dice, onward = Random(4), OnwardLoss()
    for _ in range(5):
        onward.measured(0.1)
    changes = 0
    for _ in range(100):
        # A hundred packets of sound in two seconds, of which a tenth is lost.
        changes += onward.measured(sum(dice.random() < 0.1 for _ in range(100)) / 100)
        assert 0.04 < onward.share / 256 < 0.18
    assert changes < 60
