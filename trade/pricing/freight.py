"""What bringing and sending cost: the terms of the head office, and what they say of one basket.

    delivery (同城配送)  by the distance from the store, in bands; from a minimum (起送价) on
    ship (快递)          by weight and the region's zone: the first weight, then each more that is begun

    basket of 2.3 kg, zone "first 1 kg 8.00, each more 1 kg 2.00":   8.00 + ceil(1.3) x 2.00 = 12.00

Both are free from `free_from_fen` on.  That threshold, as the minimum, is measured on goods after promotions and
coupons and before points (members-mall-orders.md 3.6.1): it stands in the engine's search as a rule of free shipping
(`free_rule`), so a coupon that would cost the free delivery is weighed against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.clock import epoch_ms
from config.db import fetch, first
from trade.pricing.rules import Kind, Rule

Fen = Annotated[int, Field(ge=0, le=100_000_000)]
Prefix = Annotated[str, Field(pattern=r"^[1-9][0-9]{1,5}$")]
MODES = ("delivery", "ship")
TERMS = "freight_terms"
"""The trace's word for what the terms themselves waive."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Band(_Frozen):
    """Up to `to_m` metres from the store it costs `fee_fen`."""

    to_m: int = Field(ge=1, le=100_000)
    fee_fen: Fen


class Delivery(_Frozen):
    """Same-city delivery of a store: bands ascend, and beyond the last nothing is brought.

    An order may be chosen for a slot that begins at least `prepare_minutes` from now, `slot_capacity` for each.
    """

    minimum_fen: Fen = 2000
    free_from_fen: Fen | None = 9900
    bands: tuple[Band, ...] = Field((Band(to_m=3000, fee_fen=500), Band(to_m=6000, fee_fen=800)), min_length=1)
    prepare_minutes: int = Field(60, ge=0, le=24 * 60)
    slot_capacity: int = Field(12, ge=0, le=10_000)

    def fee_fen(self, distance_m: int) -> int | None:
        """By the first band that reaches; None beyond the last."""
        return next((band.fee_fen for band in self.bands if distance_m <= band.to_m), None)


class Zone(_Frozen):
    """Regions (their codes, or what codes begin with) that cost the same by post."""

    name: str = Field(max_length=40)
    regions: tuple[Prefix, ...] = ()
    first_g: int = Field(1000, ge=1, le=1_000_000)
    first_fen: Fen = 1000
    more_g: int = Field(1000, ge=1, le=1_000_000)
    more_fen: Fen = 300
    free_from_fen: Fen | None = None

    def fee_fen(self, weight_g: int) -> int:
        """The first weight, and each more that is begun."""
        return self.first_fen + max(-(-(weight_g - self.first_g) // self.more_g), 0) * self.more_fen


class Terms(_Frozen):
    """All of it: `stores` whose delivery is not the chain's, zones, what counts `elsewhere`, and where nothing goes."""

    delivery: Delivery = Delivery()
    stores: dict[int, Delivery] = Field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    elsewhere: Zone | None = Zone(name="全国", free_from_fen=9900)
    not_served: tuple[Prefix, ...] = ("71", "81", "82")

    def delivery_of(self, store_id: int) -> Delivery:
        """What counts for a store."""
        return self.stores.get(store_id, self.delivery)

    def zone_of(self, region: str) -> Zone | None:
        """Whose longest prefix fits; None where nothing is sent."""
        if region.startswith(self.not_served):
            return None
        fits = [(len(prefix), zone) for zone in self.zones for prefix in zone.regions if region.startswith(prefix)]
        return max(fits, key=lambda one: one[0])[1] if fits else self.elsewhere


Because = Literal["no_address", "no_point", "not_offered", "paused", "outside_area", "not_served", "cold_chain"]


class Freight(_Frozen):
    """What delivery would cost before anything waives it; `because` says why it is not to be had, and then it is 0."""

    mode: str
    fee_fen: int = 0
    because: Because | None = None
    minimum_fen: int = 0
    free_from_fen: int | None = None
    zone: str = ""
    weight_g: int = 0
    distance_m: int = 0

    def told(self, goods_fen: int) -> dict[str, Any]:
        """As a quote carries it; `short_fen` is what the minimum lacks of goods after promotions and coupons."""
        return self.model_dump() | {"short_fen": max(self.minimum_fen - goods_fen, 0)}


def free_rule(freight: Freight, now: datetime) -> Rule | None:
    """The terms' own threshold as the engine's rule; its id is no promotion's, so nothing counts it."""
    if not freight.fee_fen or freight.free_from_fen is None:
        return None
    ms = epoch_ms(now)
    return Rule(0, 0, Kind.FREE_SHIPPING, "", ms, ms + 1, priority=-1_000_000, steps=((freight.free_from_fen, 0),))


def name_the_terms(rows: Sequence[dict[str, Any]]) -> None:
    """In a trace, or among what did nothing, the terms' own rule is called what it is."""
    for row in rows:
        if row.get("kind") == Kind.FREE_SHIPPING and row.get("rule_id") == 0:
            row["source"] = TERMS
        if row.get("phase") == 6 and row["source"] == "promotion" and not row["source_id"]:
            row["source"] = TERMS


_IN_FORCE = text(
    "SELECT version, terms FROM freight_terms WHERE from_at <= :now ORDER BY from_at DESC, version DESC LIMIT 1"
)
_PUBLISH = text(
    "INSERT INTO freight_terms (from_at, terms, actor, at)"
    " VALUES (:from_at, CAST(:terms AS jsonb), :actor, :now) RETURNING version"
)


def in_force(session: Session, now: datetime) -> tuple[int, Terms]:
    """The version and its terms; version 0 are the ones built in."""
    found = first(session, _IN_FORCE, {"now": now})
    return (found.version, Terms.model_validate(found.terms)) if found else (0, Terms())


def publish(session: Session, terms: Terms, *, from_at: datetime, actor: str, now: datetime) -> int:
    """Terms that count from a moment on; returns their version.  Orders keep the freight they were placed with."""
    given: Mapping[str, Any] = {"from_at": from_at, "terms": terms.model_dump_json(), "actor": actor, "now": now}
    version = int(fetch(session, _PUBLISH, given)[0].version)
    subject, at = f"freight_terms:{version}", from_at.isoformat()
    journal.record(session, "freight.terms_published", subject, actor=actor, now=now, from_at=at)
    return version
