"""`flask exceptions`: the desk for people and for scripts."""

from __future__ import annotations

import json

import click

from config import clock
from config.db import open_session, transaction
from trade.exceptions import cases, read


@click.command("exceptions")
@click.option("--take", "taken", type=int, metavar="ID", help="answer for an exception; needs --who")
@click.option("--resolve", "resolved", type=int, metavar="ID", help="close an exception; needs --who and --note")
@click.option("--who", default="", help="whose name the desk shows")
@click.option("--note", default="", help="what it was")
def desk(taken: int | None, resolved: int | None, who: str, note: str) -> None:
    """List what waits for an explanation, or take or close one."""
    if ((taken or resolved) and not who) or (resolved and not note):
        raise click.UsageError("--take needs --who; --resolve needs --who and --note")
    with open_session() as session, transaction(session):
        if taken:
            cases.take(session, taken, actor=who, now=clock.now())
        if resolved:
            cases.resolve(session, resolved, note, actor=who, now=clock.now())
        for row in read.still_open(session):
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
