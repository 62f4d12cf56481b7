"""What runs by the clock: job, queue, and every how many seconds."""

from __future__ import annotations

import signal
import time
from datetime import datetime

from redis import RedisError

from config import clock
from config.logs import log, set_up
from config.queues import queue, retry
from config.redis import connection, key
from config.settings import settings

#             job                       queue      seconds
EVERY = (
    ("workers.jobs.watch_codes", "till", 1),
    ("workers.jobs.ask_payments", "wechat", 5),
    ("workers.jobs.expire_unpaid", "wechat", 20),
    ("workers.jobs.expire_top_ups", "wechat", 20),
    ("workers.jobs.ask_refunds", "wechat", 20),
    ("workers.jobs.send_messages", "wechat", 20),
    ("workers.jobs.settle_payments", "wechat", 20),
    ("workers.jobs.settle_late", "wechat", 20),
    ("workers.jobs.upload_shipping", "wechat", 20),
    ("workers.jobs.compare_shipping", "wechat", 3600),
    ("workers.jobs.watch_refusals", "wechat", 60),
    ("workers.jobs.expire_holds", "clock", 10),
    ("workers.jobs.count_behaviour", "clock", 10),
    ("workers.jobs.expire_held", "clock", 60),
    ("workers.jobs.sync_channels", "channels", 5),
    ("workers.jobs.take_orders", "intake", 10),
    ("workers.jobs.exchange_files", "channels", 10),
    ("workers.jobs.send_invoices", "channels", 10),
    ("workers.jobs.compare_channels", "channels", 24 * 3600),
    ("workers.jobs.keep_aftersale_clocks", "clock", 60),
    ("workers.jobs.keep_ticket_clocks", "clock", 60),
    ("workers.jobs.finish_aftersales", "clock", 20),
    ("workers.jobs.match_bills", "wechat", 600),
    ("workers.jobs.watch_wechat", "wechat", 24 * 3600),
    ("workers.jobs.watch_parcels", "clock", 5),
    ("workers.jobs.keep_parcel_clocks", "clock", 5),
    ("workers.jobs.count_rejects", "clock", 3600),
    ("workers.jobs.project_till_feed", "clock", 3600),
    ("workers.jobs.end_promotions", "clock", 60),
    ("workers.jobs.end_groups", "clock", 5),
    ("workers.jobs.confirm_points", "clock", 600),
    ("workers.jobs.expire_points", "clock", 3600),
    ("workers.jobs.confirm_growth", "clock", 600),
    ("workers.jobs.tell_arrivals", "clock", 60),
    ("workers.jobs.tell_expiring", "clock", 3600),
    ("workers.jobs.expire_coupons", "clock", 3600),
    ("workers.jobs.evaluate_tiers", "clock", 3600),
    ("workers.jobs.issue_campaigns", "clock", 60),
    ("workers.jobs.replay_promotions", "clock", 5),
    ("workers.jobs.pay_referrals", "clock", 3600),
    ("workers.jobs.refresh_segments", "clock", 3600),
    ("workers.jobs.prove_books", "clock", 24 * 3600),
    ("workers.jobs.watch_debts", "clock", 24 * 3600),
    ("workers.jobs.keep_behaviour", "clock", 24 * 3600),
    ("workers.jobs.learn_recommendations", "learning", 24 * 3600),
    ("workers.jobs.forget_members", "clock", 3600),
    ("workers.jobs.forget_requests", "clock", 24 * 3600),
)


def run_due(now: datetime) -> int:
    """Enqueue every job whose period has begun; returns how many.

    A key that lives for the period makes two schedulers harmless, and a lost Redis runs everything once.
    """
    enqueued = 0
    for job, where, seconds in EVERY:
        mark = key(f"due:{job}")
        if connection().set(mark, now.isoformat(), nx=True, ex=seconds):
            queue(where).enqueue(f"{job}.run", retry=retry(), result_ttl=60, failure_ttl=600)
            enqueued += 1
    return enqueued


def main() -> None:
    """Run until told to stop."""
    set_up(settings().log_level)
    stopping: list[int] = []
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda number, _frame: stopping.append(number))
    while not stopping:
        try:
            run_due(clock.now())
        except (RedisError, OSError) as error:
            log.warning("scheduler_waits_for_redis", error=type(error).__name__)
        time.sleep(1)


if __name__ == "__main__":
    main()
