"""The only place that asks what time it is."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def epoch_ms(at: datetime) -> int:
    """Milliseconds since 1970, floored: how moments go into rules and to the tills."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def business_day(at: datetime, *, zone: ZoneInfo = SHANGHAI, cutover_h: int = 4) -> date:
    """The store's business day a moment belongs to: it turns at `cutover_h` local time, not at midnight."""
    return (at.astimezone(zone) - timedelta(hours=cutover_h)).date()


def day_began(at: datetime, *, of_month: bool = False, zone: ZoneInfo = SHANGHAI, cutover_h: int = 4) -> datetime:
    """When the store's business day of a moment began, or the month that this day lies in; in UTC."""
    day = business_day(at, zone=zone, cutover_h=cutover_h)
    day = day.replace(day=1) if of_month else day
    return datetime(day.year, day.month, day.day, cutover_h, tzinfo=zone).astimezone(UTC)


def month_end(at: datetime, months: int, *, zone: ZoneInfo = SHANGHAI) -> datetime:
    """The last instant's end of the month that lies `months` after `at`, as an exclusive UTC bound.

    Lots "valid 12 months, rounded up to month end" end here (members-mall-orders.md 3.1).
    """
    local = at.astimezone(zone)
    index = local.year * 12 + local.month - 1 + months + 1
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=zone).astimezone(UTC)


def months_later(at: datetime, months: int, *, zone: ZoneInfo = SHANGHAI) -> datetime:
    """The same local day and hour so many months on (or back); a day that month lacks becomes its last."""
    local = at.astimezone(zone)
    index = local.year * 12 + local.month - 1 + months
    year, month = index // 12, index % 12 + 1
    day = min(local.day, monthrange(year, month)[1])
    return local.replace(year=year, month=month, day=day).astimezone(UTC)
