"""`flask prove`: the books on demand, for people and for scripts."""

from __future__ import annotations

import json
from typing import Any

import click

from config import clock
from config.db import open_session
from trade.books import nightly
from trade.books.registry import BOOKS, Proved


def _table(proved: list[Proved]) -> str:
    lines = [f"{'book':<12}{'rows':>12}{'differences':>14}{'at stake':>16}{'seconds':>10}"]
    for one in proved:
        stake = f"{one.at_stake} {one.unit}" if one.rows else "-"
        seconds = f"{one.took_ms // 1000}.{one.took_ms % 1000:03d}"
        lines.append(f"{one.book:<12}{one.checked:>12}{len(one.rows):>14}{stake:>16}{seconds:>10}")
    lines += [f"{one.book}: {key}" for one in proved for key in one.keys[:20]]
    return "\n".join(lines)


@click.command("prove")
@click.option("--json", "as_json", is_flag=True, help="print one JSON document instead of a table")
@click.option("--book", "only", multiple=True, type=click.Choice(list(BOOKS)), help="prove only this book; repeatable")
def prove(as_json: bool, only: tuple[str, ...]) -> None:  # noqa: FBT001 - click gives it by name
    """Prove that every book agrees; exit code 1 when one does not."""
    proved = nightly.run(open_session, actor="shell", now=clock.now(), only=only)
    differ = any(one.rows for one in proved)
    if as_json:
        told: dict[str, Any] = {"agree": not differ, "books": [one.as_json() for one in proved]}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))
    else:
        click.echo(_table(proved))
    raise SystemExit(1 if differ else 0)
