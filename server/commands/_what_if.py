"""`python -m server ledger what-if PERSON`: a week as other rule sets would have it. Changes nothing."""

from __future__ import annotations

import json
from datetime import date, datetime

import click
from rich import box
from rich.console import Console
from rich.table import Table

from server.books import week_words
from server.catalog import Catalog, CatalogError, load_catalog
from server.cli import give_up
from server.clock import RoomClock
from server.operator import work_with_store
from server.projections.what_if import Ask, WhatIf
from server.store.ports import Store
from server.web import words

YEARS = range(2000, 9999)


@click.command()
@click.argument("person")
@click.option("--week", "day", metavar="YYYY-MM-DD", type=click.DateTime(["%Y-%m-%d"]), help="A day of it. Today's.")
@click.option("--rules", "rules_id", metavar="ID", help="One rule set, day by day. All of them, side by side.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(person: str, day: datetime | None, rules_id: str | None, as_json: bool) -> None:
    """What the week of PERSON (an id) would be under other rule sets. Reads only: posted entries stay as they are."""
    try:
        catalog = load_catalog()
    except CatalogError as error:
        give_up(str(error))
    if rules_id is not None and rules_id not in catalog.rules:
        give_up(f"There is no rule set {rules_id!r}. There are: {', '.join(catalog.rules)}.")
    if day is not None and day.year not in YEARS:
        give_up(f"The week should be one from the year {YEARS[0]} to {YEARS[-1]}.")
    at = None if day is None else day.date()
    work_with_store(lambda store: _what_if(store, catalog, person, at, rules_id, as_json))


async def _what_if(
    store: Store, catalog: Catalog, person: str, day: date | None, rules_id: str | None, as_json: bool
) -> int:
    found = await store.clinic.get_person(person)
    if found is None:
        known = ", ".join(each.person for each in await store.clinic.list_people()) or "nobody yet"
        click.echo(f"There is nobody with the id {person}. There are: {known}.", err=True)
        return 1
    ask = Ask(
        store, person=found.person, track=found.track, zone=found.zone, plans=catalog.plans, now=RoomClock().now()
    )
    at = day or ask.today
    told = [await ask.week(catalog.rules_on(id, at), at) for id in ([rules_id] if rules_id else catalog.rules)]
    if as_json:
        click.echo(json.dumps({"changes": "nothing", "what_if": [week_words.plain(each) for each in told]}, indent=2))
        return 0
    console = Console(width=None if Console().is_terminal else 140)
    if rules_id is not None:
        _print_one(console, told[0])
    else:
        _print_all(console, told)
    console.print(week_words.NOTHING_CHANGES, markup=False)
    return 0


def _print_one(console: Console, told: WhatIf) -> None:
    console.print(f"{told.person}, {week_words.range_of(told.week, words.IN_ENGLISH)}", markup=False)
    console.print(week_words.title(told.rules, words.IN_ENGLISH), markup=False)
    with_units = told.week.units is not None
    table = Table("day", "posted", "would be", *(["units"] if with_units else []), "counted day", box=box.SIMPLE)
    for row in week_words.day_rows(told, words.IN_ENGLISH):
        counted = "yes" if row["counted"] else "; ".join(["no", *row["instead"]])
        units = [str(row["units"])] if with_units else []
        table.add_row(row["date"], row["posted_text"], row["minutes_text"], *units, counted)
    if told.week.days:
        console.print(table)
    else:
        console.print("No signed session in this week.")
    for line in week_words.sentences(told, words.IN_ENGLISH):
        console.print(f"- {line}", markup=False)


def _print_all(console: Console, every: list[WhatIf]) -> None:
    console.print(f"{every[0].person}, track {every[0].track}", markup=False)
    table = Table(
        "rule set", "", "week", "posted", "would be", "units", "counted days", "floor", "", "gaps", box=box.SIMPLE
    )
    for told in every:
        week = told.week
        table.add_row(
            told.rules.id,
            "example" if told.rules.example else "",
            words.days(week.first, week.last),
            words.minutes(told.posted_min),
            words.minutes(week.minutes),
            "–" if week.units is None else str(week.units),
            str(week.counted_days),
            words.minutes(week.floor_min) if week.floor_min else "–",
            week_words.floor_word(week),
            str(len(week.gaps) or "–"),
        )
    console.print(table)
