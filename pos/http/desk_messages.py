"""Which messages reached their customers, and which did not: for a store's manager and for the head office."""

from __future__ import annotations

from flask import g

from config.http import Reply, blueprint, permit, session
from member.reach import read
from pos.http import who

bp = blueprint("desk_messages", "/api/desk/messages", who.identify)


@bp.get("")
@permit("centre.read")
def messages() -> Reply:
    """`{days, figures: [{kind, state, way, messages}], untold: [{id, kind, event, subject, state, way, code, tries,
    asked_at, settled_at}]}` of one's own store, or of the chain for the head office; `code` is WeChat's.
    """
    return read.overview(session(), store_id=who.me().store_id, now=g.now), 200
