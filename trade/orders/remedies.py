"""What a person may do about an exception or a held order at one click: names, who may, when, and what is called.

A remedy calls the domain function that does it and closes the case in the same transaction, or asks the machine to try
again at once; then the case closes itself when the try succeeds.  Which kind has which is in `exceptions/kinds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import attempt, fetch, first
from config.errors import Refused
from member import adjustments
from trade.exceptions import cases
from trade.exceptions.kinds import KINDS, STORE
from trade.fulfilment import answers, parcels
from trade.fulfilment.states import IN_HAND, WAITING
from trade.orders import centre, close, rerouting
from trade.orders.intake import again
from trade.orders.invoices import moves as invoices
from trade.orders.offline import again as till_documents
from trade.orders.review import deciding
from trade.orders.review.states import REASONS
from trade.orders.shipping import moves as shipping
from trade.orders.states import MOVES
from trade.payments.refunds import moves as refunds
from trade.payments.static_qr import moves as static_qr
from trade.stock.channels import figures


class NoSuchRemedy(Refused):
    """This is not (or no longer) a way out of this case, or not for this person; facts name what is."""

    code = "no_such_remedy"


Choices = dict[str, list[dict[str, Any]]]
"""By name of what a person gives: what there is to choose from now, `[{value, label}]`, best first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a remedy: to what (a row of `centre.row`), with what the person gave, by whom, when."""

    session: Session
    item: Any
    note: str
    given: Mapping[str, Any]
    actor: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Remedy:
    """`work` does it, in the caller's transaction.  `needs` names what the person must give, `note` among it.

    `closes`: the case is dealt with then; else the machine tries and the case closes itself.  A `grave` one cannot be
    undone.  It is offered while its order and its parcel are in one of `orders_in` and `parcels_in`, if any, and `when`
    the item is of a sort.  `choices` are what a need may be; without any it is not offered.
    """

    work: Callable[[Step], None]
    permission: str = "centre.decide"
    needs: tuple[str, ...] = ()
    closes: bool = True
    grave: bool = False
    orders_in: Collection[str] = ()
    parcels_in: Collection[str] = ()
    when: Callable[[Any], bool] = lambda _item: True
    choices: Callable[[Session, Any, datetime], Choices] | None = None


def _refund_order(step: Step) -> None:
    item = step.item
    close.refuse(step.session, item.store_id, item.order_id, item.kind, actor=step.actor, now=step.now)


def _route_again(step: Step) -> None:
    rerouting.office_says(step.session, _parcel(step), None, actor=step.actor, now=step.now)


def _choose_store(step: Step) -> None:
    at_store_id = step.given["at_store_id"]
    if not isinstance(at_store_id, int):
        raise NoSuchRemedy(remedy="choose_store", legal=["choose_store"], lacking=["at_store_id"])
    rerouting.office_says(step.session, _parcel(step), at_store_id, actor=step.actor, now=step.now)


def _refund_parcel(step: Step) -> None:
    rerouting.give_up(step.session, _parcel(step), step.item.kind, actor=step.actor, now=step.now)


def _for_a_case(item: Any) -> bool:
    """Its parcel is for an after-sales case: it has no money of its own."""
    return item.aftersale_id is not None


def _parcel(step: Step) -> Any:
    return _parcel_of(step.session, step.item)


def _parcel_of(session: Session, item: Any) -> Any:
    return parcels.one(session, item.store_id, item.parcel_id)


_STORES = text("SELECT id, name FROM store WHERE id = ANY(:stores)")


def _stores(session: Session, item: Any, now: datetime) -> Choices:
    """The stores that could do the parcel at this moment, best first."""
    able = answers.able(session, _parcel_of(session, item), now=now)
    names = {row.id: row.name for row in fetch(session, _STORES, {"stores": able})}
    return {"at_store_id": [{"value": store_id, "label": names[store_id]} for store_id in able]}


def _run_again(step: Step) -> None:
    """Rows are offered by the next relay, a job by the clock is enqueued: both within a second."""
    facts = step.item.facts
    if facts.get("kinds"):
        journal.offer_now(step.session, facts["kinds"])
    else:
        _ask_for(step, facts["job"])


def _prove_again(step: Step) -> None:
    _ask_for(step, "prove_books")


def _ask_for(step: Step, job: str) -> None:
    journal.record(step.session, "job.asked_again", f"job:{job}", actor=step.actor, now=step.now, job=job)


_REFUND = text("""
    SELECT store_id, id FROM refund WHERE refund_no = :number OR starts_with(refund_no, :number || '-')
    ORDER BY id DESC LIMIT 1""")


def _refund_again(step: Step) -> None:
    """WeChat is asked at once, under the number that the refund has now."""
    found = first(step.session, _REFUND, {"number": step.item.facts["refund_no"].partition("-")[0]})
    if found is None or not refunds.ask_now(step.session, found.store_id, found.id, now=step.now):
        raise NoSuchRemedy(remedy="send_again", legal=[], lacking=[])


def _figures_again(step: Step) -> None:
    """The channel is told our stock of these skus once more."""
    facts, channel_id = step.item.facts, int(step.item.subject.split(":")[1])
    skus = [facts["sku_id"]] if "sku_id" in facts else [one["sku_id"] for one in facts["first"]]
    figures.recompute(step.session, channel_id, skus=skus, again=True, actor=step.actor, now=step.now)


def _tell_again(step: Step) -> None:
    """WeChat is told of the goods at once."""
    shipping.ask_now(step.session, *_payment(step.item), now=step.now)


def _invoice_again(step: Step) -> None:
    """The invoice service is told at once."""
    _, store_id, invoice_id = step.item.subject.split(":")
    invoices.tell_now(step.session, int(store_id), int(invoice_id), now=step.now)


def _correct_shipping(step: Step) -> None:
    """Uses up the one correction that WeChat allows a payment."""
    shipping.correct(step.session, *_payment(step.item), actor=step.actor, now=step.now)


def _told_otherwise(step: Step) -> None:
    """Somebody wrote it into WeChat's own pages."""
    shipping.move(step.session, *_payment(step.item), "end", actor=step.actor, now=step.now)


def _payment(item: Any) -> tuple[int, int]:
    _, store_id, tender_id = item.subject.split(":")
    return int(store_id), int(tender_id)


def _differs(item: Any) -> bool:
    return bool(item.cause == "differs")


def _send_again(step: Step) -> None:
    _SENDERS[step.item.kind](step)


_SENDERS = {
    "refund_failed": _refund_again,
    "paid_late": _refund_again,
    "channel_drift": _figures_again,
    "adapter_rejected": _figures_again,
    "shipping_info_failed": _tell_again,
    "invoice_failed": _invoice_again,
}


def _can_send(item: Any) -> bool:
    known = {"refund_no", "sku_id", "first", "tender_id", "invoice_id"} & item.facts.keys()
    return item.kind in _SENDERS and bool(known) and not _differs(item)


def _of_intake(item: Any) -> bool:
    """An order of another channel that is not ours yet."""
    return bool(item.subject.startswith("intake:")) and item.order_id is None


def _intake(step: Step) -> tuple[int, str]:
    _, channel_id, external_no = step.item.subject.split(":", 2)
    return int(channel_id), external_no


def _take_in_again(step: Step) -> None:
    again.again(step.session, *_intake(step), actor=step.actor, now=step.now)


def _reject_intake(step: Step) -> None:
    again.reject(step.session, *_intake(step), step.note, actor=step.actor, now=step.now)


def _take_document(step: Step) -> None:
    till_documents.take(step.session, step.item.at_store_id, _uuid(step), now=step.now)


def _settle_document(step: Step) -> None:
    item = step.item
    till_documents.settle(step.session, item.at_store_id, _uuid(step), step.note, actor=step.actor, now=step.now)


def _uuid(step: Step) -> str:
    return str(step.item.subject.partition(":")[2])


def _money_seen(step: Step) -> None:
    """The money is there though no bill of ours has it: in another merchant's book, or paid again in cash."""
    store_id, tender_id = _payment(step.item)
    static_qr.move(step.session, store_id, tender_id, "see", note=step.note, actor=step.actor, now=step.now)


def _forgive_points(step: Step) -> None:
    """An adjustment of what is owed now; above the limit of the terms it waits for somebody else's yes."""
    facts = step.item.facts
    adjustments.propose(step.session, facts["member_id"], facts["points"], step.note, actor=step.actor, now=step.now)


def _release(step: Step) -> None:
    deciding.release(step.session, step.item.store_id, step.item.order_id, step.note, actor=step.actor, now=step.now)


def _reject(step: Step) -> None:
    deciding.reject(step.session, step.item.store_id, step.item.order_id, step.note, actor=step.actor, now=step.now)


REMEDIES: dict[str, Remedy] = {
    "refund_order": Remedy(
        _refund_order, grave=True, orders_in=MOVES["refuse"][0], when=lambda item: item.parcel_id is None
    ),
    "route_again": Remedy(_route_again, parcels_in=("asking",)),
    "choose_store": Remedy(_choose_store, needs=("at_store_id", "note"), parcels_in=("asking",), choices=_stores),
    "refund_parcel": Remedy(
        _refund_parcel, grave=True, parcels_in=WAITING | IN_HAND, when=lambda item: not _for_a_case(item)
    ),
    "withdraw": Remedy(_refund_parcel, parcels_in=WAITING | IN_HAND, when=_for_a_case),
    "run_again": Remedy(_run_again, "centre.chain", closes=False),
    "send_again": Remedy(_send_again, closes=False, when=_can_send),
    "correct_shipping": Remedy(_correct_shipping, grave=True, when=_differs),
    "told_otherwise": Remedy(_told_otherwise, needs=("note",), grave=True),
    "take_in_again": Remedy(_take_in_again, closes=False, when=_of_intake),
    "reject_intake": Remedy(_reject_intake, needs=("note",), closes=False, grave=True, when=_of_intake),
    "take_document": Remedy(_take_document),
    "settle_document": Remedy(_settle_document, needs=("note",), grave=True),
    "money_seen": Remedy(_money_seen, "centre.chain", needs=("note",), grave=True),
    "forgive_points": Remedy(_forgive_points, "centre.chain", needs=("note",), grave=True),
    "prove_again": Remedy(_prove_again, "centre.chain", closes=False),
    "release": Remedy(_release, orders_in=("paid",)),
    "reject": Remedy(_reject, needs=("note",), grave=True, orders_in=("paid",)),
}
OF_A_HOLD = ("release", "reject")


def legal(item: Any, permissions: Collection[str]) -> list[str]:
    """The names of what this person may do about this item now, the usual one first."""
    if item.resolved_at is not None:
        return []
    names = OF_A_HOLD if item.type == "hold" else KINDS[item.kind].remedies
    known = {name: REMEDIES[name] for name in names if name in REMEDIES}
    return [
        name
        for name, remedy in known.items()
        if remedy.permission in permissions
        and (not remedy.orders_in or item.order_state in remedy.orders_in)
        and (not remedy.parcels_in or item.parcel_state in remedy.parcels_in)
        and (item.type == "case" or _may_decide(item, permissions))
        and remedy.when(item)
    ]


def _may_decide(hold: Any, permissions: Collection[str]) -> bool:
    """What the head office or finance must look at, no store lets go on."""
    owners = {REASONS[one["reason"]][0] for one in hold.facts["reasons"]}
    return owners <= {STORE} or "centre.chain" in permissions


def described(session: Session, item: Any, permissions: Collection[str], *, now: datetime) -> list[dict[str, Any]]:
    """`legal` as buttons: `[{name, needs, grave, choices}]`."""
    ways = []
    for name in legal(item, permissions):
        remedy = REMEDIES[name]
        choices = remedy.choices(session, item, now) if remedy.choices else {}
        if all(choices.values()):
            ways.append({"name": name, "needs": list(remedy.needs), "grave": remedy.grave, "choices": choices})
    return ways


_LOCK = text("SELECT id FROM sale_order WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
"""The order's row before the case's, as in every part that finds a fault of an order."""


def apply(name: str, step: Step, permissions: Collection[str]) -> None:
    """Do one remedy and close the case with it.

    :raises NoSuchRemedy: it is not legal here, for this person, or now; or it lacks what it needs.
    :raises Refused: whatever the domain function says; nothing was written.
    """
    ways = legal(step.item, permissions)
    lacking = (
        [need for need in REMEDIES[name].needs if not (step.note if need == "note" else step.given.get(need))]
        if name in ways
        else []
    )
    if name not in ways or lacking:
        raise NoSuchRemedy(remedy=name, legal=ways, lacking=lacking)
    remedy = REMEDIES[name]
    if step.item.order_id:
        fetch(step.session, _LOCK, {"store": step.item.store_id, "order": step.item.order_id})
    if step.item.type == "case":
        if remedy.closes:
            cases.resolve(step.session, step.item.case_id, step.note, remedy=name, actor=step.actor, now=step.now)
        else:
            cases.note(step.session, step.item.case_id, step.note, remedy=name, actor=step.actor, now=step.now)
    remedy.work(step)


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides: the desk's store (None for the head office), what they may do, and how the journal names them."""

    store_id: int | None
    permissions: Collection[str]
    actor: str


def release_all(session: Session, refs: Collection[str], note: str, *, by: Person, now: datetime) -> dict[str, str]:
    """Let many held orders go on, each by itself: what refuses one does not stop the others.

    In one transaction, in the order of their names.  :return: by ref nothing, or the code of why it stayed.
    """
    done = {}
    for ref in sorted(set(refs)):
        try:
            with attempt(session):
                item = centre.row(session, ref, store_id=by.store_id)
                apply("release", Step(session, item, note, {}, by.actor, now), by.permissions)
            done[ref] = ""
        except Refused as refused:
            done[ref] = refused.code
    return done
