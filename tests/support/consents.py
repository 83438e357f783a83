"""Consents over a store, with the shipped texts and programmes."""

from __future__ import annotations

from server.accounts.shelves import shelves
from server.catalog import load_catalog
from server.clock import Clock
from server.door.consents import Consents
from server.door.guardians import Guardians
from server.door.releases import Releases
from server.store.ports import Store


def consents_of(store: Store, *, clock: Clock) -> Consents:
    catalog = load_catalog()
    guardians = Guardians(shelves(store.register).guardianships, clock=clock)
    return Consents(store, shipped=catalog.consents, programmes=catalog.programme, guardianships=guardians, clock=clock)


def releases_of(store: Store, *, clock: Clock) -> Releases:
    consents = consents_of(store, clock=clock)
    return Releases(store, consents=consents, programmes=load_catalog().programme, clock=clock)
