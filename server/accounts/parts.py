"""The parts of accounts, made once and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from argon2 import PasswordHasher

from facilitation.ids import ClinicId
from server.accounts.book import Book
from server.accounts.codes import qr
from server.accounts.devices import DeviceList
from server.accounts.gate import Gate
from server.accounts.hashing import Hashing
from server.accounts.invitations import Invitations
from server.accounts.provider import Provider, ProviderSettings
from server.accounts.seal import Seal
from server.accounts.shelves import shelves
from server.accounts.tries import Tries
from server.accounts.upkeep import Upkeep, signed_in_stands
from server.clock import Clock, RoomClock
from server.config import Settings
from server.languages import ChosenLanguages
from server.mail.memory import Pocket
from server.mail.ports import Mail
from server.store.ports import Store
from server.web.auth import Standing
from server.web.site import CLINIC
from server.web.ways import WaysIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`standing`: whether somebody who signed in still is; `ways`: all that pages ask of accounts."""

    book: Book
    invitations: Invitations
    standing: Standing
    ways: WaysIn


def parts(
    store: Store,
    *,
    keys: Sequence[str],
    clinic: ClinicId,
    place: str,
    base_url: str,
    mail: Mail,
    clock: Clock,
    hasher: PasswordHasher | None = None,
    provider: ProviderSettings | None = None,
) -> Parts:
    """`keys`: the clinic's secrets, as for links. `place`: its name, as apps and devices show it."""
    languages = ChosenLanguages(store.register, clock=clock)
    book = Book(shelves(store.register), people=store.clinic, traces=store.audit, languages=languages, clock=clock)
    hashing, seal, devices = Hashing(hasher), Seal(keys, clinic=clinic), DeviceList(book, clock=clock)
    invitations = Invitations(book, hashing=hashing, seal=seal, mail=mail, clock=clock, base_url=base_url, place=place)
    upkeep = Upkeep(
        book,
        devices=devices,
        invitations=invitations,
        hashing=hashing,
        seal=seal,
        mail=mail,
        clock=clock,
        place=place,
    )
    gate = Gate(book, hashing=hashing, seal=seal, tries=Tries(store.signing), mail=mail, clock=clock)

    return Parts(
        book=book,
        invitations=invitations,
        standing=partial(signed_in_stands, book, devices),
        ways=WaysIn(
            gate=gate,
            invitations=invitations,
            upkeep=upkeep,
            devices=devices,
            picture=qr,
            provider=Provider(provider) if provider else None,
        ),
    )


def operators_parts(settings: Settings, store: Store, *, clock: Clock | None = None) -> Parts:
    """For whoever works at the clinic's own machine: they hand links over themselves, and no letter goes out."""
    return parts(
        store,
        keys=settings.signing_keys(),
        clinic=CLINIC,
        place=settings.clinic_name,
        base_url=settings.named_url,
        mail=Pocket(),
        clock=clock or RoomClock(),
    )
