"""Receipts on paper: the same lines as HTML for a browser and as ESC/POS bytes for a thermal printer.

Always from the stored sale.  Widths are columns of half-width characters: 32 on 58 mm, 48 on 80 mm; a
Chinese character takes two.  The printer is told GB18030; the yuan sign is the full-width one, because the
half-width sign has no two-byte form.
"""

from __future__ import annotations

import html
import unicodedata
from datetime import datetime
from typing import Any

from config.clock import SHANGHAI
from config.money import yuan
from config.texts import say

COLUMNS = {58: 32, 80: 48}
_INIT, _GB18030, _CENTRE, _LEFT = b"\x1b@", b"\x1c&", b"\x1ba\x01", b"\x1ba\x00"
_BIG, _SMALL, _CUT = b"\x1d!\x11", b"\x1d!\x00", b"\x1dV\x42\x03"


def columns(words: str) -> int:
    """How many half-width columns a text takes on paper."""
    return sum(2 if unicodedata.east_asian_width(mark) in "WF" else 1 for mark in words)


def fit(words: str, width: int) -> list[str]:
    """A text in pieces of at most `width` columns."""
    pieces, piece = [], ""
    for mark in words:
        if columns(piece + mark) > width:
            pieces.append(piece)
            piece = ""
        piece += mark
    return [*pieces, piece]


def pair(left: str, right: str, width: int) -> list[str]:
    """Left and right on one line when they fit, else the right one on a line of its own."""
    space = width - columns(left) - columns(right)
    if space >= 1:
        return [left + " " * space + right]
    return [*fit(left, width), " " * max(width - columns(right), 0) + right]


def amount(line: dict[str, Any]) -> str:
    """The quantity of a line as people say it: pieces, or kilograms with grams."""
    if line["weighed"]:
        return f"{line['qty'] // 1000}.{line['qty'] % 1000:03d}kg"
    return f"{line['qty']}"


def _t(key: str, **facts: Any) -> str:
    return say(f"receipt.{key}", "zh-CN", **facts)


def body(receipt: dict[str, Any], width: int) -> list[str]:
    """The receipt under its heading as lines of at most `width` columns."""
    at = datetime.fromisoformat(receipt["at"]).astimezone(SHANGHAI)
    rule = "-" * width
    lines = [_t("no", no=receipt["no"]), at.strftime("%Y-%m-%d %H:%M:%S")]
    if receipt["till_name"]:
        lines += pair(receipt["till_name"], _t("cashier", name=receipt["cashier"] or ""), width)
    lines.append(rule)
    for line in receipt["lines"]:
        lines += fit(f"{_t('gift') if line['gift'] else ''}{line['name']} {line['spec']}", width)
        lines += pair(f"  {amount(line)} x {yuan(line['unit_price_fen'])}", yuan(line["list_fen"]), width)
    lines.append(rule)
    lines += pair(_t("list"), yuan(receipt["list_fen"]), width)
    for one in (*receipt["promotions"], *receipt["coupons"]):
        lines += pair(one["name"], yuan(-one["off_fen"]), width)
    if receipt["points_used"]:
        lines += pair(_t("points_used", points=receipt["points_used"]), yuan(-receipt["points_fen"]), width)
    if receipt["discount_fen"]:
        lines += pair(_t("discount"), yuan(-receipt["discount_fen"]), width)
    if receipt["rounding_fen"]:
        lines += pair(_t("rounding"), yuan(receipt["rounding_fen"]), width)
    lines += pair(_t("payable"), "￥" + yuan(receipt["payable_fen"]), width)
    if saved_fen := sum(receipt[f"{name}_fen"] for name in ("promotion", "coupon", "points", "discount")):
        lines += pair(_t("saved"), yuan(saved_fen), width)
    for tender in receipt["tenders"]:
        lines += pair(_t(f"tender.{tender['kind']}"), yuan(tender["received_fen"] or tender["amount_fen"]), width)
        if tender["change_fen"]:
            lines += pair(_t("change"), yuan(tender["change_fen"]), width)
    for back in receipt["returns"]:
        lines += pair(_t("returned", no=back["no"]), yuan(-back["refund_fen"]), width)
    if receipt["member"]:
        who = receipt["member"]
        lines.append(rule)
        lines += pair(_t("member"), f"{who['name']} {who['phone'] or who['no']}", width)
        lines += pair(_t("earned"), str(who["points_earned"]), width)
        lines += pair(_t("points"), str(who["points"]), width)
    return lines


def top_up_body(top_up: dict[str, Any], width: int) -> list[str]:
    """The receipt of a top-up under its heading: what came in, what it brought, what there is now."""
    at = datetime.fromisoformat(top_up["paid_at"] or top_up["placed_at"]).astimezone(SHANGHAI)
    rule, who, tender = "-" * width, top_up["member"], top_up["tender"]
    lines = [_t("top_up"), _t("no", no=top_up["no"]), at.strftime("%Y-%m-%d %H:%M:%S"), rule]
    lines += pair(_t("member"), f"{who['name']} {who['phone'] or who['no']}", width)
    lines += pair(_t("principal"), "￥" + yuan(top_up["principal_fen"]), width)
    lines += pair(_t("bonus"), "￥" + yuan(top_up["bonus_fen"]), width)
    lines += pair(_t(f"tender.{tender['kind']}"), yuan(tender["received_fen"] or tender["amount_fen"]), width)
    if tender["change_fen"]:
        lines += pair(_t("change"), yuan(tender["change_fen"]), width)
    lines.append(rule)
    return lines + pair(_t("wallet_now"), "￥" + yuan(top_up["wallet"]["total_fen"]), width)


def _printed(paper: dict[str, Any], width_mm: int) -> str:
    """A sale has lines, a top-up has none."""
    return "\n".join((body if "lines" in paper else top_up_body)(paper, COLUMNS[width_mm]))


def as_escpos(receipt: dict[str, Any], width_mm: int) -> bytes:
    """The receipt for a thermal printer of 58 or 80 mm; ends with a cut.  The drawer is not kicked here."""
    lines = _printed(receipt, width_mm) + "\n"
    foot = _t("thanks") + "\n\n\n"
    return b"".join(
        (
            _INIT,
            _GB18030,
            _CENTRE,
            _BIG,
            (receipt["store_name"] + "\n").encode("gb18030"),
            _SMALL,
            _LEFT,
            lines.encode("gb18030", "replace"),
            _CENTRE,
            foot.encode("gb18030"),
            _CUT,
        )
    )


_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{no}</title><style>
@page {{ size: {mm}mm auto; margin: 2mm }}
body {{ margin: 0; width: {inner}mm; font: {size}px/1.5 "Noto Sans Mono CJK SC", "PingFang SC", monospace }}
h1 {{ margin: 0 0 1mm; font-size: 1.5em; text-align: center }} pre {{ margin: 0; font: inherit; white-space: pre }}
p {{ text-align: center }}</style></head>
<body><h1>{store}</h1><pre>{lines}</pre><p>{thanks}</p></body></html>"""


def as_html(receipt: dict[str, Any], width_mm: int) -> str:
    """The receipt as a page sized for the paper; the caller prints it."""
    lines = _printed(receipt, width_mm)
    return _PAGE.format(
        no=html.escape(receipt["no"]),
        mm=width_mm,
        inner=width_mm - 4,
        size=11 if width_mm == 58 else 12,
        store=html.escape(receipt["store_name"]),
        lines=html.escape(lines),
        thanks=html.escape(_t("thanks")),
    )
