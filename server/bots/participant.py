"""How a simulated participant behaves: arrives, waits, answers, raises a hand, speaks, drops off, comes back."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any

from websockets.exceptions import ConnectionClosed

from server.bots.publisher import Publisher
from server.bots.seat import Message, Refused, Seat, SeatClosed
from server.bots.secrecy import Keys

GOALS = ("Listen to one person all the way", "Say one true thing", "Stay until the end", "Try the breathing once")
TAKEAWAYS = ("Naming it makes it smaller", "I am not the only one", "Ten minutes is doable", "Asking early helps")
PLANS = ("Tea, a short walk, phone away at ten", "Call my cousin before eight", "Cook something warm", "Bath and bed")
WORDS = ("tired", "hopeful", "calm", "busy", "proud", "on edge", "better")
WAVE = (20, 30, 45, 60, 70, 65, 50, 40, 30, 25, 20)
LINES = ("Good to see you all.", "That helped, thank you.", "Same here.", "I will try that tonight.")


class Participant:
    """Person `number` of a demo. `lively` ones speak, raise hands and chat; one in a while drops off.

    All chance comes from a generator seeded with `number`: a demo is the same every time.
    """

    def __init__(self, link: str, number: int, *, media: bool = True, wanders: bool = False) -> None:
        self._link = link
        self._number = number
        self._media = media
        self._wanders = wanders
        self._random = random.Random(number)
        self._lost_media = asyncio.Event()
        self._comes_back = False
        self._keys: Keys
        self._take_seat()

    def _take_seat(self) -> None:
        self.seat = Seat(self._link, device=f"simulated-{self._number}", on_message=self._heard)
        self._publisher = Publisher(self.seat, self._number, lambda: self._keys) if self._media else None
        self._telling: set[asyncio.Task[None]] = set()

    def _heard(self, message: Message) -> None:
        if message["type"] == "no_media":
            self._lost_media.set()
        elif message["type"] == "key_ring" and self._publisher is not None:
            self._keys.ring(message["members"])

    def _tell(self, message: Message) -> None:
        """Send soon; lost with the line, for after a reconnect everything is said anew."""
        task = asyncio.create_task(self._said(message))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _said(self, message: Message) -> None:
        with contextlib.suppress(ConnectionClosed):
            await self.seat.tell(message)

    async def live(self, *, arrive_after_s: float = 0.0) -> None:
        """All visits. Returns when the session is over for this person."""
        await asyncio.sleep(arrive_after_s)
        await self._visit()
        while self._comes_back:
            self._comes_back = False
            await asyncio.sleep(self._random.uniform(10, 25))
            self._take_seat()
            await self._visit()

    async def _visit(self) -> None:
        """From opening the link to leaving, over any number of drops and waits in the waiting room."""
        async with self._seated():
            with contextlib.suppress(SeatClosed):
                while True:
                    await self._arrive()
                    await self.seat.until(lambda view: view["you"]["place"] == "room", within_s=24 * 3600)
                    await self._take_part()

    @contextlib.asynccontextmanager
    async def _seated(self) -> AsyncIterator[None]:
        holding = asyncio.create_task(self.seat.run())
        try:
            yield
        finally:
            if self._publisher is not None:
                await self._publisher.disconnect()
            await self.seat.close()
            await holding

    async def _arrive(self) -> None:
        view = await self.seat.until(lambda view: True)
        if self._publisher is not None:
            await self._publisher.prepare()
        if view["you"]["place"] != "arriving":
            return
        await asyncio.sleep(self._random.uniform(0.5, 2.5))
        await self.seat.sign(view["you"]["name"])
        await self.seat.command(
            "arrive",
            name=view["you"]["name"],
            location=f"{10 + self._number} Sample Street, Exampleton",
            callback=f"555-01{self._number:02}",
            private_space=True,
            agreement=True,
        )

    async def _take_part(self) -> None:
        """In the room until out of it again."""
        parts = [self._keep_media(), self._answer_forms(), self._do_exercises(), self._take_turns(), self._be_lively()]
        if self._wanders:
            parts.append(self._wander())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            await self.seat.until(
                lambda view: view["you"]["place"] != "room" or view["room"]["phase"] == "ended", within_s=24 * 3600
            )
        finally:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception) and not isinstance(ended, SeatClosed):
                    raise ended
        if self._publisher is not None:
            await self._publisher.disconnect()
        await self.seat.until(lambda view: view["you"]["place"] in ("waiting", "arriving"), within_s=24 * 3600)

    async def _keep_media(self) -> None:
        if self._publisher is None:
            return
        self._keys = Keys(self._tell, session=self.seat.welcome["session"], person=self.seat.person)
        announced = 0
        await self._ask("set_media", microphone=False, camera=True)
        while True:
            self._lost_media.clear()
            with contextlib.suppress(Refused, TimeoutError):
                announced = self._announce(announced)
                await self._publisher.connect()
            while not self._publisher.failed and not self._lost_media.is_set():
                announced = self._announce(announced)
                you = self.seat.view["you"]
                self._publisher.set(microphone=you["microphone"], camera=you["camera"])
                await asyncio.sleep(0.2)
            await asyncio.sleep(1)

    def _announce(self, announced: int) -> int:
        """Show the key on every new line; `announced` counts the lines on which it was shown."""
        if self.seat.connections != announced:
            self._keys.announce()
        return self.seat.connections

    async def _answer_forms(self) -> None:
        answered: set[str] = set()
        while True:
            view = await self.seat.until(
                lambda view: any(
                    form["offered"] and name not in answered for name, form in view["you"]["forms"].items()
                ),
                within_s=24 * 3600,
            )
            for name, form in view["you"]["forms"].items():
                if form["offered"] and name not in answered:
                    answered.add(name)
                    if form["status"] != "submitted":
                        await self._answer(name, form["form"])

    async def _answer(self, name: str, form: Message) -> None:
        answers: dict[str, Any] = {}
        for question in form["questions"]:
            answers[question["id"]] = self._pick(question)
            await asyncio.sleep(self._random.uniform(0.5, 3))
            await self._ask("save_form", form=name, answers=answers)
        await self._ask("submit_form", form=name, answers=answers)
        shareable = [question["id"] for question in form["questions"] if question["shareable"]]
        if shareable and self._random.random() < 0.5:
            await self._ask("share_answer", form=name, question=self._random.choice(shareable), shared=True)

    async def _do_exercises(self) -> None:
        """Take part in what is opened, or now and then sit it out; write a little, and show some of it."""
        done: set[str | None] = {None}
        while True:
            view = await self.seat.until(
                lambda view: (view["room"]["exercise"] or {}).get("run") not in done, within_s=24 * 3600
            )
            exercise = view["room"]["exercise"]
            done.add(exercise["run"])
            await asyncio.sleep(self._random.uniform(1, 4))
            takes_part = (self._number + len(done)) % 6 != 0  # one or two of seven do not
            await self._ask("join_exercise", run=exercise["run"], on=takes_part)
            fields = [field for step in exercise["steps"] for field in step["fields"]]
            if takes_part and fields:
                await self._write(exercise["run"], fields)

    async def _take_turns(self) -> None:
        """Speak for a little while when it is one's turn; now and then pass, or ask to be asked later."""
        had: set[tuple[str, int]] = set()
        while True:
            view = await self.seat.until(
                lambda view: (
                    (view["you"]["turn"] or {}).get("place") == "now"
                    and (view["room"]["round"]["round"], view["room"]["round"]["turn"]) not in had
                ),
                within_s=24 * 3600,
            )
            round_, turn = view["room"]["round"], view["you"]["turn"]
            had.add((round_["round"], round_["turn"]))
            await asyncio.sleep(self._random.uniform(1, 2))
            chance = self._random.random()
            if chance < 0.15:
                await self._ask("pass_turn", round=round_["round"])
            elif chance < 0.3 and turn["may_defer"]:
                await self._ask("ask_me_later", round=round_["round"])
            else:
                await self._ask("set_media", microphone=True, camera=True)
                await asyncio.sleep(self._random.uniform(6, 14))
                await self._ask("move_round_on", round=round_["round"], turn=round_["turn"])
                await self._ask("set_media", microphone=False, camera=True)

    async def _write(self, run: str, fields: list[Message]) -> None:
        answers: dict[str, Any] = {}
        for field in fields:
            await asyncio.sleep(self._random.uniform(1, 4))
            answers[field["id"]] = self._entry(field)
            await self._ask("answer_exercise", run=run, answers=answers)
        await self._ask("answer_exercise", run=run, answers=answers, sent=True)
        shareable = [field["id"] for field in fields if field["privacy"] == "shareable"]
        if shareable and self._random.random() < 0.4:
            name = self._random.choice(shareable)
            await self._ask("share_exercise_answer", run=run, field=name, entry=answers[name])

    def _entry(self, field: Message) -> Any:
        match field["kind"]:
            case "cards":
                return [choice["value"] for choice in self._random.sample(field["choices"], min(3, field["most"]))]
            case "words":
                return self._random.sample(WORDS, 2)
            case "drawing":
                return list(WAVE)
            case _:
                return self._pick(field)

    def _pick(self, question: Message) -> bool | int | str | None:
        """A calm answer: nothing here may look like a person in danger."""
        hurt_or_safe = any(word in question["id"] for word in ("safe", "harm", "hurt", "suicid"))
        match question["kind"]:
            case "scale" | "number":
                low, high = int(question["low"]), int(question["high"])
                return low if hurt_or_safe or "urge" in question["id"] else min(high, low + self._random.randint(3, 7))
            case "yes_no":
                return True
            case "choice":
                return str(question["choices"][0]["value"])
            case _:
                pool = GOALS if "goal" in question["id"] else PLANS if "plan" in question["id"] else TAKEAWAYS
                return self._random.choice(pool)

    async def _be_lively(self) -> None:
        """Hands, a reaction, a line of chat, and a minute of speaking: never all at once, never shrill."""
        while True:
            await asyncio.sleep(self._random.uniform(6, 30))
            if self.seat.view["room"]["phase"] != "running":
                continue
            match self._random.choice(("hand", "hand", "react", "chat", "speak", "speak")):
                case "hand":
                    await self._ask("raise_hand")
                    await asyncio.sleep(self._random.uniform(5, 20))
                    await self._ask("lower_hand")
                case "react":
                    await self._ask("react", reaction=self._random.choice(("heart", "clap", "with_you")))
                case "chat":
                    here = self.seat.view["room"]["small_room"]
                    await self._ask("send_chat", text=self._random.choice(LINES), room=here and here["room"])
                case _:
                    await self._ask("set_media", microphone=True, camera=True)
                    await asyncio.sleep(self._random.uniform(3, 8))
                    await self._ask("set_media", microphone=False, camera=True)

    async def _wander(self) -> None:
        """Bad Wi-Fi twice (everything breaks without a word), then somebody at the door: out, and back in a while."""
        for _ in range(2):
            await asyncio.sleep(self._random.uniform(45, 90))
            await self.seat.drop()
        await asyncio.sleep(self._random.uniform(60, 120))
        self._comes_back = True
        await self._ask("leave")

    async def _ask(self, kind: str, **fields: Any) -> None:
        """Do it if it may be done: a participant shrugs at a refusal."""
        with contextlib.suppress(Refused, TimeoutError):
            await self.seat.command(kind, **fields)
