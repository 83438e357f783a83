"""Disclosures: when two are the same one, and what cannot be one (facilitation/disclosures.py)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from facilitation.disclosures import PEOPLE_MAX, REASON_CHARS_MAX, SAME_WITHIN_MS, Disclosure, Purpose, disclose
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.timebase import Instant

FAY, ROBIN, SAM = PersonId("p-fay"), PersonId("p-robin"), PersonId("p-sam")
AT = Instant(1_795_561_200_000)  # a round ten minutes


def made(**changed: Any) -> Disclosure:
    asked: dict[str, Any] = {
        "clinic": "demo",
        "by": FAY,
        "at": AT,
        "what": "hours",
        "first": date(2026, 11, 1),
        "last": date(2026, 11, 30),
        "about": (ROBIN,),
        "purpose": Purpose.PAYMENT,
        "reason": "",
        "form": "f-1",
    }
    return disclose(**(asked | changed))


def test_the_same_form_sent_twice_at_once_is_one_disclosure() -> None:
    assert made(at=AT + SAME_WITHIN_MS - 1).disclosure == made().disclosure
    assert made(about=(SAM, ROBIN, ROBIN)) == made(about=(ROBIN, SAM))


@pytest.mark.parametrize(
    "changed",
    [
        {"at": AT + SAME_WITHIN_MS},
        {"form": "f-2"},
        {"by": PersonId("p-cody")},
        {"clinic": "other"},
        {"what": "notes"},
        {"first": None},
        {"last": date(2026, 11, 29)},
        {"about": (ROBIN, SAM)},
        {"purpose": Purpose.TREATMENT},
        {"reason": "Asked by the insurer"},
    ],
)
def test_anything_else_makes_it_another_one(changed: dict[str, Any]) -> None:
    assert made(**changed).disclosure != made().disclosure


def test_a_reason_is_kept_on_one_line() -> None:
    assert made(reason="  For\r\n the\tinsurer ").reason == "For the insurer"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"purpose": Purpose.OTHER}, "Say in a few words"),
        ({"purpose": Purpose.OTHER, "reason": " \n "}, "Say in a few words"),
        ({"reason": "x" * (REASON_CHARS_MAX + 1)}, "too long"),
        ({"last": date(2026, 10, 31)}, "before the first"),
        ({"purpose": Purpose.OWN}, "needs a reason"),
        ({"about": [PersonId(f"p-{n}") for n in range(PEOPLE_MAX + 1)]}, "choose fewer days"),
    ],
)
def test_what_cannot_be_one_is_refused_in_words(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        made(**changed)


def test_ones_own_copy_needs_no_reason() -> None:
    assert made(by=ROBIN, purpose=Purpose.OWN).reason == ""
