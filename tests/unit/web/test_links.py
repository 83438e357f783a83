"""Links and tickets: what they prove, and that nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.ids import ClinicId, PersonId, SessionId
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from server.web.links import LINK_CHARS_MAX, BadLink, Links, Seat

NOW = Instant(1_760_000_000_000)
OLD = "the key of last year, which was long enough too"
NEW = "the key of this year, long enough for everybody"
DEMO = ClinicId("demo")


def seat(*, hours: int = 24) -> Seat:
    until = Instant(NOW + hours * HOUR_MS)
    return Seat(session=SessionId("s-1"), person=PersonId("p-robin"), role=Role.PARTICIPANT, until=until)


def refusal(links: Links, text: str, *, now: Instant = NOW) -> BadLink:
    with pytest.raises(BadLink) as error:
        links.open_link(text, now=now)
    return error.value


def test_a_link_proves_the_seat_it_was_made_for() -> None:
    links = Links([NEW], clinic=DEMO)
    assert links.open_link(links.link(seat()), now=NOW) == seat()


def test_a_link_opens_until_the_very_moment_it_expires() -> None:
    links = Links([NEW], clinic=DEMO)
    link = links.link(seat(hours=1))
    assert links.open_link(link, now=Instant(NOW + HOUR_MS - 1)) == seat(hours=1)
    expired = refusal(links, link, now=Instant(NOW + HOUR_MS))
    assert expired.code == "expired_link"
    assert expired.text == "This link has expired. Ask your clinic for a new one."


def test_a_link_of_the_old_key_opens_after_a_change_and_not_when_the_key_is_gone() -> None:
    sent_last_year = Links([OLD], clinic=DEMO).link(seat())
    assert Links([NEW, OLD], clinic=DEMO).open_link(sent_last_year, now=NOW) == seat()
    assert refusal(Links([NEW], clinic=DEMO), sent_last_year).code == "bad_link"


def test_after_a_change_new_links_are_signed_by_the_new_key() -> None:
    made = Links([NEW, OLD], clinic=DEMO).link(seat())
    assert Links([NEW], clinic=DEMO).open_link(made, now=NOW) == seat()


def test_a_link_of_another_clinic_does_not_open_even_under_the_same_key() -> None:
    alien = Links([NEW], clinic=ClinicId("elsewhere")).link(seat())
    assert refusal(Links([NEW], clinic=DEMO), alien).code == "bad_link"


def test_a_link_is_no_ticket_and_a_ticket_is_no_link() -> None:
    links = Links([NEW], clinic=DEMO)
    assert refusal(links, links.ticket(seat())).code == "bad_link"
    with pytest.raises(BadLink):
        links.open_ticket(links.link(seat()), now=NOW)


def test_a_link_with_any_one_character_changed_does_not_open() -> None:
    links = Links([NEW], clinic=DEMO)
    link = links.link(seat())
    for place, was in enumerate(link[:-1]):  # the last one carries spare bits
        changed = link[:place] + ("A" if was != "A" else "B") + link[place + 1 :]
        assert refusal(links, changed).code == "bad_link"


@given(st.text(max_size=200) | st.just("A" * (LINK_CHARS_MAX + 1)))
def test_rubbish_is_refused_in_words(text: str) -> None:
    assert refusal(Links([NEW], clinic=DEMO), text).code == "bad_link"


def test_a_short_signing_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Links(["short"], clinic=DEMO)
