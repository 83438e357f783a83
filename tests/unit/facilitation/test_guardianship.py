from __future__ import annotations

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.timebase import Instant

GUARDIANSHIP = Guardianship(
    guardian=PersonId("p-gray"),
    teen=PersonId("p-ash"),
    since=Instant(10),
    until=Instant(20),
    may=frozenset({Care.SCHEDULE}),
)


def test_it_holds_from_its_first_moment_up_to_its_end() -> None:
    assert [GUARDIANSHIP.holds(Instant(at)) for at in (9, 10, 19, 20)] == [False, True, True, False]


def test_what_was_not_allowed_is_not_allowed_while_it_holds() -> None:
    assert GUARDIANSHIP.allows(Care.SCHEDULE, Instant(15))
    assert not GUARDIANSHIP.allows(Care.HOURS, Instant(15))
    assert not GUARDIANSHIP.allows(Care.SCHEDULE, Instant(25))


def test_without_an_end_it_goes_on() -> None:
    assert Guardianship(guardian=PersonId("p-gray"), teen=PersonId("p-ash"), since=Instant(0)).holds(Instant(10**15))
