"""A drawer in words of the trade, over the domain functions."""

from __future__ import annotations

import uuid

from sqlalchemy import text

from config.db import transaction
from tests import factories as make
from tests.stories import Story
from trade.orders.offline import delivery
from trade.orders.shifts import cash, moves, read, z
from trade.orders.shifts.figures import of
from trade.stores import tills


def deliver(story, *bodies):
    found = []
    for body in bodies:
        with transaction(story.session) as opened:
            shop = story.shop
            found.append(delivery.deliver(opened, shop.store_id, shop.till_id, body, 0, now=story.now).state)
    return found


def do(story: Story, step, *given, **named):
    return story.do(step, story.shop.store_id, *given, **named)


def move(story, kind, fen, goes_to=None):
    with transaction(story.session) as opened:
        held = read.held_open(opened, till(story))
        assert held is not None
        cash.note(
            opened, story.shop.store_id, held, kind, fen, goes_to=goes_to, reason="买水", staff_id=1,
            request_id=str(uuid.uuid4()), actor="staff:1", now=story.now,
        )  # fmt: skip


def till(story):
    return tills.TillCard(story.shop.till_id, "1号机", story.shop.store_id, "通店")


def count(story, fen, **named):
    return do(story, moves.count, story.shop.shift_id, 1, make.pieces(fen), **named)


def keep(story):
    return do(story, moves.move, story.shop.shift_id, "keep", {})


def zs(story, shift_id=None):
    with transaction(story.session) as opened:
        return z.read(opened, story.shop.store_id, shift_id or story.shop.shift_id)


def figures(story):
    with transaction(story.session) as opened:
        return of(opened, story.shop.store_id, story.shop.shift_id)


def everything(story):
    """What a refusal must leave as it was."""
    with transaction(story.session) as opened:
        said = "SELECT (SELECT json_agg(s ORDER BY id) FROM shift s), (SELECT json_agg(z) FROM shift_z z),"
        said += " (SELECT json_agg(c ORDER BY no) FROM shift_count c), (SELECT count(*) FROM journal)"
        return tuple(opened.execute(text(said)).one())
