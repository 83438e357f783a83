"""Consents that name who gets something, what, what for and until when (facilitation/releases.py)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.consents import Lack, SignedAs, Signers, Subject
from facilitation.disclosures import RECEIVER_CHARS_MAX, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.releases import Release, What, drop, fitting, revoke, sign, standing, terms
from facilitation.timebase import Instant

TODAY = date(2026, 11, 30)
ROBIN, GALE, STRANGER = PersonId("p-robin"), PersonId("p-gale"), PersonId("p-stranger")
ADULT = Subject(person=ROBIN)
PAT = "Dr. Pat Placeholder"
GOOD: dict[str, Any] = {
    "receiver": PAT,
    "what": "notes",
    "purpose": "request",
    "why": "",
    "until": TODAY + timedelta(days=30),
    "today": TODAY,
}


def release(**more: Any) -> Release:
    said = {
        "release": "rel-1",
        "person": ROBIN,
        "receiver": PAT,
        "what": What.NOTES,
        "purpose": Purpose.REQUEST,
        "why": "",
        "until": TODAY + timedelta(days=30),
        "title": "Title",
        "text": "Text",
        "version": "1",
        "language": "en",
        "drawn_by": ROBIN,
        "drawn_at": Instant(0),
    }
    return Release(**(said | more))


def signed(one: Release, subject: Subject, signer: PersonId, day: date = TODAY) -> Release:
    return sign(one, subject, signer=signer, name="A name", at=Instant(1), day=day)


@pytest.mark.parametrize(
    "wrong",
    [
        {"receiver": " "},
        {"receiver": "x" * (RECEIVER_CHARS_MAX + 1)},
        {"what": "everything"},
        {"purpose": "payment"},
        {"purpose": "\x00"},
        {"purpose": "other"},
        {"until": TODAY - timedelta(days=1)},
        {"until": TODAY + timedelta(days=367)},
    ],
)
def test_what_the_law_wants_named_has_to_be_named(wrong: dict[str, Any]) -> None:
    assert terms(**GOOD).receiver == PAT
    with pytest.raises(Refusal):
        terms(**(GOOD | wrong))


def minor(rule: Signers) -> Subject:
    return Subject(person=ROBIN, minor=True, signers=rule, guardians=frozenset({GALE}))


@pytest.mark.parametrize(
    ("rule", "who"),
    [(Signers.MINOR, {ROBIN}), (Signers.GUARDIAN, {ROBIN, GALE}), (Signers.BOTH, {ROBIN, GALE})],
)
def test_a_minors_is_signed_by_whom_42_cfr_2_14_says(rule: Signers, who: set[PersonId]) -> None:
    one, subject = release(), minor(rule)
    for signer in who:
        assert not standing(one, subject, TODAY).stands
        one = signed(one, subject, signer)
    assert standing(one, subject, TODAY).stands
    for signer in {GALE, STRANGER} - who:
        with pytest.raises(Refusal, match="not_yours_to_sign"):
            signed(one, subject, signer)


def test_one_of_two_signers_ends_it_alone() -> None:
    subject = minor(Signers.BOTH)
    one = signed(signed(release(), subject, ROBIN), subject, GALE)
    gone = revoke(one, signer=GALE, at=Instant(2), day=TODAY, words="")
    assert standing(gone, subject, TODAY).lacking == {SignedAs.GUARDIAN: Lack.REVOKED}
    with pytest.raises(Refusal, match="bad_release"):
        signed(gone, subject, GALE)


def test_what_is_signed_stays_to_be_read_and_what_nobody_signed_can_be_put_away() -> None:
    assert drop(release()).dropped
    with pytest.raises(Refusal):
        drop(signed(release(), ADULT, ROBIN))
    with pytest.raises(Refusal):
        signed(drop(release()), ADULT, ROBIN)


@given(
    until=st.integers(0, 60),
    signed_on=st.integers(0, 60),
    revoked_on=st.none() | st.integers(0, 60),
    asked_on=st.integers(0, 90),
    what=st.sampled_from(What),
    covers=st.sampled_from(What),
    purpose=st.sampled_from([Purpose.REQUEST, Purpose.OTHER]),
    receiver=st.sampled_from([PAT, "dr. pat  placeholder", "Somebody Else"]),
)
def test_it_fits_exactly_while_it_is_signed_not_ended_not_taken_back_and_covers_what_is_asked(
    until: int,
    signed_on: int,
    revoked_on: int | None,
    asked_on: int,
    what: What,
    covers: What,
    purpose: Purpose,
    receiver: str,
) -> None:
    def day(number: int) -> date:
        return TODAY + timedelta(days=number)

    one = release(until=day(until), what=covers)
    if signed_on <= until:
        one = signed(one, ADULT, ROBIN, day(signed_on))
        if revoked_on is not None and signed_on <= revoked_on <= until:
            one = revoke(one, signer=ROBIN, at=Instant(2), day=day(revoked_on))
    holds = signed_on <= asked_on <= until
    if revoked_on is not None and signed_on <= revoked_on <= until:
        holds = holds and asked_on < revoked_on
    expected = (
        holds
        and purpose is Purpose.REQUEST
        and receiver != "Somebody Else"
        and (covers is what or covers is What.RECORD)
    )
    found = fitting([one], ADULT, day(asked_on), receiver=receiver, what=what, purpose=purpose)
    assert (found is not None) is expected
