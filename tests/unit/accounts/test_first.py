from __future__ import annotations

from dataclasses import replace

from facilitation.accounts import Account
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from server.accounts.first import PERSON, first_administrator
from server.accounts.parts import Parts, parts
from server.clock import FakeClock
from server.mail.memory import Pocket
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store

ADA = Person(person=PersonId("p-ada"), name="Ada", role=Role.ADMINISTRATOR, track="adult", zone="America/New_York")


def accounts(store: Store, clock: FakeClock) -> Parts:
    return parts(
        store,
        keys=("k" * 40,),
        clinic=ClinicId("demo"),
        place="Example",
        base_url="http://localhost:1",
        mail=Pocket(),
        clock=clock,
    )


async def first(store: Store, clock: FakeClock) -> tuple[Person, str] | None:
    return await first_administrator(accounts(store, clock), await store.clinic.list_people(), zone="America/New_York")


async def test_an_empty_clinic_gets_an_administrator_and_each_start_another_link(clock: FakeClock) -> None:
    store = memory.connect()
    links = []
    for _ in range(2):
        found = await first(store, clock)
        assert found is not None and found[0].person == PERSON
        links.append(found[1])
    assert [each.person for each in await store.clinic.list_people()] == [PERSON]
    assert len(set(links)) == 2 and len(await accounts(store, clock).invitations.waiting()) == 1


async def test_who_is_an_administrator_already_is_asked_and_nobody_once_somebody_signs_in(clock: FakeClock) -> None:
    store = memory.connect()
    await store.clinic.put_person(ADA)
    found = await first(store, clock)
    assert found is not None and found[0] == ADA
    shelf = accounts(store, clock).book.shelves.accounts
    account = Account(person=ADA.person, email="ada@example.org", since=clock.now(), single="issuer subject")
    await shelf.put(account, upon=0, by="", at=clock.now())
    assert await first(store, clock) is None
    await shelf.put(replace(account, locked=True), upon=1, by="", at=clock.now())
    assert await first(store, clock) is not None
