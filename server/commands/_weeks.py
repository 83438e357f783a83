"""`python -m server ledger weeks`: everybody's week as it stands, who needs help first. Changes nothing."""

from __future__ import annotations

import json

import click
from rich import box
from rich.console import Console
from rich.table import Table

from server.books import meter_words
from server.catalog import Catalog, CatalogError, load_catalog
from server.cli import give_up
from server.clock import RoomClock
from server.operator import work_with_store
from server.projections.meters import Meters
from server.store.ports import Store
from server.web import words


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def command(as_json: bool) -> None:
    """Everybody's week: signed, waiting for a signature, still possible; who will miss their floor stands first."""
    try:
        catalog = load_catalog()
    except CatalogError as error:
        give_up(str(error))
    work_with_store(lambda store: _weeks(store, catalog, as_json))


async def _weeks(store: Store, catalog: Catalog, as_json: bool) -> int:
    meters = meter_words.by_need(await Meters(store, catalog=catalog, clock=RoomClock()).everybody())
    if as_json:
        click.echo(json.dumps({"weeks": [meter_words.plain(meter) for meter in meters]}, indent=2))
        return 0
    if not meters:
        click.echo("There is nobody yet.")
        return 0
    table = Table("person", "week", "signed", "waiting", "possible", "floor", "", box=box.SIMPLE)
    for meter in meters:
        week = meter.week
        table.add_row(
            meter.person.person,
            words.days(week.first, week.last),
            words.minutes(week.minutes),
            words.minutes(meter.waiting_min),
            words.minutes(week.possible_min),
            words.minutes(week.floor_min) if week.floor_min else "–",
            meter_words.LABELS[meter.outlook],
        )
    Console(width=None if Console().is_terminal else 140).print(table)
    return 0
