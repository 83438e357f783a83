"""One-time codes: of an authenticator app (RFC 6238), of a sheet of paper, or of a letter."""

from __future__ import annotations

import io
import secrets
from typing import Final

import pyotp
import segno

from facilitation.timebase import Instant

STEP_MS: Final = 30_000
RECOVERY_CODES: Final = 8
_LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ23456789"
"""None that can be misread for another, and no vowels: no words by accident."""


def new_seed() -> str:
    return pyotp.random_base32()


def matching_step(seed: str, code: str, *, now: Instant, after: int) -> int | None:
    """The time step whose code this is: the present one or a neighbour, and later than `after`. None: of none.

    A code is thereby good once.
    """
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    present = now // STEP_MS
    return next(
        (
            step
            for step in (present, present - 1, present + 1)
            if step > after and secrets.compare_digest(pyotp.TOTP(seed).generate_otp(step), digits)
        ),
        None,
    )


def address_of(seed: str, *, name: str, place: str) -> str:
    """What an authenticator app reads: an otpauth address."""
    return pyotp.TOTP(seed).provisioning_uri(name=name, issuer_name=place)


def qr(address: str) -> bytes:
    """A QR code as SVG."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", scale=5, border=4, dark="#000", light="#fff", xmldecl=False)
    return out.getvalue()


def spoken(seed: str) -> str:
    """The seed in groups of four, to be typed."""
    return " ".join(seed[n : n + 4] for n in range(0, len(seed), 4))


def recovery_codes() -> list[str]:
    """Codes for a sheet of paper, such as 'K7QM-2XRD-9GHT-BV4P': 77 bits each."""
    return ["-".join(_group() for _ in range(4)) for _ in range(RECOVERY_CODES)]


def _group() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))


def typed(code: str) -> str:
    """A recovery code as it was printed, however it was typed."""
    letters = "".join(char for char in code.upper() if char.isalnum())
    return "-".join(letters[n : n + 4] for n in range(0, len(letters), 4))[:64]


def mailed_code() -> str:
    """Six digits for a letter."""
    return f"{secrets.randbelow(1_000_000):06}"
