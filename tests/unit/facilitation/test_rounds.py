"""Rounds as a group does them: what each rule of `facilitation.rounds` says, in a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facilitation import commands as c
from facilitation import events as v
from facilitation import views
from facilitation.crediting import Tally
from facilitation.exercises import Exercise, Grouping, Repertoire, Shape, Step
from facilitation.facts import facts
from facilitation.ids import ExerciseId, PersonId, RoundId, RoundQuestionId, SourceId
from facilitation.people import Expected, Role
from facilitation.room import next_deadline, replay
from facilitation.roundquestions import Kind, RoundQuestion
from facilitation.rounds import AWAY_MS, QUESTION_MAX, ROUNDS_MAX, SETTLE_MS, TURN_MS_MAX, TURN_MS_MIN
from facilitation.timebase import MINUTE_MS, SECOND_MS
from tests.support.meeting import ALEX, COLE, FAY, OLA, ROBIN, ROSTER, SAM, Meeting

FIRST = RoundId("round-1")
TURN_MS = 90 * SECOND_MS
CIRCLE = (ROBIN, SAM, ALEX)


class Circle:
    """A group in a round, in the order Robin, Sam, Alex."""

    def __init__(self, *, order: tuple[PersonId, ...] = CIRCLE, turn_ms: int = TURN_MS, **more: Any) -> None:
        self.meeting = Meeting(**more)
        self.sources: dict[PersonId, SourceId] = {}
        for person in (FAY, *order):
            self.sources[person] = self.meeting.join(person)
        self.meeting.start()
        self.order, self.turn_ms = order, turn_ms

    def open(self, kind: str = "check_in", question: str = "", order: str = "given") -> tuple[v.Event, ...]:
        ask = c.OpenRound(kind=kind, question=question, order=order, line=self.order, turn_ms=self.turn_ms)
        return self.meeting.do(ask, FAY)

    @property
    def round(self) -> Any:
        return self.meeting.state.rounds.all[-1]

    def on(self, by: PersonId = FAY) -> tuple[v.Event, ...]:
        return self.meeting.do(c.MoveRoundOn(round=self.round.round, turn=self.round.turn), by)

    def pass_(self, by: PersonId) -> tuple[v.Event, ...]:
        return self.meeting.do(c.PassTurn(round=self.round.round), by)

    def later(self, by: PersonId) -> tuple[v.Event, ...]:
        return self.meeting.do(c.AskMeLater(round=self.round.round), by)

    def back(self) -> tuple[v.Event, ...]:
        return self.meeting.do(c.GoBackInRound(round=self.round.round, turn=self.round.turn), FAY)

    def room(self) -> dict[str, Any] | None:
        part: dict[str, Any] | None = views.room_part(self.meeting.state, "group")["round"]
        return part

    def own(self, person: PersonId) -> dict[str, Any]:
        part: dict[str, Any] = views.you_part(self.meeting.state, person, self.meeting.now)["turn"]
        return part

    def staff(self) -> dict[str, Any]:
        part: dict[str, Any] = views.staff_part(self.meeting.state, self.meeting.now)["rounds"]
        return part

    def places(self) -> dict[str, str]:
        return {each["person"]: each["place"] for each in self.staff()["line"]}

    def noted(self, person: PersonId) -> str:
        tally = Tally(self.meeting.state, self.meeting.now)
        everyone = {each.person: tally.of(each.person) for each in self.meeting.state.seats.participants}
        told = {each["label"]: each["value"] for each in facts(self.meeting.state, person, everyone)}
        return told.get("Rounds", "")


def begun(**more: Any) -> Circle:
    circle = Circle(**more)
    circle.open()
    circle.on()
    return circle


# --------------------------------------------------------------- opening


def test_a_round_opens_with_all_who_are_here_and_nobody_has_the_turn_yet() -> None:
    circle = Circle()
    segment = circle.meeting.state.agenda.position
    assert segment is not None
    assert circle.open(question="  How are   you arriving? ") == (
        v.RoundOpened(
            round=FIRST,
            kind="check_in",
            question="How are you arriving?",
            segment=segment,
            line=CIRCLE,
            turn_ms=TURN_MS,
        ),
    )
    assert circle.round.now is None and circle.places() == {ROBIN: "next", SAM: "waiting", ALEX: "waiting"}
    assert circle.meeting.live(minutes=3) == []


def test_whoever_the_hand_forgets_comes_after_it_and_who_is_not_here_is_left_out() -> None:
    circle = Circle(order=(ROBIN, SAM))
    wanted = (PersonId("p-nobody"), SAM, ALEX, SAM)
    circle.meeting.do(c.OpenRound(kind="check_in", order="given", line=wanted), FAY)
    assert circle.round.line == (SAM, ROBIN)


def test_a_facilitator_can_stand_in_the_line_by_hand() -> None:
    circle = Circle(order=(FAY, ROBIN))
    circle.open()
    assert circle.round.line == (FAY, ROBIN)
    circle.on()
    assert circle.round.now == FAY


def test_a_random_order_follows_from_the_session_and_is_another_one_in_each_round() -> None:
    people = tuple(PersonId(f"p-{number}") for number in range(8))
    roster = (*ROSTER, *(Expected(person=each, role=Role.PARTICIPANT, name=f"Example {each}") for each in people))

    def orders() -> list[tuple[PersonId, ...]]:
        circle, found = Circle(order=people, roster=roster), []
        for _ in range(3):
            circle.open(order="random")
            found.append(circle.round.line)
            circle.meeting.do(c.CloseRound(round=circle.round.round), FAY)
        return found

    first, second, third = orders()
    assert sorted(first) == sorted(second) == sorted(people)
    assert len({first, second, third, people}) == 4
    assert orders() == [first, second, third]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (c.OpenRound(kind="confession"), "unknown_round"),
        (c.OpenRound(kind="check_in", order="loudest"), "unknown_order"),
        (c.OpenRound(kind="question"), "empty_text"),
        (c.OpenRound(kind="question", question="a" * (QUESTION_MAX + 1)), "too_long"),
        (c.OpenRound(kind="question", question="a\x00b"), "bad_text"),
        (c.OpenRound(kind="check_in", turn_ms=TURN_MS_MIN - 1), "bad_length"),
        (c.OpenRound(kind="check_in", turn_ms=-1), "bad_length"),
        (c.OpenRound(kind="check_in", turn_ms=TURN_MS_MAX + 1), "bad_length"),
    ],
)
def test_what_is_no_round_is_refused_in_words(ask: c.OpenRound, code: str) -> None:
    assert Circle().meeting.refused(ask, FAY) == code


def test_a_question_of_the_library_is_asked_in_its_words_for_whoever_is_there() -> None:
    asked = RoundQuestion(
        id=RoundQuestionId("snack"), kind=Kind.QUESTION, text="What comforts you?", teens="Best snack?"
    )
    circle = Circle(repertoire=Repertoire(questions=(asked,)))
    for teens, words in ((False, "What comforts you?"), (True, "Best snack?")):
        circle.meeting.do(c.OpenRound(kind="question", asked="snack", teens=teens), FAY)
        assert circle.round.question == words
        assert circle.staff()["questions"] == [], "not while there is a round to look at"
        circle.meeting.do(c.CloseRound(round=circle.round.round), FAY)
    assert [each["id"] for each in circle.staff()["questions"]] == ["snack"]
    assert circle.meeting.refused(c.OpenRound(kind="question", asked="nothing"), FAY) == "unknown_round_question"


def test_there_is_no_round_before_the_start_without_anybody_or_beside_another() -> None:
    early = Meeting()
    early.join(FAY)
    early.join(ROBIN)
    assert early.refused(c.OpenRound(kind="check_in"), FAY) == "not_running"
    alone = Meeting()
    alone.join(FAY)
    alone.start()
    assert alone.refused(c.OpenRound(kind="check_in"), FAY) == "nobody_here"
    circle = begun()
    assert circle.meeting.refused(c.OpenRound(kind="wrap_up"), FAY) == "round_open"


def test_a_round_in_which_all_were_asked_makes_way_for_the_next_one() -> None:
    circle = begun(order=(ROBIN,))
    circle.on(ROBIN)
    assert circle.room() is not None and (circle.room() or {})["over"]
    closed, opened = circle.open("wrap_up")
    assert closed == v.RoundClosed(round=FIRST) and isinstance(opened, v.RoundOpened)
    for _ in range(ROUNDS_MAX - 2):
        circle.meeting.do(c.CloseRound(round=circle.round.round), FAY)
        circle.open("wrap_up")
    circle.meeting.do(c.CloseRound(round=circle.round.round), FAY)
    assert circle.meeting.refused(c.OpenRound(kind="check_in"), FAY) == "too_many"


# --------------------------------------------------------------- turns


def test_the_turn_goes_along_the_line_as_each_says_that_they_are_done() -> None:
    circle = Circle()
    circle.open()
    assert circle.on(ROBIN) == (), "who leads begins"
    until = circle.meeting.now + TURN_MS
    assert circle.on() == (v.TurnBegan(round=FIRST, person=ROBIN, until=until),)
    assert circle.own(ROBIN)["place"] == "now" and circle.own(SAM) == {
        "place": "next", "before": 0, "about": None, "may_defer": False,
    }  # fmt: skip
    assert circle.own(ALEX)["before"] == 1
    circle.meeting.later(seconds=40)
    ended, began = circle.on(ROBIN)
    assert ended == v.TurnEnded(round=FIRST, person=ROBIN, how="spoke")
    assert isinstance(began, v.TurnBegan) and began.person == SAM
    assert circle.meeting.refused(c.MoveRoundOn(round=FIRST, turn=2), ALEX) == "not_your_turn"
    circle.on(SAM)
    circle.on(ALEX)
    assert circle.round.over and circle.places() == dict.fromkeys((ROBIN, SAM, ALEX), "spoke")
    assert circle.on() == () and circle.meeting.live(minutes=2) == []


def test_two_presses_at_once_move_the_group_once() -> None:
    circle = begun()
    circle.on(ROBIN)
    assert circle.meeting.do(c.MoveRoundOn(round=FIRST, turn=1), FAY) == ()
    assert circle.round.now == SAM
    assert circle.meeting.do(c.GoBackInRound(round=FIRST, turn=1), FAY) == ()
    assert circle.meeting.do(c.ExtendTurn(round=FIRST, turn=1, by_ms=MINUTE_MS), FAY) == ()


def test_nothing_happens_when_the_gentle_time_is_over() -> None:
    circle = begun()
    assert circle.meeting.live(minutes=3.5) == []
    assert circle.round.now == ROBIN
    circle.meeting.do(c.ExtendTurn(round=FIRST, turn=1, by_ms=MINUTE_MS), FAY)
    assert circle.round.until == circle.meeting.now + MINUTE_MS
    circle.meeting.do(c.ExtendTurn(round=FIRST, turn=1, by_ms=MINUTE_MS), FAY)
    assert circle.round.until == circle.meeting.now + 2 * MINUTE_MS
    assert circle.meeting.refused(c.ExtendTurn(round=FIRST, turn=1, by_ms=1), FAY) == "bad_length"


def test_a_round_may_have_no_time_at_all() -> None:
    circle = begun(turn_ms=0)
    assert circle.round.until is None
    assert circle.meeting.do(c.ExtendTurn(round=FIRST, turn=1, by_ms=MINUTE_MS), FAY) == ()


def test_passing_needs_no_turn_and_can_be_taken_back() -> None:
    circle = begun()
    assert circle.pass_(ALEX) == (v.TurnEnded(round=FIRST, person=ALEX, how="passed"),)
    assert circle.pass_(ALEX) == ()
    ended, began = circle.pass_(ROBIN)
    assert ended == v.TurnEnded(round=FIRST, person=ROBIN, how="passed") and isinstance(began, v.TurnBegan)
    circle.on(SAM)
    assert circle.round.over
    assert circle.meeting.do(c.JoinRound(round=FIRST), ALEX) == (v.RoundJoined(round=FIRST, person=ALEX),)
    assert circle.meeting.do(c.JoinRound(round=FIRST), ALEX) == ()
    circle.meeting.live(minutes=1)
    assert circle.round.now == ALEX, "nobody else has the turn, so it comes by itself"


def test_come_back_to_me_goes_to_the_end_once_and_while_somebody_is_to_come() -> None:
    circle = begun()
    assert circle.own(ROBIN)["may_defer"] and circle.later(SAM) == ()
    ended, _ = circle.later(ROBIN)
    assert ended == v.TurnEnded(round=FIRST, person=ROBIN, how="later")
    assert circle.places() == {SAM: "now", ALEX: "next", ROBIN: "waiting"}
    circle.on(SAM)
    circle.on(ALEX)
    assert circle.round.now == ROBIN and not circle.own(ROBIN)["may_defer"]
    assert circle.meeting.refused(c.AskMeLater(round=FIRST), ROBIN) == "last_in_line"
    circle.on(ROBIN)
    assert circle.round.over


def test_only_who_is_in_it_can_pass() -> None:
    circle = begun(order=(ROBIN, SAM))
    circle.sources[ALEX] = circle.meeting.join(ALEX)
    for ask in (c.PassTurn(round=FIRST), c.AskMeLater(round=FIRST)):
        assert circle.meeting.refused(ask, ALEX) == "not_in_round"
    assert circle.meeting.refused(c.JoinRound(round=FIRST), ALEX) == "not_allowed"
    assert circle.meeting.refused(c.JoinRound(round=FIRST, person=SAM), ALEX) == "not_allowed"
    assert circle.meeting.refused(c.PassTurn(round=RoundId("round-9")), ROBIN) == "unknown_round"
    assert circle.own(ALEX)["place"] == "out"


# --------------------------------------------------------------- who leads


def test_who_came_late_is_added_by_who_leads() -> None:
    circle = begun(order=(ROBIN, SAM))
    circle.sources[ALEX] = circle.meeting.join(ALEX)
    assert circle.staff()["outside"] == [ALEX]
    circle.meeting.do(c.JoinRound(round=FIRST, person=ALEX), FAY)
    assert circle.places() == {ROBIN: "now", SAM: "next", ALEX: "waiting"} and circle.staff()["outside"] == []
    circle.on()
    assert circle.meeting.refused(c.JoinRound(round=FIRST, person=ROBIN), FAY) == "already_asked"
    assert circle.meeting.refused(c.JoinRound(round=FIRST, person=COLE), FAY) == "not_in_room"


def test_who_leads_chooses_the_next_one_of_those_who_wait() -> None:
    circle = begun()
    circle.meeting.do(c.ChooseNext(round=FIRST, person=ALEX), FAY)
    assert circle.meeting.do(c.ChooseNext(round=FIRST, person=ALEX), FAY) == ()
    assert circle.own(ALEX)["place"] == "next" and circle.own(SAM)["place"] == "waiting"
    assert circle.meeting.refused(c.ChooseNext(round=FIRST, person=ROBIN), FAY) == "already_asked"


def test_going_back_gives_the_turn_to_whoever_had_it_before() -> None:
    circle = begun()
    assert circle.meeting.refused(c.GoBackInRound(round=FIRST, turn=1), FAY) == "first_turn"
    assert circle.staff()["back_to"] is None
    circle.on()
    assert circle.staff()["back_to"] == ROBIN
    circle.back()
    assert circle.places() == {ROBIN: "now", SAM: "next", ALEX: "waiting"}
    circle.on()
    circle.on()
    circle.on()
    assert circle.round.over
    circle.back()
    assert circle.round.now == ALEX, "also after the last one"


def test_nobody_is_given_a_turn_back_who_is_away() -> None:
    circle = begun()
    circle.on()
    circle.meeting.do(c.Leave(), ROBIN)
    assert circle.staff()["back_to"] is None
    assert circle.meeting.refused(c.GoBackInRound(round=FIRST, turn=2), FAY) == "not_in_room"


def test_a_round_can_be_ended_early_and_ends_with_the_session() -> None:
    circle = begun()
    ended, closed = circle.meeting.do(c.CloseRound(round=FIRST), FAY)
    assert ended == v.TurnEnded(round=FIRST, person=ROBIN, how="spoke") and closed == v.RoundClosed(round=FIRST)
    assert circle.room() is None and circle.meeting.do(c.CloseRound(round=FIRST), FAY) == ()
    for ask in (c.MoveRoundOn(round=FIRST, turn=1), c.JoinRound(round=FIRST, person=SAM)):
        assert circle.meeting.refused(ask, FAY) == "round_over"
    circle.open("wrap_up")
    circle.meeting.end()
    assert circle.meeting.state.rounds.open is None


# --------------------------------------------------------------- who comes and goes


@pytest.mark.parametrize("go", [c.Leave(), c.QuickExit(), c.Shield(on=True)])
def test_who_goes_in_their_turn_loses_it_at_once_and_is_asked_when_back(go: c.PersonCommand) -> None:
    circle = begun()
    circle.meeting.do(go, ROBIN)
    circle.meeting.do(c.Tick())
    assert circle.round.now == SAM and circle.round.done == {}
    if isinstance(go, c.Shield):
        circle.meeting.do(c.Shield(on=False), ROBIN)
    else:
        circle.meeting.join(ROBIN)
    assert circle.own(ROBIN)["place"] == "next"
    circle.on(SAM)
    assert circle.round.now == ROBIN


def test_a_lost_line_is_waited_for() -> None:
    circle = begun()
    circle.meeting.lose(circle.sources[ROBIN])
    assert next_deadline(circle.meeting.state) == circle.meeting.now + AWAY_MS
    circle.meeting.later(seconds=8)
    circle.meeting.connect(ROBIN)
    assert circle.meeting.live(minutes=1) == [] and circle.round.now == ROBIN


def test_who_stays_away_is_stepped_over_and_asked_when_back() -> None:
    circle = begun(order=(ROBIN, SAM))
    circle.meeting.lose(circle.sources[ROBIN])
    events = circle.meeting.live(minutes=0.5)
    assert [type(each) for each in events] == [v.TurnEnded, v.TurnBegan]
    circle.on(SAM)
    assert not circle.round.over and circle.round.now is None
    assert [each["here"] for each in circle.staff()["line"]] == [True, False]
    circle.meeting.connect(ROBIN)
    (began,) = circle.meeting.live(minutes=0.5)
    assert isinstance(began, v.TurnBegan) and began.person == ROBIN
    assert circle.meeting.log[-1].at - circle.meeting.log[-2].at == SETTLE_MS


def test_moving_on_past_somebody_who_dropped_keeps_them_their_turn() -> None:
    circle = begun()
    circle.meeting.lose(circle.sources[ROBIN])
    ended, _ = circle.on()
    assert ended == v.TurnEnded(round=FIRST, person=ROBIN, how="left")


def test_another_server_takes_a_round_over_and_waits_for_who_has_the_turn() -> None:
    circle = begun()
    circle.meeting.take_over(after_seconds=9)
    assert circle.round.now == ROBIN
    for person in circle.sources:
        circle.meeting.later(seconds=1)
        circle.meeting.connect(person)
    assert circle.meeting.live(minutes=1) == [] and circle.round.now == ROBIN
    circle.on(ROBIN)
    assert circle.round.now == SAM


def test_a_facilitator_who_drops_stops_nobody() -> None:
    circle = begun()
    circle.meeting.lose(circle.sources[FAY])
    for person in (ROBIN, SAM, ALEX):
        circle.on(person)
    assert circle.round.over


# --------------------------------------------------------------- appreciation


def test_in_an_appreciation_round_each_has_somebody_before_them() -> None:
    circle = Circle()
    circle.open("appreciation")
    assert [circle.own(each)["about"] for each in (ROBIN, SAM, ALEX)] == [ALEX, ROBIN, SAM]
    circle.on()
    circle.later(ROBIN)
    assert circle.own(ROBIN)["about"] == ALEX


def test_it_goes_along_the_row_of_the_exercise_that_made_one() -> None:
    chain = Exercise(
        id=ExerciseId("chain"), version="2026-01", title="Chain", shape=Shape.CHAIN, about="…", care="…", minutes=5,
        steps=(Step(title="Say", text="Say it."),), grouping=Grouping.CHAIN,
    )  # fmt: skip
    circle = Circle(repertoire=Repertoire(exercises=(chain,)))
    for _ in range(2):
        circle.meeting.do(c.OpenExercise(exercise=chain.id), FAY)
        run = circle.meeting.state.practice.open
        assert run is not None
        circle.open("appreciation")
        assert circle.round.line == run.groups[0]
        assert circle.own(SAM)["about"] == run.partners(SAM)[0]
        circle.meeting.do(c.CloseRound(round=circle.round.round), FAY)
        circle.meeting.do(c.CloseExercise(run=run.run), FAY)
    assert len({each.line for each in circle.meeting.state.rounds.all}) == 2


# --------------------------------------------------------------- what is seen, and what is kept


def test_the_group_sees_neither_the_line_nor_who_passed() -> None:
    spoke, passed = begun(), begun()
    spoke.on(ROBIN)
    passed.pass_(ROBIN)
    for person in (SAM, ALEX):
        assert spoke.own(person) == passed.own(person)
    assert spoke.room() == passed.room()
    seen = json.dumps([spoke.room(), spoke.own(SAM)])
    assert ALEX not in seen and "spoke" not in seen
    assert spoke.own(ROBIN)["place"] == "spoke" and passed.own(ROBIN)["place"] == "passed"
    assert views.room_part(spoke.meeting.state, "outside")["round"] is None
    assert "rounds" in views.staff_part(spoke.meeting.state, spoke.meeting.now)


def test_that_somebody_spoke_or_passed_stands_in_their_note() -> None:
    circle = begun()
    circle.on(ROBIN)
    circle.pass_(SAM)
    circle.meeting.do(c.CloseRound(round=FIRST), FAY)
    circle.open("question", "What helped this week?")
    circle.on()
    circle.on()
    assert circle.noted(ROBIN) == "Check-in round: spoke; Round (“What helped this week?”): spoke"
    assert circle.noted(SAM) == "Check-in round: passed"
    assert circle.staff()["done"] == [
        {"round": FIRST, "kind": "check_in", "question": "", "spoke": 2, "passed": 1},
    ]


def test_a_replay_is_where_the_room_is() -> None:
    circle = begun()
    circle.later(ROBIN)
    circle.pass_(ALEX)
    circle.back()
    circle.meeting.do(c.ChooseNext(round=FIRST, person=SAM), FAY)
    assert replay(circle.meeting.log) == circle.meeting.state


def test_observers_see_the_line_and_have_no_part_in_it() -> None:
    circle = Circle()
    circle.sources[OLA] = circle.meeting.join(OLA)
    circle.open()
    assert OLA not in circle.round.line
    assert circle.meeting.refused(c.PassTurn(round=FIRST), OLA) == "not_allowed"
