"""All that pages ask of accounts, in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from server.web import account, accounts, invite, signin
from server.web.door import DeviceList


class Upkeep(account.Upkeep, accounts.Accounts, Protocol):
    """One's own account, and others'."""


class Invitations(invite.Invitations, accounts.Invitations, Protocol):
    """Made, and opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    gate: signin.Gate
    invitations: Invitations
    upkeep: Upkeep
    devices: DeviceList
    picture: invite.Pictures
    provider: signin.Provider | None = None
    """The clinic's own, for staff; None: it has none."""
