"""In which browsers somebody is signed in, which of them are remembered, and how they are signed out from afar."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from facilitation.accounts import DEVICE_NAME_MAX, SEEN_EVERY_MS, Device, Devices
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.accounts.book import RACES_MAX, Book
from server.accounts.shelves import secret_id
from server.clock import Clock
from server.rooms.ports import Stale

TOKEN_CHARS_MAX: Final = 128
_BROWSERS: Final = (
    *(("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox")),
    *(("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)
_SYSTEMS: Final = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook")),
    *(("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A browser in which somebody has just signed in. `token`: what its cookie is to hold."""

    device: str
    token: str


class DeviceList:
    """Every method may raise StoreUnavailable and CorruptLog."""

    def __init__(self, book: Book, *, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    @staticmethod
    def name(user_agent: str) -> str:
        """'Firefox on Windows': enough for its owner to know it by."""
        text = re.sub(r"[^\x20-\x7e]", "", user_agent[:400])
        browser = next((name for mark, name in _BROWSERS if mark in text), "A browser")
        system = next((name for mark, name in _SYSTEMS if mark in text), "")
        return (f"{browser} on {system}" if system else browser)[:DEVICE_NAME_MAX]

    async def of(self, person: PersonId) -> Devices:
        held = await self._book.shelves.devices.get(person)
        return Devices(person=person) if held is None else held.value

    async def arrived(self, person: PersonId, token: str | None, *, name: str, remember: bool) -> Arrived:
        """The same browser again keeps its place in the list. A token that is nobody's here is not taken over."""
        now = self._clock.now()
        known = None if token is None else (await self.of(person)).get(secret_id(token))
        if known is None or token is None or known.ended is not None:
            token = secrets.token_urlsafe(32)
        device = secret_id(token)

        def put(devices: Devices) -> Devices:
            there = devices.get(device) or Device(device=device, name=name, since=now, seen=now)
            return devices.put(replace(there, name=name, seen=now, remembered=remember))

        await self._change(person, put)
        return Arrived(device=device, token=token)

    async def remembered(self, person: PersonId, token: str | None) -> bool:
        """Whether this person has signed in in this browser and it was to remember them."""
        if token is None or len(token) > TOKEN_CHARS_MAX:
            return False
        device = (await self.of(person)).get(secret_id(token))
        return device is not None and device.remembers(self._clock.now())

    async def stands(self, person: PersonId, device: str) -> bool:
        """Whether that browser is still signed in; it is then seen now."""
        there = (await self.of(person)).get(device)
        if there is None or there.ended is not None:
            return False
        now = self._clock.now()
        if now >= there.seen + SEEN_EVERY_MS:
            await self._alter(person, device, lambda each: replace(each, seen=now))
        return True

    async def end(self, person: PersonId, device: str) -> None:
        """Sign one out; it is remembered no more."""
        now = self._clock.now()
        await self._alter(person, device, lambda each: replace(each, ended=each.ended or now, remembered=False))

    async def end_all(self, person: PersonId, *, but: str = "") -> None:
        now = self._clock.now()

        def ended(devices: Devices) -> Devices:
            return replace(
                devices,
                devices=tuple(
                    each if each.device == but else replace(each, ended=each.ended or now, remembered=False)
                    for each in devices.devices
                ),
            )

        await self._change(person, ended)

    async def _alter(self, person: PersonId, device: str, how: Callable[[Device], Device]) -> None:
        def altered(devices: Devices) -> Devices:
            there = devices.get(device)
            return devices if there is None else devices.put(how(there))

        await self._change(person, altered)

    async def _change(self, person: PersonId, how: Callable[[Devices], Devices]) -> None:
        for _ in range(RACES_MAX):
            held = await self._book.shelves.devices.get(person)
            before = Devices(person=person) if held is None else held.value
            after = how(before)
            if after == before:
                return
            try:
                await self._book.shelves.devices.put(
                    after, upon=held.revision if held else 0, by=person, at=Instant(self._clock.now())
                )
            except Stale:
                continue
            return
