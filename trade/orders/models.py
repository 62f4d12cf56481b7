"""Orders, their lines, who bore which deduction, and the documents of return."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from config.db import Base
from trade.orders.states import State
from trade.stock.channels.models import PLATFORMS

_STATES = ", ".join(f"'{state}'" for state in State)
_PLATFORMS = ", ".join(f"'{platform}'" for platform in PLATFORMS)


class Order(Base):
    """One sale, at the counter or in the mall.  `state` changes only in `moves.py`.

    list_fen - promotion_fen - coupon_fen - points_fen - discount_fen is what the goods cost: the sum of the lines' net,
    and their allocations prove it.  With freight_fen and the signed rounding_fen of cash it is payable_fen, which the
    tenders pay.  `rules_version` is the version of the rule book that priced it; 0 for none.
    One that ended unpaid and whose money came late has `revived_at`: what it uses was held, released and spent anew.
    What it earned stays explained: `earn_basis_fen` by the member's `tier` and all multipliers of that moment.
    `may_split`: the customer lets several stores send it; `may_substitute`: they take something like it.
    """

    __tablename__ = "sale_order"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(f"channel IN ('till', 'mall', {_PLATFORMS})", name="channel"),
        CheckConstraint("(sales_channel_id IS NULL) = (external_no IS NULL)", name="external"),
        CheckConstraint("mode IN ('counter', 'pickup', 'delivery', 'ship')", name="mode"),
        CheckConstraint(
            "list_fen - promotion_fen - coupon_fen - discount_fen - points_fen + freight_fen + rounding_fen"
            " = payable_fen AND payable_fen >= 0 AND coupon_fen >= 0 AND promotion_fen >= 0 AND freight_fen >= 0"
            " AND list_fen >= promotion_fen + coupon_fen + discount_fen + points_fen",
            name="sums",
        ),
        CheckConstraint("rounding_fen BETWEEN -100 AND 100", name="rounding"),
        CheckConstraint(
            "wallet_principal_fen >= 0 AND wallet_bonus_fen >= 0"
            " AND wallet_principal_fen + wallet_bonus_fen <= payable_fen",
            name="wallet",
        ),
        Index("ix_sale_order_member", "member_id", text("id DESC")),
        Index(
            "ix_sale_order_open",
            "store_id",
            "state",
            "promise_at",
            postgresql_where=text("state IN ('paid', 'confirmed')"),
        ),
        Index("ix_sale_order_unpaid", "pay_by", postgresql_where=text("state = 'placed'")),
        Index(
            "uq_sale_order_external",
            "sales_channel_id",
            "external_no",
            unique=True,
            postgresql_where=text("external_no IS NOT NULL"),
        ),
        Index("ix_sale_order_placed", "placed_at", postgresql_using="brin"),
        Index("ix_sale_order_shift", "store_id", "shift_id", postgresql_where=text("shift_id IS NOT NULL")),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    channel: Mapped[str] = mapped_column(Text)
    mode: Mapped[str] = mapped_column(Text, server_default=text("'counter'"))
    may_split: Mapped[bool] = mapped_column(server_default=text("false"))
    may_substitute: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str] = mapped_column(Text)
    member_id: Mapped[int | None]
    staff_id: Mapped[int | None]
    till_id: Mapped[int | None]
    shift_id: Mapped[int | None]
    list_fen: Mapped[int]
    promotion_fen: Mapped[int] = mapped_column(server_default=text("0"))
    coupon_fen: Mapped[int] = mapped_column(default=0)
    discount_fen: Mapped[int]
    points_used: Mapped[int]
    points_fen: Mapped[int]
    freight_fen: Mapped[int] = mapped_column(server_default=text("0"))
    rounding_fen: Mapped[int] = mapped_column(server_default=text("0"))
    payable_fen: Mapped[int]
    rules_version: Mapped[int] = mapped_column(server_default=text("0"))
    wallet_principal_fen: Mapped[int] = mapped_column(server_default=text("0"))
    wallet_bonus_fen: Mapped[int] = mapped_column(server_default=text("0"))
    earns_points: Mapped[int]
    tier: Mapped[str | None] = mapped_column(Text)
    earn_multiplier_bp: Mapped[int | None]
    earn_basis_fen: Mapped[int] = mapped_column(server_default=text("0"))
    terms_version: Mapped[int | None]
    placed_at: Mapped[datetime]
    pay_by: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    revived_at: Mapped[datetime | None]
    promise_at: Mapped[datetime | None]
    remark: Mapped[str] = mapped_column(Text, default="")
    sales_channel_id: Mapped[int | None]
    external_no: Mapped[str | None] = mapped_column(Text)


class OrderLine(Base):
    """What was bought, at which price; `net_fen` is what was paid for it after every deduction.

    A `gift` is a line at 0; `gift_value_fen` is what a return withholds for one unit that does not come back.
    `given_sku_id` is what was given instead of `sku_id`, as which it was priced.  `at_store_id` is the store that was
    to hand over a line that a till sold from elsewhere.
    """

    __tablename__ = "order_line"
    __table_args__ = (
        Index("ix_order_line_sku", "sku_id", "order_id"),
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint("qty > 0", name="qty"),
        CheckConstraint("net_fen >= 0 AND net_fen <= list_fen", name="net"),
        CheckConstraint(
            "gift_value_fen >= 0 AND (CASE WHEN gift THEN net_fen ELSE gift_value_fen END) = 0", name="gift"
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    sku_id: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    spec: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    weighed: Mapped[bool]
    qty: Mapped[int]
    unit_price_fen: Mapped[int]
    list_fen: Mapped[int]
    net_fen: Mapped[int]
    earns_points: Mapped[int] = mapped_column(server_default=text("0"))
    earn_basis_fen: Mapped[int] = mapped_column(server_default=text("0"))
    gift: Mapped[bool] = mapped_column(server_default=text("false"))
    gift_value_fen: Mapped[int] = mapped_column(server_default=text("0"))
    given_sku_id: Mapped[int | None]
    at_store_id: Mapped[int | None]


class Allocation(Base):
    """A line's share of one order-level deduction, in fen and, where points paid, in points.

    `source_id` is the coupon's or the promotion's id, 0 where there is one of its kind an order; `version` is the
    promotion's, 0 for anything else.  Of what a sales channel took off, `channel` is borne by its platform, which owes
    it to us, and `channel_own` by us.
    """

    __tablename__ = "allocation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "order_id", "line_no"], ["order_line.store_id", "order_line.order_id", "order_line.line_no"]
        ),
        CheckConstraint(
            "source IN ('promotion', 'coupon', 'points', 'manual', 'channel', 'channel_own')", name="source"
        ),
        CheckConstraint("(source IN ('promotion', 'coupon')) = (source_id <> 0)", name="source_id"),
        CheckConstraint("(source = 'promotion') = (version > 0)", name="version"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    source_id: Mapped[int] = mapped_column(primary_key=True, default=0)
    amount_fen: Mapped[int]
    points: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(server_default=text("0"))


class OrderTrace(Base):
    """Why an order costs what it costs, as it was priced: a stored order is never priced again.

    `trace` has a row a step, `why_not` one for each rule that did nothing (`trade/pricing/DECISIONS.md`).
    """

    __tablename__ = "order_trace"
    __table_args__ = (ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),)
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    trace: Mapped[list[Any]] = mapped_column(JSONB)
    why_not: Mapped[list[Any]] = mapped_column(JSONB)


class OrderAddress(Base):
    """Where an order goes (`addresses.py`): `sealed` is the whole of it, the rest is what everybody may see."""

    __tablename__ = "order_address"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        CheckConstraint("region ~ '^[1-9][0-9]{5}$'", name="region"),
        CheckConstraint("(lat_e6 IS NULL) = (lng_e6 IS NULL)", name="point"),
        Index("ix_order_address_at", "at"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]
    name_masked: Mapped[str] = mapped_column(Text)
    phone_masked: Mapped[str] = mapped_column(Text)
    region: Mapped[str] = mapped_column(Text)
    region_name: Mapped[str] = mapped_column(Text)
    lat_e6: Mapped[int | None]
    lng_e6: Mapped[int | None]
    at: Mapped[datetime]


class WalletShare(Base):
    """What of a line was paid with stored value: principal and bonus, and the policy that split it."""

    __tablename__ = "wallet_share"
    __table_args__ = (
        ForeignKeyConstraint(
            ["store_id", "order_id", "line_no"], ["order_line.store_id", "order_line.order_id", "order_line.line_no"]
        ),
        CheckConstraint("principal_fen >= 0 AND bonus_fen >= 0 AND principal_fen + bonus_fen > 0", name="figures"),
        CheckConstraint("policy IN ('proportional', 'principal_first', 'bonus_first')", name="policy"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    principal_fen: Mapped[int]
    bonus_fen: Mapped[int]
    policy: Mapped[str] = mapped_column(Text)


class Return(Base):
    """Goods that came back, units that were never handed over, or money alone (`kind`): what went with them.

    Points to take back that were spent already: `points_paid` were kept out of the refund (`deducted_fen`),
    `points_written_off` forgotten; the rest is among `points_clawed` and owed.  `coupons_withheld_fen` is what was kept
    out of it for used coupons that the order had given, `promotions_withheld_fen` for promotions that what is kept no
    longer meets, `gifts_withheld_fen` for gifts that stayed (`reprice.py`); the two are negative where a return gives
    back, and `withheld_principal_fen`, `withheld_bonus_fen` say what of them is stored value.  At the merchant's
    `fault` nothing more of these two is kept back.  `rounding_fen`, signed, is what it takes of the cash rounding;
    `freight_fen` of the refund is freight.
    """

    __tablename__ = "sale_return"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "order_id"], ["sale_order.store_id", "sale_order.id"]),
        Index("ix_sale_return_order", "store_id", "order_id"),
        Index("ix_sale_return_shift", "shift_id", postgresql_where=text("shift_id IS NOT NULL")),
        CheckConstraint("kind IN ('goods', 'unshipped', 'amount')", name="kind"),
        CheckConstraint("refund_fen >= 0", name="refund"),
        CheckConstraint("freight_fen >= 0 AND freight_fen <= refund_fen", name="freight"),
        CheckConstraint("points_paid >= 0 AND points_written_off >= 0 AND deducted_fen >= 0", name="shortfall"),
        CheckConstraint("coupons_withheld_fen >= 0", name="coupons_withheld"),
        CheckConstraint("rounding_fen BETWEEN -100 AND 100", name="rounding"),
        CheckConstraint(
            "principal_back_fen >= 0 AND bonus_back_fen >= 0 AND principal_back_fen + bonus_back_fen <= refund_fen",
            name="wallet",
        ),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    order_id: Mapped[int]
    at_store_id: Mapped[int]
    shift_id: Mapped[int | None]
    staff_id: Mapped[int | None]
    kind: Mapped[str] = mapped_column(Text, server_default=text("'goods'"))
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))
    refund_fen: Mapped[int]
    freight_fen: Mapped[int] = mapped_column(server_default=text("0"))
    principal_back_fen: Mapped[int] = mapped_column(server_default=text("0"))
    bonus_back_fen: Mapped[int] = mapped_column(server_default=text("0"))
    points_back: Mapped[int]
    points_clawed: Mapped[int]
    points_paid: Mapped[int] = mapped_column(server_default=text("0"))
    points_written_off: Mapped[int] = mapped_column(server_default=text("0"))
    deducted_fen: Mapped[int] = mapped_column(server_default=text("0"))
    coupons_withheld_fen: Mapped[int] = mapped_column(server_default=text("0"))
    rounding_fen: Mapped[int] = mapped_column(server_default=text("0"))
    promotions_withheld_fen: Mapped[int] = mapped_column(server_default=text("0"))
    gifts_withheld_fen: Mapped[int] = mapped_column(server_default=text("0"))
    withheld_principal_fen: Mapped[int] = mapped_column(server_default=text("0"))
    withheld_bonus_fen: Mapped[int] = mapped_column(server_default=text("0"))
    fault: Mapped[bool] = mapped_column(server_default=text("false"))
    approver_id: Mapped[int | None]
    at: Mapped[datetime]


class ReturnLine(Base):
    """Units of one order line that came back in one return; none where money alone did."""

    __tablename__ = "return_line"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "return_id"], ["sale_return.store_id", "sale_return.id"]),
        Index("ix_return_line_order", "store_id", "order_id", "line_no"),
        CheckConstraint("qty > 0 OR (qty = 0 AND refund_fen > 0)", name="qty"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    qty: Mapped[int]
    refund_fen: Mapped[int]
    principal_back_fen: Mapped[int] = mapped_column(server_default=text("0"))
    bonus_back_fen: Mapped[int] = mapped_column(server_default=text("0"))
    points_back: Mapped[int]


class ReturnCoupon(Base):
    """What one return withheld for one used coupon that the returned order had given (`coupons_due.py`)."""

    __tablename__ = "return_coupon"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "return_id"], ["sale_return.store_id", "sale_return.id"]),
        Index("ix_return_coupon_order", "store_id", "order_id"),
        CheckConstraint("withheld_fen > 0", name="withheld"),
    )
    store_id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(primary_key=True)
    coupon_id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int]
    withheld_fen: Mapped[int]


class PromotionReplay(Base):
    """Orders of some days priced again with a promotion that is tried (`replay.py`); nothing else is written by it.

    `form` is the promotion as it was written.  It has come as far as order `after_id`, `seen` of `orders`, and `tally`
    is what it found so far.  It runs until `ended_at`; `outcome` says how it ended.
    """

    __tablename__ = "promotion_replay"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'cancelled', 'failed')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("until_at > from_at AND seen >= 0 AND orders >= 0", name="figures"),
        Index("ix_promotion_replay_running", "id", postgresql_where=text("ended_at IS NULL")),
    )
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    promotion_id: Mapped[int | None]
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    any_date: Mapped[bool]
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]
    orders: Mapped[int]
    seen: Mapped[int] = mapped_column(server_default=text("0"))
    after_id: Mapped[int] = mapped_column(server_default=text("0"))
    tally: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
