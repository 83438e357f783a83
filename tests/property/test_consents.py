"""Whether a consent stands, against a second opinion that lives day by day and remembers what holds now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from facilitation.consents import (
    GENERAL,
    ConsentFile,
    ConsentForm,
    ConsentKind,
    SignedAs,
    Signers,
    Subject,
    current,
    revoke,
    sign,
    standing,
)
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant

TEEN, GALE, STRANGER = PersonId("p-teen"), PersonId("p-gale"), PersonId("p-stranger")
FIRST = date(2026, 1, 1)
DAYS = 30


class Act(NamedTuple):
    day: int
    what: str
    kind: ConsentKind
    who: PersonId


acts = st.builds(
    Act,
    st.integers(0, DAYS),
    st.sampled_from(["sign", "sign", "revoke"]),
    st.sampled_from(GENERAL),
    st.sampled_from([TEEN, GALE, STRANGER]),
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[ConsentForm, ...]:
    """Of each kind up to four versions, on days of their own."""
    found = []
    for kind in GENERAL:
        days = draw(st.lists(st.integers(0, DAYS), unique=True, max_size=4))
        for number, day in enumerate(sorted(days)):
            found.append(
                ConsentForm(
                    kind=kind, version=str(number), language="en", title="T", text=f"{kind} {number}",
                    effective_from=FIRST + timedelta(days=day), asks_again=draw(st.booleans()),
                    lasts_days=draw(st.none() | st.integers(1, 12)),
                )
            )  # fmt: skip
    return tuple(draw(st.permutations(found)))


subjects = st.builds(
    Subject,
    person=st.just(TEEN),
    minor=st.booleans(),
    signers=st.sampled_from(Signers),
    guardians=st.sampled_from([frozenset(), frozenset({GALE})]),
)


def who_must(kind: ConsentKind, subject: Subject) -> set[str]:
    """42 CFR 2.14 and the programme's rule, written down as a table."""
    if not subject.minor:
        return {"self"}
    return {
        ("minor", "telehealth"): {"self"},
        ("minor", "group"): {"self"},
        ("minor", "part2"): {"self"},
        ("guardian", "telehealth"): {"guardian"},
        ("guardian", "group"): {"self", "guardian"},
        ("guardian", "part2"): {"self", "guardian"},
        ("both", "telehealth"): {"self", "guardian"},
        ("both", "group"): {"self", "guardian"},
        ("both", "part2"): {"self", "guardian"},
    }[subject.signers.value, kind.value]


@given(texts(), subjects, st.lists(acts, max_size=14))
def test_a_consent_stands_exactly_when_the_day_by_day_account_says_so(
    forms: tuple[ConsentForm, ...], subject: Subject, life: list[Act]
) -> None:
    life = sorted(life, key=lambda act: act.day)
    file = ConsentFile(person=TEEN)
    holds: dict[tuple[ConsentKind, str], list[tuple[str, int]]] = {}  # who → (version, last day) of each that holds
    told: list[ConsentFile] = []
    for number in range(DAYS + 1):
        day = FIRST + timedelta(days=number)
        for act in (each for each in life if each.day == number):
            key = (act.kind, "self" if act.who == TEEN else "guardian")
            text = current(forms, act.kind, day)
            try:
                if act.what == "revoke":
                    file = revoke(file, act.kind, signer=act.who, at=Instant(number), day=day)
                elif text is not None:
                    file = sign(file, subject, text, signer=act.who, name="N", at=Instant(number), day=day)
            except Refusal:
                continue
            if act.what == "revoke":
                holds[key] = []
            elif text is not None:
                last = number + text.lasts_days - 1 if text.lasts_days else 10_000
                mine = holds.setdefault(key, [])
                if not any(version == text.version and number <= end for version, end in mine):
                    mine.append((text.version, last))
        told.append(file)
        for kind in GENERAL:
            published = sorted(
                (form for form in forms if form.kind is kind and form.effective_from <= day),
                key=lambda form: form.effective_from,
            )
            accepted: set[str] = set()
            for form in published:
                accepted = {form.version} if form.asks_again else accepted | {form.version}
            expected = {
                part: any(version in accepted and number <= last for version, last in holds.get((kind, part), []))
                for part in who_must(kind, subject)
            }
            found = standing(kind, subject, day, file.consents, forms)
            assert found.stands is (bool(published) and all(expected.values()))
            if published:
                assert {part.value for part in found.lacking} == {part for part, there in expected.items() if not there}
            assert not any(each.signer == STRANGER for each in found.resting_on)
            assert {each.signed_as for each in found.resting_on}.isdisjoint(found.lacking)


@given(texts(), subjects, st.lists(acts, max_size=14))
def test_what_was_so_on_a_day_stays_so_whatever_is_signed_later(
    forms: tuple[ConsentForm, ...], subject: Subject, life: list[Act]
) -> None:
    file = ConsentFile(person=TEEN)
    seen: dict[tuple[ConsentKind, int], dict[SignedAs, object]] = {}
    for number in range(DAYS + 1):
        day = FIRST + timedelta(days=number)
        for act in (each for each in life if each.day == number):
            text = current(forms, act.kind, day)
            try:
                if act.what == "revoke":
                    file = revoke(file, act.kind, signer=act.who, at=Instant(number), day=day)
                elif text is not None:
                    file = sign(file, subject, text, signer=act.who, name="N", at=Instant(number), day=day)
            except Refusal:
                continue
        for kind in GENERAL:
            seen[kind, number] = dict(standing(kind, subject, day, file.consents, forms).lacking)
    for (kind, number), lacking in seen.items():
        day = FIRST + timedelta(days=number)
        assert standing(kind, subject, day, file.consents, forms).lacking.keys() == lacking.keys()
