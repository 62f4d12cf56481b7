"""What an operator does by hand: `flask --app wsgi:create_app reset-wechat-quota`."""

from __future__ import annotations

import sys

import click

from config.wechat import ready
from config.wechat.given import WeChatFailed


@click.command("reset-wechat-quota")
@click.option("--app", type=click.Choice(ready.APPS), default="mini", help="the mini-program or the service account")
def reset_wechat_quota(app: str) -> None:
    """Begin an app's counts of calls at WeChat anew (ten times a month), and let every process call again."""
    client = ready.mini_client() if app == "mini" else ready.service_client()
    if client is None:
        sys.exit("There is no service account.")
    try:
        client.reset_quota()
    except WeChatFailed as failed:
        sys.exit(f"WeChat refuses: {failed}.  48006 means that this month's ten are used up.")
    click.echo("The quota begins anew.")
