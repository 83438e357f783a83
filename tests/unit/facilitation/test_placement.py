"""What of a plan for everybody can be given together: swaps yes, taken seats no, and nobody loses what they have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.ids import CohortId, PersonId
from facilitation.placement import (
    ALIVE_MS,
    Days,
    Hindrance,
    Move,
    Placement,
    Proposed,
    Slot,
    Stage,
    State,
    hindrances,
    slots,
)
from facilitation.timebase import Instant
from tests.support.school import MONDAY

A, B = CohortId("a"), CohortId("b")
ROBIN, SAM = PersonId("p-robin"), PersonId("p-sam")
IN_A, IN_B = (Days(cohort=A, days=(0,)),), (Days(cohort=B, days=(0,)),)


def proposed(person: PersonId, before: tuple[Days, ...], after: tuple[Days, ...], school: int = 0) -> Proposed:
    return Proposed(person=person, before=before, after=after, school=school, minutes=360)


def asked(*some: Proposed, seats: dict[Slot, int], **more: int) -> dict[PersonId, Hindrance]:
    today = {each.person: each.before for each in some}
    return hindrances(some, seats=seats, today=today, schools={PersonId(k): v for k, v in more.items()})


def test_what_a_week_means_against_today() -> None:
    assert proposed(ROBIN, IN_A, IN_A).move is Move.STAYS
    assert proposed(ROBIN, (), IN_A).move is Move.NEW
    assert proposed(ROBIN, IN_A, IN_B).move is Move.MOVES


def test_two_who_swap_full_groups_can_do_so_together_and_neither_alone() -> None:
    robin, sam = proposed(ROBIN, IN_A, IN_B), proposed(SAM, IN_B, IN_A)
    assert asked(robin, sam, seats={(A, 0): 1, (B, 0): 1}) == {}
    assert asked(robin, seats={(A, 0): 1, (B, 0): 0}) == {ROBIN: Hindrance.SEAT}


def test_whoever_cannot_move_keeps_their_seat_and_holds_up_who_wanted_it() -> None:
    robin, sam = proposed(ROBIN, IN_A, IN_B, school=1), proposed(SAM, IN_B, IN_A)
    found = hindrances(
        [robin, sam],
        seats={(A, 0): 1, (B, 0): 1},
        today={ROBIN: IN_A, SAM: IN_B},
        schools={ROBIN: 2},
    )
    assert found == {ROBIN: Hindrance.SCHOOL, SAM: Hindrance.SEAT}


def test_other_days_meanwhile_are_told() -> None:
    found = hindrances([proposed(ROBIN, IN_A, IN_B)], seats={(B, 0): 1}, today={ROBIN: ()}, schools={})
    assert found == {ROBIN: Hindrance.DAYS}


weeks = st.sampled_from([(), IN_A, IN_B, (*IN_A, *IN_B), (Days(cohort=A, days=(0, 2)),)])


@given(
    plans=st.lists(st.tuples(weeks, weeks), max_size=7),
    free=st.fixed_dictionaries({(A, 0): st.integers(0, 3), (A, 2): st.integers(0, 3), (B, 0): st.integers(0, 3)}),
)
def test_what_is_given_together_never_overfills_a_group_more_than_it_is(
    plans: list[tuple[tuple[Days, ...], tuple[Days, ...]]], free: dict[Slot, int]
) -> None:
    some = [proposed(PersonId(f"p-{n}"), before, after) for n, (before, after) in enumerate(plans)]
    found = asked(*some, seats=free)
    for slot, seats in free.items():
        before = sum(slot in slots(each.before) for each in some)
        after = sum(slot in slots(each.before if each.person in found else each.after) for each in some)
        assert after <= max(seats, before)


# --------------------------------------------------------------- how far it is


def placement(**more: object) -> Placement:
    return Placement(
        id="x", by=ROBIN, started_at=Instant(0), heard_at=Instant(0), first=MONDAY, last=MONDAY, keeps=True, **more
    )


@pytest.mark.parametrize(
    ("stage", "done", "of", "share"),
    [
        (Stage.LOOKING, 0, 0, 0.0),
        (Stage.LOOKING, 1, 2, 0.075),
        (Stage.BETTERING, 0, 9, 0.4),
        (Stage.EXPLAINING, 2, 1, 1),
    ],
)
def test_its_share_grows_from_nothing_to_the_whole(stage: Stage, done: int, of: int, share: float) -> None:
    assert placement(stage=stage, done=done, of=of).share == pytest.approx(share)


def test_a_search_that_says_nothing_any_more_is_none() -> None:
    assert placement().is_running(Instant(ALIVE_MS - 1))
    assert not placement().is_running(Instant(ALIVE_MS))
    assert not placement(state=State.STOPPED).is_running(Instant(0))
