"""What may leave the house of a Part 2 record: only under a consent that stands, and with it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from facilitation.consents import ConsentKind
from facilitation.disclosures import PART_2_NOTICE, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.releases import Release, What, terms
from server.door.consents import Consents
from server.door.named import NamedReleases
from server.door.releases import Releases
from server.web.words import IN_ENGLISH
from tests.support.consents import agree_to_part2, consents_of, named_of, releases_of
from tests.support.evening import usual
from tests.unit.books.test_exports import FAYS, asked, exports_of
from tests.unit.books.test_statements import DAY_MS, TUESDAY_6_PM, Desk, evening, signed

PAT = "Dr. Pat Placeholder, Example Practice"
FREE = {Purpose.TREATMENT, Purpose.EMERGENCY, Purpose.OWN}


class House:
    """One evening of the co-occurring programme, whose records are under Part 2."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.consents: Consents = consents_of(desk.store, clock=desk.clock)
        self.releases: Releases = releases_of(desk.store, clock=desk.clock)
        self.named: NamedReleases = named_of(desk.store, clock=desk.clock)
        self.person: PersonId = desk.evenings[0].people[0]
        self.session = desk.evenings[0].scheduled.session

    async def sign(self) -> None:
        await agree_to_part2(self.desk.store, self.person, clock=self.desk.clock)

    async def revoke(self) -> None:
        who = await self.desk.store.clinic.get_person(self.person)
        assert who is not None
        await self.consents.revoke(who, ConsentKind.PART2, signer=self.person, words="")

    async def check(self, purpose: Purpose, *, what: What = What.HOURS, receiver: str = PAT) -> Any:
        return await self.releases.check({self.person: [self.session]}, purpose, what=what, receiver=receiver)

    async def release(self, *, what: What = What.NOTES, purpose: Purpose = Purpose.REQUEST, days: int = 30) -> Release:
        """One that is drawn up for Pat and signed."""
        who = await self.desk.store.clinic.get_person(self.person)
        assert who is not None
        today = self.named.day(who)
        said = terms(
            receiver=PAT,
            what=what,
            purpose=purpose,
            why="A letter for court" if purpose is Purpose.OTHER else "",
            until=today + timedelta(days=days),
            today=today,
        )
        drawn = await self.named.draw(who, said, IN_ENGLISH, by=self.person)
        await self.named.sign(
            who, drawn.release, fingerprint=drawn.fingerprint, signer=self.person, name=who.name, on_paper=None
        )
        return drawn

    async def hours(self, purpose: Purpose) -> list[dict[str, str]]:
        reason = "said why" if purpose in (Purpose.OTHER, Purpose.EMERGENCY) else ""
        wanted = asked(purpose=purpose, reason=reason, receiver=PAT)
        handout = await exports_of(self.desk).hours(self.person, by=FAYS, asked=wanted)
        return list(csv.DictReader(io.StringIO(b"".join(handout.chunks).decode("utf-8-sig"), newline="")))

    async def logged(self) -> int:
        return len([each async for each in self.desk.store.disclosures.all()])


async def house(programme: str = "co-occurring-iop") -> House:
    held = signed(usual(evening()))
    desk = await Desk(held, now=TUESDAY_6_PM + DAY_MS).fill()
    await desk.store.clinic.put_session(replace(held.scheduled, programme_id=programme))
    return House(desk)


@pytest.mark.parametrize("purpose", [each for each in Purpose if each not in FREE])
async def test_without_a_consent_nothing_goes_outside_and_nothing_is_logged_as_if_it_had(purpose: Purpose) -> None:
    there = await house()
    with pytest.raises(Refusal) as refused:
        await there.hours(purpose)
    assert refused.value.code == "consent_needed"
    assert "Robin" in refused.value.text
    assert await there.logged() == 0


@pytest.mark.parametrize("purpose", [Purpose.TREATMENT, Purpose.EMERGENCY])
async def test_treatment_here_and_an_emergency_need_none(purpose: Purpose) -> None:
    there = await house()
    assert await there.hours(purpose)
    assert await there.logged() == 1


async def test_with_a_consent_each_line_carries_the_statement_and_the_scope() -> None:
    there = await house()
    await there.sign()
    [row] = await there.hours(Purpose.PAYMENT)
    assert row["notice"].startswith(PART_2_NOTICE)
    assert "Disclosed under: Sharing my substance use records (version 2026-01), signed" in row["notice"]


async def test_a_revoked_consent_stops_what_goes_outside_and_nothing_else() -> None:
    there = await house()
    await there.sign()
    await there.revoke()
    with pytest.raises(Refusal):
        await there.hours(Purpose.PAYMENT)
    assert await there.hours(Purpose.TREATMENT)


async def test_a_record_that_is_not_under_part_2_needs_none() -> None:
    there = await house("adult-iop")
    [row] = await there.hours(Purpose.PAYMENT)
    assert row["notice"] == PART_2_NOTICE


async def test_a_copy_of_the_consent_goes_with_papers() -> None:
    there = await house()
    await there.sign()
    paper = (await there.check(Purpose.PAYMENT)).paper(there.person)
    assert paper is not None
    assert PART_2_NOTICE.encode() in paper
    assert b"42 CFR Part 2, protects records about treatment for substance use" in paper
    assert (await there.check(Purpose.TREATMENT)).paper(there.person) is None


async def test_of_many_people_those_without_a_consent_are_named() -> None:
    there = await house()
    people = there.desk.evenings[0].people
    with pytest.raises(Refusal) as refused:
        await there.releases.check_since(TUESDAY_6_PM - DAY_MS, people, Purpose.OPERATIONS, what=What.HOURS)
    assert "Robin" in refused.value.text and "Sam" in refused.value.text


# --------------------------------------------------------------- with a receiver by name


@pytest.mark.parametrize("purpose", [Purpose.REQUEST, Purpose.OTHER])
async def test_the_general_consent_covers_neither_a_request_nor_any_other_purpose(purpose: Purpose) -> None:
    there = await house()
    await there.sign()
    assert await there.check(Purpose.PAYMENT)
    with pytest.raises(Refusal) as refused:
        await there.check(purpose)
    assert refused.value.code == "consent_needed" and "names this receiver" in refused.value.text
    with pytest.raises(Refusal) as refused:
        await there.check(purpose, receiver="")
    assert refused.value.code == "receiver_needed"


async def test_one_that_names_the_receiver_covers_that_and_carries_notice_and_copy() -> None:
    there = await house()
    drawn = await there.release()
    paper = (await there.check(Purpose.REQUEST, what=What.NOTES)).paper(there.person)
    assert paper is not None and PART_2_NOTICE.encode() in paper
    text = paper.decode()
    assert f"Disclosed to {PAT} under: {drawn.title} (version 2026-01), signed" in text
    for said in (
        "I am Robin.",
        "Example Clinic (made up)",
        f"Who gets it: {PAT}",
        "the signed notes of my meetings",
        "What for: I ask for it.",
        "Until: December 25, 2026",
        "You can take this back at any time, here or in writing.",
    ):
        assert said in text, said
    [row] = await (await with_a_release(What.HOURS)).hours(Purpose.REQUEST)
    assert PAT in row["notice"]


async def with_a_release(what: What) -> House:
    there = await house()
    await there.release(what=what)
    return there


async def test_it_covers_no_other_receiver_purpose_or_kind_of_information_and_no_later_day() -> None:
    there = await with_a_release(What.NOTES)
    assert await there.check(Purpose.REQUEST, what=What.NOTES, receiver=PAT.upper().replace(" ", "  "))
    for wrong in (
        {"receiver": "Somebody Else"},
        {"what": What.HOURS},
        {"what": What.RECORD},
    ):
        with pytest.raises(Refusal):
            await there.check(Purpose.REQUEST, **({"what": What.NOTES} | wrong))
    with pytest.raises(Refusal):
        await there.check(Purpose.OTHER, what=What.NOTES)
    there.desk.clock.advance(minutes=31 * 24 * 60)
    with pytest.raises(Refusal):
        await there.check(Purpose.REQUEST, what=What.NOTES)


async def test_the_whole_record_covers_its_parts() -> None:
    there = await with_a_release(What.RECORD)
    for what in What:
        assert (await there.check(Purpose.REQUEST, what=what)).paper(there.person)


async def test_taken_back_it_stops_what_it_was_for_and_nothing_else() -> None:
    there = await with_a_release(What.RECORD)
    await there.sign()
    who = await there.desk.store.clinic.get_person(there.person)
    assert who is not None
    [one] = await there.named.of(there.person)
    await there.named.revoke(who, one.release, signer=there.person, words="no more")
    with pytest.raises(Refusal):
        await there.check(Purpose.REQUEST)
    assert (await there.check(Purpose.PAYMENT)).paper(there.person)


async def test_the_accounting_says_who_got_it() -> None:
    there = await with_a_release(What.HOURS)
    await there.hours(Purpose.REQUEST)
    [logged] = [each async for each in there.desk.store.disclosures.all()]
    assert logged.to == PAT
    assert IN_ENGLISH.handed_out(logged).endswith(f", to {PAT}")
