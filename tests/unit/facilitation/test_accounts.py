from __future__ import annotations

import pytest

from facilitation.accounts import (
    DEVICES_MAX,
    PASSWORD_CHARS_MAX,
    Account,
    Device,
    Devices,
    Ending,
    Invitation,
    Passkey,
    normal,
    sign_in_name,
    strong_password,
)
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant

ROBIN = PersonId("p-robin")


@pytest.mark.parametrize(
    "password",
    [
        *("short", "12345678", "87654321", "qwertyuiop", "poiuytrewq", "aaaaaaaaaaaa", "abababababab", "password1"),
        *("P@ssw0rd!", "Passwort2026", "letmein!!", "milieu2026", "1q2w3e4r5t", "passwordpassword", "x" * 129),
        *("robin1234", "Example!!", "robin.example"),
    ],
)
def test_what_somebody_would_try_first_is_no_password(password: str) -> None:
    with pytest.raises(Refusal):
        strong_password(password, about=("Robin Example", "robin@example.org"))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "mañana compro pan",
        "夏は来ぬ卯の花の匂う",
        "kitchen-window",
        "zq8!vLp2",
        "y" * 60 + "abc",
    ],
)
def test_length_is_what_counts_and_no_kind_of_character_is_asked_for(password: str) -> None:
    assert strong_password(password) == normal(password)


def test_the_same_keys_are_the_same_password_on_every_keyboard() -> None:
    assert strong_password("Zoe\u0308 buys bread") == strong_password("Zo\u00eb buys bread")


def test_a_password_of_any_length_is_looked_at_only_so_far() -> None:
    assert len(normal("x" * 10_000)) == PASSWORD_CHARS_MAX + 1


def test_two_spellings_of_an_address_are_one_name() -> None:
    assert sign_in_name(" Robin@Example.ORG ") == sign_in_name("robin@example.org")


def passkey(id: str = "k") -> Passkey:
    return Passkey(passkey=id, public_key="", count=0, name="Phone", since=Instant(0), used=Instant(0))


def test_an_account_opens_by_a_passkey_or_by_a_password_with_codes_and_by_neither_half() -> None:
    def opens(**ways: object) -> bool:
        return Account(person=ROBIN, email="", since=Instant(0), **ways).opens

    assert opens(passkeys=(passkey(),)) and opens(password="h", totp="t") and opens(single="issuer subject")
    assert not (opens() or opens(password="h") or opens(totp="t"))


def test_an_invitation_opens_until_it_is_used_withdrawn_or_too_old() -> None:
    invitation = Invitation(invitation="i", person=ROBIN, email="", at=Instant(0), until=Instant(10))
    assert invitation.ending(Instant(9)) is None
    assert invitation.ending(Instant(10)) is Ending.EXPIRED
    used = Invitation(invitation="i", person=ROBIN, email="", at=Instant(0), until=Instant(10), ended=Ending.USED)
    assert used.ending(Instant(5)) is Ending.USED


def test_the_device_that_was_seen_longest_ago_makes_room() -> None:
    devices = Devices(person=ROBIN)
    for n in range(DEVICES_MAX + 3):
        devices = devices.put(Device(device=f"d-{n}", name="", since=Instant(n), seen=Instant(n)))
    assert [each.device for each in devices.devices] == [f"d-{n}" for n in range(DEVICES_MAX + 2, 2, -1)]
    assert devices.get("d-0") is None


def test_a_device_remembers_unless_it_was_signed_out_or_was_away_for_half_a_year() -> None:
    day = 24 * 3_600_000
    device = Device(device="d", name="", since=Instant(0), seen=Instant(0), remembered=True)
    assert device.remembers(Instant(179 * day)) and not device.remembers(Instant(180 * day))
    ended = Device(device="d", name="", since=Instant(0), seen=Instant(0), remembered=True, ended=Instant(1))
    assert not ended.remembers(Instant(2))
