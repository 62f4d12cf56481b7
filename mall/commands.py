"""`flask order-pages`: where WeChat's order centre and its shipping messages lead; once, and after a page moved.

`flask wechat-check`: whether WeChat Pay and we understand each other; the first step of docs/wechat-acceptance.md.
"""

from __future__ import annotations

import sys
import time

import click

from config.wechat import check, health, ready
from config.wechat.given import WeChatFailed
from config.wechat.ready import shipping
from config.wechat.shipping import NUMBER

ORDER_PAGE = f"pages/order/order?out_trade_no={NUMBER}"
MESSAGE_PAGE = "pages/orders/orders"


@click.command("order-pages")
def order_pages() -> None:
    """Tell WeChat which page shows an order.  The agreement of the order centre must be signed in the console first."""
    shipping().set_order_page(ORDER_PAGE)
    shipping().set_message_page(MESSAGE_PAGE)
    click.echo(f"{ORDER_PAGE}\n{MESSAGE_PAGE}")


WAITS_S = 15


@click.command("wechat-check")
@click.option("--notice", is_flag=True, help="Have WeChat Pay send a notice to PUBLIC_URL, too.")
def wechat_check(*, notice: bool) -> None:
    """Read the credentials, have WeChat Pay echo a sealed message, and say what was found; exit code 1 on a fault."""
    found = check.faults(ready.folder())
    for sentence in found:
        click.echo(f"no   {sentence}")
    if found:
        sys.exit(1)
    click.echo("yes  the credentials are whole")
    before = health.figures().get("echoes", 0)
    try:
        ready.pay().echo("通店 echo", notify=notice)
    except WeChatFailed as failed:
        click.echo(f"no   WeChat Pay did not echo our message: {failed.code}")
        sys.exit(1)
    click.echo("yes  WeChat Pay read what we signed and sealed, and we believe its signature")
    if notice and not _echoed(before):
        click.echo(f"no   its notice did not come within {WAITS_S} s: is PUBLIC_URL reached from outside?")
        sys.exit(1)
    if notice:
        click.echo("yes  its notice came, was signed and could be opened")
    skew_s, days = health.figures().get("skew_s"), ready.merchant_certificate_days()
    click.echo(f"     our clock is {skew_s} s beside WeChat Pay's (alarm at {health.SKEW_S})")
    click.echo(
        f"     our certificate ends in {days} days" if days is not None else "     certificate_file is not given"
    )


def _echoed(before: int) -> bool:
    until = time.monotonic() + WAITS_S
    while time.monotonic() < until:
        if health.figures().get("echoes", 0) > before:
            return True
        time.sleep(0.2)
    return False
