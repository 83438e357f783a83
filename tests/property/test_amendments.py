"""However often hours are corrected and amended: the sum of the ledger is what stands, and what stands is the log's."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from facilitation.crediting import credit
from facilitation.ids import PersonId
from facilitation.timebase import Instant
from server.projections.hours import SessionHours
from server.store import hours
from server.store.hours import HoursFacts
from tests.support.sessions import STARTED, Scribe, amend, correct, signed_session

AT = Instant(STARTED)
PEOPLE = ("p-robin", "p-sam", "p-noor", "p-kim")

corrections = st.tuples(
    st.sampled_from(PEOPLE), st.integers(0, 1_400), st.integers(1, 600), st.booleans(), st.booleans()
)
"""Whose, from which second, for how many, present or not, and whether it is amended at once."""


def lived(changes: list[tuple[str, int, int, bool, bool]]) -> tuple[Scribe, dict[str, int]]:
    """An evening, signed, corrected and amended; and each one's minutes when their hours were last posted."""
    scribe, seconds = signed_session(), count(1_700)
    minutes = {person: credit(scribe.state, PersonId(person)).countable_min for person in PEOPLE}
    for person, start, length, present, amends in changes:
        correct(scribe, next(seconds), person, start, min(start + length, 1_500), present=present)
        if amends:
            amend(scribe, next(seconds), person, "As it was.")
            minutes[person] = credit(scribe.state, PersonId(person)).countable_min
    return scribe, minutes


def posted(scribe: Scribe) -> dict[str, list[HoursFacts]]:
    told, made = SessionHours(), dict[str, list[HoursFacts]]()
    for record in scribe.records:
        for facts in told.posts(record):
            made.setdefault(facts.person, []).append(facts)
        told.add(record, f"{record.seq:064x}")
    return made


@given(st.lists(corrections, max_size=12))
def test_the_sum_of_all_entries_is_the_one_that_stands(changes: list[tuple[str, int, int, bool, bool]]) -> None:
    scribe, minutes = lived(changes)
    for person, facts in posted(scribe).items():
        chain = [entry for entry, _ in hours.chained(facts, after=0, previous=hours.genesis(person), posted_at=AT)]
        (stands,) = hours.standing(chain)
        for figure in ("countable_min", "counted_ms", "present_ms", "gap_credit_ms", "corrected_ms"):
            assert sum(getattr(each, figure) for each in facts) == getattr(stands.facts, figure), figure
        assert stands.facts.countable_min == minutes[person]
        assert stands is chain[-1]


@given(st.lists(corrections, max_size=12))
def test_every_entry_has_a_name_of_its_own_and_corrects_the_one_that_stood(
    changes: list[tuple[str, int, int, bool, bool]],
) -> None:
    scribe, _ = lived(changes)
    everything = posted(scribe)
    names = [facts.entry for chain in everything.values() for facts in chain]
    assert len(set(names)) == len(names)
    for first, *later in everything.values():
        stood = first
        for back, instead in zip(later[::2], later[1::2], strict=True):
            assert (back.kind, back.corrects, instead.kind, instead.corrects) == (
                *("reversal", stood.entry),
                *("session", stood.entry),
            )
            stood = instead
    assert posted(scribe) == everything
