"""Taking people in from a list (server/people/intake.py)."""

from __future__ import annotations

import pytest

from facilitation.cohorts import Cohort
from facilitation.contacts import Contact
from facilitation.enrolment import Enrolment
from facilitation.guardianship import Guardianship
from facilitation.ids import ClinicId, CohortId, PersonId
from facilitation.people import Role
from facilitation.roll import Fate
from facilitation.timebase import Instant
from server.people.contacts import contacts
from server.people.ids import ids_under
from server.people.intake import Far, Intake, Shelves, TakenIn
from server.store import memory
from server.store.register import Shelf

NOW = Instant(1_795_561_200_000)
ZONE = "America/New_York"
HEADING = ("name", "email", "track", "cohort", "phone", "guardian", "guardian email", "guardian phone")
ASH = ("Ash Example", "ash@example.org", "teen", "After school", "555-0100", "Pat", "pat@example.org", "555-0101")
SAM = ("Sam Sample", "sam@example.org")
FAY = PersonId("p-fay")


class FixedClock:
    def now(self) -> Instant:
        return NOW


class Clinic:
    def __init__(self) -> None:
        self.store = memory.connect()
        register = self.store.register
        self.shelves = Shelves(
            cohorts=Shelf(register, "cohort", Cohort, id_of=lambda each: each.id),
            enrolments=Shelf(register, "enrolment", Enrolment, id_of=lambda each: each.id),
            guardianships=Shelf(register, "guardianship", Guardianship, id_of=lambda each: each.id),
        )
        ids = ids_under("s" * 40, clinic=ClinicId("demo"))
        self.intake = Intake(self.store, self.shelves, clock=FixedClock(), ids=ids, seats_max=16)

    async def with_a_group(self) -> Clinic:
        cohort = Cohort(id=CohortId("c-teens"), title="After school", programme="teen-iop", zone=ZONE)
        await self.shelves.cohorts.put(cohort, upon=0, by=FAY, at=NOW)
        return self

    async def fates(self, *rows: tuple[str, ...]) -> list[Fate]:
        return [row.fate for row in (await self.intake.preview(HEADING, rows, zone=ZONE)).rows]

    async def take_in(self, *rows: tuple[str, ...]) -> tuple[int, int, int]:
        self.steps = [step async for step in self.intake.take_in(HEADING, rows, zone=ZONE, by=FAY)]
        done = self.steps.pop()
        assert isinstance(done, TakenIn)
        return done.new, done.changed, len(done.newcomers)


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


async def test_a_teen_comes_with_guardian_group_and_numbers(clinic: Clinic) -> None:
    await clinic.with_a_group()
    assert await clinic.take_in(ASH) == (1, 0, 2)
    ash, pat = await clinic.store.clinic.list_people()
    assert (ash.name, ash.role, ash.track) == ("Ash Example", Role.PARTICIPANT, "teen")
    assert (pat.name, pat.role) == ("Pat", Role.GUARDIAN)
    [care] = (await clinic.shelves.guardianships.all()).values()
    assert (care.value.guardian, care.value.teen) == (pat.person, ash.person)
    [enrolment] = (await clinic.shelves.enrolments.all()).values()
    assert (enrolment.value.person, enrolment.value.cohort, enrolment.by) == (ash.person, "c-teens", "p-fay")
    contact = await contacts(clinic.store.register).get(ash.person)
    assert contact is not None
    assert contact.value.phone == "555-0100"
    assert [(each.name, each.phone, each.guardian) for each in contact.value.nearest] == [
        ("Pat", "555-0101", pat.person)
    ]


async def test_the_same_list_again_changes_nothing(clinic: Clinic) -> None:
    await clinic.with_a_group()
    await clinic.take_in(ASH, SAM)
    assert await clinic.fates(ASH, SAM) == [Fate.SAME, Fate.SAME]
    assert await clinic.take_in(ASH, SAM) == (0, 0, 0)
    assert [held.revision for held in (await clinic.shelves.enrolments.all()).values()] == [1]


async def test_a_look_changes_nothing(clinic: Clinic) -> None:
    assert await clinic.fates(SAM) == [Fate.NEW]
    assert await clinic.store.clinic.list_people() == []


async def test_wrong_rows_wait_and_the_others_come_in(clinic: Clinic) -> None:
    assert await clinic.take_in(SAM, ("Kim", "no address"), ("", "x@example.org")) == (1, 0, 1)
    assert [person.name for person in await clinic.store.clinic.list_people()] == ["Sam Sample"]


async def test_a_new_number_is_a_change_of_the_number_alone(clinic: Clinic) -> None:
    await clinic.with_a_group()
    await clinic.take_in(ASH)
    changed = (*ASH[:4], "555-0199", *ASH[5:])
    assert await clinic.fates(changed) == [Fate.CHANGED]
    assert await clinic.take_in(changed) == (0, 1, 0)
    [ash, _] = await clinic.store.clinic.list_people()
    [first, second] = await contacts(clinic.store.register).history(ash.person)
    assert isinstance(second.value, Contact)
    assert (first.value.phone, second.value.phone, second.value.nearest) == (
        "555-0100",
        "555-0199",
        first.value.nearest,
    )


async def test_one_guardian_of_two_teens_has_one_account(clinic: Clinic) -> None:
    await clinic.with_a_group()
    bay = ("Bay Example", "bay@example.org", *ASH[2:])
    assert await clinic.take_in(ASH, bay) == (2, 0, 3)
    assert len(await clinic.shelves.guardianships.all()) == 2


async def test_an_adults_contact_gets_no_account(clinic: Clinic) -> None:
    await clinic.take_in(("Sam", "sam@example.org", "adult", "", "", "Uma", "uma@example.org", "555-0102"))
    [sam] = await clinic.store.clinic.list_people()
    contact = await contacts(clinic.store.register).get(sam.person)
    assert contact is not None and contact.value.nearest[0].guardian is None


async def test_a_list_that_ended_half_way_goes_on_where_it_ended(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = tuple((f"N{n}", f"n{n}@example.org") for n in range(300))
    put, calls = clinic.store.register.put, 0

    async def put_twice(*arguments: object, **words: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError
        return await put(*arguments, **words)

    monkeypatch.setattr(clinic.store.register, "put", put_twice)
    with pytest.raises(ConnectionError):
        await clinic.take_in(*rows)
    monkeypatch.undo()
    fates = await clinic.fates(*rows)
    assert fates.count(Fate.SAME) == 250
    new, changed, _ = await clinic.take_in(*rows)
    assert (new, changed) == (50, 0)
    assert await clinic.fates(*rows) == [Fate.SAME] * 300


async def test_ten_thousand_people_come_in_with_one_list(clinic: Clinic) -> None:
    rows = [(f"N{n}", f"n{n}@example.org") for n in range(10_000)]
    assert await clinic.take_in(*rows) == (10_000, 0, 10_000)
    told = [step.rows for step in clinic.steps if isinstance(step, Far)]
    assert (told[0], told[-1]) == (0, 10_000) and told == sorted(set(told)) and len(told) > 50
    assert await clinic.fates(*rows) == [Fate.SAME] * 10_000


async def test_nobody_is_put_into_a_room_that_is_full_and_whoever_is_in_it_stays(clinic: Clinic) -> None:
    await clinic.with_a_group()
    many = [(f"N{n}", f"n{n}@example.org", "teen", "After school") for n in range(18)]
    assert await clinic.fates(*many) == [Fate.NEW] * 16 + [Fate.WRONG] * 2
    assert (await clinic.take_in(*many))[0] == 16
    assert await clinic.fates(*many) == [Fate.SAME] * 16 + [Fate.WRONG] * 2
    [problem, _] = (await clinic.intake.preview(HEADING, many, zone=ZONE)).problems
    assert (problem.row, problem.column) == (18, HEADING[3])
