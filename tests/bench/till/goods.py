"""A store with very many goods, by bulk SQL, and its feed for tills."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pypinyin import Style, lazy_pinyin
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.demo.goods import articles, gtin13
from trade.pricing import till_feed

_GOODS = """
    INSERT INTO category (name, picture, position) VALUES ('大量', '/pictures/c01.svg', 99);
    INSERT INTO product (category_id, name, pinyin, brand, description, picture)
        SELECT c.id, b.name || ' ' || n, b.pinyin || n, '山野', '', '/pictures/p0001.svg'
        FROM generate_series(1, :skus) n
        JOIN category c ON c.name = '大量'
        JOIN unnest(CAST(:names AS text[]), CAST(:pinyin AS text[])) WITH ORDINALITY b(name, pinyin, i)
            ON b.i = n % :known + 1 ORDER BY n;
    INSERT INTO sku (product_id, spec, unit, weighed)
        SELECT product.id, '500g', '件', false FROM product JOIN category c ON c.id = category_id AND c.name = '大量'
        ORDER BY product.id;
    INSERT INTO barcode (code, sku_id)
        SELECT k.code, s.id FROM (SELECT id, row_number() OVER (ORDER BY id) i FROM sku WHERE spec = '500g') s
        JOIN unnest(CAST(:codes AS text[])) WITH ORDINALITY k(code, i) ON k.i = s.i;
    INSERT INTO price (sku_id, store_id, price_fen, from_at)
        SELECT id, 0, 500 + id * 37 % 9000, :since FROM sku WHERE spec = '500g';
    INSERT INTO store_sku (store_id, sku_id, sellable, shelf)
        SELECT :store, id, true, 'A-01' FROM sku WHERE spec = '500g';
    ANALYZE product, sku, barcode, price, store_sku"""


def codes(skus: int) -> list[str]:
    """The barcodes of the goods, in the order of their sku ids."""
    return [gtin13(f"6960{number:08d}") for number in range(1, skus + 1)]


def open_big_shop(session: Any, skus: int) -> make.Shop:
    """A shop that sells `skus` goods more, all of them in its feed."""
    shop = make.open_shop(session, now=clock.now())
    names = [one.name for one in articles()]
    given = {
        "skus": skus, "names": names, "known": len(names),
        "pinyin": ["".join(lazy_pinyin(name, style=Style.FIRST_LETTER)).lower() for name in names],
        "codes": codes(skus), "store": shop.store_id,
        "since": clock.now() - timedelta(days=60),
    }  # fmt: skip
    with transaction(session):
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in _GOODS.split(";"):
            session.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})
    with transaction(session):
        session.execute(text("SET LOCAL statement_timeout = 0"))
        till_feed.project(session, shop.store_id, now=clock.now())
    return shop
