"""Consents: who signs, what stands, what a missing one stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from facilitation.consents import (
    ENTRY,
    FOLLOWS,
    GENERAL,
    GOVERNS,
    ConsentFile,
    ConsentForm,
    ConsentKind,
    Lack,
    SignedAs,
    Signers,
    Subject,
    check_forms,
    current,
    form_of,
    lacking_at_the_door,
    needed,
    needed_to_disclose,
    revoke,
    scope,
    sign,
    signers,
    standing,
)
from facilitation.disclosures import Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.catalog import load_catalog

ROBIN, TEEN, GALE, STRANGER, FAY = map(PersonId, ("p-robin", "p-teen", "p-gale", "p-stranger", "p-fay"))
DAY = date(2026, 11, 30)
NOW = Instant(1_796_000_000_000)
TELEHEALTH, GROUP, PART2 = GENERAL
ADULT = Subject(person=ROBIN)


def form(
    kind: ConsentKind = TELEHEALTH, version: str = "1", since: date = date(2026, 1, 1), **more: object
) -> ConsentForm:
    given: dict[str, object] = {
        "kind": kind, "version": version, "language": "en", "title": f"About {kind}", "text": f"Text {version}",
        "effective_from": since,
    }  # fmt: skip
    return ConsentForm(**(given | more))


FORMS = (form(TELEHEALTH), form(GROUP), form(PART2))


def minor(rule: Signers) -> Subject:
    return Subject(person=TEEN, minor=True, signers=rule, guardians=frozenset({GALE}))


def signed(subject: Subject, *parts: tuple[ConsentForm, PersonId], day: date = DAY) -> ConsentFile:
    file = ConsentFile(person=subject.person)
    for each, signer in parts:
        file = sign(file, subject, each, signer=signer, name="A Name", at=NOW, day=day)
    return file


def test_an_adult_signs_alone_and_it_stands_from_that_day_on() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    assert standing(TELEHEALTH, ADULT, DAY, file.consents, FORMS).stands
    assert standing(TELEHEALTH, ADULT, DAY + timedelta(days=4_000), file.consents, FORMS).stands
    before = standing(TELEHEALTH, ADULT, DAY - timedelta(days=1), file.consents, FORMS)
    assert before.lacking == {SignedAs.SELF: Lack.MISSING}


def test_one_kind_says_nothing_of_another() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    assert standing(GROUP, ADULT, DAY, file.consents, FORMS).lacking == {SignedAs.SELF: Lack.MISSING}


@pytest.mark.parametrize(
    ("rule", "kind", "who"),
    [
        (Signers.MINOR, TELEHEALTH, [SignedAs.SELF]),
        (Signers.MINOR, GROUP, [SignedAs.SELF]),
        (Signers.MINOR, PART2, [SignedAs.SELF]),  # 42 CFR 2.14(b): the minor alone, to a parent and for payment too
        (Signers.GUARDIAN, TELEHEALTH, [SignedAs.GUARDIAN]),
        (Signers.GUARDIAN, GROUP, [SignedAs.SELF, SignedAs.GUARDIAN]),
        (Signers.GUARDIAN, PART2, [SignedAs.SELF, SignedAs.GUARDIAN]),  # 42 CFR 2.14(c): both
        (Signers.BOTH, TELEHEALTH, [SignedAs.SELF, SignedAs.GUARDIAN]),
        (Signers.BOTH, GROUP, [SignedAs.SELF, SignedAs.GUARDIAN]),
        (Signers.BOTH, PART2, [SignedAs.SELF, SignedAs.GUARDIAN]),
    ],
)
def test_who_signs_for_a_minor_is_the_programmes_rule(rule: Signers, kind: ConsentKind, who: list[SignedAs]) -> None:
    assert list(needed(kind, minor(rule))) == who


def test_an_adult_signs_whatever_rule_there_is_for_minors() -> None:
    for kind in ConsentKind:
        for rule in Signers:
            assert needed(kind, replace(ADULT, signers=rule)) == (SignedAs.SELF,)


def test_a_state_that_differs_has_its_own_rule() -> None:
    assert signers("both", {"CA": "minor"}, "CA") is Signers.MINOR
    assert signers("both", {"CA": "minor"}, "OH") is Signers.BOTH
    assert signers("both", {"CA": "minor"}, "") is Signers.BOTH


def test_where_both_sign_it_stands_with_both_and_says_whose_is_missing() -> None:
    teen = minor(Signers.BOTH)
    half = signed(teen, (FORMS[0], TEEN))
    assert standing(TELEHEALTH, teen, DAY, half.consents, FORMS).lacking == {SignedAs.GUARDIAN: Lack.MISSING}
    whole = signed(teen, (FORMS[0], TEEN), (FORMS[0], GALE))
    told = standing(TELEHEALTH, teen, DAY, whole.consents, FORMS)
    assert told.stands
    assert [each.signer for each in told.resting_on] == [TEEN, GALE]


@pytest.mark.parametrize(
    ("subject", "signer", "kind"),
    [
        (ADULT, GALE, TELEHEALTH),
        (ADULT, STRANGER, PART2),
        (minor(Signers.BOTH), STRANGER, TELEHEALTH),
        (minor(Signers.MINOR), GALE, PART2),
        (minor(Signers.GUARDIAN), TEEN, TELEHEALTH),
    ],
)
def test_nobody_signs_what_is_not_theirs(subject: Subject, signer: PersonId, kind: ConsentKind) -> None:
    with pytest.raises(Refusal) as refused:
        signed(subject, (form(kind), signer))
    assert refused.value.code == "not_yours_to_sign"


def test_the_guardians_of_somebody_grown_up_sign_nothing() -> None:
    with pytest.raises(Refusal):
        signed(replace(ADULT, guardians=frozenset({GALE})), (FORMS[0], GALE))


def test_the_same_signature_twice_is_one() -> None:
    once = signed(ADULT, (FORMS[0], ROBIN))
    assert signed(ADULT, (FORMS[0], ROBIN), (FORMS[0], ROBIN)) == once
    assert signed(ADULT, (FORMS[0], ROBIN), (form(language="es", title="Sobre el video"), ROBIN)) == once


def test_a_name_is_needed_under_it() -> None:
    with pytest.raises(Refusal):
        sign(ConsentFile(person=ROBIN), ADULT, FORMS[0], signer=ROBIN, name="  ", at=NOW, day=DAY)


def test_a_revocation_counts_from_its_own_day_and_signing_again_gives_it_back() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    later = DAY + timedelta(days=3)
    gone = revoke(file, TELEHEALTH, signer=ROBIN, at=NOW, day=later, words="I moved")
    assert standing(TELEHEALTH, ADULT, later - timedelta(days=1), gone.consents, FORMS).stands
    assert standing(TELEHEALTH, ADULT, later, gone.consents, FORMS).lacking == {SignedAs.SELF: Lack.REVOKED}
    assert gone.consents[0].revoked is not None
    assert gone.consents[0].revoked.words == "I moved"
    again = sign(gone, ADULT, FORMS[0], signer=ROBIN, name="Robin", at=NOW, day=later)
    assert standing(TELEHEALTH, ADULT, later, again.consents, FORMS).stands


def test_where_both_sign_either_of_them_can_stop_it() -> None:
    teen = minor(Signers.BOTH)
    both = signed(teen, (FORMS[0], TEEN), (FORMS[0], GALE))
    gone = revoke(both, TELEHEALTH, signer=GALE, at=NOW, day=DAY)
    assert standing(TELEHEALTH, teen, DAY, gone.consents, FORMS).lacking == {SignedAs.GUARDIAN: Lack.REVOKED}


def test_a_revoked_part_2_consent_keeps_nobody_out_of_a_room() -> None:
    file = signed(ADULT, *((each, ROBIN) for each in FORMS))
    gone = revoke(file, PART2, signer=ROBIN, at=NOW, day=DAY)
    kinds = [kind.value for kind in GENERAL]
    assert lacking_at_the_door(kinds, ADULT, DAY, gone.consents, FORMS, group=True) == ()
    assert not standing(PART2, ADULT, DAY, gone.consents, FORMS).stands


def test_a_revoked_group_agreement_closes_groups_and_not_a_talk_of_two() -> None:
    file = signed(ADULT, *((each, ROBIN) for each in FORMS))
    gone = revoke(file, GROUP, signer=ROBIN, at=NOW, day=DAY)
    (held,) = lacking_at_the_door(ENTRY, ADULT, DAY, gone.consents, FORMS, group=True)
    assert held.kind is GROUP
    assert lacking_at_the_door(ENTRY, ADULT, DAY, gone.consents, FORMS, group=False) == ()


def test_a_programme_that_asks_for_nothing_keeps_nobody_out() -> None:
    assert lacking_at_the_door((), ADULT, DAY, (), FORMS, group=True) == ()


def test_there_is_nothing_to_take_back_that_was_not_given() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    for kind, signer in ((GROUP, ROBIN), (TELEHEALTH, GALE)):
        with pytest.raises(Refusal) as refused:
            revoke(file, kind, signer=signer, at=NOW, day=DAY)
        assert refused.value.code == "nothing_to_revoke"


def test_a_new_version_asks_again_or_lets_the_old_signatures_stand() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    next_month = DAY + timedelta(days=30)
    stricter = (*FORMS, form(version="2", since=next_month))
    typo = (*FORMS, form(version="2", since=next_month, asks_again=False))
    assert standing(TELEHEALTH, ADULT, next_month - timedelta(days=1), file.consents, stricter).stands
    assert standing(TELEHEALTH, ADULT, next_month, file.consents, stricter).lacking == {SignedAs.SELF: Lack.OLDER_TEXT}
    assert standing(TELEHEALTH, ADULT, next_month, file.consents, typo).stands


def test_a_consent_that_lasts_some_days_ends_after_the_last_of_them() -> None:
    year = (form(lasts_days=365),)
    file = signed(ADULT, (year[0], ROBIN))
    last = DAY + timedelta(days=364)
    assert file.consents[0].until == last
    assert standing(TELEHEALTH, ADULT, last, file.consents, year).stands
    ended = standing(TELEHEALTH, ADULT, last + timedelta(days=1), file.consents, year)
    assert ended.lacking == {SignedAs.SELF: Lack.ENDED}


def test_without_a_text_in_force_nothing_stands() -> None:
    file = signed(ADULT, (FORMS[0], ROBIN))
    assert standing(TELEHEALTH, ADULT, DAY, file.consents, ()).lacking == {SignedAs.SELF: Lack.NO_TEXT}


def test_a_text_is_read_in_ones_own_language_where_there_is_one() -> None:
    both = (form(), form(language="es", title="Sobre el video"))
    assert current(both, TELEHEALTH, DAY, "es") == both[1]
    assert current(both, TELEHEALTH, DAY, "fr") == both[0]
    assert current(both, TELEHEALTH, date(2025, 12, 31)) is None


def test_a_signed_text_is_found_again_word_for_word_or_not_at_all() -> None:
    (consent,) = signed(ADULT, (FORMS[0], ROBIN)).consents
    assert form_of(FORMS, consent) == FORMS[0]
    assert form_of([replace(FORMS[0], text="Something else")], consent) is None


@pytest.mark.parametrize("purpose", Purpose)
def test_only_treatment_here_an_emergency_and_ones_own_copy_need_no_consent(purpose: Purpose) -> None:
    free = {Purpose.TREATMENT, Purpose.EMERGENCY, Purpose.OWN}
    assert needed_to_disclose(purpose) is (purpose not in free)


def test_a_disclosure_says_under_which_consent_it_is_made() -> None:
    teen = minor(Signers.BOTH)
    file = signed(teen, (FORMS[2], TEEN), (FORMS[2], GALE))
    told = scope(FORMS[2], standing(PART2, teen, DAY, file.consents, FORMS))
    assert told == (
        "Disclosed under: About part2 (version 1), "
        "signed 2026-11-30 by A Name; signed 2026-11-30 by A Name as guardian."
    )


@pytest.mark.parametrize(
    "wrong",
    [
        [form(title=" ")],
        [form(text="\n")],
        [form(language="klingon")],
        [form(lasts_days=0)],
        [form(), form()],
        [form(), form(version="2")],
        [form(), form(language="es", since=date(2026, 2, 1))],
    ],
)
def test_texts_that_cannot_stand_beside_each_other_are_refused(wrong: list[ConsentForm]) -> None:
    with pytest.raises(Refusal):
        check_forms(wrong)


def test_the_shipped_texts_are_examples_and_cover_every_kind() -> None:
    forms = load_catalog().consents
    assert {each.kind for each in forms} == set(ConsentKind) == set(GOVERNS) == set(FOLLOWS)
    assert all(each.example for each in forms)
    for programme in load_catalog().programmes.values():
        assert all(current(forms, ConsentKind(kind), date(2026, 1, 1)) for kind in programme.consents)


def test_a_file_holds_a_bounded_number_of_signatures() -> None:
    file = ConsentFile(person=ROBIN)
    with pytest.raises(Refusal) as refused:
        for number in range(1_000):
            file = sign(file, ADULT, form(version=str(number)), signer=ROBIN, name="Robin", at=NOW, day=DAY)
    assert refused.value.code == "too_many"
    assert FAY not in {each.signer for each in file.consents}
