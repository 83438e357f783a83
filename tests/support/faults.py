"""One seed, one evening on which everything goes wrong: lived through the real room, and told to the oracle.

    lived = live(seed)            # a difference, if there is one, is in lived.error_ms and lived.where

The world here has browsers that fall silent, doubled devices, a network that loses, repeats and reorders what it
carries, a clock that is set forward and back, servers that die with facts nobody wrote down, facilitators who undo,
skip, correct and change their minds, and participants who are asked whether they are still here. The oracle is told
what happened in that world, never what the room made of it; where a command may be refused, it is told only if it was
not. Some commands are drawn without looking whether they make sense.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

from facilitation import commands as c
from facilitation import events as v
from facilitation.agenda import advice
from facilitation.crediting import Hours, credit
from facilitation.errors import Refusal
from facilitation.events import Event, Recorded
from facilitation.facts import zone_of
from facilitation.ids import ClinicId, CommandId, CorrectionId, PersonId, SegmentId, SessionId, SourceId
from facilitation.people import SERVER, STAFF, Actor, Expected, Role
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.programme import PLAIN, Programme
from facilitation.room import EMPTY, RoomState, decide, evolve, knows, next_deadline, replay
from facilitation.rules import RuleSet
from facilitation.timebase import HOUR_MS, MINUTE_MS, SECOND_MS, Instant
from facilitation.weeks import day_of
from server.store import codec
from tests.support.oracle import Figures, Oracle
from tests.support.retold import oracle_of
from tests.support.watch import Watch

HARD_DATES: dict[str, tuple[tuple[str, int, int], ...]] = {
    # A change of the clocks by hand: its instant in UTC, and the minutes east of UTC before and after it.
    "America/New_York": (("2026-03-08T07:00", -300, -240), ("2026-11-01T06:00", -240, -300)),
    "America/Los_Angeles": (("2026-03-08T10:00", -480, -420), ("2026-11-01T09:00", -420, -480)),
    "Europe/Berlin": (("2026-03-29T01:00", 60, 120), ("2026-10-25T01:00", 120, 60)),
    "Australia/Lord_Howe": (("2026-04-04T15:00", 660, 630), ("2026-10-03T15:30", 630, 660)),
    "Asia/Kolkata": (("2026-06-01T00:00", 330, 330),),
    "America/Phoenix": (("2026-03-08T07:00", -420, -420),),
}
"""Sessions begin around these, and around the midnights and year's ends of their zones."""

SILENCE_SEEN_MS = 5 * SECOND_MS
SOURCES_MAX = 22
STEPS = (25, 110)


@dataclass
class Line:
    """A browser's websocket or media transport, as the world knows it. `proof`: when it last gave a sign of life."""

    name: SourceId
    person: PersonId
    media: bool
    proof: int
    silent: bool = False


@dataclass
class Lived:
    """What came of one seed. `error_ms`: the greatest difference of any figure; `where` says of which."""

    seed: int
    error_ms: int = 0
    where: str = ""
    figures: int = 0
    records: int = 0
    faults: Counter[str] = field(default_factory=Counter)


def live(seed: int) -> Lived:
    """Live the evening of this seed to its end, comparing all along. A crash is a difference, too."""
    evening = _Evening(seed)
    try:
        evening.live()
    except Exception as error:  # whatever it is, it goes into the figure with its seed
        evening.differ(HOUR_MS, f"{type(error).__name__}: {error}")
    evening.lived.records = len(evening.log)
    return evening.lived


class _Evening:
    def __init__(self, seed: int) -> None:
        self.lived = Lived(seed=seed)
        self.dice = Random(seed)
        self.zone, self.starts_at = _somewhen(self.dice)
        self.true = self.starts_at - self.dice.randrange(20 * MINUTE_MS)
        self.step = 0
        """What the server's clock shows beside the true time."""
        self.plan, self.rules, self.programme = _plan(self.dice), _rules(self.dice), _programme(self.dice)
        staff = [Role.FACILITATOR, *self.dice.choices(sorted(STAFF), k=self.dice.randrange(3))]
        roles = staff + [Role.PARTICIPANT] * self.dice.randint(1, 4)
        self.roles = {PersonId(f"p-{number}"): role for number, role in enumerate(roles)}
        self.lead = PersonId("p-0")
        uncounted = {str(segment.id) for segment in self.plan.segments if segment.kind in self.rules.uncounted}
        self.oracle = Oracle(uncounted=uncounted, credit_ms_max=self.rules.server_gap_credit_ms_max)
        self.state: RoomState = EMPTY
        self.log: list[Recorded] = []
        self.lines: dict[SourceId, Line] = {}
        self.lost_mail: list[c.Command] = []
        """Facts that are still under way, or were delivered once and will be again."""
        self.waiting: set[PersonId] = set()
        self.late_words: list[tuple[PersonId, c.Command]] = []
        """Commands of browsers that had no answer, and will be sent again."""
        self.watch = _watch(self.programme, self.plan)
        self.names = 0
        self.commands = 0
        self.epoch = 1
        self.kept: tuple[int, dict[str, int]] | None = None
        """What the servers keep beside the log: when one last lived, and when each line had been heard by then."""
        self.latest = 0
        """The latest instant of the server that lives; a new one knows of what is kept, and of the log."""

    # ------------------------------------------------------------------ the shell: clock, order, log

    @property
    def clock(self) -> Instant:
        """What the server's clock says, which may be earlier than what it said before."""
        return Instant(self.true + self.step)

    @property
    def now(self) -> Instant:
        """The instant that a command of now gets: never before the last record, nor before what was kept."""
        self.latest = max(self.latest, self.clock, self.log[-1].at if self.log else 0)
        return Instant(self.latest)

    def ask(self, command: c.Command, by: PersonId | None = None) -> tuple[Event, ...] | None:
        """What a command led to; None: refused."""
        self.commands += 1
        id = CommandId(f"k-{self.commands}")
        actor = SERVER if by is None else Actor(person=by, role=self.roles[by])
        try:
            events = decide(self.state, command, by=actor, now=self.now)
        except Refusal:
            self.count("refused commands")
            return None
        at = self.now
        for event in events:
            record = Recorded(seq=self.state.seq + 1, at=at, event=event, by=by, command=None if by is None else id)
            if isinstance(event, v.StillHereAsked):
                self.watch.asked(self.log, self.oracle, event.person, at)
            self.log.append(record)
            self.state = evolve(self.state, record)
        if by is not None and events and self.dice.random() < 0.1:
            self.count("repeated commands")
            assert knows(self.state, actor, id), "a command that comes again is not known, and would be done again"
        return events

    def pass_time(self, ms: int) -> None:
        self.true += ms
        for line in self.lines.values():
            if not line.silent:
                line.proof = max(line.proof, self.clock - self.dice.choice((0, 0, 1, 700, 2_000)))

    def count(self, fault: str) -> None:
        self.lived.faults[fault] += 1

    # ------------------------------------------------------------------ the evening

    def live(self) -> None:
        self.ask(
            c.OpenSession(
                session=SessionId("s-1"),
                clinic=ClinicId("demo"),
                title="Evening group",
                zone=self.zone,
                starts_at=Instant(self.starts_at),
                plan=self.plan,
                rules=self.rules,
                programme=self.programme,
                prompt_seed=self.dice.randrange(2**48),
                forms=(),
                roster=tuple(
                    Expected(person=each, role=role, name=f"Example {each}") for each, role in self.roles.items()
                ),
            )
        )
        self.ask(c.TakeOver(node="n-1", epoch=1))
        self.connect(self.lead)
        if self.dice.random() < 0.9:
            for person in self.participants:
                self.come(person)
            self.begin()
        deeds: list[tuple[int, Callable[[], None]]] = [
            (10, self.keep),
            (6, self.pulse),
            (8, self.fall_silent),
            (8, self.notice_silence),
            (5, self.close),
            (9, self.reconnect),
            (7, self.open_media),
            (4, self.old_mail),
            (3, self.strange_facts),
            (5, self.come_in),
            (3, self.leave),
            (3, self.send_out),
            (2, self.admit_everyone),
            (7, self.move),
            (3, self.undo),
            (4, self.change_the_plan),
            (2, self.pause),
            (3, self.die),
            (3, self.set_clock),
            (2, self.tick),
            (4, self.compare_someone),
            (1, self.begin),
            (1, self.stay_away),
            (5, self.correct),
            (2, self.take_back),
            (3, self.say_something),
            (3, self.speak),
            (4, self.peer_returns),
            (3, self.send_again),
            (8, self.ask_who_is_silent),
        ]
        weights = [weight for weight, _ in deeds]
        for number in range(steps := self.dice.randint(*STEPS)):
            self.pass_time(self.dice.choice((0, 1, 3, 999, 2_000, 2_000, 5_000, 5_001, 31_000, 60_000, 240_000)))
            if self.dice.random() < 0.1:
                self.pass_time(self.dice.randrange(20 * MINUTE_MS))
            self.dice.choices([deed for _, deed in deeds], weights)[0]()
            if number > steps * 0.8 and self.dice.random() < 0.1:
                self.end()
        if self.dice.random() < 0.8:
            self.end()
        self.pulse()
        self.compare_everybody()
        for wrong in self.watch.wrong:
            self.differ(MINUTE_MS, wrong)

    def begin(self) -> None:
        started = self.ask(c.StartSession(), self.lead)
        for event in started or ():
            assert isinstance(event, v.SessionStarted)
            self.oracle.began(self.now, event.segment)

    def end(self) -> None:
        if self.ask(c.EndSession(), self.lead):
            self.ended()

    def ended(self) -> None:
        self.oracle.finished(self.now)
        self.drop_media(None)

    # ------------------------------------------------------------------ browsers and the network

    @property
    def participants(self) -> list[PersonId]:
        return [person for person, role in self.roles.items() if role is Role.PARTICIPANT]

    def anyone(self) -> PersonId:
        return self.dice.choice(list(self.roles))

    def a_line(self) -> Line | None:
        return self.dice.choice(list(self.lines.values())) if self.lines else None

    def connect(self, person: PersonId) -> None:
        self.names += 1
        name = SourceId(f"c{self.names}")
        opening = c.OpenConnection(connection=name, person=person, device=self.dice.choice(("laptop", "phone")))
        if len(self.oracle.open_sources(person)) >= SOURCES_MAX or not self.ask(opening):
            return
        if len(self.oracle.open_sources(person)):
            self.count("doubled devices")
        self.opened(Line(name=name, person=person, media=False, proof=self.now))
        if self.roles[person] in STAFF:
            self.oracle.sat(self.now, person)
        if self.dice.random() < 0.1:
            self.count("repeated facts")
            assert self.ask(opening) == (), "the same opening again"

    def opened(self, line: Line) -> None:
        self.lines[line.name] = line
        self.oracle.opened(self.now, line.name, line.person, media=line.media)

    def reconnect(self) -> None:
        self.connect(self.anyone())

    def open_media(self) -> None:
        person = self.anyone()
        self.names += 1
        name = SourceId(f"m{self.names}")
        may = self.oracle.is_seated(person) and self.oracle.ended is None
        if len(self.oracle.open_sources(person)) < SOURCES_MAX:
            self.ask(c.ConnectMedia(peer=name, person=person))
            if may:
                self.opened(Line(name=name, person=person, media=True, proof=self.now))

    def drop_media(self, person: PersonId | None) -> None:
        """The server closes media transports by itself; the world's lines with them."""
        self.lines = {
            name: line for name, line in self.lines.items() if not (line.media and person in (None, line.person))
        }

    def fall_silent(self) -> None:
        if line := self.a_line():
            line.silent = True
            self.count("drops")

    def notice_silence(self) -> None:
        """A line that was silent for long enough is closed, as of its last sign of life."""
        silent = [each for each in self.lines.values() if each.silent and self.clock - each.proof > SILENCE_SEEN_MS]
        if silent:
            self.lose(self.dice.choice(silent))

    def close(self) -> None:
        if line := self.a_line():
            self.lose(line)

    def lose(self, line: Line) -> None:
        heard = Instant(line.proof + self.dice.choice((0, 0, 0, -3_000, 40_000)))  # the network's word on it may be odd
        kind = (
            c.LoseMedia(peer=line.name, heard=heard)
            if line.media
            else c.CloseConnection(connection=line.name, heard=heard)
        )
        if self.dice.random() < 0.15:
            self.count("late facts")
            self.lost_mail.append(kind)
            line.silent = True
            return
        self.deliver(kind)
        if self.dice.random() < 0.2:
            self.lost_mail.append(kind)

    def deliver(self, fact: c.Command) -> None:
        """A fact comes to the server, for the first time or once more. The oracle hears of open lines only."""
        self.ask(fact)
        match fact:
            case c.Pulse(heard=heard):
                for name, instant in heard.items():
                    if SourceId(name) in self.lines:
                        self.oracle.heard(self.now, name, instant)
            case c.CloseConnection(connection=name, heard=instant) | c.LoseMedia(peer=name, heard=instant):
                if self.lines.pop(name, None) is not None:
                    self.oracle.lost(self.now, name, instant)
            case _:
                raise AssertionError(fact)

    def keep(self) -> None:
        """The server's pulse: what it has heard is kept beside the log, if the store takes it; the log is told nothing.

        A line whose end is under way is kept as of what was known before it fell silent.
        """
        lot = self.dice.random()
        if lot < 0.15:
            self.count("lost pulses")
            return
        at = self.now - self.dice.choice((0, 0, 1, 900)) if lot < 0.3 else self.now  # it may be written a little later
        if self.kept is None or at >= self.kept[0]:
            self.kept = at, {str(line.name): min(line.proof, at) for line in self.lines.values()}
            self.count("pulses")

    def pulse(self) -> None:
        """Proofs of life that go into the log at once, as when a room is put away; some servers wrote all of them."""
        heard = {str(line.name): Instant(line.proof) for line in self.lines.values() if self.dice.random() < 0.9}
        pulse = c.Pulse(heard=heard)
        lot = self.dice.random()
        if lot < 0.1:
            self.count("lost pulses")
            return
        if lot < 0.2:
            self.count("late facts")
            self.lost_mail.append(pulse)
            return
        self.deliver(pulse)
        if lot < 0.4:
            self.count("repeated facts")
            self.deliver(pulse)

    def old_mail(self) -> None:
        """What was under way, or is sent again, comes now, in any order."""
        self.dice.shuffle(self.lost_mail)
        for fact in self.lost_mail[:3]:
            self.count("reordered facts")
            self.deliver(fact)
        if self.dice.random() < 0.7:
            del self.lost_mail[:3]

    def strange_facts(self) -> None:
        """Of lines that nobody knows, and of times to come."""
        ahead = Instant(self.now + self.dice.randrange(HOUR_MS))
        self.count("facts of nothing")
        self.deliver(c.Pulse(heard={"c-unknown": self.now, "m-unknown": ahead}))
        self.deliver(c.CloseConnection(connection=SourceId("c-unknown"), heard=ahead))
        if line := self.a_line():
            self.count("heard in the future")
            self.deliver(c.Pulse(heard={str(line.name): ahead}))

    # ------------------------------------------------------------------ places

    def come(self, person: PersonId) -> None:
        """Through the door and the waiting room."""
        if not any(line.person == person and not line.media for line in self.lines.values()):
            self.connect(person)
        if self.dice.random() < 0.15:
            return  # stays at the door
        if self.ask(
            c.Arrive(
                name=f"Example {person}",
                location="1 Example Street",
                callback="555-0100",
                private_space=True,
                agreement=True,
            ),
            person,
        ) and not self.oracle.is_seated(person):
            self.waiting.add(person)
            self.pass_time(self.dice.choice((0, 1, 4_000)))
            if self.dice.random() < 0.85 and self.ask(c.Admit(person=person), self.lead):
                self.sits(person)

    def come_in(self) -> None:
        person = self.dice.choice(self.participants)
        if not self.oracle.is_seated(person):
            if self.oracle.seats.get(person):
                self.count("returns")
                self.connect(person)
            self.come(person)

    def sits(self, person: PersonId) -> None:
        self.waiting.discard(person)
        self.oracle.sat(self.now, person)

    def admit_everyone(self) -> None:
        there = {person for person in self.waiting if self.oracle.open_sources(person)}
        if self.ask(c.AdmitAll(), self.lead) is not None:
            for person in there:
                self.sits(person)

    def leave(self) -> None:
        person = self.anyone()
        if self.dice.random() < 0.6 and self.ask(self.dice.choice((c.Leave(), c.QuickExit())), person):
            self.rises(person)

    def send_out(self) -> None:
        person = self.dice.choice(self.participants)
        if self.dice.random() < 0.15:
            if self.ask(c.Remove(person=person), self.lead):
                self.rises(person)
        elif self.ask(c.MoveToWaiting(person=person), self.lead):
            self.count("moved to the waiting room")
            self.rises(person)
            self.waiting.add(person)

    def rises(self, person: PersonId) -> None:
        self.waiting.discard(person)
        self.oracle.rose(self.now, person)
        self.drop_media(person)

    # ------------------------------------------------------------------ agenda

    def move(self) -> None:
        here = self.state.agenda.position or self.plan.segments[0].id
        kind = self.dice.choice((c.Advance, c.Advance, c.Advance, c.GoBack))
        for event in self.ask(kind(from_segment=here), self.lead) or ():
            assert isinstance(event, v.SegmentEntered)
            self.oracle.moved(self.now, event.segment)
            if self.dice.random() < 0.3:
                self.count("double presses")
                assert self.ask(kind(from_segment=here), self.lead) is None, "moved twice by one press"

    def undo(self) -> None:
        if self.ask(c.UndoMove(), self.lead):
            self.count("undone moves")
            self.oracle.undone()

    def change_the_plan(self) -> None:
        """None of this is about anybody's minutes."""
        segment = self.dice.choice(self.plan.segments).id
        by_ms = self.dice.choice((-2, 5, 15)) * MINUTE_MS
        self.ask(c.Extend(segment=segment, by_ms=by_ms), self.lead)
        self.ask(c.Skip(segment=segment, on=self.dice.random() < 0.5), self.lead)
        planned = advice(self.state.agenda, self.now)
        if planned and self.dice.random() < 0.5:
            self.ask(c.Replan(planned_ms={str(name): length for name, length in planned.items()}), self.lead)

    def pause(self) -> None:
        self.ask(self.dice.choice((c.Pause(), c.Resume())), self.lead)

    # ------------------------------------------------------------------ servers, clocks, emptiness

    def die(self) -> None:
        """The server is killed: what it decided last may not be written. Another one replays the log and goes on."""
        if self.dice.random() < 0.3:
            self.count("decisions lost with a server")
            here = self.state.agenda.position or self.plan.segments[0].id
            actor = Actor(person=self.lead, role=Role.FACILITATOR)
            try:
                decide(self.state, c.Advance(from_segment=here), by=actor, now=self.clock)
            except Refusal:
                pass
        for _ in range(self.dice.choice((1, 1, 1, 2))):
            match self.dice.randrange(4):
                case 0:
                    self.pulse()
                case 1 | 2:
                    self.keep()
                case _:
                    pass  # what was kept last is old, or from an earlier server still
            self.pass_time(self.dice.choice((0, 1, 900, 2_000, 4_999, 5_001, 30_000, 119_000, 121_000, 700_000)))
            if self.dice.random() < 0.2:
                self.set_clock()
            again = replay(codec.decode(codec.encode(record)) for record in self.log)
            assert again == self.state, "a replay gives another room"
            self.state = again
            self.count("kills")
            self.epoch += 1
            self.take_over()
        gone, self.lines = self.lines, {}
        for person in sorted({line.person for line in gone.values()}):
            if self.dice.random() < 0.8:
                self.pass_time(self.dice.choice((0, 0, 300, 2_000, 6_000, 119_000, 125_000)))
                self.connect(person)
                if self.dice.random() < 0.3:
                    self.open_media()
        for line in gone.values():
            if self.dice.random() < 0.1:
                self.lost_mail.append(c.CloseConnection(connection=line.name, heard=Instant(line.proof)))

    def take_over(self) -> None:
        """A new server begins with the log and with what is kept, and knows nothing else."""
        last, kept = self.log[-1].at, self.kept
        if kept is not None and self.dice.random() < 0.1:
            self.count("nothing kept")
            kept = None
        lived_at, heard = (None, {}) if kept is None else kept
        self.latest = lived_at or 0
        self.ask(
            c.TakeOver(
                node=f"n-{self.epoch}",
                epoch=self.epoch,
                heard={name: Instant(instant) for name, instant in heard.items()} | {"c-unknown": self.now},
                lived_at=None if lived_at is None else Instant(lived_at),
            )
        )
        for name, instant in heard.items():
            source = self.oracle.sources.get(name)
            if source is not None and source.end is None:
                self.oracle.heard(lived_at or last, name, instant)
        self.oracle.crashed(max(last, lived_at or 0), self.now)

    def set_clock(self) -> None:
        """Somebody, or the network's time, sets the server's clock; the room's time never goes back."""
        self.count("clock jumps")
        most = self.dice.choice((20, 900, 90_000, 90_000, 2 * HOUR_MS))
        self.step += self.dice.randint(-most, most)

    def tick(self) -> None:
        deadline = next_deadline(self.state)
        for event in self.ask(c.Tick()) or ():
            assert deadline is not None and self.now >= deadline
            if not isinstance(event, v.SessionEnded):
                self.count("questions" if isinstance(event, v.StillHereAsked) else "questions without an answer")
                continue
            there = [each for each in self.roles if self.oracle.is_seated(each) and self.oracle.open_sources(each)]
            assert not there, "abandoned with people in it"
            self.count("abandoned sessions")
            self.ended()

    def stay_away(self) -> None:
        """Everybody's network is gone for long."""
        for line in list(self.lines.values()):
            self.lose(line)
        self.pass_time(self.dice.choice((10, 31)) * MINUTE_MS)
        self.tick()

    # ------------------------------------------------------------------ questions, and what is said by hand

    def ask_who_is_silent(self) -> None:
        """Whatever time alone brings about is done now, as a room's shell does it."""
        while (deadline := next_deadline(self.state)) is not None and deadline <= self.now:
            self.tick()
        self.watch.overlooked(self.log, self.oracle, self.participants, self.now)

    def say_something(self) -> None:
        """Any sign of oneself; an answer to the question, if there is one."""
        person = self.dice.choice(self.participants)
        camera = self.dice.random() < 0.5
        words = self.dice.choice(
            (c.StillHere(), c.SendChat(text="Still listening"), c.SetMedia(microphone=False, camera=camera))
        )
        if self.dice.random() < 0.3:
            self.count("late commands")
            self.late_words.append((person, words))
        else:
            self.ask(words, person)

    def speak(self) -> None:
        """The media plane hears people, and somebody whom nobody knows."""
        speakers = self.dice.sample(list(self.roles), self.dice.randint(1, len(self.roles)))
        self.ask(c.Pulse(heard={}, spoke=(*speakers, PersonId("p-unknown"))))

    def send_again(self) -> None:
        """A browser that comes back sends what had no answer, after newer words of other tabs."""
        self.dice.shuffle(self.late_words)
        for person, words in self.late_words[:2]:
            self.ask(words, person)
        if self.dice.random() < 0.7:
            del self.late_words[:2]

    def peer_returns(self) -> None:
        """A media transport that was lost is heard again under its old name, once or twice."""
        mine = [(name, source) for name, source in self.oracle.sources.items() if source.media and " " not in name]
        gone = [(SourceId(name), PersonId(source.person)) for name, source in mine if source.end is not None]
        if not gone:
            return
        name, person = self.dice.choice(gone)
        may = self.oracle.is_seated(person) and self.oracle.ended is None
        if len(self.oracle.open_sources(person)) >= SOURCES_MAX:
            return
        self.ask(c.ConnectMedia(peer=name, person=person))
        if may:
            self.count("returned peers")
            self.opened(Line(name=name, person=person, media=True, proof=self.now))
            if self.dice.random() < 0.3:
                assert not self.ask(c.ConnectMedia(peer=name, person=person)), "the same peer again"

    def correct(self) -> None:
        """A facilitator says when somebody was there, also of times beyond the session, which is refused."""
        began = self.oracle.started if self.oracle.started is not None else self.starts_at
        stop = self.oracle.ended if self.oracle.ended is not None else self.now
        span = max(1, stop - began)
        start = began + self.dice.randrange(-span // 20 - 1, span)
        end = start + self.dice.choice((0, 1, 999, 60_000, span // 3, span))
        person, present = self.dice.choice(self.participants), self.dice.random() < 0.5
        fix = c.CorrectAttendance(
            person=person, start=Instant(start), end=Instant(end), present=present, reason="It was so."
        )
        events = self.ask(fix, self.lead)
        inside = self.oracle.started is not None and began <= start < end <= stop
        if events is None:
            assert not inside, "a correction within the session is refused"
            return
        assert inside, "a correction beyond the session is taken"
        (event,) = events
        assert isinstance(event, v.AttendanceCorrected)
        self.count("corrections")
        self.oracle.corrected(event.correction, person, start, end, present=present)

    def take_back(self) -> None:
        if self.oracle.corrections:
            name = self.dice.choice(list(self.oracle.corrections))
            self.ask(c.TakeBackCorrection(correction=CorrectionId(name), reason="It was not so."), self.lead)
            self.oracle.took_back(name)
            self.count("corrections taken back")

    # ------------------------------------------------------------------ the comparison

    def compare_someone(self) -> None:
        self.compare(self.anyone(), self.now, self.oracle)

    def compare_everybody(self) -> None:
        exported = "\n".join(codec.encode(record).decode() for record in self.log)
        retold = oracle_of(exported)
        last = Instant(self.log[-1].at)
        for person in self.roles:
            self.compare(person, self.now, self.oracle)
            self.compare(person, Instant(self.now + HOUR_MS), self.oracle)
            self.compare(person, last, retold)
        there = day_of(Instant(self.starts_at), zone_of(self.zone))
        if there != _date_by_hand(self.zone, self.starts_at):
            self.differ(HOUR_MS, f"{self.starts_at} is not on {there} in {self.zone}")

    def compare(self, person: PersonId, now: Instant, oracle: Oracle) -> None:
        hours, naive = credit(self.state, person, now), oracle.figures(person, now)
        for name, error_ms in _differences(hours, naive).items():
            self.lived.figures += 1
            if error_ms:
                self.differ(error_ms, f"{name} of {person}, record {len(self.log)}")

    def differ(self, error_ms: int, where: str) -> None:
        self.lived.where = self.lived.where or where
        self.lived.error_ms = max(self.lived.error_ms, error_ms)


def _differences(hours: Hours, naive: Figures) -> dict[str, int]:
    """By figure, how far the two are apart, in milliseconds."""
    segments = {*hours.by_segment, *naive.by_segment}
    return {
        "present": abs(hours.present_ms - naive.present_ms),
        "gap credit": abs(hours.gap_credit_ms - naive.gap_credit_ms),
        "counted": abs(hours.counted_ms - naive.counted_ms),
        "clock": abs(hours.clock_ms - naive.clock_ms),
        "minutes": abs(hours.countable_min - naive.countable_min) * MINUTE_MS,
        "corrected": abs(hours.corrected_ms - naive.corrected_ms),
        "intervals": _apart_ms(list(hours.intervals), naive.intervals),
        "times": _apart_ms(list(hours.times), naive.times),
        **{
            f"segment {name}": abs(hours.by_segment.get(SegmentId(name), 0) - naive.by_segment.get(name, 0))
            for name in segments
        },
    }


def _apart_ms(ours: list[tuple[Instant, Instant]], theirs: list[tuple[int, int]]) -> int:
    """How long one says present and the other not; at least 1 where they are written differently."""
    if ours == theirs:
        return 0
    edges = sorted({edge for interval in (*ours, *theirs) for edge in interval})
    apart = sum(
        end - start
        for start, end in pairwise(edges)
        if any(a <= start < b for a, b in ours) != any(a <= start < b for a, b in theirs)
    )
    return max(1, apart)


# ---------------------------------------------------------------------- where, when and by which rules


def _somewhen(dice: Random) -> tuple[str, int]:
    """A zone, and a start: around a change of its clocks, around midnight there, or on any evening."""
    zone = dice.choice(list(HARD_DATES))
    change, before, _ = dice.choice(HARD_DATES[zone])
    at = int(datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp()) * SECOND_MS
    match dice.randrange(4):
        case 0:
            at -= dice.randrange(4 * HOUR_MS)
        case 1:
            at += dice.randrange(4 * HOUR_MS)
        case 2:
            to_midnight = -(at + before * MINUTE_MS) % (24 * HOUR_MS)
            at += to_midnight - 24 * HOUR_MS + dice.randrange(-2 * HOUR_MS, 2 * HOUR_MS)
        case _:
            at += dice.randrange(-60, 60) * 24 * HOUR_MS
    return zone, at


def _date_by_hand(zone: str, instant: int) -> date:
    """The date by the table above alone."""
    changes = [
        (int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) * SECOND_MS, before, after)
        for at, before, after in HARD_DATES[zone]
    ]
    east = changes[0][1]
    for at, _, after in changes:
        if instant >= at:
            east = after
    return (datetime(1970, 1, 1) + timedelta(milliseconds=instant + east * MINUTE_MS)).date()  # noqa: DTZ001


def _plan(dice: Random) -> SessionPlan:
    return SessionPlan(
        id="faulted",
        version="1",
        title="A hard evening",
        track="adult",
        segments=tuple(
            Segment(
                id=SegmentId(f"part-{number}"),
                kind=dice.choice(list(SegmentKind)),
                title=f"Part {number}",
                planned_ms=dice.randint(1, 60) * MINUTE_MS,
            )
            for number in range(dice.randint(1, 7))
        ),
    )


def _programme(dice: Random) -> Programme:
    return replace(
        PLAIN,
        id="faulted",
        prompt_every_min=dice.choice((None, (5, 5), (5, 9), (15, 25))),
        prompt_answer_s=dice.choice((30, 120)),
    )


def _watch(programme: Programme, plan: SessionPlan) -> Watch:
    breaks = {str(segment.id) for segment in plan.segments if segment.kind is SegmentKind.BREAK}
    if programme.prompt_every_min is None:
        return Watch(least_ms=None, most_ms=0, breaks=breaks)
    least, most = programme.prompt_every_min
    return Watch(least_ms=least * MINUTE_MS, most_ms=most * MINUTE_MS, breaks=breaks)


def _rules(dice: Random) -> RuleSet:
    kinds = [kind.value for kind in SegmentKind]
    rounding, unit_min = dice.choice(
        [("floor_minute", 1), ("exact", 1), ("floor_unit", 15), ("eight_minute", 15), ("midpoint", 50)]
    )
    return RuleSet(
        id="faulted",
        version="1",
        title="Some rules",
        source="chance",
        rounding=rounding,
        unit_min=unit_min,
        uncounted=tuple(dice.sample(kinds, dice.randrange(4))),
        week_floor_min={},
        server_gap_credit_ms_max=dice.choice([0, 1, 5_000, 120_000, 600_000]),
    )
