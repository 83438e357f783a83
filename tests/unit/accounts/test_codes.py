from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pyotp
import pytest

from facilitation.timebase import Instant
from server.accounts import codes

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NOW = Instant(1_760_000_010_000)
STEP = NOW // codes.STEP_MS


def code(step: int) -> str:
    return pyotp.TOTP(SEED).generate_otp(step)


@pytest.mark.parametrize(("away", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_holds_for_its_half_minute_and_its_neighbours(away: int, good: bool) -> None:
    assert codes.matching_step(SEED, code(STEP + away), now=NOW, after=0) == (STEP + away if good else None)


def test_a_code_is_taken_once_and_none_before_it_any_more() -> None:
    assert codes.matching_step(SEED, code(STEP), now=NOW, after=STEP) is None
    assert codes.matching_step(SEED, code(STEP - 1), now=NOW, after=STEP) is None
    assert codes.matching_step(SEED, code(STEP + 1), now=NOW, after=STEP) == STEP + 1


@pytest.mark.parametrize("rubbish", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "12 34", "\x00" * 6, "9" * 10_000])
def test_rubbish_is_no_code(rubbish: str) -> None:
    assert codes.matching_step(SEED, rubbish, now=NOW, after=0) is None


def test_a_code_may_be_typed_as_it_is_read() -> None:
    digits = code(STEP)
    assert codes.matching_step(SEED, f" {digits[:3]} {digits[3:]} ", now=NOW, after=0) == STEP


def test_a_recovery_code_is_known_however_it_is_typed() -> None:
    made = codes.recovery_codes()
    assert len(set(made)) == codes.RECOVERY_CODES
    assert {codes.typed(f" {each.lower().replace('-', ' ')} ") for each in made} == set(made)


def test_the_picture_is_svg_and_an_app_reads_whose_it_is() -> None:
    address = codes.address_of(SEED, name="robin@example.org", place="Milieu")
    assert pyotp.parse_uri(address).secret == SEED
    assert ElementTree.fromstring(codes.qr(address)).tag == "{http://www.w3.org/2000/svg}svg"
