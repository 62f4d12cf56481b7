"""The only writer of the states of tenders and refunds (rules: wechat.md 2.6 and 2.9).

tender   created -> prepaid -> paid            a success that nothing waits for is `late`: it becomes the order's
              \\-> closing -> closed | paid     money again (`paid`), or is refunded in full and stays `late`
         closed -> late -> paid
refunds  are made here and moved on in `refunds/moves.py`
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first

ASK_AFTER = (5, 15, 30, 60, 100)
"""Seconds between questions to WeChat while an attempt is open: what was paid is found within two minutes."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What WeChat says of a finished payment, checked and decrypted."""

    trade_no: str
    transaction_id: str
    amount_fen: int
    payer: str


_OPEN = text(
    "SELECT * FROM tender WHERE store_id = :store AND order_id = :order AND state IN ('created', 'prepaid', 'closing')"
)
_NEW = text(
    """
    WITH next AS (SELECT nextval(pg_get_serial_sequence('tender', 'id')) AS id)
    INSERT INTO tender (store_id, id, order_id, kind, way, state, amount_fen, received_fen, change_fen, trade_no, payer,
                        created_at, expires_at, ask_at, asked)
    SELECT :store, next.id, :order, 'wechat', 'jsapi', 'created', :amount, 0, 0,
           'TD' || lpad(:order ::text, 10, '0') || 'A' || next.id, :payer, :now, :expires, :ask, 0
    FROM next ON CONFLICT DO NOTHING RETURNING *""".replace(":order ::text", "CAST(:order AS text)")
)


def intend(
    session: Session, store_id: int, order_id: int, amount_fen: int, *, payer: str, now: datetime, expires_at: datetime
) -> Any:
    """The open WeChat attempt of an order, made when there is none; returns its row.

    Two callers at once get the same attempt: the partial unique index lets one insert.
    """
    key = {"store": store_id, "order": order_id}
    found = first(session, _OPEN, key)
    if found is None:
        session.execute(
            _NEW,
            {
                **key,
                "amount": amount_fen,
                "payer": payer,
                "now": now,
                "expires": expires_at,
                "ask": now + timedelta(seconds=ASK_AFTER[0]),
            },
        )
        found = fetch(session, _OPEN, key)[0]
    return found


_OPEN_TOP_UP = text(
    "SELECT * FROM tender WHERE store_id = :store AND top_up_id = :top_up"
    " AND state IN ('created', 'prepaid', 'closing')"
)
_NEW_TOP_UP = text("""
    WITH next AS (SELECT nextval(pg_get_serial_sequence('tender', 'id')) AS id)
    INSERT INTO tender (store_id, id, top_up_id, kind, way, state, amount_fen, received_fen, change_fen, trade_no,
                        payer, created_at, expires_at, ask_at, asked)
    SELECT :store, next.id, :top_up, 'wechat', 'jsapi', 'created', :amount, 0, 0,
           'TU' || lpad(CAST(:top_up AS text), 10, '0') || 'A' || next.id, :payer, :now, :expires, :ask, 0
    FROM next ON CONFLICT DO NOTHING RETURNING *""")


def intend_top_up(session: Session, top_up: Any, *, payer: str, now: datetime) -> Any:
    """The open WeChat attempt of a top-up, made when there is none; returns its row.  Two at once get the same."""
    key = {"store": top_up.store_id, "top_up": top_up.id}
    found = first(session, _OPEN_TOP_UP, key)
    if found is None:
        ask = now + timedelta(seconds=ASK_AFTER[0])
        given = {"amount": top_up.principal_fen, "payer": payer, "now": now, "expires": top_up.pay_by, "ask": ask}
        fetch(session, _NEW_TOP_UP, key | given)
        found = fetch(session, _OPEN_TOP_UP, key)[0]
    return found


def open_top_up_tender(session: Session, store_id: int, top_up_id: int) -> Any | None:
    """The WeChat attempt of a top-up that could still be paid, if there is one."""
    return first(session, _OPEN_TOP_UP, {"store": store_id, "top_up": top_up_id})


_PREPAID = text(
    "UPDATE tender SET state = 'prepaid', prepay_id = :prepay WHERE store_id = :store AND id = :id"
    " AND state = 'created' RETURNING id"
)
_CLOSING = text(
    "UPDATE tender SET state = 'closing', ask_at = :now WHERE store_id = :store AND id = :id"
    " AND state IN ('created', 'prepaid') RETURNING id"
)
_CLOSED = text(
    "UPDATE tender SET state = 'closed', ask_at = NULL WHERE store_id = :store AND id = :id"
    " AND state = 'closing' RETURNING id"
)
_PAID = text("""
    UPDATE tender SET state = 'paid', transaction_id = :transaction, paid_at = :now, ask_at = NULL
    WHERE trade_no = :trade_no AND state IN ('created', 'prepaid', 'closing')
      AND (way = 'jsapi' OR state <> 'closing' OR asked = CAST(:claim AS bigint))
    RETURNING store_id, id, order_id, top_up_id""")
_LATE = text("""
    UPDATE tender SET state = 'late', transaction_id = :transaction, paid_at = CAST(:now AS timestamptz), ask_at = NULL
    WHERE store_id = :store AND id = :id AND state = :after RETURNING id""")
_TAKEN = text("UPDATE tender SET state = 'paid' WHERE store_id = :store AND id = :id AND state = 'late' RETURNING id")
_BY_NO = text("SELECT * FROM tender WHERE trade_no = :trade_no")
_LATER = text(
    "UPDATE tender SET ask_at = :at, asked = asked + 1 WHERE store_id = :store AND id = :id"
    " AND state IN ('created', 'prepaid', 'closing')"
)


def prepaid(session: Session, store_id: int, tender_id: int, prepay_id: str) -> None:
    """WeChat knows the attempt."""
    session.execute(_PREPAID, {"store": store_id, "id": tender_id, "prepay": prepay_id})


def closing(session: Session, store_id: int, tender_id: int, *, now: datetime) -> None:
    """We are about to close the attempt at WeChat; its stock stays held until WeChat agrees."""
    session.execute(_CLOSING, {"store": store_id, "id": tender_id, "now": now})


def closed(session: Session, store_id: int, tender_id: int) -> bool:
    """WeChat confirmed that nobody can pay any more; False when it was paid meanwhile."""
    return first(session, _CLOSED, {"store": store_id, "id": tender_id}) is not None


def paid(session: Session, fact: Paid, *, now: datetime, claim: int | None = None) -> Any | None:
    """Mark the attempt paid; returns (store_id, id, order_id, top_up_id), or None when it is not open any more.

    A payment code that is being reversed is paid only by the holder of its `claim` (`codes/moves.py`).
    """
    given = {"trade_no": fact.trade_no, "transaction": fact.transaction_id, "now": now, "claim": claim}
    return first(session, _PAID, given)


def late(session: Session, tender: Any, fact: Paid, *, after: str, now: datetime) -> bool:
    """Note money that nothing waits for; False on a repeat.

    :param after: `closed`, or `paid` when this very transaction marked it so and then found nothing that waits.
    """
    given = {"store": tender.store_id, "id": tender.id, "transaction": fact.transaction_id, "now": now}
    given["after"] = after
    return first(session, _LATE, given) is not None


def taken(session: Session, store_id: int, tender_id: int) -> bool:
    """Late money is its order's after all; False when it is not late any more."""
    return first(session, _TAKEN, {"store": store_id, "id": tender_id}) is not None


def by_trade_no(session: Session, trade_no: str) -> Any | None:
    """The attempt of one merchant order number."""
    return first(session, _BY_NO, {"trade_no": trade_no})


def ask_later(session: Session, store_id: int, tender_id: int, asked: int, *, now: datetime) -> None:
    """Plan the next question to WeChat about an open attempt."""
    wait_s = ASK_AFTER[min(asked + 1, len(ASK_AFTER) - 1)]
    session.execute(_LATER, {"store": store_id, "id": tender_id, "at": now + timedelta(seconds=wait_s)})


_REFUND = text("""
    WITH next AS (SELECT nextval(pg_get_serial_sequence('refund', 'id')) AS id)
    INSERT INTO refund (store_id, id, tender_id, order_id, top_up_id, return_id, shift_id, kind, state, amount_fen,
                        refund_no, reason, created_at, done_at, ask_at, asked)
    SELECT :store, next.id, :tender, CAST(:order AS bigint), CAST(:top_up AS bigint), :return_id, :shift, :kind,
           :state, :amount,
           CASE WHEN :kind = 'wechat' THEN coalesce(CAST(:number AS text), 'R' || next.id) END, :reason, :now,
           CASE WHEN :state = 'done' THEN CAST(:now AS timestamptz) END,
           CASE WHEN :kind = 'wechat' THEN greatest(CAST(:now AS timestamptz),
               (SELECT max(greatest(r.created_at, r.ask_at)) + interval '1 minute' FROM refund r JOIN tender t
                    ON t.store_id = r.store_id AND t.id = r.tender_id
                WHERE r.kind = 'wechat' AND ((t.store_id, t.id) = (CAST(:paid_store AS bigint), CAST(:paid AS bigint))
                    OR (t.root_store_id, t.root_id) = (CAST(:paid_store AS bigint), CAST(:paid AS bigint)))))
           END, 0
    FROM next ON CONFLICT (refund_no) DO NOTHING RETURNING id""")


def refund(
    session: Session,
    tender: Any,
    amount_fen: int,
    *,
    reason: str,
    actor: str,
    now: datetime,
    return_id: int | None = None,
    shift_id: int | None = None,
    number: str | None = None,
    kind: str | None = None,
) -> None:
    """Owe money back on a tender: cash and stored value are given at once, WeChat is asked by a job after commit.

    Cash of an order without a `shift_id` is owed until a till pays it out (`refunds/moves.py`).
    `kind` says that it goes another way than it came: cash back to a bank account, money on to an exchange.

    `number` makes the refund deterministic; a repeat with the same number changes nothing.  Two refunds of one tender
    are asked for at least a minute apart, as WeChat wants it.
    """
    kind = kind or tender.kind
    waits = kind == "wechat" or (kind == "cash" and shift_id is None and tender.order_id is not None)
    of = {"store": tender.store_id, "tender": tender.id, "order": tender.order_id, "top_up": tender.top_up_id}
    paid = {"paid_store": tender.root_store_id or tender.store_id, "paid": tender.root_id or tender.id}
    given = {"return_id": return_id, "shift": shift_id, "kind": kind, "state": "requested" if waits else "done"}
    given |= {"amount": amount_fen, "number": number, "reason": reason, "now": now}
    made = first(session, _REFUND, of | paid | given)
    if made and kind == "wechat":
        journal.record(
            session,
            "refund.requested",
            f"refund:{made.id}",
            actor=actor,
            now=now,
            store_id=tender.store_id,
            refund_id=made.id,
        )


_LEFT = """
    SELECT tender.*, coalesce(root.kind, tender.kind) AS back_kind,
        tender.amount_fen - coalesce((SELECT sum(amount_fen) FROM refund
        WHERE refund.store_id = tender.store_id AND refund.tender_id = tender.id AND refund.state <> 'closed'), 0)
        AS left_fen
    FROM tender LEFT JOIN tender root ON root.store_id = tender.root_store_id AND root.id = tender.root_id
    WHERE tender.store_id = :store AND tender.state = 'paid' AND """
_TENDERS = text(
    _LEFT + "tender.order_id = :order"
    " ORDER BY coalesce(root.kind, tender.kind) = 'cash', tender.kind <> 'wallet', tender.id"
)
_TOP_UP_TENDER = text(_LEFT + "tender.top_up_id = :top_up")


def refundable(session: Session, store_id: int, order_id: int) -> list[Any]:
    """Paid tenders in the order refunds go: stored value, WeChat, cash; `left_fen` is captured less refunded.

    `back_kind` is how money goes back on them: for what an exchange brought, as it once came.
    """
    return fetch(session, _TENDERS, {"store": store_id, "order": order_id})


def top_up_tender(session: Session, store_id: int, top_up_id: int) -> Any:
    """The paid tender of a top-up; `left_fen` is captured less refunded."""
    return fetch(session, _TOP_UP_TENDER, {"store": store_id, "top_up": top_up_id})[0]


def plan_refund(tenders: list[Any], refund_fen: int, wallet_fen: int = 0) -> list[tuple[Any, int]]:
    """The refund waterfall: how much of `refund_fen` goes back on each tender (till-and-store-desk.md 3.6).

    `wallet_fen` of it is what the returned goods took of stored value: it goes back there and nowhere else.
    """
    plan = []
    for tender in tenders:
        part_fen = wallet_fen if tender.kind == "wallet" else min(refund_fen, int(tender.left_fen))
        assert part_fen <= min(refund_fen, tender.left_fen), f"{part_fen} fen to {tender.kind}, which took less"
        if part_fen:
            plan.append((tender, part_fen))
            refund_fen -= part_fen
    assert refund_fen == 0, f"{refund_fen} fen more to refund than was captured"
    return plan


def open_tender(session: Session, store_id: int, order_id: int) -> Any | None:
    """The WeChat attempt of an order that could still be paid, if there is one."""
    return first(session, _OPEN, {"store": store_id, "order": order_id})


_TOP_UP_TO = text("""
    UPDATE top_up SET state = :target, paid_at = CASE WHEN :target = 'paid' THEN CAST(:now AS timestamptz) END
    WHERE store_id = :store AND id = :id AND state = 'placed' RETURNING *""")


def move_top_up(session: Session, store_id: int, top_up_id: int, target: str, *, actor: str, now: datetime) -> Any:
    """A top-up that waits for its money is `paid`, or `cancelled`; returns its row, or None when it waits no more."""
    moved = first(session, _TOP_UP_TO, {"store": store_id, "id": top_up_id, "target": target, "now": now})
    if moved is not None:
        tell_top_up(session, f"top_up.{target}", moved, actor=actor, now=now)
    return moved


def tell_top_up(session: Session, kind: str, top_up: Any, *, actor: str, now: datetime, **data: Any) -> None:
    """Write a fact of a top-up into the journal."""
    facts = {"store_id": top_up.store_id, "top_up_id": top_up.id, "member_id": top_up.member_id, **data}
    journal.record(session, kind, f"top_up:{top_up.store_id}:{top_up.id}", actor=actor, now=now, **facts)
