"""What promotions say of goods on the shelf: the price a unit has today, until when, and what else there is.

From the rule book in memory: no statement a card, and none at all while a store has no rules.  A shelf shows what one
unit would cost by its exclusive price (phase 1); what depends on the rest of the basket is only named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import epoch_ms
from config.db import first
from member import segments
from trade.pricing import ladders
from trade.pricing.allowed import why_not
from trade.pricing.listing import Goods
from trade.pricing.promotions import book, counts
from trade.pricing.promotions.book import InForce, from_ms
from trade.pricing.promotions.states import Scope
from trade.pricing.rules import EVERYTHING, UNLIMITED, Here, Kind, Left, Rule
from trade.pricing.segments import Good

SOON = timedelta(hours=24)
"""So long before it begins a flash price is announced."""
_ANNOUNCED = (Kind.FLASH, Kind.SECKILL)
_FACTS = ("steps", "buy", "get", "price_fen", "every", "members_only")


class Shelf:
    """The rules of one store sorted once, for as many goods as a page has."""

    def __init__(self, known: InForce, here: Here, left: Mapping[int, Left], now: datetime) -> None:
        """:param here: for whom; a guest (`tier` None) is also told what members pay."""
        self.now, self.zone, self.left = now, known.zone, left
        self.first = known.rules.member_and_flash == "first"
        self.now_rules: list[Rule] = []
        self.for_members: list[Rule] = []
        self.soon: list[tuple[datetime, Rule]] = []
        self.others: list[tuple[Rule, dict[str, Any]]] = []
        for rule in sorted(known.rules.rules, key=_turn):
            self._sort(rule, here)

    def _sort(self, rule: Rule, here: Here) -> None:
        """Free shipping is not said of goods: nothing is delivered from here."""
        reason = why_not(rule, here, self.left.get(rule.id, UNLIMITED))
        code = reason["code"] if reason else ""
        plain = code == "members_only" and not rule.tiers and not rule.segment_ids
        if rule.phase == 1:
            if not code:
                self.now_rules.append(rule)
            elif plain:
                self.for_members.append(rule)
            elif code in ("starts", "not_now") and rule.kind in _ANNOUNCED:
                begins = self._begins(rule)
                if begins and not why_not(rule, _at(here, begins, self.zone), self.left.get(rule.id, UNLIMITED)):
                    self.soon.append((begins, rule))
        elif rule.phase in (2, 3) and (not code or plain):
            self.others.append((rule, tag(rule)))

    def of(self, sku_id: int, category_id: int, price_fen: int, *, weighed: bool) -> dict[str, Any]:
        """What a card shows beside its list price, in fen a piece or kg; only what there is.

        `offer`: the lowest exclusive price this shopper gets now, `until_at` where it ends by the clock, `most` where
        an order gets only so many; `member_fen`: for a guest, what members pay when that is less; `coming`: a flash
        price that begins within a day; `promotions`: what else counts these goods, the most
        particular first.
        """
        good = Good(1, sku_id, category_id, 1, weighed, ((1, price_fen),))
        found: dict[str, Any] = {}
        lowest_fen = price_fen
        if offer := self._lowest(good, price_fen, self.now_rules):
            found["offer"], lowest_fen = self._shown(offer), offer.unit_fen
        members = self._lowest(good, price_fen, self.for_members)
        if members and members.unit_fen < lowest_fen:
            found["member_fen"] = members.unit_fen
        for begins, rule in self.soon:
            coming = self._lowest(good, price_fen, [rule])
            if coming and coming.unit_fen < lowest_fen:
                found["coming"] = {**self._shown(coming), "from_at": begins.isoformat()}
                break
        if tags := [tag for rule, tag in self.others if rule.covers(sku_id, category_id)]:
            found["promotions"] = tags
        return found

    def _lowest(self, good: Good, price_fen: int, rules: Iterable[Rule]) -> ladders.Offer | None:
        found = ladders.offers([good], [price_fen], list(rules), self.left, first=self.first)[0]
        return found[0] if found else None

    def _shown(self, offer: ladders.Offer) -> dict[str, Any]:
        rule = offer.rule
        until = self.until(rule)
        return {
            "rule_id": rule.id,
            "kind": rule.kind.value,
            "name": rule.name,
            "price_fen": offer.unit_fen,
            "until_at": until.isoformat() if until else None,
            "most": rule.most_per_order or None,
        }

    def until(self, rule: Rule) -> datetime | None:
        """When its price ends: the hour of the day, or for good.  None for a member price, which nobody counts down."""
        if rule.kind is Kind.MEMBER_PRICE:
            return None
        minute = _minute(self.now, self.zone)
        ends = [_today(self.now, self.zone, end) for begin, end in rule.hours if begin <= minute < end]
        return min([from_ms(rule.until_ms), *ends])

    def _begins(self, rule: Rule) -> datetime | None:
        """When it begins next: its first day, and on it or today the next of its hours; None if not soon."""
        first = max(from_ms(rule.from_ms), self.now)
        hours = [_today(first, self.zone, begin) for begin, _ in rule.hours]
        hours += [at + timedelta(days=1) for at in hours]
        begins = min((at for at in hours if at >= first), default=first)
        return begins if self.now < begins < self.now + SOON else None


def _turn(rule: Rule) -> tuple[Any, ...]:
    """What is for few goods says more of them than what is for all."""
    return rule.scope == EVERYTHING, rule.phase, rule.priority, rule.id


def tag(rule: Rule) -> dict[str, Any]:
    """What a face needs to say of a promotion in a word or two."""
    facts = {name: getattr(rule, name) for name in _FACTS if getattr(rule, name)}
    if rule.kind is Kind.NTH_RATE:
        facts["on"] = rule.on
    return {"rule_id": rule.id, "kind": rule.kind.value, "name": rule.name, **facts}


def _minute(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def _today(at: datetime, zone: ZoneInfo, minute: int) -> datetime:
    """The moment of a minute of the store's day; 1440 is the next midnight."""
    midnight = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(minutes=minute)


def _at(here: Here, then: datetime, zone: ZoneInfo) -> Here:
    """The same customer at a later moment."""
    local = then.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return replace(here, now_ms=epoch_ms(then), weekday=local.isoweekday(), month_day=local.day, minute=minute)


_TIER = text("SELECT tier FROM member WHERE id = :id")


def mark(
    session: Session, store_id: int, cards: Sequence[dict[str, Any]], member_id: int | None, now: datetime
) -> None:
    """Write on each card (`sku_id`, `category_id`, `price_fen`, `weighed`) what promotions say of it.

    No statement where the store has no rules; else at most three for all cards: the tier, segments and quotas.
    """
    known = book.at(session, store_id, now) if cards else None
    if known is None or not known.rules.rules:
        return
    who = first(session, _TIER, {"id": member_id}) if member_id else None
    mine = segments.treated_among(session, member_id, known.segment_ids) if member_id and known.segment_ids else []
    here = known.here("mall", now, tier=who.tier if who else None, segment_ids=mine)
    shelf = Shelf(known, here, counts.left(session, known, member_id, now), now)
    for card in cards:
        card.update(shelf.of(card["sku_id"], card["category_id"], card["price_fen"], weighed=card["weighed"]))


def rushes(session: Session, store_id: int, member_id: int | None, now: datetime) -> dict[int, dict[str, Any]]:
    """By sku, the 秒杀 that runs now or begins within a day, for members too where a guest asks; running ones first.

    `total` and `left` are its units in the chain, null without a quota: what is sold out is shown as that until it
    ends.  No statement where the store has none.
    """
    known = book.at(session, store_id, now)
    known = replace(known, rules=replace(known.rules, rules=tuple(r for r in known.rules.rules if _is_rush(r))))
    if not known.rules.rules:
        return {}
    who = first(session, _TIER, {"id": member_id}) if member_id else None
    mine = segments.treated_among(session, member_id, known.segment_ids) if member_id and known.segment_ids else []
    shelf = Shelf(known, known.here("mall", now, tier=who.tier if who else "", segment_ids=mine), {}, now)
    left = counts.left(session, known, None, now)
    found: dict[int, dict[str, Any]] = {}
    for begins, rule in [*((None, rule) for rule in shelf.now_rules), *sorted(shelf.soon, key=lambda one: one[0])]:
        limits, until = known.limits.get(rule.id), shelf.until(rule)
        for sku_id, fen in rule.prices.items():
            found.setdefault(
                sku_id,
                {
                    "rule_id": rule.id,
                    "name": rule.name,
                    "price_fen": fen,
                    "from_at": begins.isoformat() if begins else None,
                    "until_at": until.isoformat() if until and not begins else None,
                    "most": rule.most_per_order or None,
                    "total": limits.units[Scope.TOTAL] if limits else None,
                    "left": left[rule.id].units if rule.id in left else None,
                },
            )
    return found


def _is_rush(rule: Rule) -> bool:
    return rule.kind is Kind.SECKILL and bool(rule.prices)


def counted(session: Session, store_id: int, member_id: int | None, now: datetime) -> Goods:
    """The goods that some promotion for this shopper counts now; one for all goods makes none of them special."""
    known = book.at(session, store_id, now)
    who = first(session, _TIER, {"id": member_id}) if member_id else None
    mine = segments.treated_among(session, member_id, known.segment_ids) if member_id and known.segment_ids else []
    here = known.here("mall", now, tier=who.tier if who else None, segment_ids=mine)
    shelf = Shelf(known, here, counts.left(session, known, member_id, now), now)
    skus: set[int] = set()
    categories: set[int] = set()
    barred: set[int] = set()
    for rule in [*shelf.now_rules, *shelf.for_members, *(rule for rule, _ in shelf.others)]:
        if rule.kind is Kind.BUNDLE:
            skus |= {part for part, _ in rule.parts}
        elif rule.prices and rule.phase == 1:
            skus |= rule.prices.keys()
        else:
            skus |= rule.scope.skus - rule.scope.not_skus
            categories |= rule.scope.categories - rule.scope.not_categories
            barred |= rule.scope.not_skus
    return Goods(tuple(sorted(skus)), tuple(sorted(categories)), tuple(sorted(barred)))
