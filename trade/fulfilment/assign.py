"""Which store does a parcel: it is routed, its goods are promised there, the store is asked, in one transaction.

Whoever calls holds the order's row (`trade/orders/fulfil.py`); then come parcel, stock, exceptions.  A parcel in
`routing` ends here as `assigned`, or as `asking`: the customer says what should become of it.

| what happened | what follows |
|---|---|
| a delivery or a parcel by post | the best store that did not refuse this order, at most `hops` stores in all |
| a pickup, or what a till sold from a store, first | the store that was chosen is asked |
| a pickup that its store refused | it is never moved silently: the customer is asked, with the stores that could |
| nobody can, or `hops` stores refused | the customer is asked, and `unroutable` is on the desk |

A store that refused is never asked again for this order, and every question counts a hop: no parcel can go round.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import attempt, fetch
from trade.exceptions import cases
from trade.fulfilment import asked as asking
from trade.fulfilment import candidates, moves, notices, rules
from trade.fulfilment.asked import Asked
from trade.fulfilment.routing import Decision, Parcel, route
from trade.fulfilment.weights import Weights
from trade.stock import moves as stock
from trade.stock import told
from trade.stock.moves import OutOfStock

TRIES = 4
"""How often another store is looked for when the goods of the chosen one went to somebody else meanwhile."""
OPTIONS = 10
"""How many stores a customer is offered."""

_WHY = text("""
    INSERT INTO routing_decision (store_id, order_id, parcel_id, hop, at, candidates, chosen)
    VALUES (:store, :order, :parcel, :hop, :now, CAST(:candidates AS jsonb), CAST(:chosen AS jsonb))""")


def subject(parcel: Any) -> str:
    """How the exception desk names a parcel."""
    return f"parcel:{parcel.store_id}:{parcel.id}"


def settled(session: Session, parcel: Any, note: str, *, actor: str, now: datetime) -> None:
    """A store does it, or nobody need: what waited on the desk about finding one is over."""
    for kind in ("unroutable", "store_time_out"):
        cases.clear(session, kind, subject(parcel), now=now, actor=actor, note=note)


def find_store(session: Session, parcel: Any, *, chosen: bool = False, actor: str, now: datetime) -> str:
    """Route a parcel that stands in `routing`; returns `assigned` or `asking`.

    What was `chosen`, or is fetched, is asked of the store that holds it, if it holds all of it.

    Stores are read without locks: who is chosen promises the goods by a guarded update, and when they are gone
    meanwhile the next best is asked.  Two parcels that are routed at once may both count on the last minutes of a
    store.

    :raises WrongState: it does not stand in `routing`; nothing was written.
    """
    version, weights = rules.in_force(session, now)
    asked = asking.read(session, parcel)
    held = parcel.hop == 0 and parcel.at_store_id is not None and asked.own == asked.goods
    if held and (chosen or parcel.mode == "pickup"):
        return _ask_store(session, parcel, parcel.at_store_id, actor=actor, now=now)
    if parcel.mode == "pickup":
        cause = "store_refused" if parcel.hop else "stock_gone"
        return ask_customer(session, parcel, asked, weights, cause, actor=actor, now=now)
    if parcel.hop >= weights.hops:
        return ask_customer(session, parcel, asked, weights, "hops", actor=actor, now=now)
    gone: set[int] = set()
    for _ in range(TRIES):
        decision = decide(session, asked, weights, frozenset(gone), rerouted=parcel.hop > 0, now=now)
        if not decision.parcels:
            break
        try:
            with attempt(session):
                remember(session, parcel, decision, version, weights, now=now)
                carry_out(session, parcel, asked, decision.parcels, actor=actor, now=now)
            if parcel.hop:
                settled(session, parcel, "routed", actor=actor, now=now)
            return "assigned"
        except OutOfStock as short:
            gone.add(short.facts["store_id"])
    remember(session, parcel, decision, version, weights, now=now)
    cause = "stock_gone" if decision.parcels else decision.chosen.outcome
    return ask_customer(session, parcel, asked, weights, cause, actor=actor, now=now)


def decide(
    session: Session, asked: Asked, weights: Weights, gone: frozenset[int], *, rerouted: bool, now: datetime
) -> Decision:
    """Load every store and choose, as if those `gone` had nothing.  Reads only."""
    own = (asked.own_store_id, asked.own) if asked.own_store_id is not None else None
    places = candidates.load(session, asked.need, weights, now=now, own=own)
    if gone:
        places = [replace(one, free={}) if one.store_id in gone else one for one in places]
    return route(asked.need, places, weights, now, rerouted=rerouted)


def remember(
    session: Session, parcel: Any, decision: Decision, version: int, weights: Weights, *, now: datetime
) -> None:
    """Keep why this store."""
    given = {"store": parcel.store_id, "order": parcel.order_id, "parcel": parcel.id, "hop": parcel.hop + 1, "now": now}
    given["candidates"] = json.dumps(decision.why(weights), ensure_ascii=False)
    given["chosen"] = json.dumps(decision.chosen.as_json() | {"rules_version": version})
    fetch(session, _WHY, given)


def carry_out(
    session: Session,
    parcel: Any,
    asked: Asked,
    parts: Sequence[Parcel],
    *,
    renew: bool = False,
    actor: str,
    now: datetime,
) -> None:
    """Split the parcel as was decided, promise the goods of each part in its store, and ask the stores.

    With `renew` people chose the store anew: a promise that it cannot keep any more becomes one that it can.
    """
    ordered = sorted(
        parts, key=lambda part: (part.store_id != asked.own_store_id, part.store_id, part.temperature or "")
    )
    ids = [parcel.id]
    for part in ordered[1:]:
        ids.append(moves.split(session, parcel.store_id, parcel.id, part.lines, now=now))
    left = dict(asked.own)
    for part in ordered:
        goods = asking.units(asked.need, part.lines)
        _promise(session, parcel, asked.own_store_id, part.store_id, goods, left, actor=actor, now=now)
    for parcel_id, part in zip(ids, ordered, strict=True):
        due, soon = asking.clocks_of(session, part.store_id, parcel.mode, now)
        late = renew and (parcel.promise_at is None or parcel.promise_at < soon)
        key = (parcel.store_id, parcel_id, part.store_id)
        moves.assign(session, *key, accept_by=due, promise_at=soon if late else None, actor=actor, now=now)


def _promise(
    session: Session,
    parcel: Any,
    from_store_id: int | None,
    to_store_id: int,
    goods: Mapping[int, int],
    left: dict[int, int],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Promise goods to the order in one store: what it holds elsewhere (`left`) moves, the rest is held anew.

    :raises OutOfStock: the store has less free; the caller's attempt rolls back.
    """
    moved = {sku: min(qty, left.get(sku, 0)) for sku, qty in goods.items() if left.get(sku, 0)}
    for sku, qty in moved.items():
        left[sku] -= qty
    more = {sku: qty - moved.get(sku, 0) for sku, qty in goods.items() if qty > moved.get(sku, 0)}
    if moved and from_store_id is not None and from_store_id != to_store_id:
        stock.move(session, from_store_id, to_store_id, moved, order_id=parcel.order_id)
        told.changed(session, from_store_id, moved, cause="rerouted", actor=actor, now=now)
        told.changed(session, to_store_id, moved, cause="rerouted", actor=actor, now=now)
    if more:
        stock.hold(session, to_store_id, more, order_id=parcel.order_id)
        stock.commit(session, to_store_id, order_id=parcel.order_id)
        told.changed(session, to_store_id, more, cause="rerouted", actor=actor, now=now)


def _ask_store(session: Session, parcel: Any, at_store_id: int, *, actor: str, now: datetime) -> str:
    due, _ = asking.clocks_of(session, at_store_id, parcel.mode, now)
    moves.assign(session, parcel.store_id, parcel.id, at_store_id, accept_by=due, actor=actor, now=now)
    return "assigned"


def options(session: Session, parcel: Any, asked: Asked, weights: Weights, *, now: datetime) -> tuple[list[int], bool]:
    """The stores where the customer could fetch it, nearest and best first, and whether it could be brought.

    A store that refused the order is none of them; which day it can be is for the customer to say.
    """
    own = (asked.own_store_id, asked.own) if asked.own_store_id is not None else None
    fetched = replace(asked.need, mode="pickup", may_split=False, promise_at=None)
    found = route(fetched, candidates.load(session, fetched, weights, now=now, own=own), weights, now, rerouted=True)
    stores = [one.store_id for one in found.candidates[:OPTIONS]]
    if parcel.mode != "pickup" or not asked.has_address:
        return stores, False
    brought = replace(asked.need, mode="delivery", may_split=asked.may_split, promise_at=None)
    places = candidates.load(session, brought, weights, now=now, own=own)
    return stores, bool(route(brought, places, weights, now, rerouted=True).parcels)


def ask_customer(
    session: Session, parcel: Any, asked: Asked, weights: Weights, cause: str, *, actor: str, now: datetime
) -> str:
    """The customer says what should become of the parcel, until `ask_by`; then it is refunded.

    The fact `parcel.asked` names the stores that could and is what the message is made from.  Where nobody can, too
    many refused, or nobody knows whom to ask, the case `unroutable` is on the desk besides.
    """
    stores, brought = options(session, parcel, asked, weights, now=now)
    until = now + timedelta(minutes=weights.ask_minutes)
    offered: dict[str, Any] = {"cause": cause, "stores": stores, "deliver": brought, "ask_by": until.isoformat()}
    moves.move(session, parcel.store_id, parcel.id, "ask", actor=actor, now=now, **offered)
    moves.ask_until(session, parcel.store_id, parcel.id, until)
    notices.ask(session, parcel, "asking", actor=actor, now=now)
    if parcel.mode != "pickup" or not (stores or brought) or not asked.knows_whom:
        cases.open(
            session,
            "unroutable",
            subject(parcel),
            money_fen=asked.net_fen,
            facts={"mode": parcel.mode, "hop": parcel.hop, "refused": sorted(asked.need.refused), **offered},
            cause=cause,
            store_id=parcel.store_id,
            order_id=parcel.order_id,
            actor=actor,
            now=now,
        )
    return "asking"
