"""A list of people as a file (server/books/rollfile.py)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.errors import Refusal
from facilitation.roll import ROWS_MAX
from server.books import rollfile
from server.books.rollfile import decode, parse

LIST = "name,email\nJosé Ejemplo,jose@example.org\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_that_says_how_its_letters_are_written_is_read_as_it_says(encoding: str) -> None:
    assert decode(LIST.encode(encoding)) == (LIST, "")


def test_old_letters_are_read_and_pointed_at() -> None:
    text, remark = decode(LIST.encode("cp1252"))
    assert text == LIST
    assert "accents" in remark


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04rest of a workbook",
        b"\xd0\xcf\x11\xe0old workbook",
        b"\x89PNG\r\n\x1a\n\x00",
        b"\xff\xfe\x00",
        b"\x81\x8d",
    ],
)
def test_what_is_no_list_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Refusal, match="bad_file"):
        decode(data)


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refusal, match="too_much"):
        decode(b"a" * (rollfile.BYTES_MAX + 1))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_cells_are_parted_by_what_the_heading_is_parted_by(separator: str) -> None:
    found = parse(f"name{separator}email\nSam{separator}sam@example.org\n")
    assert (found.heading, found.rows) == (("name", "email"), (("Sam", "sam@example.org"),))


def test_empty_lines_above_the_heading_do_not_hide_it_and_later_ones_keep_their_number() -> None:
    found = parse("\n\nname,email\n\nSam,s@example.org")
    assert found.heading == ("name", "email")
    assert found.rows == ((), ("Sam", "s@example.org"))


def test_a_quotation_that_never_closes_is_told_apart_from_a_long_name() -> None:
    with pytest.raises(Refusal, match="quotation mark"):
        parse('name,email\n"Sam,sam@example.org\n' + "x,y\n" * 2_000)


@pytest.mark.parametrize("text", ["", "  \n \n", "\ufeff", ",,\n,", '""'])
def test_nothing_is_said_to_be_nothing(text: str) -> None:
    with pytest.raises(Refusal, match="empty_text"):
        parse(text)


def test_too_many_rows_are_counted_no_further() -> None:
    with pytest.raises(Refusal, match="too_much"):
        parse("name,email\n" + "a,b\n" * (ROWS_MAX + 1))


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_a_refusal(data: bytes) -> None:
    try:
        text, _ = decode(data)
        found = parse(text)
    except Refusal:
        return
    assert found.heading
