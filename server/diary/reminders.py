"""A letter a day to whoever asked for one, at their hour: neutral, never two, and none once nobody needs them."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from facilitation.ids import PersonId
from facilitation.reminding import Reminder, after, chosen, is_due
from facilitation.timebase import Instant
from server.accounts.book import Book, Standing
from server.again import again_and_again
from server.clock import Clock
from server.mail.letter import Letter
from server.mail.ports import Mail
from server.rooms.ports import Stale
from server.store.ports import Diaries
from server.store.register import Held, Register, Shelf
from server.web.words import Words, local

LOOK_EVERY_S: Final = 60.0


class ReminderBook:
    """Who wants one. Every method may raise StoreUnavailable, CorruptLog."""

    def __init__(self, register: Register, accounts: Book, *, clock: Clock) -> None:
        self.shelf = Shelf(register, "diary-reminder", Reminder, id_of=lambda each: each.person, remembered=False)
        self._accounts = accounts
        self._clock = clock

    async def reachable(self, person: PersonId) -> bool:
        """Whether there is an address that a letter could go to."""
        standing = await self._accounts.standing(person)
        return standing is not None and bool(standing.account.email)

    async def of(self, person: PersonId) -> Reminder:
        held = await self.shelf.get(person)
        return Reminder(person=person) if held is None else held.value

    async def choose(self, person: PersonId, hour: int | None) -> None:
        """Raises Refusal, Stale."""
        held = await self.shelf.get(person)
        wanted = chosen(Reminder(person=person) if held is None else held.value, hour)
        await self.shelf.put(wanted, upon=held.revision if held else 0, by=person, at=self._clock.now())


class DiaryReminders:
    """Sends them while `run` runs."""

    def __init__(
        self, book: ReminderBook, accounts: Book, diaries: Diaries, *, mail: Mail, clock: Clock, base_url: str
    ) -> None:
        self._book = book
        self._accounts = accounts
        self._diaries = diaries
        self._mail = mail
        self._clock = clock
        self._page = f"{base_url}/diary"

    async def run(self) -> None:
        await again_and_again(self.send_due, every_s=LOOK_EVERY_S, what="diary reminders")

    async def send_due(self) -> int:
        """Write to everybody whose hour it is and who has not written today; to how many."""
        held = await self._book.shelf.all()
        return sum([await self._of(each) for each in held.values() if each.value.hour is not None])

    async def _of(self, held: Held[Reminder]) -> bool:
        reminder, now = held.value, self._clock.now()
        standing = await self._accounts.standing(reminder.person)
        if standing is None or not standing.account.email:
            return False
        here = local(now, standing.person.zone)
        if not is_due(reminder, here):
            return False
        days = (await self._diaries.of(reminder.person)).days
        if here.date() in days:
            return False
        written_at = max((day.at for day in days.values()), default=Instant(0))
        next_one = after(reminder, here, now, written_at=written_at)
        if not next_one.stopped:
            await self._mail.send(await self._letter(standing, here.date().isoformat()))
        try:
            await self._book.shelf.put(next_one, upon=held.revision, by="", at=now)
        except Stale:
            pass  # changed meanwhile, or another server writes to the same person: a letter has one key, and comes once
        return not next_one.stopped

    async def _letter(self, standing: Standing, day: str) -> Letter:
        person = standing.person
        words: Words = await self._accounts.words_for(person.person)
        paragraphs = (
            words("Hello {name},", name=person.name),
            words("you asked for a word at this hour. Your page is here:"),
            self._page,
            words(
                "You can choose another hour there, or none. These notes stop by themselves when you do not use them."
            ),
        )
        key = sha256(f"{person.person} {day}".encode()).hexdigest()[:32]
        return Letter(
            key=f"minute-{key}",
            to=standing.account.email,
            subject=words("A minute for yourself"),
            text="\n\n".join(paragraphs) + "\n",
        )
