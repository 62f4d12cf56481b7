"""A Z and its amendments on paper, from the texts that were hashed: so a reprint equals the original."""

from __future__ import annotations

from typing import Any

from config.money import yuan
from pos.printing.papers import moment
from pos.printing.slip import Slip, say


def z(written: list[dict[str, Any]], width_mm: int, *, copy: int) -> Slip:
    """The Z and what amended it, one below the other; `copy` is how often it was printed before."""
    slip = Slip(width_mm)
    slip.line(written[0]["store_name"], "title")
    if copy:
        slip.line(say("copy", n=copy), "centre")
    for one in written:
        _one(slip, one)
    held = written[0].get("held", [])
    if held:
        slip.line(say("z_held", n=len(held)))
        for basket in held:
            slip.pair(f"  {basket['note'] or '、'.join(basket['names'])}", yuan(basket["payable_fen"]))
        slip.rule()
    slip.line(say("signed"))
    return slip


def _one(slip: Slip, one: dict[str, Any]) -> None:
    name = say("z", no=f"{one['z_no']:06d}")
    slip.line(say("z_amended", n=one["amended"], what=one["for"]) if one["amended"] else name, "centre")
    slip.pair(one["drawer_name"], one["till_name"])
    slip.pair(say("z_opened", name=one["opened_by"]), moment(one["opened_at"]))
    slip.pair(say("z_counted", name=one["at_staff"]), moment(one["counted_at"]))
    slip.pair(say("z_settled"), moment(one["settled_at"]))
    slip.rule()
    slip.pair(say("z_sales", n=one["sales"]), yuan(one["sold_fen"]))
    if one["top_ups"]:
        slip.pair(say("z_top_ups", n=one["top_ups"]), yuan(one["topped_fen"]))
    for kind, fen in sorted(one["tenders"].items()):
        slip.pair(f"  {say(f'tender.{kind}')}", yuan(fen))
    slip.pair(say("z_returns", n=one["returns"]), yuan(-sum(one["refunds"].values())))
    for kind, fen in sorted(one["refunds"].items()):
        slip.pair(f"  {say(f'tender.{kind}')}", yuan(-fen))
    _voided(slip, one)
    if one["rounding_fen"]:
        slip.pair(say("rounding"), yuan(one["rounding_fen"]))
    slip.rule()
    _drawer(slip, one)
    _hashes(slip, one)


def _voided(slip: Slip, one: dict[str, Any]) -> None:
    voided = one.get("voided", [])
    if not voided:
        return
    slip.pair(say("z_voided", n=sum(by["n"] for by in voided)), yuan(sum(by["fen"] for by in voided)))
    for by in voided:
        name = one["voiders"][str(by["staff_id"])]
        slip.pair("  " + say("z_voided_by", name=name, n=by["n"], approved=by["approved"]), yuan(by["fen"]))


def _drawer(slip: Slip, one: dict[str, Any]) -> None:
    slip.pair(say("z_float"), yuan(one["float_fen"]))
    if one["proposed_fen"] not in (None, one["float_fen"]):
        slip.pair(say("z_left_before"), yuan(one["proposed_fen"]))
    slip.pair(say("z_cash_in"), yuan(one["tenders"].get("cash", 0)))
    slip.pair(say("z_cash_back"), yuan(-one["refunds"].get("cash", 0)))
    for name, sign in (("paid_in", 1), ("paid_out", -1), ("drops", -1)):
        if one[f"{name}_fen"]:
            slip.pair(say(f"z_{name}"), yuan(sign * one[f"{name}_fen"]))
    slip.pair(say("z_expected"), yuan(one["expected_fen"]))
    if one["unbooked"]:
        slip.pair(say("z_unbooked", n=one["unbooked"]), yuan(one["unbooked_fen"]))
    slip.pair(say("z_counted_cash"), yuan(one["counted_fen"]))
    slip.pair(say("z_difference"), yuan(one["difference_fen"]))
    for count in one["counts"]:
        if count["no"] and count["pieces"]:
            slip.line(say(f"z_count_{count['no']}", name=count["by"], fen=yuan(count["fen"])))
            for face, n in count["pieces"].items():
                slip.pair(f"  ￥{yuan(int(face))} x {n}", yuan(int(face) * n))
    if one["taken_fen"]:
        slip.pair(say("z_taken"), yuan(one["taken_fen"]))
    slip.pair(say("z_left"), yuan(one["left_fen"]))
    for word in one.get("words", []):
        slip.line(say("z_word", what=say(f"z_word.{word['action']}"), name=word["approved_by"], why=word["reason"]))
        slip.pair(f"  {moment(word['at'])}", f"- {moment(word['until_at'])}")
    if one["missing"]:
        slip.line(say("z_missing", n=one["missing"]))
    if one["approved_by"]:
        slip.line(say("z_approved", name=one["approved_by"], why=one["reason"]))


def _hashes(slip: Slip, one: dict[str, Any]) -> None:
    slip.rule()
    slip.line(say("z_hash", hash=one["hash"][:32]))
    slip.line(say("z_prev", hash=one["prev"][:32]))
    slip.rule()
