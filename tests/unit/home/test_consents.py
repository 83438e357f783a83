"""Consents at home: what waits for one's own signature, and, for whoever plans, whose are missing."""

from __future__ import annotations

from facilitation.consents import ConsentKind
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS
from tests.support.evening import FAY
from tests.support.homes import ROBIN, SAM, TUESDAY_6_PM, House, evening

ADA = PersonId("p-ada")
BOTH = (ConsentKind.TELEHEALTH, ConsentKind.GROUP)


async def asked_of(programme: str = "adult-iop") -> House:
    return await House(evening(programme=programme), now=TUESDAY_6_PM - HOUR_MS).fill()


async def sign(house: House, person: PersonId, *kinds: ConsentKind) -> None:
    who = await house.store.clinic.get_person(person)
    assert who is not None
    for asked in await house.consents.of(who):
        if asked.standing.kind in kinds:
            assert asked.form is not None
            await house.consents.sign(
                who, asked.standing.kind, fingerprint=asked.form.fingerprint, signer=person, name=who.name
            )


async def test_what_the_program_asks_for_waits_at_home_until_it_is_signed() -> None:
    house = await asked_of()
    card = await house.told("to_sign", ROBIN)
    assert (len(card["titles"]), card["url"]) == (2, "/consents")
    await sign(house, ROBIN, ConsentKind.TELEHEALTH)
    assert len((await house.told("to_sign", ROBIN))["titles"]) == 1
    await sign(house, ROBIN, ConsentKind.GROUP)
    assert await house.card("to_sign", ROBIN) is None


async def test_nothing_nags_where_nothing_is_asked_for() -> None:
    assert await (await asked_of("")).card("to_sign", ROBIN) is None


async def test_whoever_plans_sees_whose_are_missing() -> None:
    house = await asked_of()
    card = await house.told("consents", ADA, Role.ADMINISTRATOR)
    assert (card["names"], card["more"]) == (["Alex", "Robin", "Sam"], 0)
    await sign(house, ROBIN, *BOTH)
    await sign(house, SAM, ConsentKind.GROUP)
    assert (await house.told("consents", ADA, Role.ADMINISTRATOR))["names"] == ["Alex", "Sam"]
    assert await house.card("consents", FAY) is None
