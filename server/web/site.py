"""What the pages must know of the place they are served from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from facilitation.ids import ClinicId

CLINIC: Final = ClinicId("demo")
"""The one clinic of a store, for now."""
ROOT: Final = Path(__file__).parents[2]

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Whom people can call when it gets hard, where this clinic's participants are.

    `crisis` answers at any time; `text` takes messages, "" where no number does; `name` is what the line is called, ""
    where nobody said so; `emergency` sends help.
    """

    crisis: str = "988"
    text: str = "988"
    name: str = ""
    emergency: str = "911"

    @property
    def numbers(self) -> Mapping[str, str]:
        """By the names that stand for them in the library."""
        return {"crisis_line": self.crisis, "emergency_number": self.emergency}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One clinic's web face.

    `keys` sign links and tickets: the first one signs, all of them open. `public_url` is the address people use
    (no slash at its end), None while only this machine knows us. `clinic_phone` is "" where no number is given. `https`
    says whether browsers reach us by TLS, ours or a proxy's. `links_per_minute` is what one address may ask of `/j` and
    `/api/ticket` together; `guesses_per_minute` how many wrong links of those are answered. `lock_ms`: how long staff
    who are signed in may leave a page alone before it locks. `staff_links_open`: whether a link alone lets one of the
    staff in.
    """

    clinic: ClinicId
    keys: tuple[str, ...]
    https: bool = False
    public_url: str | None = None
    exit_url: str = "/soup"
    clinic_phone: str = ""
    lines: Lines = Lines()
    version: str = "0"
    cookie_lifetime_s: int = 12 * HOUR_S
    ticket_lifetime_s: int = 12 * HOUR_S
    links_per_minute: int = 3_000
    guesses_per_minute: int = 30
    sign_ins_per_minute: int = 300
    lock_ms: int = 15 * 60 * 1_000
    staff_links_open: bool = False

    @property
    def device_cookie_name(self) -> str:
        return "__Host-milieu-device" if self.https else "milieu-device"

    @property
    def cookie_name(self) -> str:
        """With TLS, a name that only this very host may set, for the whole of it."""
        return "__Host-milieu" if self.https else "milieu"
