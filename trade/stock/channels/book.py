"""Channels and their listings, written by the head office."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import fetch, first
from config.errors import NotFound, Refused
from member.secrets import seal
from trade.stock.channels import figures
from trade.stock.channels.models import PLATFORMS

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_FOLDER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class ChannelNotSound(Refused):
    """A channel or a listing that cannot work; `fields` names each fault."""

    code, status = "channel_not_sound", 422


class ChannelKnown(Refused):
    """There is a channel of this code already."""

    code = "channel_known"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the head office says of a channel.

    `store_ids` are asked for an order in their order; `default_store_id`, one of them, takes what no other can.
    `secret` is None to keep the one there is.
    """

    code: str
    name: str
    platform: str
    kind: str
    endpoint: str
    default_store_id: int
    store_ids: Sequence[int]
    per_minute: int = 60
    encoding: str = "utf-8-sig"
    secret: str | None = None

    def faults(self, *, new: bool) -> dict[str, str]:
        """What is wrong, by field."""
        wrong = {
            "code": "" if _CODE.fullmatch(self.code) else "2 to 40 of a-z, 0-9 and -",
            "name": "" if self.name.strip() else "is empty",
            "platform": "" if self.platform in PLATFORMS else f"one of {', '.join(PLATFORMS)}",
            "kind": "" if self.kind in ("webhook", "files") else "webhook or files",
            "endpoint": endpoint_fault(self.kind, self.endpoint),
            "encoding": "" if self.encoding in ("utf-8-sig", "gb18030") else "utf-8-sig or gb18030",
            "store_ids": "" if self.store_ids and len(set(self.store_ids)) == len(self.store_ids) else "none, or twice",
            "default_store_id": "" if self.default_store_id in self.store_ids else "is not among store_ids",
            "per_minute": "" if 1 <= self.per_minute <= 6000 else "1 to 6000",
            "secret": _secret_fault(self.secret, new=new),
        }
        return {name: fault for name, fault in wrong.items() if fault}


def endpoint_fault(kind: str, endpoint: str) -> str:
    """Why nothing can be sent there; empty when it can.  TLS everywhere but to this machine itself."""
    if kind == "files":
        return "" if _FOLDER.fullmatch(endpoint) else "the name of a folder: a-z, 0-9, _ and -"
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        return "is no address"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return "must be https"
    return "carries a name, a query or a fragment" if parts.username or parts.query or parts.fragment else ""


def _secret_fault(secret: str | None, *, new: bool) -> str:
    if secret is None:
        return "is needed" if new else ""
    return "" if 32 <= len(secret) <= 128 and secret.isascii() and secret.isprintable() else "32 to 128 characters"


_CREATE = text("""
    INSERT INTO sales_channel (code, name, platform, kind, endpoint, secret_sealed, encoding, default_store_id,
        per_minute, created_at)
    VALUES (:code, :name, :platform, :kind, :endpoint, :secret, :encoding, :default_store_id, :per_minute, :now)
    ON CONFLICT (code) DO NOTHING RETURNING id""")
_EDIT = text("""
    UPDATE sales_channel SET name = :name, platform = :platform, kind = :kind, endpoint = :endpoint,
        secret_sealed = coalesce(CAST(:secret AS bytea), secret_sealed), encoding = :encoding,
        default_store_id = :default_store_id, per_minute = :per_minute, fails = 0, next_try_at = NULL
    WHERE code = :code RETURNING id""")
_STORES = text("""
    WITH gone AS (DELETE FROM channel_store WHERE channel_id = :channel AND NOT store_id = ANY(:stores))
    INSERT INTO channel_store (channel_id, store_id, position)
    SELECT :channel, id, position FROM unnest(CAST(:stores AS bigint[])) WITH ORDINALITY AS s(id, position)
    ON CONFLICT (channel_id, store_id) DO UPDATE SET position = excluded.position""")
_KNOWN_STORES = text("SELECT count(*) AS n FROM store WHERE id = ANY(:stores)")
_BY_CODE = text("SELECT * FROM sales_channel WHERE code = :code")


def by_code(session: Session, code: str) -> Any:
    """A channel's row; NotFound when there is none."""
    found = first(session, _BY_CODE, {"code": code})
    if found is None:
        raise NotFound(channel=code[:40])
    return found


def write(session: Session, terms: Terms, *, new: bool, actor: str, now: datetime) -> int:
    """Create a channel, or give one other terms; its figures follow at once.  Returns its id.

    :raises ChannelNotSound: facts name each fault; nothing was written.
    :raises ChannelKnown: a new one has the code of another.  :raises NotFound: there is none of this code.
    """
    faults = terms.faults(new=new)
    if not faults:
        known = fetch(session, _KNOWN_STORES, {"stores": list(terms.store_ids)})[0].n
        faults = {} if known == len(terms.store_ids) else {"store_ids": "unknown"}
    if faults:
        raise ChannelNotSound(fields=faults)
    given = asdict(terms) | {"secret": seal(terms.secret.encode()) if terms.secret else None, "now": now}
    found = first(session, _CREATE if new else _EDIT, given)
    if found is None:
        raise ChannelKnown(channel=terms.code) if new else NotFound(channel=terms.code)
    channel_id = int(found.id)
    fetch(session, _STORES, {"channel": channel_id, "stores": list(terms.store_ids)})
    told = {name: value for name, value in asdict(terms).items() if name != "secret"}
    fact = "channel.created" if new else "channel.edited"
    journal.record(session, fact, f"channel:{channel_id}", actor=actor, now=now, terms=told)
    figures.recompute(session, channel_id, actor=actor, now=now)
    return channel_id


_PAUSE = text(
    "UPDATE sales_channel SET paused = :paused, fails = 0, next_try_at = NULL WHERE code = :code AND paused <> :paused"
    " RETURNING id"
)


def pause(session: Session, code: str, *, paused: bool, actor: str, now: datetime) -> bool:
    """Stop, or go on with, telling a channel of stock; its orders are taken in all the same.  False when it is so."""
    channel_id = by_code(session, code).id
    if first(session, _PAUSE, {"code": code, "paused": paused}) is None:
        return False
    kind = "channel.paused" if paused else "channel.resumed"
    journal.record(session, kind, f"channel:{channel_id}", actor=actor, now=now, channel_id=channel_id)
    if not paused:
        told = {"channel_id": channel_id, "skus": 0}
        journal.record(session, figures.CHANGED, f"channel:{channel_id}", actor=actor, now=now, **told)
    return True


@dataclass(frozen=True, slots=True)
class Listing:
    """A sku in a channel; see `models.ChannelListing`."""

    sku_id: int
    external_sku: str
    share_bp: int = 10_000
    safety_units: int = 0
    active: bool = True

    def sound(self) -> bool:
        """Whether it can be written."""
        return (
            0 < len(self.external_sku.strip()) <= 64
            and self.external_sku.isprintable()
            and 0 <= self.share_bp <= 10_000
            and 0 <= self.safety_units <= 1_000_000
        )


_LIST = text("""
    INSERT INTO channel_listing (channel_id, sku_id, external_sku, share_bp, safety_units, active)
    SELECT :channel, l.* FROM jsonb_to_recordset(CAST(:listings AS jsonb)) AS l(
        sku_id bigint, external_sku text, share_bp bigint, safety_units bigint, active boolean)
    ON CONFLICT (channel_id, sku_id) DO UPDATE SET external_sku = excluded.external_sku,
        share_bp = excluded.share_bp, safety_units = excluded.safety_units, active = excluded.active""")
_CLASH = text("""
    SELECT t.sku_id FROM unnest(CAST(:skus AS bigint[]), CAST(:externals AS text[])) AS t(sku_id, external_sku)
    WHERE NOT EXISTS (SELECT FROM sku WHERE sku.id = t.sku_id) OR EXISTS (
        SELECT FROM channel_listing l WHERE l.channel_id = :channel AND l.external_sku = t.external_sku
          AND l.sku_id <> t.sku_id)""")


def list_skus(session: Session, code: str, listings: Sequence[Listing], *, actor: str, now: datetime) -> int:
    """Write listings, new ones and changed ones; their figures follow at once.  Returns how many figures changed.

    :raises ChannelNotSound: `fields` names each sku that is unknown, badly described, or whose name in the channel
        belongs to another; nothing was written.
    """
    channel_id = by_code(session, code).id
    skus, externals = [one.sku_id for one in listings], [one.external_sku for one in listings]
    wrong = {one.sku_id for one in listings if not one.sound()}
    wrong |= {sku for sku in skus if skus.count(sku) > 1}
    wrong |= {one.sku_id for one in listings if externals.count(one.external_sku) > 1}
    given = {"channel": channel_id, "skus": skus, "externals": externals}
    wrong |= {row.sku_id for row in fetch(session, _CLASH, given)}
    if wrong:
        raise ChannelNotSound(fields={f"sku {sku}": "not sound, unknown, or named twice" for sku in sorted(wrong)})
    rows = json.dumps([asdict(one) for one in listings], ensure_ascii=False)
    fetch(session, _LIST, {"channel": channel_id, "listings": rows})
    told = {"channel_id": channel_id, "sku_ids": skus}
    journal.record(session, "channel.listed", f"channel:{channel_id}", actor=actor, now=now, **told)
    return figures.recompute(session, channel_id, skus=skus, actor=actor, now=now)
