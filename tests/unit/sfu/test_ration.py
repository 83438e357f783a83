from __future__ import annotations

from server.sfu.rtp.ration import Ration

EVERY_US = 1_000


def test_there_are_so_many_in_a_while_and_no_more() -> None:
    ration = Ration(3, EVERY_US)
    assert not ration.is_spent(5_000)
    assert [ration.take(5_000) for _ in range(5)] == [True] * 3 + [False] * 2
    assert ration.is_spent(5_000 + EVERY_US - 1) and not ration.is_spent(5_000 + EVERY_US)
    assert not ration.take(5_000 + EVERY_US - 1)


def test_a_while_begins_with_the_first_one_after_the_last_ended() -> None:
    ration = Ration(2, EVERY_US)
    assert ration.take(5_000)
    assert ration.take(9_500)
    assert ration.take(9_900)
    assert not ration.take(10_400)
    assert ration.take(10_500)


def test_refusals_do_not_put_off_the_next_one() -> None:
    ration = Ration(1, EVERY_US)
    taken = [now for now in range(EVERY_US, 5 * EVERY_US, 10) if ration.take(now)]
    assert taken == [1_000, 2_000, 3_000, 4_000]
