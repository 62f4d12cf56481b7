"""`flask order-pages`: where WeChat's order centre and its shipping messages lead; once, and after a page moved."""

from __future__ import annotations

import click

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
