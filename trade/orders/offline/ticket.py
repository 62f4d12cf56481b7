"""What a till without network noted with a sale: who sold which line, notes, and the basket put aside that it was."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field
from sqlalchemy.orm import Session

from trade.exceptions import cases
from trade.orders.held import moves as held
from trade.orders.numbers import number
from trade.orders.offline.document import Part
from trade.orders.ticket import notes, sellers
from trade.orders.ticket.sellers import Seller


class SellerSaid(Part):
    """A colleague, and their part of a line in basis points."""

    staff_id: int
    bp: int = Field(ge=1, le=10_000)


class LineNoted(Part):
    """What was noted with one line."""

    line_no: int = Field(ge=1)
    note: str = Field("", max_length=60)
    sellers: list[SellerSaid] = Field(default_factory=list, max_length=3)


class TicketSaid(Part):
    """What goes with the sale beside its prices."""

    held_id: str | None = Field(None, max_length=40)
    note: str = Field("", max_length=120)
    print_notes: bool = False
    lines: list[LineNoted] = Field(default_factory=list, max_length=500)


def keep(
    session: Session, store_id: int, order_id: int, said: TicketSaid, *,
    lines: int, till_id: int, staff_id: int, payable_fen: int, now: datetime,
) -> None:  # fmt: skip
    """Keep it with the order: it happened, so what of it is not sound is left out, and nothing is refused.

    A basket that another till has sold meanwhile was sold twice: that is on the exception desk with both orders.

    :param lines: how many the sale has.
    """
    real = [line for line in said.lines if line.line_no <= lines]
    texts = {0: said.note} | {line.line_no: line.note for line in real}
    notes.write(session, store_id, order_id, texts, printed=said.print_notes)
    by_line = {line.line_no: [Seller(one.staff_id, one.bp) for one in line.sellers] for line in real if line.sellers}
    if kept := sellers.known_among(session, store_id, by_line):
        sellers.replace(session, store_id, order_id, kept)
    if said.held_id is None:
        return
    twice = held.sell_as_fact(session, store_id, said.held_id, order_id, till_id=till_id, staff_id=staff_id, now=now)
    if twice is not None:
        cases.open(
            session, "duplicate", f"order:{order_id}", money_fen=payable_fen, cause="held_twice", now=now,
            facts={"order_no": number(store_id, order_id), "other_no": number(store_id, twice)},
            store_id=store_id, order_id=order_id,
        )  # fmt: skip
