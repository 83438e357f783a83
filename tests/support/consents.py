"""Consents over a store, with the shipped texts and programmes."""

from __future__ import annotations

from facilitation.consents import ConsentKind, current
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.weeks import day_of
from server.accounts.shelves import shelves
from server.catalog import load_catalog
from server.clock import Clock
from server.door.consents import Consents
from server.door.guardians import guardians_of
from server.door.named import NamedReleases
from server.door.releases import Releases
from server.store.ports import Store


def consents_of(store: Store, *, clock: Clock) -> Consents:
    catalog = load_catalog()
    guardians = guardians_of(store, shelves(store.register).guardianships, catalog=catalog, clock=clock)
    return Consents(store, shipped=catalog.consents, programmes=catalog.programme, guardianships=guardians, clock=clock)


async def agree_to_part2(store: Store, person: PersonId, *, clock: Clock) -> None:
    """Let somebody sign that their Part 2 records may go outside for treatment, payment and operations."""
    who = await store.clinic.get_person(person)
    assert who is not None
    consents = consents_of(store, clock=clock)
    form = current(await consents.forms(), ConsentKind.PART2, day_of(clock.now(), zone_of(who.zone)))
    assert form is not None
    await consents.sign(who, ConsentKind.PART2, fingerprint=form.fingerprint, signer=person, name=who.name)


def releases_of(store: Store, *, clock: Clock) -> Releases:
    consents = consents_of(store, clock=clock)
    named = named_of(store, clock=clock)
    return Releases(store, consents=consents, named=named, programmes=load_catalog().programme, clock=clock)


def named_of(store: Store, *, clock: Clock) -> NamedReleases:
    consents = consents_of(store, clock=clock)
    return NamedReleases(store, consents=consents, discloser="Example Clinic (made up)", clock=clock)
