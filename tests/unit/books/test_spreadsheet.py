"""CSV that every reader takes and no spreadsheet runs (server/books/spreadsheet.py)."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.books.spreadsheet import FORMULA, ROWS_A_CHUNK, encode, safe

text = st.text()


def read(chunks: list[bytes]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8-sig"), newline="")))


def test_the_first_row_names_the_columns_after_a_mark_and_every_field_is_quoted() -> None:
    written = b"".join(encode(["person", "minutes"], [('Zoë; “Example”, "Jr"', 171), ("", 0)]))
    assert written == (
        b'\xef\xbb\xbf"person","minutes"\r\n"Zo\xc3\xab; \xe2\x80\x9cExample\xe2\x80\x9d, ""Jr""","171"\r\n"","0"\r\n'
    )


@pytest.mark.parametrize(
    "attack",
    [
        '=HYPERLINK("https://x.test","click")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r\n=1+1",
        "  =1+1",
        "\u200b=1+1",
        "\ufeff=1+1",
        "\x00=1+1",
        "＝1+1",
    ],
)
def test_what_could_be_a_formula_begins_with_an_apostrophe(attack: str) -> None:
    assert safe(attack).startswith("'")
    [[field]] = read(list(encode(["a"], [(attack,)])))[1:]
    assert field == safe(attack)


def test_numbers_of_our_own_are_left_alone() -> None:
    assert read(list(encode(["minutes"], [(-20,)])))[1] == ["-20"]
    assert safe("2026-11-24") == "2026-11-24"


@given(st.lists(st.tuples(text, text, st.integers()), max_size=5))
def test_whatever_is_written_is_one_row_a_row_and_never_a_formula(rows: list[tuple[str, str, int]]) -> None:
    found = read(list(encode(["a", "b", "c"], rows)))
    assert found[0] == ["a", "b", "c"]
    assert len(found) == len(rows) + 1
    for fields, row in zip(found[1:], rows, strict=True):
        assert len(fields) == 3 and fields[2] == str(row[2])
        for field in fields[:2]:
            assert field.strip()[:1] not in FORMULA or field.strip() == ""
            assert "\n" not in field and "\r" not in field


def test_a_long_file_comes_in_pieces() -> None:
    chunks = list(encode(["n"], ((n,) for n in range(3 * ROWS_A_CHUNK + 1))))
    assert len(chunks) == 5
    assert len(read(chunks)) == 3 * ROWS_A_CHUNK + 2
