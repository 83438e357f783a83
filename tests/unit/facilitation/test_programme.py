"""Programmes are data: what they may say, and what a session without one means."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from facilitation.errors import Refusal
from facilitation.events import SessionOpened
from facilitation.programme import PLAIN, Programme, check_programme, policy_words
from server.catalog import load_catalog
from server.store.codec import decode, encode
from tests.support.meeting import RULES, Meeting

TEENS = load_catalog().programmes["teen-iop"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"track": "elder"}, "no such track: 'elder'; there are adult, teen"),
        ({"note_format": "poem"}, "no such format of notes: 'poem'; there are birp, dap, girp, soap, text"),
        ({"note_due_h": 0}, "note_due_h is 0, and should be from 1 to 744"),
        ({"late_after_min": 0}, "late_after_min is 0"),
        ({"early_before_min": 121}, "early_before_min is 121"),
        ({"away_after_min": -1}, "away_after_min is -1"),
        ({"prompt_answer_s": 5}, "prompt_answer_s is 5"),
        ({"prompt_every_min": (4, 10)}, "the first of prompt_every_min is 4"),
        ({"prompt_every_min": (20, 10)}, "the second of prompt_every_min is 10, and should be from 20"),
        ({"prompt_every_min": (5, 10), "prompt_answer_s": 300}, "more time to answer than there is between"),
        ({"title": "x" * 121}, "too long"),
    ],
)
def test_a_mistake_in_a_programme_is_said_in_words_and_opens_no_session(fields: dict[str, Any], said: str) -> None:
    spoilt = replace(TEENS, **fields)
    with pytest.raises(Refusal) as caught:
        check_programme(spoilt)
    assert said in caught.value.text
    with pytest.raises(Refusal):
        Meeting(programme=spoilt)


@pytest.mark.parametrize("programme", [PLAIN, *load_catalog().programmes.values()], ids=lambda each: each.id)
def test_every_programme_that_ships_can_open_a_session_and_says_its_policy(programme: Programme) -> None:
    check_programme(programme)
    words = " ".join(map(str, policy_words(programme, RULES)))
    assert f"from {programme.late_after_min} min" in words
    assert ("still here" in words) and ("Nobody is asked" in words) == (programme.prompt_every_min is None)


def test_a_session_keeps_the_whole_programme_it_was_opened_with() -> None:
    meeting = Meeting(programme=TEENS)
    assert meeting.state.session is not None and meeting.state.session.programme == TEENS
    assert decode(encode(meeting.log[0])) == meeting.log[0]


def test_a_log_from_before_there_were_programmes_means_the_plain_one() -> None:
    line = msgspec.json.decode(encode(Meeting().log[0]))
    del line["data"]["programme"]
    opened = decode(msgspec.json.encode(line)).event
    assert isinstance(opened, SessionOpened) and opened.programme == PLAIN
