"""The words of coupons, where a coupon may stand, and every step between: the tables are the whole truth."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a coupon does: 满减, 折扣, 代金, 商品, 运费, 满赠."""

    THRESHOLD_OFF = "threshold_off"
    RATE = "rate"
    CASH = "cash"
    GOODS = "goods"
    FREIGHT = "freight"
    GIFT = "gift"


class StackClass(StrEnum):
    """At most one coupon of each class on an order; they apply in this order (members-mall-orders.md 3.4)."""

    GOODS = "goods"
    STORE = "store"
    PLATFORM = "platform"
    FREIGHT = "freight"


class TemplateState(StrEnum):
    """Where an offer stands.  Coupons of a paused or ended offer stay good; nobody can claim another."""

    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


class ReturnRule(StrEnum):
    """What happens to a used coupon when all goods it lowered come back."""

    OLD_EXPIRY = "old_expiry"
    GRACE = "grace"
    NEVER = "never"


class GivenRule(StrEnum):
    """What happens when an order's goods come back and a coupon that it gave was used already."""

    WITHHOLD = "withhold"
    WAIVE = "waive"


class CouponState(StrEnum):
    """Where one coupon stands."""

    ISSUED = "issued"
    LOCKED = "locked"
    USED = "used"
    RETURNED = "returned"
    EXPIRED = "expired"
    VOID = "void"
    FROZEN = "frozen"
    TRANSFERRED = "transferred"


C, T = CouponState, TemplateState

#          event       from                   to
MOVES = {
    "lock": ({C.ISSUED}, C.LOCKED),
    "use": ({C.ISSUED}, C.USED),
    "post": ({C.LOCKED}, C.USED),
    "release": ({C.LOCKED}, C.ISSUED),
    "return": ({C.USED}, C.RETURNED),
    "expire": ({C.ISSUED}, C.EXPIRED),
    "void": ({C.ISSUED, C.FROZEN}, C.VOID),
    "freeze": ({C.ISSUED}, C.FROZEN),
    "thaw": ({C.FROZEN}, C.ISSUED),
    "transfer": ({C.ISSUED}, C.TRANSFERRED),
}  # a returned or transferred coupon is made good by a new one that names it

BIRTHS = ("claim", "give", "reissue")
EVENTS = (*BIRTHS, *MOVES)

TEMPLATE_MOVES = {
    "publish": ({T.DRAFT}, T.LIVE),
    "pause": ({T.LIVE}, T.PAUSED),
    "resume": ({T.PAUSED}, T.LIVE),
    "end": ({T.LIVE, T.PAUSED}, T.ENDED),
}
