"""`python -m server.bots LINK …`: one simulated participant for each link, until they are ended or interrupted."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

import click
import uvloop

from server.bots.participant import Participant

LINKS_MAX = 32
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Simulated people must not outlive the server that made them, however it ends."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            sys.exit(0)


async def _live(links: tuple[str, ...], media: bool) -> None:
    stop = asyncio.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    visits = [
        asyncio.create_task(
            Participant(link, number, media=media, wanders=number == len(links) - 1).live(arrive_after_s=0.4 * number)
        )
        for number, link in enumerate(links)
    ]
    stopped = asyncio.create_task(stop.wait())
    everybody = asyncio.create_task(_all_of(visits))
    await asyncio.wait({stopped, everybody}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stopped, everybody, *visits):
        task.cancel()
    await asyncio.gather(stopped, everybody, *visits, return_exceptions=True)


async def _all_of(visits: list[asyncio.Task[None]]) -> None:
    """Wait for every visit; one that breaks is told of and does not end the others."""
    for number, ended in enumerate(await asyncio.gather(*visits, return_exceptions=True)):
        if isinstance(ended, Exception):
            click.echo(f"Simulated participant {number} stopped: {type(ended).__name__}: {ended}", err=True)


@click.command()
@click.argument("links", nargs=-1, required=True)
@click.option("--media/--no-media", default=True, help="Publish picture and tone.")
def main(links: tuple[str, ...], media: bool) -> None:
    """Seat one simulated participant with each of LINKS (https://…/j/…)."""
    if len(links) > LINKS_MAX:
        raise click.UsageError(f"At most {LINKS_MAX} links.")
    _die_with_parent()
    uvloop.run(_live(links, media))


if __name__ == "__main__":
    main()
