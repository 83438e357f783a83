"""Pages of long lists (server/web/lists.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.requests import Request

from facilitation.ids import PersonId
from facilitation.people import Role
from server.web.auth import Visitor
from server.web.lists import WORDS_CHARS_MAX, Asked, address, asked, leaf, ways

ME = Visitor(person=PersonId("p-ada"), role=Role.ADMINISTRATOR, name="Ada", number=1)


def request(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def test_a_list_is_cut_into_pages_without_losing_or_doubling_a_row() -> None:
    every = list(range(123))
    pages = [leaf(every, number, shown=50) for number in (1, 2, 3)]
    assert [row for page in pages for row in page.rows] == every
    assert [(page.first, page.last, page.total, page.count) for page in pages] == [
        *((1, 50, 123, 3), (51, 100, 123, 3), (101, 123, 123, 3))
    ]


def test_a_page_behind_the_end_is_the_last_one() -> None:
    assert leaf(list(range(60)), 9_999_999).rows == list(range(50, 60))
    empty = leaf([], 3)
    assert (empty.rows, empty.number, empty.count, empty.first, empty.last) == ([], 1, 1, 0, 0)


@pytest.mark.parametrize("page", ["", "0", "-1", "x", "1e9", "99999999", "１", "2.5", "1\n"])
def test_what_is_no_page_is_the_first(page: str) -> None:
    from urllib.parse import urlencode

    assert asked(request(urlencode({"page": page}))).page == 1


def test_a_search_is_bounded_and_every_word_of_it_must_fit() -> None:
    found = asked(request("q=" + "x" * 500))
    assert len(found.text) == WORDS_CHARS_MAX
    search = Asked(text="  SAM  example ")
    assert search.fits("sam example") and search.fits("example, sam") and not search.fits("sam sample")
    assert Asked().fits("whoever")


def test_the_ways_to_other_pages_keep_what_was_asked_and_the_seat() -> None:
    third = ways("/people", leaf(list(range(500)), 3), replace(ME, number=2), q="sam & co", role="")
    assert third["before"] == "/people?seat=2&q=sam+%26+co&page=2"
    assert third["after"] == "/people?seat=2&q=sam+%26+co&page=4"
    second = ways("/people", leaf(list(range(60)), 2), ME)
    assert (second["before"], second["after"]) == ("/people", "")
    assert address("", ME, q="") == ""
