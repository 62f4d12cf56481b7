"""Loads the demo chain into an empty database, through the domain functions."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from config import journal
from config.db import transaction
from config.settings import settings
from tests.demo import chain as making
from tests.demo import coupons, history, pictures, promotions, talks, wallets
from tests.demo.chain import Chain, Say
from tests.demo.goods import articles
from tests.wechat_stand_in.world import PEOPLE, World
from trade.stores.models import Store
from workers.jobs import count_growth, give_coupons, project_availability, refresh_segments
from workers.routes import ALSO, OFFERED

SEED = 20261123


def is_loaded(session: Session) -> bool:
    """Whether the chain is there already."""
    there = session.scalar(select(func.count()).select_from(Store))
    session.rollback()
    return bool(there)


def load(session: Session, stand_in: Path, *, now: datetime, say: Say) -> None:
    """Stores, goods, members, sixty days of trade, and what the chain offers now.

    Runs before the product and the stand-in start: it writes the stand-in's books as well.
    """
    dice = random.Random(SEED)
    known, goods = Chain(), articles()
    since = now - timedelta(days=making.DAYS + 2)
    say("stores, tills and staff")
    making.open_stores(session, known)
    making.hang_codes(session, known, now=since)
    making.publish_freight(session, now=now)
    say(f"{len(goods)} products")
    making.list_goods(session, known, goods, since=since - timedelta(days=1))
    making.fill_shelves(session, known, dice, now=since)
    say(f"{making.MEMBERS} members")
    making.set_tiers(session, now=since)
    making.enrol(session, known, dice, now=since)
    wallets.offer(session, now=since)
    known.offers = coupons.offer(session, now=since)
    past = history.Past(session, known, World(stand_in), dice)
    history.live(past, now=now, say=say, settle=lambda at: _drain(session, at))
    coupons.hand_out(session, known.members[: len(PEOPLE)], known.offers, now=now)
    say(f"{len(promotions.run(session, now=now))} promotions")
    talks.write(session, now=now)
    say("who is in which segment")
    refresh_segments.run(now=now)
    _drain(session, now)


def draw() -> None:
    """The goods' pictures, drawn anew (under a second)."""
    pictures.write_all(articles(), settings().var_dir / "pictures")


def _drain(session: Session, now: datetime) -> None:
    """Let the effects of the past happen now, as relay and workers would."""
    jobs: dict[str, Callable[[list[int]], int]] = {
        "project_availability": project_availability.run,
        "count_growth": partial(count_growth.run, now=now),
        "give_coupons": partial(give_coupons.run, now=now),
    }
    kinds = [kind for kind, (_, job) in OFFERED.items() if job in jobs]
    while True:
        with transaction(session):
            rows = journal.lease(session, kinds, now=now, most=500, also=ALSO)
        if not rows:
            return
        for name, run in jobs.items():
            if mine := [row_id for row_id, kind in rows if OFFERED[kind][1] == name]:
                run(mine)
