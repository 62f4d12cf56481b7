"""`flask campaign`: a coupon of one offer for every member of a segment, and how far a run is."""

from __future__ import annotations

import json

import click

from config import clock
from config.db import open_session, transaction
from member.coupons import campaign

ACTOR = "shell"


@click.group("campaign")
def campaigns() -> None:
    """Give coupons to segments."""


@campaigns.command("start")
@click.argument("key")
@click.argument("template_id", type=int)
@click.argument("segment_id", type=int)
def start(key: str, template_id: int, segment_id: int) -> None:
    """Start run KEY: one coupon of TEMPLATE_ID for each member of SEGMENT_ID; the worker gives them in batches."""
    with open_session() as session, transaction(session):
        campaign_id = campaign.start(session, key, template_id, segment_id, actor=ACTOR, now=clock.now())
        click.echo(json.dumps(campaign.progress(session, campaign_id), ensure_ascii=False))


@campaigns.command("progress")
@click.argument("campaign_id", type=int)
def progress(campaign_id: int) -> None:
    """Print how far a run is."""
    with open_session() as session:
        click.echo(json.dumps(campaign.progress(session, campaign_id), ensure_ascii=False))


@campaigns.command("stop")
@click.argument("campaign_id", type=int)
def stop(campaign_id: int) -> None:
    """Give to nobody more; what was given stays."""
    with open_session() as session, transaction(session):
        campaign.stop(session, campaign_id, actor=ACTOR, now=clock.now())
        click.echo(json.dumps(campaign.progress(session, campaign_id), ensure_ascii=False))
