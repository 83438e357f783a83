from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.accounts import Account
from facilitation.errors import Refusal
from facilitation.ids import ClinicId, PersonId
from facilitation.people import Role
from server.accounts.first import PERSON, First, first_administrator
from server.accounts.parts import Parts, parts
from server.clock import FakeClock
from server.mail.memory import Pocket
from server.store import memory
from server.store.clinic import Person
from server.store.ports import Store

ADA = Person(person=PersonId("p-ada"), name="Ada", role=Role.ADMINISTRATOR, track="adult", zone="America/New_York")


def accounts(store: Store, clock: FakeClock, *, secret: str = "k" * 40) -> Parts:
    return parts(
        store,
        keys=(secret,),
        clinic=ClinicId("demo"),
        place="Example",
        base_url="http://localhost:1",
        mail=Pocket(),
        clock=clock,
    )


async def first(store: Store, clock: FakeClock) -> First | None:
    return await first_administrator(accounts(store, clock), await store.clinic.list_people(), zone="America/New_York")


async def link(store: Store, clock: FakeClock) -> str:
    found = await first(store, clock)
    assert found is not None and found.link is not None
    return found.link


async def test_an_empty_clinic_gets_an_administrator_and_each_start_shows_the_same_link(clock: FakeClock) -> None:
    store = memory.connect()
    links = []
    for _ in range(3):
        links.append(await link(store, clock))
        clock.advance(minutes=24 * 60)
    assert [each.person for each in await store.clinic.list_people()] == [PERSON]
    assert len(set(links)) == 1 and len(await accounts(store, clock).invitations.waiting()) == 1
    assert len([each async for each in store.audit.all()]) == 1  # a start that changes nothing tells nothing
    opened = await accounts(store, clock).invitations.open(links[0].rpartition("/")[2])
    assert opened.person.person == PERSON


async def test_after_a_week_it_is_another_and_the_one_before_opens_nothing(clock: FakeClock) -> None:
    store = memory.connect()
    before = await link(store, clock)
    clock.advance(minutes=7 * 24 * 60)
    after = await link(store, clock)
    assert after != before
    with pytest.raises(Refusal) as refused:
        await accounts(store, clock).invitations.open(before.rpartition("/")[2])
    assert refused.value.code == "old_invitation"


async def test_a_start_leaves_a_link_alone_that_somebody_was_given_by_hand(clock: FakeClock) -> None:
    store = memory.connect()
    await link(store, clock)
    given = await accounts(store, clock).invitations.invite(PERSON, "", by="", role=None)
    found = await first(store, clock)
    assert found == First(person=(await store.clinic.list_people())[0], link=None)
    await accounts(store, clock).invitations.open(given.rpartition("/")[2])


async def test_whoever_reads_the_store_cannot_make_the_link_of_what_stands_there(clock: FakeClock) -> None:
    store = memory.connect()
    mine = await link(store, clock)
    [waiting] = (await accounts(store, clock).invitations.waiting()).values()
    assert waiting.invitation not in mine
    other = accounts(store, clock, secret="another secret of forty characters, or so")
    assert await other.invitations.lasting(PERSON) is None


async def test_who_is_an_administrator_already_is_asked_and_nobody_once_somebody_signs_in(clock: FakeClock) -> None:
    store = memory.connect()
    await store.clinic.put_person(ADA)
    found = await first(store, clock)
    assert found is not None and found.person == ADA
    shelf = accounts(store, clock).book.shelves.accounts
    account = Account(person=ADA.person, email="ada@example.org", since=clock.now(), single="issuer subject")
    await shelf.put(account, upon=0, by="", at=clock.now())
    assert await first(store, clock) is None
    await shelf.put(replace(account, locked=True), upon=1, by="", at=clock.now())
    assert await first(store, clock) is not None
