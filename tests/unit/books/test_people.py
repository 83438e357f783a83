"""What the pages about the clinic's people show and change (server/books/people.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from facilitation.cohorts import Cohort
from facilitation.enrolment import Enrolment
from facilitation.errors import Refusal
from facilitation.guardianship import Guardianship
from facilitation.ids import ClinicId, CohortId, PersonId
from facilitation.people import Role
from facilitation.timebase import Instant
from server.books.people import PeopleBook, Standing
from server.catalog import load_catalog
from server.door.guardians import guardians_of
from server.people.contacts import contacts
from server.people.ids import ids_under
from server.people.intake import Shelves
from server.rooms.ports import Stale
from server.store import memory
from server.store.register import Shelf
from server.web.auth import Visitor
from server.web.lists import Asked

NOW = Instant(1_795_561_200_000)
ZONE = "America/New_York"
ADA = Visitor(person=PersonId("p-ada"), role=Role.ADMINISTRATOR, name="Ada Administrator", zone=ZONE)
FAY = Visitor(person=PersonId("p-fay"), role=Role.FACILITATOR, name="Dr. Fay Facilitator", zone=ZONE)
SAM = {"name": "Sam Sample", "email": "Sam@Example.org", "role": "participant", "track": "adult", "zone": ZONE}
LIST = "name\temail\tgroup\nSam Sample\tsam@example.org\tEvening group\nKim\tno address\t\n"


class FixedClock:
    def now(self) -> Instant:
        return NOW


class Letters:
    """Who can sign in, and every letter that went out."""

    def __init__(self) -> None:
        self.known: dict[PersonId, Standing] = {}
        self.sent: list[str] = []

    async def standings(self) -> Mapping[PersonId, Standing]:
        return self.known

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        self.sent.append(address)
        self.known[person] = Standing.INVITED


class Clinic:
    def __init__(self) -> None:
        self.store = memory.connect()
        register = self.store.register
        self.shelves = Shelves(
            cohorts=Shelf(register, "cohort", Cohort, id_of=lambda each: each.id),
            enrolments=Shelf(register, "enrolment", Enrolment, id_of=lambda each: each.id),
            guardianships=Shelf(register, "guardianship", Guardianship, id_of=lambda each: each.id),
        )
        self.letters = Letters()
        self.planned = 0
        guardians = guardians_of(self.store, self.shelves.guardianships, catalog=load_catalog(), clock=FixedClock())
        self.book = PeopleBook(
            self.store,
            self.letters,
            self.shelves,
            plan=self._plan,
            guardians=guardians,
            clock=FixedClock(),
            ids=ids_under("s" * 40, clinic=ClinicId("demo")),
            seats_max=16,
        )

    async def _plan(self) -> None:
        self.planned += 1

    async def with_a_group(self) -> Clinic:
        cohort = Cohort(id=CohortId("c-evening"), title="Evening group", programme="adult-iop", zone=ZONE)
        await self.shelves.cohorts.put(cohort, upon=0, by="", at=NOW)
        return self

    async def rows(self, reader: Visitor = ADA, words: str = "", role: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self.book.everybody(Asked(text=words), reader=reader, role=role))["rows"]
        return rows


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


async def test_a_list_is_looked_at_taken_in_and_leaves_what_waits(clinic: Clinic) -> None:
    await clinic.with_a_group()
    looked = await clinic.book.look(LIST.encode("utf-16"), zone=ZONE, by=ADA)
    assert (looked["roll"]["new"], looked["roll"]["wrong"], looked["remark"]) == (1, 1, "")
    assert [row["group"] for row in looked["roll"]["rows"]] == ["Evening group", ""]
    assert (await clinic.rows(), clinic.planned) == ([], 0)
    *_, taken = [step async for step in clinic.book.take_in(looked["text"], zone=ZONE, by=ADA)]
    assert (taken["taken"], clinic.planned) == ({"new": 1, "changed": 0}, 1)
    assert taken["text"] == "name\temail\tgroup\nKim\tno address\t\n"
    [row] = await clinic.rows()
    assert (row["name"], row["groups"], row["address"], row["standing"]) == (
        "Sam Sample",
        "Evening group",
        "sam@example.org",
        "Not invited yet",
    )


async def test_addresses_are_for_those_who_look_after_accounts(clinic: Clinic) -> None:
    await clinic.book.keep(None, SAM, by=ADA)
    [row] = await clinic.rows(FAY)
    assert (row["name"], row["address"], row["url"]) == ("Sam Sample", "", "")
    assert await clinic.rows(FAY, words="sam@example.org") == []


async def test_people_are_found_by_name_address_and_role(clinic: Clinic) -> None:
    for name, role in (("Sam Sample", "participant"), ("Kim Fictional", "facilitator")):
        await clinic.book.keep(None, SAM | {"name": name, "email": f"{name[:3]}@example.org", "role": role}, by=ADA)
    assert [row["name"] for row in await clinic.rows(words="sample SAM")] == ["Sam Sample"]
    assert [row["name"] for row in await clinic.rows(words="kim@")] == ["Kim Fictional"]
    assert [row["name"] for row in await clinic.rows(role="facilitator")] == ["Kim Fictional"]


async def test_everybody_who_never_had_one_gets_one_invitation(clinic: Clinic) -> None:
    for n in range(3):
        await clinic.book.keep(None, SAM | {"email": f"n{n}@example.org"}, by=ADA)
    assert await clinic.book.invite(None, by=ADA) == 3
    assert await clinic.book.invite(None, by=ADA) == 0
    assert sorted(clinic.letters.sent) == ["n0@example.org", "n1@example.org", "n2@example.org"]


async def test_who_is_in_gets_no_letter_and_who_lost_theirs_gets_another(clinic: Clinic) -> None:
    sam = await clinic.book.keep(None, SAM, by=ADA)
    assert [await clinic.book.invite((sam,), by=ADA) for _ in range(2)] == [1, 1]
    clinic.letters.known[sam] = Standing.IN
    assert await clinic.book.invite((sam,), by=ADA) == 0


async def test_whom_to_call_is_kept_in_its_order_and_shown_again(clinic: Clinic) -> None:
    given = SAM | {"nearest_name_1": "Pat", "nearest_relation_1": "mother", "nearest_phone_1": "555-0101"}
    sam = await clinic.book.keep(None, given | {"nearest_name_3": "Uma", "nearest_phone_3": "555-0102"}, by=ADA)
    shown = await clinic.book.somebody(sam, given={}, reader=ADA)
    assert shown is not None
    assert [one["name"] for one in shown["given"]["nearest"]] == ["Pat", "Uma", ""]
    assert shown["given"]["revision"] == "1"


async def test_of_two_who_change_the_same_the_second_sees_what_stands_and_keeps_their_words(clinic: Clinic) -> None:
    sam = await clinic.book.keep(None, SAM, by=ADA)
    await clinic.book.keep(sam, SAM | {"phone": "555-0100", "revision": "1"}, by=ADA)
    typed = SAM | {"phone": "555-0199", "revision": "1"}
    with pytest.raises(Stale):
        await clinic.book.keep(sam, typed, by=ADA)
    shown = await clinic.book.somebody(sam, given=typed | {"revision": ""}, reader=ADA)
    assert shown is not None
    assert (shown["given"]["phone"], shown["given"]["revision"]) == ("555-0199", "2")
    assert ("Phone", "555-0100") in shown["stands"]
    contact = await contacts(clinic.store.register).get(sam)
    assert contact is not None and contact.value.phone == "555-0100"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"email": "nobody"},
        {"email": ""},
        {"role": "wizard"},
        {"track": "elder"},
        {"zone": "Mars/Olympus"},
        {"phone": "5" * 41},
        {"nearest_name_1": "", "nearest_phone_1": "555-0100"},
    ],
)
async def test_what_cannot_be_kept_is_refused_and_nobody_is_made(clinic: Clinic, wrong: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        await clinic.book.keep(None, SAM | wrong, by=ADA)
    assert await clinic.rows() == []


async def test_one_address_is_one_persons(clinic: Clinic) -> None:
    await clinic.book.keep(None, SAM, by=ADA)
    with pytest.raises(Refusal, match="known_address"):
        await clinic.book.keep(None, SAM | {"name": "Kim"}, by=ADA)


async def test_whoever_is_new_lives_where_the_clinic_does_until_something_else_is_said(clinic: Clinic) -> None:
    form = await clinic.book.somebody(None, given={}, reader=ADA)
    assert form is not None and form["given"]["zone"] == ADA.zone
    with pytest.raises(Refusal, match="“” is no time zone"):
        await clinic.book.keep(None, SAM | {"zone": ""}, by=ADA)


async def test_nobody_is_nobody(clinic: Clinic) -> None:
    assert await clinic.book.somebody(PersonId("p-nobody"), given={}, reader=ADA) is None
    with pytest.raises(Refusal, match="unknown_person"):
        await clinic.book.keep(PersonId("p-nobody"), SAM, by=ADA)


async def test_a_date_of_birth_is_kept_with_a_person_and_comes_in_by_a_list(clinic: Clinic) -> None:
    id = await clinic.book.keep(None, SAM | {"born": "2009-05-14"}, by=ADA)
    form = await clinic.book.somebody(id, given={}, reader=ADA)
    assert form is not None and form["given"]["born"] == "2009-05-14" and form["belongs"]["teen"]
    looked = await clinic.book.look("name,email,dob\nSam Sample,sam@example.org,5/15/2009\n", zone=ZONE, by=ADA)
    assert (looked["roll"]["changed"], looked["roll"]["rows"][0]["born"]) == (1, "2009-05-15")
    assert [step async for step in clinic.book.take_in(looked["text"], zone=ZONE, by=ADA)][-1]["taken"]
    assert (await clinic.store.clinic.get_person(id)).born == date(2009, 5, 15)
    same = await clinic.book.look("name,email\nSam Sample,sam@example.org\n", zone=ZONE, by=ADA)
    assert same["roll"]["same"] == 1


@pytest.mark.parametrize("born", ["2009-02-30", "tomorrow", "2031-01-01", "1850-01-01", "14.5.2009", "\x00"])
async def test_what_is_no_date_of_birth_is_said_and_what_was_typed_is_given_back(clinic: Clinic, born: str) -> None:
    with pytest.raises(Refusal, match="bad_birth"):
        await clinic.book.keep(None, SAM | {"born": born}, by=ADA)
    form = await clinic.book.somebody(None, given=SAM | {"born": born}, reader=ADA)
    assert form is not None and form["given"]["born"] == born
