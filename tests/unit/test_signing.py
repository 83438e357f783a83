"""Signing PINs where many things happen at once, and the look at a proof before a room is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from argon2 import PasswordHasher

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.ids import ClinicId, CommandId, PersonId, SessionId
from facilitation.people import Expected, Role
from facilitation.timebase import MINUTE_MS
from server.clock import FakeClock
from server.rooms.ports import Close, Refused, StoreUnavailable, Told
from server.signing import MISSES_MAX, Sealed, SetUpCodes, Signatures, strong
from server.store import memory

FAY, CODY = PersonId("p-fay"), PersonId("p-cody")
KEY = "k" * 32
CODES = SetUpCodes([KEY], clinic=ClinicId("demo"))
SIGN = c.SignNote(person=PersonId("p-1"), group_revision=0, person_revision=0)


class Counted(PasswordHasher):
    """Quick, and knows how often it was asked."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.verified += 1
        return super().verify(hash, password)


@pytest.fixture
def hasher() -> Counted:
    return Counted()


@pytest.fixture
def signatures(hasher: Counted) -> Signatures:
    return Signatures(memory.connect().signing, codes=CODES, clock=FakeClock(), hasher=hasher)


async def code_of(asked: Awaitable[object]) -> str:
    try:
        await asked
    except Refusal as refusal:
        return refusal.code
    return ""


async def test_whoever_guesses_a_hundred_times_at_once_has_guessed_five_times(
    signatures: Signatures, hasher: Counted
) -> None:
    await signatures.choose(FAY, "b", "sieben Berge", code=CODES.of(FAY))
    codes = await asyncio.gather(*(code_of(signatures.prove(FAY, "b", f"guess {n}")) for n in range(100)))
    assert (codes.count("wrong_pin"), codes.count("too_many")) == (MISSES_MAX, 100 - MISSES_MAX)
    assert hasher.verified == MISSES_MAX


async def test_of_two_who_choose_at_once_one_has_chosen(signatures: Signatures) -> None:
    codes = await asyncio.gather(
        *(code_of(signatures.choose(FAY, "b", f"my secret {n}", code=CODES.of(FAY))) for n in range(5))
    )
    assert sorted(codes) == ["", *["pin_chosen"] * 4]


async def test_one_persons_wrong_tries_are_not_anothers(signatures: Signatures) -> None:
    await signatures.choose(FAY, "b", "sieben Berge", code=CODES.of(FAY))
    await signatures.choose(CODY, "b", "acht Berge", code=CODES.of(CODY))
    for _ in range(MISSES_MAX):
        assert await code_of(signatures.prove(FAY, "b", "nine hills")) == "wrong_pin"
    assert await code_of(signatures.prove(CODY, "b", "acht Berge")) == ""


async def test_the_same_keys_are_the_same_pin_however_they_are_sent(signatures: Signatures) -> None:
    await signatures.choose(FAY, "b", "Ça va où", code=CODES.of(FAY))
    assert await code_of(signatures.prove(FAY, "b", "C\u0327a va ou\u0300")) == ""
    assert await code_of(signatures.prove(FAY, "b", "Ca va ou")) == "wrong_pin"


async def test_a_hash_that_is_none_opens_nothing() -> None:
    store = memory.connect().signing
    await store.choose(FAY, "not a hash at all")
    assert (
        await code_of(Signatures(store, codes=CODES, clock=FakeClock()).prove(FAY, "b", "not a hash at all"))
        == "wrong_pin"
    )


def test_a_set_up_code_is_its_persons_and_its_clinics_alone() -> None:
    code = CODES.of(FAY)
    assert CODES.is_of(FAY, code) and CODES.is_of(FAY, code.lower().replace("-", "").replace("o", "0"))
    assert not CODES.is_of(CODY, code) and not CODES.is_of(FAY, "")
    assert not SetUpCodes([KEY], clinic=ClinicId("other")).is_of(FAY, code)
    assert SetUpCodes(["n" * 32, KEY], clinic=ClinicId("demo")).is_of(FAY, code), "while the secret is being changed"


async def test_a_proof_ends_by_the_servers_clock() -> None:
    clock = FakeClock()
    signatures = Signatures(memory.connect().signing, codes=CODES, clock=clock, hasher=Counted())
    until = await signatures.choose(FAY, "b", "sieben Berge", code=CODES.of(FAY))
    assert until == clock.now() + 5 * MINUTE_MS
    clock.advance(minutes=5, ms=-1)
    assert await signatures.fresh_until(FAY, "b") == until
    clock.advance(ms=1)
    assert await signatures.fresh_until(FAY, "b") is None


@pytest.mark.parametrize("pin", ["482917", "sieben Berge", "a1b2c3", "ключ ключ"])
def test_what_nobody_tries_first_can_be_chosen(pin: str) -> None:
    assert strong(pin) == pin


# --------------------------------------------------------------- before the room


class Asked:
    """A room that notes what it is asked, and the viewer who asks."""

    connection, device, record, heard = "c1", "laptop", True, 0

    def __init__(self, role: Role = Role.FACILITATOR) -> None:
        self.expected = Expected(person=FAY, role=role, name="Fay")
        self.commands: list[c.PersonCommand] = []
        self.told: list[Told] = []
        self.answered = asyncio.Event()
        self.closed: list[Close] = []

    async def open(self, session: SessionId) -> Any:
        return self

    def ask(self, viewer: object, command_id: CommandId, command: c.PersonCommand) -> None:
        self.commands.append(command)
        self.answered.set()

    def tell(self, message: Told) -> None:
        self.told.append(message)
        self.answered.set()

    def close(self, code: Close) -> None:
        self.closed.append(code)
        self.answered.set()

    enter = leave = offer = wish = announce_key = seal_keys = view = view_due = None


async def ask(asked: Asked, command: c.PersonCommand, fresh: Callable[[PersonId], Awaitable[bool]]) -> list[str]:
    """The codes of what was refused."""
    room = await Sealed(asked, fresh=fresh).open(SessionId("s-1"))
    room.ask(asked, CommandId("k-1"), command)
    await asked.answered.wait()
    return [told.code for told in asked.told if isinstance(told, Refused)]


async def yes(person: PersonId) -> bool:
    return person == FAY


async def no(person: PersonId) -> bool:
    return False


async def away(person: PersonId) -> bool:
    raise StoreUnavailable("away")


async def test_a_signature_goes_on_to_the_room_while_its_proof_is_fresh() -> None:
    asked = Asked()
    assert await ask(asked, SIGN, yes) == []
    assert asked.commands == [SIGN]


@pytest.mark.parametrize(("fresh", "code"), [(no, "prove_yourself"), (away, "busy")])
async def test_without_a_proof_the_room_never_hears_of_it(
    fresh: Callable[[PersonId], Awaitable[bool]], code: str
) -> None:
    asked = Asked()
    assert await ask(asked, SIGN, fresh) == [code]
    assert asked.commands == []


async def mistaken(person: PersonId) -> bool:
    raise ZeroDivisionError


async def test_a_mistake_of_ours_ends_the_connection_rather_than_leave_a_signature_without_an_answer() -> None:
    asked = Asked()
    assert await ask(asked, SIGN, mistaken) == []
    assert (asked.commands, asked.closed) == ([], [Close.OUR_MISTAKE])


async def test_everything_else_goes_straight_to_the_room() -> None:
    asked = Asked()
    assert await ask(asked, c.RaiseHand(), away) == []
    assert asked.commands == [c.RaiseHand()]


async def test_who_may_not_sign_at_all_hears_that_from_the_room() -> None:
    asked = Asked(Role.OBSERVER)
    assert await ask(asked, SIGN, no) == []
    assert asked.commands == [SIGN], "which says that it is not allowed"
