"""A return after which a promotion is no longer met: what of the refund is kept back, or given back later.

`trade/pricing/DECISIONS.md` has the rule and its worked table (till-and-store-desk.md 3.6).  Everything comes from what
was stored with the order; only the goods that are kept are priced, with the rules that the order used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch
from config.money import line_fen, split
from member.wallet_terms import Split
from trade.orders.line_refunds import TooMuchRefunded
from trade.pricing import engine
from trade.pricing.promotions.book import InForce
from trade.pricing.rules import STACKING, Here, Kind, Left, Rule, RuleBook, rule_from_json
from trade.pricing.segments import Good

ANEW = "re_evaluate"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order as it stands after a return.

    `back` units and `refunded_fen` came back, `faulty` of the units by the merchant's fault; `shares` is what
    promotions took off it, by id.
    """

    line_no: int
    sku_id: int
    category_id: int
    weighed: bool
    unit_price_fen: int
    qty: int
    list_fen: int
    net_fen: int
    back: int
    faulty: int
    refunded_fen: int
    name: str = ""
    gift: bool = False
    gift_value_fen: int = 0
    shares: Mapping[int, int] = field(default_factory=dict)

    @property
    def kept(self) -> int:
        """Units that stay with the customer."""
        return self.qty - self.back

    @property
    def counts(self) -> int:
        """Units that count towards thresholds: those kept, and those that came back by the merchant's fault."""
        return self.kept + self.faulty

    @property
    def net_kept_fen(self) -> int:
        """What the kept units cost by the line's own figures, less what was refunded on them."""
        return self.net_fen - self.refunded_fen

    def after_promotions_fen(self) -> int:
        """What the kept units cost before coupons, points and the manual discount, by the stored shares."""
        whole_fen = self.list_fen - sum(self.shares.values())
        return whole_fen - whole_fen * self.back // self.qty


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be kept back in all, for promotions (negative: given beyond `keep`) and for gifts.

    `lost` are the rules that take off less now; `gifts` are line, units and fen of gifts that are due.
    """

    promotions_fen: int = 0
    gifts_fen: int = 0
    lost: tuple[Rule, ...] = ()
    gifts: tuple[tuple[Line, int, int], ...] = ()


def target(
    lines: Sequence[Line], book: RuleBook, here: Here, left: Mapping[int, Left], *, coupons: bool = False
) -> Target:
    """What must be kept back of `keep` in all when an order stands as `lines` say.  Pure.

    :param book: the rules that the order used, in their versions; `left` how often each was used.
    :param coupons: whether coupons took part; then nothing beyond `keep` is given.
    """
    counted = [line for line in lines if line.counts and not line.gift]
    found = None
    if counted and any(rule.on_return == ANEW for rule in book.rules):
        goods = [
            Good(one.line_no, one.sku_id, one.category_id, one.counts, one.weighed, ((1, one.unit_price_fen),))
            for one in counted
        ]
        found = engine.price(goods, book, here, left=left)
    promotions_fen, lost = _promotions(counted, book, found, coupons=coupons)
    gifts = tuple(_gifts(lines, counted, book, found))
    return Target(promotions_fen, sum(fen for _, _, fen in gifts), lost, gifts)


def _promotions(
    counted: Sequence[Line], book: RuleBook, found: engine.Priced | None, *, coupons: bool
) -> tuple[int, tuple[Rule, ...]]:
    """Price of what is kept less what its lines carry, and the rules that no longer give what they gave."""
    anew = {rule.id: rule for rule in book.rules if rule.on_return == ANEW and rule.kind is not Kind.GIFT}
    if found is None or not any(rule_id in line.shares for line in counted for rule_id in anew):
        return 0, ()
    due_fen, lost = 0, []
    for line in counted:
        list_fen = line_fen(line.unit_price_fen, line.kept, weighed=line.weighed)
        due_fen += list_fen - line.after_promotions_fen()
    for rule in book.rules:
        had_fen = sum(line.shares.get(rule.id, 0) * line.kept // line.qty for line in counted)
        now_fen = _off_now(counted, found, rule.id)
        if rule.id in anew and now_fen < had_fen:
            lost.append(rule)
        due_fen -= now_fen if rule.id in anew else max(now_fen, had_fen)
    due_fen = max(due_fen, -sum(line.net_kept_fen for line in counted))
    return max(due_fen, 0) if coupons else due_fen, tuple(lost)


def _off_now(counted: Sequence[Line], found: engine.Priced, rule_id: int) -> int:
    """What a rule takes off the kept units now; of a line with faulty units their part is left out."""
    return sum(
        -(-share_fen * line.kept // line.counts)
        for step in found.steps
        if step.source == "promotion" and step.source_id == rule_id
        for line, share_fen in zip(counted, step.shares, strict=True)
    )


def _gifts(
    lines: Sequence[Line], counted: Sequence[Line], book: RuleBook, found: engine.Priced | None
) -> list[tuple[Line, int, int]]:
    """Gifts that are kept and no longer earned: line, units, and what they are worth."""
    rules = {rule.id: rule for rule in book.rules}
    earned: dict[tuple[int, int], int] = {}
    for rule, sku_id, qty in found.gifts if found else ():
        earned[rule.id, sku_id] = earned.get((rule.id, sku_id), 0) + qty
    due = []
    for line in lines:
        rule_id = next(iter(line.shares), 0)
        if not line.gift or not line.kept or rule_id not in rules:
            continue
        rule = rules[rule_id]
        may_keep = line.kept if any(rule.covers(one.sku_id, one.category_id) for one in counted) else 0
        if rule.on_return == ANEW:
            may_keep = earned.get((rule_id, line.sku_id), 0)
        units = max(line.kept - may_keep, 0)
        if units:
            due.append((line, units, units * line.gift_value_fen))
    return due


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier returns of the order kept back: of promotions and of gifts, and what of both was stored value."""

    promotions_fen: int = 0
    gifts_fen: int = 0
    wallet: Split = Split()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Part:
    """What the goods of one return cost, and what is left on the kept ones; each with its stored value."""

    goods_fen: int
    back: Split = Split()  # noqa: RUF009 -- frozen
    kept_fen: int = 0
    kept: Split = Split()  # noqa: RUF009 -- frozen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one return keeps back (negative: gives back) beyond points and coupons, and both figures of the goods."""

    keep_fen: int
    re_evaluate_fen: int
    promotions_fen: int = 0
    gifts_fen: int = 0
    wallet: Split = Split()  # noqa: RUF009 -- frozen
    lost: tuple[Rule, ...] = ()
    gifts: tuple[tuple[Line, int, int], ...] = ()
    fault: bool = False

    @property
    def withheld_fen(self) -> int:
        """Both together."""
        return self.promotions_fen + self.gifts_fen

    @property
    def policy(self) -> str:
        """Which of the two figures counts."""
        return ANEW if self.re_evaluate_fen != self.keep_fen and not self.fault else "keep"

    def as_json(self) -> dict[str, Any]:
        """As the till shows it before anybody confirms."""
        return {
            "keep_fen": self.keep_fen,
            "re_evaluate_fen": self.re_evaluate_fen,
            "on_return": self.policy,
            "fault": self.fault,
            "promotions_withheld_fen": self.promotions_fen,
            "withheld_gift_fen": self.gifts_fen,
            "promotions_lost": [{"id": rule.id, "name": rule.name} for rule in self.lost],
            "gifts_kept": [
                {"line_no": line.line_no, "name": line.name, "qty": qty, "worth_fen": fen}
                for line, qty, fen in self.gifts
            ],
        }


def settle(part: Part, before: Before, aim: Target, *, fault: bool = False) -> Outcome:
    """What this return keeps back so that the order ends at `aim`; never more than it gives.  Pure.

    :param fault: nothing more is kept back than was; what is due less is given back all the same.
    """
    anew_fen = aim.promotions_fen - before.promotions_fen
    stays_fen = max(min(before.promotions_fen, max(aim.promotions_fen, 0)), -part.kept_fen) - before.promotions_fen
    gifts_fen = aim.gifts_fen - before.gifts_fen
    if fault:
        gifts_fen = min(gifts_fen, 0)
    promotions_fen = stays_fen if fault else min(anew_fen, part.goods_fen + max(-gifts_fen, 0))
    gifts_fen = min(gifts_fen, part.goods_fen - promotions_fen)
    keep_fen, re_evaluate_fen = part.goods_fen - stays_fen, max(part.goods_fen - anew_fen, 0)
    wallet = _of_wallet(part, before, promotions_fen + gifts_fen)
    return Outcome(keep_fen, re_evaluate_fen, promotions_fen, gifts_fen, wallet, aim.lost, aim.gifts, fault)


def _of_wallet(part: Part, before: Before, withheld_fen: int) -> Split:
    """What of it is stored value: as little as can be, so money is kept back first and given back last.

    Neither of the two, and neither bucket, ever gives back less than nothing or more than the order took of it.
    """
    had, kept, money_fen = before.wallet, part.kept, part.goods_fen - part.back.total_fen
    after_fen = before.promotions_fen + before.gifts_fen + withheld_fen
    most = had + part.back
    whole_fen = _between(
        0,
        max(-kept.total_fen, had.total_fen + withheld_fen - money_fen),
        min(most.total_fen, after_fen + part.kept_fen - kept.total_fen),
    )
    weights = [max(most.principal_fen, 0), max(most.bonus_fen, 0)]
    if whole_fen < 0:
        weights = [kept.principal_fen, kept.bonus_fen]
    share_fen = split(abs(whole_fen), weights)[0] if whole_fen else 0
    principal_fen = _between(
        -share_fen if whole_fen < 0 else share_fen,
        max(-kept.principal_fen, whole_fen - most.bonus_fen),
        min(most.principal_fen, whole_fen + kept.bonus_fen),
    )
    return Split(principal_fen - had.principal_fen, whole_fen - principal_fen - had.bonus_fen)


def _between(fen: int, least_fen: int, most_fen: int) -> int:
    assert least_fen <= most_fen, (least_fen, most_fen)
    return min(max(fen, least_fen), most_fen)


_USED = text("""
    SELECT u.promotion_id, u.version, u.units, v.body, store.zone,
           coalesce(v.total_units, v.member_units, v.day_units, v.store_units) IS NOT NULL AS limited,
           coalesce(own.mode, chain.mode, 'best') AS mode,
           coalesce(chain.member_and_flash, 'best') AS member_and_flash, chain.stacking
    FROM promotion_use u JOIN store ON store.id = u.store_id
    JOIN promotion_version v ON v.promotion_id = u.promotion_id AND v.version = u.version
    LEFT JOIN promotion_book chain ON chain.store_id = 0 LEFT JOIN promotion_book own ON own.store_id = u.store_id
    WHERE u.store_id = :store AND u.order_id = :order ORDER BY u.promotion_id""")
_LINES = text("""
    SELECT line.line_no, line.sku_id, product.category_id, line.weighed, line.unit_price_fen, line.qty, line.list_fen,
           line.net_fen, line.name, line.gift, line.gift_value_fen, coalesce(came.qty, 0) AS back,
           coalesce(came.faulty, 0) AS faulty, coalesce(came.fen, 0) AS refunded_fen,
           coalesce(took.shares, '{}') AS shares,
           coalesce(stored.principal_fen, 0) - coalesce(came.principal, 0) AS principal_left,
           coalesce(stored.bonus_fen, 0) - coalesce(came.bonus, 0) AS bonus_left
    FROM order_line line JOIN sku ON sku.id = line.sku_id JOIN product ON product.id = sku.product_id
    LEFT JOIN wallet_share stored USING (store_id, order_id, line_no)
    LEFT JOIN LATERAL (SELECT sum(r.qty)::bigint AS qty, sum(r.qty) FILTER (WHERE d.fault)::bigint AS faulty,
            sum(r.refund_fen)::bigint AS fen,
            sum(r.principal_back_fen)::bigint AS principal, sum(r.bonus_back_fen)::bigint AS bonus
        FROM return_line r JOIN sale_return d ON d.store_id = r.store_id AND d.id = r.return_id
        WHERE r.store_id = line.store_id AND r.order_id = line.order_id AND r.line_no = line.line_no) came ON true
    LEFT JOIN LATERAL (SELECT jsonb_object_agg(a.source_id, a.amount_fen) AS shares FROM allocation a
        WHERE a.store_id = line.store_id AND a.order_id = line.order_id AND a.line_no = line.line_no
          AND a.source = 'promotion') took ON true
    WHERE line.store_id = :store AND line.order_id = :order ORDER BY line.line_no""")
_BEFORE = text("""
    SELECT coalesce(sum(promotions_withheld_fen), 0)::bigint AS promotions,
           coalesce(sum(gifts_withheld_fen), 0)::bigint AS gifts,
           coalesce(sum(withheld_principal_fen), 0)::bigint AS principal,
           coalesce(sum(withheld_bonus_fen), 0)::bigint AS bonus
    FROM sale_return WHERE store_id = :store AND order_id = :order""")


def after_return(
    session: Session, order: Any, wants: Mapping[int, int], fens: Mapping[int, int], back: Split, *, fault: bool
) -> Outcome:
    """What returning `wants` (line number -> units) keeps back of the order's refund; ask before it is written.

    One statement where no promotion of the order cares.

    :param fens: what the lines give back by `keep`, by line number; `back` of it to stored value.
    """
    goods_fen = sum(fens.values())
    key = {"store": order.store_id, "order": order.id}
    used = fetch(session, _USED, key)
    rules = [rule_from_json(row.body | {"id": row.promotion_id, "version": row.version}) for row in used]
    if not any(rule.on_return == ANEW or rule.kind is Kind.GIFT for rule in rules):
        return Outcome(goods_fen, goods_fen, fault=fault)
    stacking = STACKING if used[0].stacking is None else tuple((pair[0], pair[1]) for pair in used[0].stacking)
    book = RuleBook(order.rules_version, tuple(rules), used[0].mode, used[0].member_and_flash, stacking)
    segments = [segment for rule in rules for segment in rule.segment_ids]
    known = InForce(order.store_id, ZoneInfo(used[0].zone), book)
    here = known.here(order.channel, order.placed_at, tier=order.tier, segment_ids=segments)
    rows = fetch(session, _LINES, key)
    bad = wants if fault else {}
    lines = [_line(row, wants.get(row.line_no, 0), bad.get(row.line_no, 0), fens.get(row.line_no, 0)) for row in rows]
    # of limited units weighed goods get none, so a rule that lowered some had enough of them
    enough = {rule_id for line in lines if line.weighed for rule_id in line.shares}
    left = {row.promotion_id: Left(units=row.units) for row in used if row.limited and row.promotion_id not in enough}
    aim = target(lines, book, here, left, coupons=order.coupon_fen > 0)
    part = Part(goods_fen, back, sum(line.net_kept_fen for line in lines), _left(rows, back))
    return settle(part, _before(session, key), aim, fault=fault)


def after_amount(session: Session, order: Any, fens: Mapping[int, int], back: Split, *, fault: bool) -> Outcome:
    """What an amount refunded (line number -> fen, `back` of it to stored value) means for what was kept back: nothing.

    No unit comes back, so no promotion is asked again.  Where earlier returns gave more than the lines' own figures,
    that much less of the order is left to refund; their stored value stays within what is left of it.

    :raises TooMuchRefunded: no more than what is left of the order.
    """
    goods_fen, key = sum(fens.values()), {"store": order.store_id, "order": order.id}
    before = _before(session, key)
    if before == Before():
        return Outcome(goods_fen, goods_fen, fault=fault)
    rows = fetch(session, _LINES, key)
    kept_fen = sum(row.net_fen - row.refunded_fen for row in rows) - goods_fen
    if before.promotions_fen + before.gifts_fen + kept_fen < 0:
        left_fen = before.promotions_fen + before.gifts_fen + kept_fen + goods_fen
        raise TooMuchRefunded(left=[{"line_no": number, "fen": min(fen, left_fen)} for number, fen in fens.items()])
    part = Part(goods_fen, back, kept_fen, _left(rows, back))
    return Outcome(goods_fen, goods_fen, wallet=_of_wallet(part, before, 0), fault=fault)


def _before(session: Session, key: Mapping[str, int]) -> Before:
    done = fetch(session, _BEFORE, dict(key))[0]
    return Before(done.promotions, done.gifts, Split(done.principal, done.bonus))


def _left(rows: Sequence[Any], back: Split) -> Split:
    """What of the stored value of all lines is left there, once `back` of it went back."""
    principal_fen, bonus_fen = (sum(getattr(row, name) for row in rows) for name in ("principal_left", "bonus_left"))
    return Split(principal_fen - back.principal_fen, bonus_fen - back.bonus_fen)


def _line(row: Any, more: int, faulty: int, more_fen: int) -> Line:
    found = row._asdict()
    del found["principal_left"], found["bonus_left"]
    shares = {int(rule_id): fen for rule_id, fen in found.pop("shares").items()}
    came, bad = found.pop("back") + more, found.pop("faulty") + faulty
    refunded_fen = found.pop("refunded_fen") + more_fen
    return Line(**found, shares=shares, back=came, faulty=bad, refunded_fen=refunded_fen)
