from __future__ import annotations

from server.sfu.rtp.early import EARLY_MAX, Early, Incoming


def packet(number: int) -> Incoming:
    return number, 0, False, b"x", None


def early(*numbers: int) -> Early:
    kept, highest = Early(), 0
    for number in numbers:
        highest = max(highest, number)
        kept.keep(number, highest, packet(number))
    return kept


def test_what_came_since_somebody_waits_follows_a_packet_that_comes_late() -> None:
    assert early(5, 7, 9).following(6, 9) == [packet(7), packet(9)]
    assert early(5, 9, 7).following(6, 9) == [packet(7), packet(9)]
    assert early(5, 6).following(7, 7) == [], "it is not late"


def test_what_passed_before_anybody_waited_is_not_kept_and_nobody_begins_without_it() -> None:
    assert early(5, 7).following(4, 7) is None
    assert Early().following(4, 7) is None
    late = Early()
    late.keep(4, 7, packet(4))
    assert late.following(6, 7) is None, "7 came before"


def test_only_so_many_are_kept() -> None:
    kept = early(*range(1, 10 * EARLY_MAX))
    highest = 10 * EARLY_MAX - 1
    assert kept.following(highest - EARLY_MAX - 1, highest) is None
    assert len(kept.following(highest - EARLY_MAX, highest) or ()) == EARLY_MAX
