"""What a till must know to sell without us: the goods of its store, in chunks that it asks for by version.

A chunk holds the `SIZE` sku ids that follow each other, as compact rows; it is written anew, under the next version,
only when something in it changed, so a till asks for what is newer than what it has.  A row is

    [sku_id, name, spec, unit, weighed, category_id, pinyin, picture, [code, ...], [[from_ms, price_fen, steps], ...]]

with the price in force and those that begin within `AHEAD`: a till turns to them by its clock, at their minute.  A
price of null is none: not for sale from then on; `code*12` is the code of a case of twelve.  Versions of a store rise
in the order of their commits.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from config.clock import epoch_ms
from config.db import fetch
from trade.catalogue import layouts
from trade.pricing.prices import price_now

SIZE = 500
AHEAD = timedelta(days=2)
MOST = 25
"""Chunks in one answer: 12,500 skus, about 2 MB."""

Row = list[Any]

_PRICED = price_now("'till'", join="LEFT JOIN")
_GOODS = text(f"""
    SELECT sku.id, product.name, sku.spec, sku.unit, sku.weighed, product.category_id, product.pinyin, product.picture,
           (SELECT coalesce(array_agg(concat(code, '*' || nullif(units, 1)) ORDER BY code), '{{}}')
                FROM barcode WHERE barcode.sku_id = sku.id) AS codes,
           book.price_fen, coalesce(book.steps, '[]') AS steps
    FROM sku JOIN product ON product.id = sku.product_id
    JOIN store_sku ON store_sku.store_id = :store AND store_sku.sku_id = sku.id AND store_sku.sellable
    {_PRICED} ORDER BY sku.id""")
_TURNS = text("""
    SELECT at, array_agg(DISTINCT sku_id ORDER BY sku_id) AS skus FROM price
    CROSS JOIN LATERAL (VALUES (from_at), (to_at)) AS turn(at)
    WHERE store_id IN (0, :store) AND channel IN ('', 'till') AND customer_group = '' AND at > :now AND at <= :until
    GROUP BY at ORDER BY at""")
_PRICES = text(f"""
    SELECT sku.id, book.price_fen, coalesce(book.steps, '[]') AS steps
    FROM unnest(CAST(:skus AS bigint[])) AS sku(id)
    {_PRICED}""")


def rows(session: Session, store_id: int, now: datetime) -> Iterator[Row]:
    """The rows of a store as above, by sku id; two statements, and one for each minute at which prices turn."""
    given = {"store": store_id, "now": now, "until": now + AHEAD}
    later: dict[int, list[Row]] = defaultdict(list)
    for turn in fetch(session, _TURNS, given):
        at = {"store": store_id, "now": turn.at, "skus": turn.skus}
        for sku_id, price_fen, steps in fetch(session, _PRICES, at):
            later[sku_id].append([epoch_ms(turn.at), price_fen, steps])
    for *goods, price_fen, steps in fetch(session, _GOODS, given):
        prices = [[0, price_fen, steps], *later[goods[0]]]
        if any(price is not None for _, price, _ in prices):
            yield [*goods, prices]


_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('till_feed'), CAST(:store AS int))")
_KNOWN = text("SELECT no, digest FROM till_chunk WHERE store_id = :store")
_WRITE = text("""
    INSERT INTO till_chunk (store_id, no, version, digest, rows)
    SELECT :store, no, nextval('till_chunk_version'), digest, rows
    FROM unnest(CAST(:nos AS bigint[]), CAST(:digests AS bytea[]), CAST(:rows AS text[])) AS new(no, digest, rows)
    ORDER BY no
    ON CONFLICT (store_id, no) DO UPDATE SET version = excluded.version, digest = excluded.digest,
        rows = excluded.rows""")


def project(session: Session, store_id: int, *, now: datetime) -> int:
    """Write the chunks of a store that changed; returns how many.  Two at once follow each other.

    A chunk that has nothing left is written empty, so that tills forget what was in it.
    """
    fetch(session, _LOCK, {"store": store_id})
    chunks: dict[int, list[Row]] = defaultdict(list)
    for row in rows(session, store_id, now):
        chunks[row[0] // SIZE].append(row)
    known = {row.no: row.digest for row in fetch(session, _KNOWN, {"store": store_id})}
    new = {}
    for no in sorted({*chunks, *known}):
        written = json.dumps(chunks[no], ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256(written.encode()).digest()
        if known.get(no) != digest:
            new[no] = (digest, written)
    if new:
        given = {
            "nos": list(new),
            "digests": [one[0] for one in new.values()],
            "rows": [one[1] for one in new.values()],
        }
        fetch(session, _WRITE, {"store": store_id, **given})
    return len(new)


_SINCE = text(
    "SELECT no, version, rows FROM till_chunk WHERE store_id = :store AND version > :since ORDER BY version LIMIT :most"
)


def since(session: Session, store_id: int, version: int) -> str:
    """The chunks newer than `version`, the oldest first, as JSON: `{version, chunks: [{no, rows}], more, labels}`.

    `labels` are the layouts of the store's scale labels.  `version` is what to ask with next; ask at once while there
    is `more`.
    """
    found = fetch(session, _SINCE, {"store": store_id, "since": version, "most": MOST + 1})
    sent = found[:MOST]
    chunks = ",".join(f'{{"no":{one.no},"rows":{one.rows}}}' for one in sent)
    more = json.dumps(len(found) > MOST)
    labels = json.dumps(layouts.of_store(session, store_id))
    newest = sent[-1].version if sent else version
    return f'{{"version":{newest},"chunks":[{chunks}],"more":{more},"labels":{labels}}}'


_STORES = text("SELECT DISTINCT store_id FROM till ORDER BY store_id")


def stores(session: Session) -> list[int]:
    """Every store that has a till."""
    return [row.store_id for row in fetch(session, _STORES, {})]
