"""Stored value in the demo's past: what the chain offers, top-ups at the counter, and baskets paid with it."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from config.db import transaction
from config.errors import Refused
from member import top_up_rules, wallet
from tests.demo.chain import Chain
from trade.orders import place
from trade.payments import top_ups

OFFERS = (
    ("T100", "充 100 送 5", 10_000, 500, "hq"),
    ("T300", "充 300 送 20", 30_000, 2_000, "hq"),
    ("T500", "充 500 送 50", 50_000, 5_000, "topping"),
)
TOPS_UP, PAYS = 0.05, 0.7


def offer(session: Session, *, now: datetime) -> None:
    """The chain's three offers; the biggest one is borne by the store that takes the money."""
    with transaction(session):
        for code, title, amount_fen, bonus_fen, bearer in OFFERS:
            top_up_rules.write(
                session, code, title, amount_fen=amount_fen, bonus_fen=bonus_fen, bearer=bearer, starts_at=now,
                actor="system:demo", now=now,
            )  # fmt: skip


class Purses:
    """Which members have stored value, and when they use it."""

    def __init__(self, session: Session, dice: random.Random) -> None:
        self.session, self.dice = session, dice
        self.owners: set[int] = set()

    def begin(self, chain: Chain, sale: place.TillSale, store_id: int, actor: str, at: datetime) -> None:
        """The people of the stand-in's phones have stored value from the first day on."""
        if not self.owners:
            for member_id, (_, _, amount_fen, _, _) in zip(chain.members[:6], OFFERS * 2, strict=True):
                self.top_up(store_id, sale, member_id, amount_fen, actor, at)

    def perhaps_top_up(
        self, store_id: int, sale: place.TillSale, member_id: int | None, actor: str, at: datetime
    ) -> None:
        """Now and then a member tops up before paying, with the notes that fit an offer."""
        if member_id is not None and self.dice.random() < TOPS_UP:
            self.top_up(store_id, sale, member_id, self.dice.choice(OFFERS)[2], actor, at)

    def top_up(
        self, store_id: int, sale: place.TillSale, member_id: int, amount_fen: int, actor: str, at: datetime
    ) -> None:
        """Cash into a wallet; nothing when the card is full."""
        counter = top_ups.Counter(store_id, sale.till_id, sale.shift_id, sale.staff_id)
        with suppress(Refused), transaction(self.session):
            top_ups.at_till(self.session, counter, member_id, amount_fen, received_fen=amount_fen, actor=actor, now=at)
            self.owners.add(member_id)

    def pays(self, basket: place.Basket, due_fen: int) -> place.Basket:
        """The basket, mostly with as much stored value as its member has; in a transaction of the sale."""
        if basket.member_id not in self.owners or self.dice.random() >= PAYS:
            return basket
        have = wallet.balance(self.session, basket.member_id).have.total_fen
        return replace(basket, wallet_fen=min(have, due_fen))
