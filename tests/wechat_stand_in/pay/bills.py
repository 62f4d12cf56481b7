"""The daily bills: yuan with decimals behind back-ticks, a summary at the end, gzip, and a SHA1 of what is inside."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request

from tests.wechat_stand_in.pay import checks
from tests.wechat_stand_in.pay.answers import answer, refuse, the_world
from tests.wechat_stand_in.world import BEIJING, World

bp = Blueprint("bills", __name__)
TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_SUM = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,"
    "收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
)
FUND_SUM = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
RATE_BP = 60


def yuan(fen: int) -> str:
    """An amount as bills write it."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fee(fen: int) -> str:
    """The commission of an amount, with five decimals."""
    e5 = (abs(fen) * RATE_BP * 2 + 10_000) // 20_000 * 1_000
    return f"{'-' if fen < 0 else ''}{e5 // 100_000}.{e5 % 100_000:05d}"


def _file(head: str, rows: Iterable[list[str]], sums_head: str, sums: list[str]) -> str:
    lines = [head, *(",".join(f"`{cell}" for cell in row) for row in rows), sums_head]
    return "\ufeff" + "\r\n".join([*lines, ",".join(f"`{cell}" for cell in sums)]) + "\r\n"


def _at(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def paid_on(orders: dict[str, dict[str, Any]], day: str) -> list[dict[str, Any]]:
    """Orders paid on a day."""
    return [one for one in orders.values() if one.get("transaction_id") and _at(one["success_time"]).startswith(day)]


def trade_bill(orders: dict[str, dict[str, Any]], refunds: dict[str, dict[str, Any]], day: str) -> str:
    """The bill of all trades of a day: a row for each payment, and one for each refund asked for."""
    rows, paid = [], paid_on(orders, day)
    for one in paid:
        rows.append(
            [_at(one["success_time"]), "wx1", "1900000109", "0", "", one["transaction_id"], one["out_trade_no"],
             one["openid"], "JSAPI", "SUCCESS", "OTHERS", "CNY", yuan(one["total"]), "0.00", "0", "0", "0.00", "0.00",
             "", "", one.get("description", "通店订单"), "", fee(one["total"]), "0.60%", yuan(one["total"]), "0.00", ""]
        )  # fmt: skip
    undone = [one for one in paid if one.get("reversed_fen")]
    for one in undone:
        rows.append(
            [_at(one["success_time"]), "wx1", "1900000109", "0", "", one["transaction_id"], one["out_trade_no"],
             one["openid"], "MICROPAY", "REVOKED", "OTHERS", "CNY", "0.00", "0.00", "0", "0", yuan(one["reversed_fen"]),
             "0.00", "", "", one.get("description", "通店订单"), "", fee(-one["reversed_fen"]), "0.60%", "0.00",
             yuan(one["reversed_fen"]), ""]
        )  # fmt: skip
    back = [one for one in refunds.values() if _at(one["at"]).startswith(day)]
    for one in back:
        of = orders[one["out_trade_no"]]
        rows.append(
            [_at(one["at"]), "wx1", "1900000109", "0", "", of["transaction_id"], of["out_trade_no"], of["openid"],
             "JSAPI", "REFUND", "OTHERS", "CNY", "0.00", "0.00", "50" + one["out_refund_no"], one["out_refund_no"],
             yuan(one["refund"]), "0.00", "ORIGINAL", one["status"], of.get("description", "通店订单"), "",
             fee(-one["refund"]), "0.60%", "0.00", yuan(one["refund"]), ""]
        )  # fmt: skip
    income, outgo = (
        sum(one["total"] for one in paid),
        sum(one["refund"] for one in back) + sum(one["reversed_fen"] for one in undone),
    )
    sums = [str(len(rows)), yuan(income), yuan(outgo), "0.00", "0.00000", yuan(income), yuan(outgo)]
    return _file(TRADE, rows, TRADE_SUM, sums)


def fund_bill(orders: dict[str, dict[str, Any]], refunds: dict[str, dict[str, Any]], day: str) -> str:
    """The bill of the account's movements of a day; commissions are in it, too."""
    rows: list[list[str]] = []
    balance, income, outgo = 0, [0, 0], [0, 0]

    def row(at: str, no: str, kind: str, fen: int, voucher: str) -> None:
        nonlocal balance
        balance += fen
        side = income if fen > 0 else outgo
        side[0], side[1] = side[0] + 1, side[1] + abs(fen)
        rows.append(
            [_at(at), no, f"10{len(rows)}{voucher}", kind, kind, "收入" if fen > 0 else "支出", yuan(abs(fen)),
             yuan(balance), "system", "", voucher]
        )  # fmt: skip

    for one in paid_on(orders, day):
        row(one["success_time"], one["transaction_id"], "交易", one["total"], one["out_trade_no"])
        row(one["success_time"], one["transaction_id"], "扣除交易手续费", -1, one["out_trade_no"])
        if one.get("reversed_fen"):
            row(one["success_time"], one["transaction_id"], "退款", -one["reversed_fen"], one["out_trade_no"])
    for one in refunds.values():
        if one["status"] == "SUCCESS" and _at(one["at"]).startswith(day):
            row(one["at"], "50" + one["out_refund_no"], "退款", -one["refund"], one["out_refund_no"])
    sums = [str(len(rows)), str(income[0]), yuan(income[1]), str(outgo[0]), yuan(outgo[1])]
    return _file(FUND, rows, FUND_SUM, sums)


FILES: dict[str, tuple[bytes, float]] = {}


@bp.before_request
def check() -> Response | None:
    world = the_world()
    fault = checks.authorization(world, request)
    return refuse(world, fault) if fault else None


@bp.get("/v3/bill/tradebill")
def ask_trade_bill() -> Response:
    return _offer(the_world(), trade_bill)


@bp.get("/v3/bill/fundflowbill")
def ask_fund_bill() -> Response:
    return _offer(the_world(), fund_bill)


def _offer(world: World, write: Any) -> Response:
    day = request.args["bill_date"]
    now = datetime.fromtimestamp(world.now(), BEIJING)
    if day >= f"{now:%Y-%m-%d}" or world.take_fault("bill_late"):
        return refuse(world, "STATEMENT_CREATING: the bill is being made")
    orders, refunds = dict(world.orders), dict(world.refunds)
    if world.take_fault("bill_missing_row"):
        orders.pop(paid_on(orders, day)[0]["out_trade_no"])
        refunds = {no: one for no, one in refunds.items() if one["out_trade_no"] in orders}
    raw = write(orders, refunds, day).encode()
    if raw.count(b"\n") <= 3:
        return refuse(world, "NO_STATEMENT_EXIST: nothing happened that day")
    token = secrets.token_hex(8)
    FILES[token] = (gzip.compress(raw), world.now() + world.reading.bill_lives_s)
    shown = "0" * 40 if world.take_fault("bill_wrong_hash") else hashlib.sha1(raw).hexdigest()
    url = f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={token}"
    return answer(world, 200, {"hash_type": "SHA1", "hash_value": shown, "download_url": url})


@bp.get("/v3/billdownload/file")
def download() -> Response:
    packed, until = FILES.pop(request.args["token"], (b"", 0.0))
    if until < the_world().now():
        return refuse(the_world(), "INVALID_REQUEST: the address is over", 403)
    return Response(packed, 200, content_type="application/x-gzip")
