"""What may leave the house of a Part 2 record: only under a consent that stands, and with it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from facilitation.consents import ConsentKind
from facilitation.disclosures import PART_2_NOTICE, Purpose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from server.door.consents import Consents
from server.door.releases import Releases
from tests.support.consents import agree_to_part2, consents_of, releases_of
from tests.support.evening import usual
from tests.unit.test_books import DAY_MS, TUESDAY_6_PM, Desk, evening, signed
from tests.unit.test_exports import FAYS, asked, exports_of

FREE = {Purpose.TREATMENT, Purpose.EMERGENCY, Purpose.OWN}


class House:
    """One evening of the co-occurring programme, whose records are under Part 2."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.consents: Consents = consents_of(desk.store, clock=desk.clock)
        self.releases: Releases = releases_of(desk.store, clock=desk.clock)
        self.person: PersonId = desk.evenings[0].people[0]
        self.session = desk.evenings[0].scheduled.session

    async def sign(self) -> None:
        await agree_to_part2(self.desk.store, self.person, clock=self.desk.clock)

    async def revoke(self) -> None:
        who = await self.desk.store.clinic.get_person(self.person)
        assert who is not None
        await self.consents.revoke(who, ConsentKind.PART2, signer=self.person, words="")

    async def check(self, purpose: Purpose) -> Any:
        return await self.releases.check({self.person: [self.session]}, purpose)

    async def hours(self, purpose: Purpose) -> list[dict[str, str]]:
        reason = "said why" if purpose in (Purpose.OTHER, Purpose.EMERGENCY) else ""
        handout = await exports_of(self.desk).hours(self.person, by=FAYS, asked=asked(purpose=purpose, reason=reason))
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
        await there.releases.check_since(TUESDAY_6_PM - DAY_MS, people, Purpose.OPERATIONS)
    assert "Robin" in refused.value.text and "Sam" in refused.value.text
