"""What stands on each paper, from what is stored: so a reprint equals the original."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.clock import SHANGHAI
from config.money import yuan
from pos.printing.slip import Slip, say


def amount(line: dict[str, Any]) -> str:
    """The quantity of a line as people say it: pieces, or kilograms with grams."""
    if line["weighed"]:
        return f"{line['qty'] // 1000}.{line['qty'] % 1000:03d}kg"
    return f"{line['qty']}"


def moment(at: str) -> str:
    """A moment as the wall clock of the store shows it."""
    return datetime.fromisoformat(at).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def sale(receipt: dict[str, Any], width_mm: int) -> Slip:
    """The receipt of a sale.

    A reprint (`copy`: {n, by, at}) is the original with a mark above and what came back since below.
    """
    slip = Slip(width_mm)
    slip.line(receipt["store_name"], "title")
    if copy := receipt.get("copy"):
        slip.line(say("copy", n=copy["n"]), "centre")
    slip.line(say("no", no=receipt["printed_no"]))
    slip.line(moment(receipt["at"]))
    if receipt["till_name"]:
        slip.pair(receipt["till_name"], say("cashier", name=receipt["cashier"] or ""))
    slip.rule()
    for line in receipt["lines"]:
        gift = say("gift") if line["gift"] else ""
        slip.line(f"{gift}{line['name']} {line['spec']}".rstrip())
        slip.pair(f"  {amount(line)} x {yuan(line['unit_price_fen'])}", yuan(line["list_fen"]))
        _noted(slip, receipt, line["line_no"])
    slip.rule()
    _noted(slip, receipt, 0)
    _sums(slip, receipt)
    _brought(slip, receipt.get("exchange"))
    _member(slip, receipt)
    for away in receipt.get("elsewhere") or ():
        _elsewhere(slip, receipt, away)
    _foot(slip, receipt)
    return slip


def _noted(slip: Slip, receipt: dict[str, Any], line_no: int) -> None:
    for one in receipt.get("notes") or ():
        if one["line_no"] == line_no and one["printed"]:
            slip.line(say("note", note=one["note"]))


def _sums(slip: Slip, receipt: dict[str, Any]) -> None:
    slip.pair(say("list"), yuan(receipt["list_fen"]))
    for one in (*receipt["promotions"], *receipt["coupons"]):
        slip.pair(one["name"], yuan(-one["off_fen"]))
    if receipt["points_used"]:
        slip.pair(say("points_used", points=receipt["points_used"]), yuan(-receipt["points_fen"]))
    if receipt["discount_fen"]:
        slip.pair(say("discount"), yuan(-receipt["discount_fen"]))
    if receipt["freight_fen"]:
        slip.pair(say("freight"), yuan(receipt["freight_fen"]))
    if receipt["rounding_fen"]:
        slip.pair(say("rounding"), yuan(receipt["rounding_fen"]))
    slip.pair(say("payable"), "￥" + yuan(receipt["payable_fen"]))
    if saved_fen := sum(receipt[f"{name}_fen"] for name in ("promotion", "coupon", "points", "discount")):
        slip.pair(say("saved"), yuan(saved_fen))
    for tender in receipt["tenders"]:
        slip.pair(say(f"tender.{tender['kind']}"), yuan(tender["received_fen"] or tender["amount_fen"]))
        if tender["change_fen"]:
            slip.pair(say("change"), yuan(tender["change_fen"]))


def _brought(slip: Slip, exchange: dict[str, Any] | None) -> None:
    """What was brought back in exchange, and how the rest of its money went back."""
    if exchange is None:
        return
    slip.rule()
    slip.pair(say("exchanged", no=exchange["no"]), yuan(-exchange["refund_fen"]))
    for line in exchange["lines"]:
        slip.pair(f"  {line['name']} x {amount(line)}", yuan(-line["refund_fen"]))
    for back in exchange["back"]:
        slip.pair(say(f"back.{back['kind']}"), yuan(-back["amount_fen"]))


def _member(slip: Slip, receipt: dict[str, Any]) -> None:
    who = receipt["member"]
    if not who:
        return
    slip.rule()
    slip.pair(say("member"), f"{who['name']} {who['phone'] or who['no']}")
    if receipt["alone"]:
        return slip.line(say("points_later"))
    slip.pair(say("earned"), str(who["points_earned"]))
    if receipt["points_after"] is not None:
        slip.pair(say("points"), str(receipt["points_after"]))
    return None


def _elsewhere(slip: Slip, receipt: dict[str, Any], away: dict[str, Any]) -> None:
    """What another store hands over: how, where, from when on, with which code."""
    slip.rule()
    slip.line(f"{say('elsewhere.' + away['mode'])} {away['store_name']}".rstrip())
    if away["mode"] == "pickup" and away["store_address"]:
        slip.line(away["store_address"])
    if away["promise_at"]:
        slip.line(say("elsewhere.from", at=moment(away["promise_at"])[5:16]))
    names = {line["line_no"]: f"{line['name']} {line['spec']}".rstrip() for line in receipt["lines"]}
    for line in away["lines"]:
        slip.pair(names[line["line_no"]], f"x {line['qty']}")
    if code := away["pickup_code"]:
        slip.line(say("elsewhere.code", code=f"{code[:4]} {code[4:]}"), "title")


def _foot(slip: Slip, receipt: dict[str, Any]) -> None:
    slip.bars(receipt["printed_no"])
    if receipt["url"]:
        slip.square(receipt["url"])
        slip.line(say("scan"), "centre")
    slip.line(say("thanks"), "centre")
    if copy := receipt.get("copy"):
        slip.rule()
        slip.pair(say("copy", n=copy["n"]), copy["by"])
        slip.line(moment(copy["at"]))
        for back in receipt["returns"]:
            slip.pair(say("returned", no=back["no"]), yuan(-back["refund_fen"]))


def _mark(slip: Slip, paper: dict[str, Any]) -> None:
    """What was printed before says so."""
    if copy := paper.get("copy"):
        slip.line(say("copy", n=copy), "centre")


def top_up(paper: dict[str, Any], width_mm: int) -> Slip:
    """The receipt of a top-up: what came in, what it brought, what there is now."""
    who, tender = paper["member"], paper["tender"]
    slip = Slip(width_mm)
    slip.line(paper["store_name"], "title")
    _mark(slip, paper)
    slip.line(say("top_up"), "centre")
    slip.line(say("no", no=paper["no"]))
    slip.line(moment(paper["paid_at"] or paper["placed_at"]))
    slip.rule()
    slip.pair(say("member"), f"{who['name']} {who['phone'] or who['no']}")
    slip.pair(say("principal"), "￥" + yuan(paper["principal_fen"]))
    slip.pair(say("bonus"), "￥" + yuan(paper["bonus_fen"]))
    slip.pair(say(f"tender.{tender['kind']}"), yuan(tender["received_fen"] or tender["amount_fen"]))
    if tender["change_fen"]:
        slip.pair(say("change"), yuan(tender["change_fen"]))
    slip.rule()
    slip.pair(say("wallet_now"), "￥" + yuan(paper["wallet"]["total_fen"]))
    slip.bars(paper["no"])
    slip.square(paper["url"])
    slip.line(say("scan_top_up"), "centre")
    slip.line(say("thanks"), "centre")
    return slip


def returned(paper: dict[str, Any], width_mm: int) -> Slip:
    """What came back and what was paid out for it; `kept_fen` of the lines' worth stayed here."""
    slip = Slip(width_mm)
    slip.line(paper["store_name"], "title")
    _mark(slip, paper)
    slip.line(say("return"), "centre")
    slip.line(say("no", no=paper["no"]))
    slip.line(say("return_of", no=paper["order_no"]))
    slip.line(moment(paper["at"]))
    if paper["till_name"]:
        slip.pair(paper["till_name"], say("cashier", name=paper["cashier"] or ""))
    slip.rule()
    for line in paper["lines"]:
        slip.line(f"{line['name']} {line['spec']}".rstrip())
        slip.pair(f"  {amount(line)}", yuan(-line["refund_fen"]))
    slip.rule()
    if paper["freight_fen"]:
        slip.pair(say("freight"), yuan(-paper["freight_fen"]))
    if paper["kept_fen"]:
        slip.pair(say("kept"), yuan(paper["kept_fen"]))
    if paper["rounding_fen"]:
        slip.pair(say("rounding"), yuan(-paper["rounding_fen"]))
    slip.pair(say("refund"), "￥" + yuan(paper["refund_fen"]))
    for refund in paper["refunds"]:
        slip.pair(say(f"tender.{refund['kind']}"), yuan(-refund["amount_fen"]))
    if who := paper["member"]:
        slip.rule()
        slip.pair(say("member"), f"{who['name']} {who['phone'] or who['no']}")
        if paper["points_back"]:
            slip.pair(say("points_back"), f"+{paper['points_back']}")
        if paper["points_clawed"]:
            slip.pair(say("points_clawed"), f"-{paper['points_clawed']}")
    slip.rule()
    slip.line(say("signed"))
    slip.bars(paper["order_no"])
    return slip


def pickup(paper: dict[str, Any], width_mm: int) -> Slip:
    """What goes with a parcel that waits at the counter: whose, where it lies, what is in it.  No pickup code."""
    slip = Slip(width_mm)
    slip.line(paper["store_name"], "title")
    slip.line(say("pickup"), "centre")
    slip.line(say("no", no=paper["no"]))
    slip.pair(say("customer"), paper["customer"])
    if paper["place"]:
        slip.pair(say("place"), paper["place"])
    slip.rule()
    for line in paper["lines"]:
        slip.pair(f"{line['name']} {line['spec']}".rstrip(), f"x {amount(line)}")
    slip.rule()
    slip.bars(paper["no"])
    return slip
