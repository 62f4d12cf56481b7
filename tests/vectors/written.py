"""A question and its answer as JSON: moments in milliseconds, parts named by their ids."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from config.clock import epoch_ms
from member.coupons.worth import Held
from tests.vectors.problems import Vector
from trade.pricing.engine import Priced
from trade.pricing.promotions.book import InForce
from trade.pricing.promotions.delivered import offsets
from trade.pricing.rules import book_as_json
from trade.pricing.weigh import Plan


def written(vector: Vector, answer: Priced | None, store: InForce, now: datetime) -> str:
    """One line for `compare.mjs`, with what the store's clock says at a moment."""
    asked, at = vector.problem, vector.problem.purse.at
    assert at
    body = {
        "name": vector.name,
        "goods": [asdict(good) for good in asked.goods],
        "book": book_as_json(asked.book),
        "here": asdict(asked.here),
        "left": {rule_id: asdict(left) for rule_id, left in asked.left.items()},
        "purse": {
            "coupons": [_held(held) for held in asked.purse.coupons],
            "at": {"store_id": at.store_id, "channel": at.channel, "now_ms": epoch_ms(at.now)},
        },
        "wish": {
            "coupon_ids": vector.wish.coupon_ids,
            "barred": sorted(vector.wish.barred),
            "required": sorted(vector.wish.required),
        },
        "freight_fen": asked.freight_fen,
        "explain": vector.explain,
        "offsets": offsets(store.zone, now),
        "clock": asdict(store.here("till", now, tier="gold", segment_ids=[5])),
        "answer": answer and _answer(answer),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _held(held: Held) -> dict[str, Any]:
    return in_ms({name: getattr(held, name) for name in Held.__dataclass_fields__})


def in_ms(body: Mapping[str, Any]) -> dict[str, Any]:
    """With `from_ms` and `until_ms` for `from_at` and `until_at`, also inside `why_not`."""
    found: dict[str, Any] = {}
    for name, value in body.items():
        if name in ("from_at", "until_at"):
            found[name[:-3] + "_ms"] = epoch_ms(value if isinstance(value, datetime) else datetime.fromisoformat(value))
        else:
            found[name] = in_ms(value) if name == "why_not" and value else value
    return found


def _answer(answer: Priced) -> dict[str, Any]:
    plain: Sequence[str] = (
        "units_fen", "list_fen", "nets_fen", "points_fen", "freight_fen", "payable_fen", "priced", "optimal", "why_not",
    )  # fmt: skip
    return {
        **{name: getattr(answer, name) for name in plain},
        "steps": [asdict(step) for step in answer.steps],
        "gifts": [{"rule_id": rule.id, "sku_id": sku_id, "qty": qty} for rule, sku_id, qty in answer.gifts],
        "plan": _plan(answer.plan),
        "coupons": {
            "offers": [in_ms(row) for row in answer.coupons.offers],
            "refused": [in_ms(row) for row in answer.coupons.refused],
            "best_ids": answer.coupons.best_ids,
        },
    }


def _plan(plan: Plan) -> dict[str, Any]:
    payable_fen, _, ends = plan.rank
    freight = plan.freight
    return {
        "rank": {"payable_fen": payable_fen, "ends": ends},
        "segments": [one._asdict() for one in plan.segments],
        "applied": [{"rule_id": one.rule.id, "base_fen": one.base_fen, "shares": one.shares} for one in plan.applied],
        "used": [
            {
                "coupon_id": one.voucher.held.id,
                "base_fen": one.base_fen,
                "off_fen": one.worth.off_fen,
                "lost_fen": one.worth.lost_fen,
                "shares": one.worth.shares,
            }
            for one in plan.used
        ],
        "nets": plan.nets,
        "freight": {
            "fen": freight.fen,
            "rule_id": freight.rule.id if freight.rule else 0,
            "coupon_id": freight.voucher.held.id if freight.voucher else 0,
            "off_fen": freight.off_fen,
        },
    }
