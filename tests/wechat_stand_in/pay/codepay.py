"""Payment codes (付款码): the phone shows one, a till charges it, the password may be asked, a till may reverse.

Time moves these orders: whoever looks at one first lets happen what was due (`look`).
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, request

from tests.wechat_stand_in.pay import checks
from tests.wechat_stand_in.pay.answers import answer, blueprint, refuse, the_world
from tests.wechat_stand_in.world import World

bp = blueprint("codepay")

SHOWN_S = 60
PASSWORD_FROM_FEN, FREE_A_DAY = 100_000, 10
TYPES_AFTER_S = 8


def show(world: World, openid: str) -> str:
    """The payment code on a person's phone: 18 digits that live a minute and can be charged once."""
    made = f"1{secrets.randbelow(6)}{secrets.randbelow(10**16):016d}"
    with world.lock:
        world.auth_codes[made] = {"openid": openid, "until": world.now() + SHOWN_S, "used": False}
    return made


def behave(world: World, openid: str, **habit: Any) -> None:
    """How a person pays: `asked` for the password always (or never), `types_after_s`, None for never, or `cancels`."""
    world.habits_of(openid)["code"] = habit


def look(world: World, one: dict[str, Any]) -> None:
    """Let happen what is due by now: the password is typed, refused, or WeChat itself waits no longer."""
    if one["state"] != "USERPAYING":
        return
    if one["types_at"] is not None and one["types_at"] <= min(world.now(), one["until"]):
        if one["cancels"]:
            one["state"] = "PAYERROR"
        else:
            _success(world, one)
    elif world.now() >= one["until"]:
        one["state"] = "REVOKED"
    world.keep()


def type_password(world: World, trade_no: str, *, cancels: bool = False) -> bool:
    """The person answers the password box now; False when none is open for that order."""
    with world.lock:
        one = world.orders.get(trade_no)
        if one is None or one["state"] != "USERPAYING" or world.now() >= one["until"]:
            return False
        one |= {"types_at": world.now(), "cancels": cancels}
        look(world, one)
        return True


def _success(world: World, one: dict[str, Any]) -> None:
    number = f"42000{secrets.randbelow(10**20):020d}"
    one |= {"state": "SUCCESS", "transaction_id": number, "success_time": world.beijing()}


def _asks_password(world: World, openid: str, fen: int) -> bool:
    habit = world.habits_of(openid).get("code", {})
    if "asked" in habit:
        return bool(habit["asked"])
    today = world.beijing()[:10]
    free = [
        one
        for one in world.orders.values()
        if one["openid"] == openid and one.get("way") == "code" and one["day"] == today and not one["asked"]
    ]
    return fen >= PASSWORD_FROM_FEN or len(free) >= FREE_A_DAY


@bp.post("/v3/pay/transactions/codepay")
def codepay() -> Response:
    world = the_world()
    said = request.get_json()
    if fault := checks.code_order(world, said):
        return refuse(world, fault)
    with world.lock:
        number, code = said["out_trade_no"], world.auth_codes.get(said["payer"]["auth_code"])
        if number in world.orders:
            return refuse(world, "OUT_TRADE_NO_USED: each try takes a new number")
        if code is None:
            return refuse(world, "AUTH_CODE_INVALID: no such payment code")
        if code["used"]:
            return refuse(world, "AUTH_CODE_INVALID: the payment code was used before")
        if code["until"] <= world.now():
            return refuse(world, "AUTH_CODE_EXPIRED: the payment code is older than a minute")
        code["used"] = True
        one = world.orders[number] = _ordered(world, said, code["openid"])
        if not one["asked"]:
            _success(world, one)
        world.keep()
    if one["state"] == "USERPAYING":
        if world.reading.paying_is_error:
            return refuse(world, "USERPAYING: the customer types the password")
        return answer(world, 200, {"trade_state": "USERPAYING"})
    return answer(world, 200, as_order(world, one))


def _ordered(world: World, said: dict[str, Any], openid: str) -> dict[str, Any]:
    habit, fen = world.habits_of(openid).get("code", {}), said["amount"]["total"]
    types_after_s = habit.get("types_after_s", TYPES_AFTER_S)
    return {
        "out_trade_no": said["out_trade_no"],
        "prepay_id": "",
        "way": "code",
        "day": world.beijing()[:10],
        "state": "USERPAYING",
        "total": fen,
        "openid": openid,
        "description": said["description"],
        "notify_url": "",
        "expires": 0,
        "asked": _asks_password(world, openid, fen),
        "types_at": None if types_after_s is None else world.now() + types_after_s,
        "cancels": bool(habit.get("cancels")),
        "until": world.now() + world.reading.code_lives_s,
        "made": world.now(),
    }


def as_order(world: World, one: dict[str, Any]) -> dict[str, Any]:
    """A code payment as the query tells it; while the password box is open it tells nothing else."""
    given = world.keys.given
    if one["state"] == "USERPAYING":
        return {"trade_state": "USERPAYING"}
    said = {"appid": given["appid"], "mchid": given["mchid"], "out_trade_no": one["out_trade_no"]}
    said |= {"trade_state": one["state"], "trade_type": "MICROPAY"}
    if one["state"] in ("SUCCESS", "REFUND"):
        money = {"total": one["total"], "payer_total": one["total"], "currency": "CNY"}
        said |= {"transaction_id": one["transaction_id"], "success_time": one["success_time"]}
        said |= {"amount": money, "payer": {"openid": one["openid"]}}
    return said


@bp.post("/v3/pay/transactions/out-trade-no/<no>/reverse")
def reverse(no: str) -> Response:
    """Undo a code payment: what was paid goes back in full, and nobody can pay any more."""
    world = the_world()
    said, given = request.get_json(), world.keys.given
    if said.get("appid") != given["appid"] or said.get("mchid") != given["mchid"]:
        world.violations.append(f"POST {request.path}: reverse without appid or mchid")
        return refuse(world, "SYSTEM_ERROR: system error", 500)
    with world.lock:
        one = world.orders.get(no)
        if one is None or one.get("way") != "code":
            return refuse(world, "ORDER_NOT_EXIST: unknown", 404)
        look(world, one)
        if world.take_fault("reverse_refused"):
            return refuse(world, "USERPAYING: the customer types the password")
        if world.now() < one["made"] + 14 and one["state"] != "REVOKED":
            return refuse(world, "PARAM_ERROR: reversed before 15 s")
        if one["state"] == "USERPAYING" and world.take_fault("pays_before_reverse"):
            _success(world, one)
        if one["state"] == "SUCCESS":
            one["reversed_fen"] = one["total"]
        one["state"] = "REVOKED"
        world.keep()
    return answer(world, 200, {"out_trade_no": no, **{name: given[name] for name in ("appid", "mchid")}})
