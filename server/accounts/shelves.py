"""Where accounts lie in the register. Of devices and codes, which change by themselves, no past is kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from facilitation.accounts import Account, Devices, Invitation, SignInName
from facilitation.guardianship import Guardianship
from server.store.register import Register, Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    register: Register
    accounts: Shelf[Account]
    names: Shelf[SignInName]
    invitations: Shelf[Invitation]
    devices: Shelf[Devices]
    guardianships: Shelf[Guardianship]


def shelves(register: Register) -> Shelves:
    return Shelves(
        register=register,
        accounts=Shelf(register, "account", Account, id_of=lambda each: each.person),
        names=Shelf(register, "sign-in-name", SignInName, id_of=lambda each: name_id(each.name)),
        invitations=Shelf(register, "invitation", Invitation, id_of=lambda each: each.invitation),
        devices=Shelf(register, "devices", Devices, id_of=lambda each: each.person, remembered=False),
        guardianships=Shelf(register, "guardianship", Guardianship, id_of=lambda each: each.id),
    )


def name_id(name: str) -> str:
    """Addresses may be longer than ids."""
    return sha256(name.encode()).hexdigest()


def secret_id(secret: str) -> str:
    """What is kept of a secret of 256 bits that a link or a cookie holds: a leaked store opens nothing."""
    return sha256(f"milieu.secret\n{secret}".encode()).hexdigest()
