"""Coming of age: over birthdays (February 29 too), ages and time zones, against a naive second opinion."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st

from facilitation.ages import ADULT_AGES, age_on, birthday, came_of_age, is_minor
from facilitation.consents import (
    ConsentFile,
    ConsentForm,
    ConsentKind,
    Lack,
    SignedAs,
    Signers,
    Subject,
    needed,
    sign,
    standing,
)
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.schedule import instant_of
from facilitation.timebase import Instant
from facilitation.weeks import day_of

TEEN, GUARDIAN = PersonId("p-teen"), PersonId("p-guardian")
BIRTHS = st.dates(date(1990, 1, 1), date(2020, 12, 31)) | st.sampled_from(
    [date(2004, 2, 29), date(2008, 2, 29), date(2012, 2, 29)]
)
AGES = st.integers(*ADULT_AGES)
ZONES = st.sampled_from(
    ["America/New_York", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC"]
)
NEAR = st.integers(-3 * 24 * 3_600, 3 * 24 * 3_600)
FORM = ConsentForm(
    kind=ConsentKind.TELEHEALTH,
    version="1",
    language="en",
    title="Care by video",
    text="Text.",
    effective_from=date(1990, 1, 1),
)


def naive_age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@given(born=BIRTHS, day=st.dates(date(2000, 1, 1), date(2060, 12, 31)), age=AGES)
@example(born=date(2008, 2, 29), day=date(2026, 2, 28), age=18)
@example(born=date(2008, 2, 29), day=date(2026, 3, 1), age=18)
def test_somebody_is_a_minor_until_the_day_on_which_they_are_old_enough(born: date, day: date, age: int) -> None:
    if day >= born:
        assert age_on(born, day) == naive_age(born, day)
    assert is_minor("adult", born, day, age) == is_minor("teen", born, day, age) == (naive_age(born, day) < age)
    since = came_of_age(born, day, age)
    assert (since is None) == is_minor("", born, day, age)
    assert since is None or (since == birthday(born, age) and naive_age(born, since - timedelta(days=1)) == age - 1)


@given(track=st.sampled_from(["adult", "teen"]), day=st.dates(), age=AGES)
def test_whose_age_nobody_knows_is_what_their_track_says(track: str, day: date, age: int) -> None:
    assert is_minor(track, None, day, age) is (track == "teen")
    assert came_of_age(None, day, age) is None


@given(born=BIRTHS, age=AGES, zone=ZONES, seconds=NEAR)
@example(born=date(2008, 2, 29), age=18, zone="Pacific/Kiritimati", seconds=-1)
def test_guardians_see_until_that_midnight_where_the_person_is_and_not_a_second_longer(
    born: date, age: int, zone: str, seconds: int
) -> None:
    of_age = instant_of(birthday(born, age), time(), ZoneInfo(zone))
    now = Instant(of_age + seconds * 1_000)
    minor = is_minor("teen", born, day_of(now, ZoneInfo(zone)), age)
    assert minor == (datetime.fromtimestamp(now / 1_000, UTC).astimezone(ZoneInfo(zone)).date() < birthday(born, age))
    care = Guardianship(guardian=GUARDIAN, teen=TEEN, since=Instant(0), may=frozenset(Care))
    assert care.holds(now, of_age) is minor and care.ended_by_age(now, of_age) is not minor
    for agreed, counts in ((of_age - 1, False), (of_age, True)):
        with_a_yes = Guardianship(guardian=GUARDIAN, teen=TEEN, since=Instant(0), agreed=Instant(agreed))
        assert with_a_yes.holds(now, of_age) is (minor or counts)
    over = Guardianship(guardian=GUARDIAN, teen=TEEN, since=Instant(0), until=of_age, agreed=of_age)
    assert over.holds(now, of_age) is (now < of_age)


@given(born=BIRTHS, age=AGES, days=st.integers(-40, 40), rule=st.sampled_from(Signers))
def test_what_was_signed_as_a_minor_ends_with_that_day_and_only_their_own_signature_is_asked_for(
    born: date, age: int, days: int, rule: Signers
) -> None:
    def on(day: date) -> Subject:
        return Subject(
            person=TEEN,
            minor=is_minor("teen", born, day, age),
            signers=rule,
            guardians=frozenset({GUARDIAN}),
            of_age=came_of_age(born, day, age),
        )

    file, before = ConsentFile(person=TEEN), birthday(born, age) - timedelta(days=50)
    for part in needed(FORM.kind, on(before)):
        signer = TEEN if part is SignedAs.SELF else GUARDIAN
        file = sign(file, on(before), FORM, signer=signer, name="A name", at=Instant(0), day=before)
    day = birthday(born, age) + timedelta(days=days)
    found = standing(FORM.kind, on(day), day, file.consents, [FORM])
    assert found.stands is (days < 0 or rule is Signers.MINOR)
    if not found.stands:
        [(whose, why)] = found.lacking.items()
        assert whose is SignedAs.SELF
        assert why is (Lack.MISSING if rule is Signers.GUARDIAN else Lack.OF_AGE)
        file = sign(file, on(day), FORM, signer=TEEN, name="A name", at=Instant(1), day=day)
        assert standing(FORM.kind, on(day), day, file.consents, [FORM]).stands
