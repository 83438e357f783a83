from __future__ import annotations

from server.sfu.rtp.history import (
    AGE_MAX_US,
    ALLOWANCE_BYTES,
    BUDGET_SHARE,
    CHAPTERS_MAX,
    LOOK_EACH,
    PAUSE_MIN_US,
    SIZE,
    History,
    Past,
)
from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.shift import Shift


def packet(sequence: int, size: int = 100) -> Outgoing:
    return Outgoing(sequence & 0xFFFF, 0, False, b"", bytes(size), 0)


def alone() -> tuple[Past, History]:
    """A slot that sends all that comes into its past."""
    past, history = Past(), History()
    history.begin(past)
    return past, history


def test_what_was_sent_is_found_once_per_round_trip() -> None:
    past, history = alone()
    past.sent(packet(5), 0)
    assert history.find(5, 1_000, 50_000) == packet(5)
    assert history.find(5, 50_999, 50_000) is None
    assert history.find(5, 51_000, 50_000) == packet(5)
    assert history.find(5, 51_000 + PAUSE_MIN_US - 1, 0) is None


def test_what_was_never_sent_overwritten_or_old_is_not_found() -> None:
    past, history = alone()
    assert history.find(5, 0, 0) is None
    past.sent(packet(5), 0)
    past.sent(packet(5 + SIZE), 1)
    assert history.find(5, 2, 0) is None
    assert history.find(5 + SIZE, 1 + AGE_MAX_US + 1, 0) is None
    history.clear()
    assert history.find(5 + SIZE, 2, 0) is None


def test_what_was_sent_last_is_given_backwards_as_far_as_it_is_whole_and_new() -> None:
    past, history = alone()
    for number in (1, 2, 4, 5, 6):
        past.sent(packet(number), number * 1_000)
    assert [sent.sequence for sent in history.backwards(7_000)] == [6, 5, 4]
    assert [sent.sequence for sent in history.backwards(5_000 + AGE_MAX_US)] == [6, 5]


def test_what_was_given_already_is_given_again_only_when_all_was() -> None:
    past, history = alone()
    for number in (1, 2, 4, 5, 6):
        past.sent(packet(number), number)
    assert [next(history.backwards(7)).sequence for _ in range(2)] == [6, 5]
    past.sent(packet(7), 7)
    assert [sent.sequence for sent in history.backwards(7)] == [4, 7, 6, 5, 4]


def test_no_more_is_held_than_may_be_sent_again() -> None:
    past = Past()
    for number in range(1_000):
        past.sent(packet(number), number * 25_000)
    assert len(past) <= AGE_MAX_US // 25_000 + LOOK_EACH


def test_resending_stays_within_its_budget() -> None:
    past, history = alone()
    sent = resent = 0
    for number in range(20_000):
        past.sent(packet(number, 1_000), number * 1_000)
        sent += 1_000
        if history.find(number & 0xFFFF, number * 1_000, 0) is not None:
            resent += 1_000
    assert sent * BUDGET_SHARE * 0.9 < resent <= sent * BUDGET_SHARE + ALLOWANCE_BYTES


def test_a_slot_sends_again_what_it_sent_and_nothing_of_before_or_after() -> None:
    past, history = Past(), History()
    past.sent(packet(5), 0)
    history.begin(past, Shift(sequence=100, timestamp=7))
    past.sent(packet(6), 0)
    history.begin(Past())
    past.sent(packet(7), 0)
    assert [history.find(number, 0, 0) for number in (105, 107)] == [None, None]
    found = history.find(106, 0, 0)
    assert found is not None
    assert (found.sequence, found.timestamp) == (106, 7)


def test_what_was_sent_in_the_same_place_since_is_gone_whatever_it_was_a_part_of() -> None:
    past, history = alone()
    past.sent(packet(5), 0)
    past.sent(packet(6), 0)
    other = Past()
    history.begin(other, Shift(sequence=1))
    other.sent(packet(4 + SIZE), 1)
    assert history.find(5, 2, 0) is None
    assert [history.find(number, 2, 0) is not None for number in (6, 5 + SIZE)] == [True, True]
    assert [sent.sequence for sent in history.backwards(2)] == [5 + SIZE]


def test_what_is_newest_is_known_also_after_nothing_was_sent_for_a_while() -> None:
    past, history = alone()
    for number in (65_534, 65_535, 65_536):
        past.sent(packet(number), 0)
    history.begin(Past())
    past.sent(packet(1), 0)
    history.begin(Past())
    assert [sent.sequence for sent in history.backwards(1)] == [0, 65_535, 65_534]


def test_the_budget_is_earned_wherever_it_is_sent() -> None:
    past, history = alone()
    for number in range(60):
        past.sent(packet(number, 1_000), 0)
    history.begin(Past())
    past.sent(packet(60, 1_000_000), 0)
    found = [history.find(number, 0, 0) for number in range(60)]
    assert sum(sent is not None for sent in found) == (ALLOWANCE_BYTES + 60_000 * BUDGET_SHARE) // 1_000


def test_no_more_pasts_are_held_than_there_may_be() -> None:
    history = History()
    for number in range(3 * CHAPTERS_MAX):
        past = Past()
        history.begin(past)
        past.sent(packet(number), number)
    assert len(history._chapters) == CHAPTERS_MAX
    history.begin(Past())
    late = Past()
    history.begin(late)
    late.sent(packet(0), 2 * AGE_MAX_US)
    history.begin(Past())
    assert len(history._chapters) == 2
