"""10,000 SKUs in 40 categories of 250, 2,000 members, one store: by bulk SQL, for measuring only."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import clock
from config.db import transaction
from member import sessions
from member.secrets import seal
from tests import factories
from tests.bench.floor import TABLES
from tests.demo.goods import articles, gtin13
from trade.catalogue.words import spelled
from trade.stock import availability

SKUS, CATEGORIES, MEMBERS, HOT = 10_000, 40, 2_000, 100


def codes(skus: int) -> list[str]:
    """The barcodes of so many skus."""
    return [gtin13(f"6950{number:08d}") for number in range(1, skus + 1)]


CODES = codes(SKUS)

_PRODUCT = """
    INSERT INTO category (name, picture, position)
        SELECT '分类' || n, '/pictures/c01.svg', n FROM generate_series(1, :categories) n;
    INSERT INTO product (category_id, name, pinyin, pinyin_full, brand, description, picture)
        SELECT c.id, b.name || ' ' || n, b.initials, b.spelling, '山野', '', '/pictures/p0001.svg'
        FROM generate_series(1, :skus) n
        JOIN category c ON c.position = (n - 1) / (:skus / :categories) + 1 AND c.name LIKE '分类%'
        JOIN unnest(CAST(:names AS text[]), CAST(:initials AS text[]), CAST(:spellings AS text[]))
            WITH ORDINALITY b(name, initials, spelling, i) ON b.i = n % :known + 1 ORDER BY n;
    INSERT INTO sku (product_id, spec, unit, weighed)
        SELECT id, '500g', '件', false FROM product WHERE name LIKE '% %' ORDER BY id;
    INSERT INTO barcode (code, sku_id)
        SELECT k.code, s.id FROM (SELECT id, row_number() OVER (ORDER BY id) i FROM sku WHERE spec = '500g') s
        JOIN unnest(CAST(:codes AS text[])) WITH ORDINALITY k(code, i) ON k.i = s.i;
    INSERT INTO price (sku_id, store_id, price_fen, from_at)
        SELECT id, 0, 500 + id * 37 % 9000, :since FROM sku WHERE spec = '500g';
    INSERT INTO store_sku (store_id, sku_id, sellable, shelf)
        SELECT :store, id, true, 'A-01' FROM sku WHERE spec = '500g';
    INSERT INTO stock_level (store_id, sku_id, on_hand, held)
        SELECT :store, id, 1000000, 0 FROM sku WHERE spec = '500g';
    INSERT INTO stock_movement (store_id, sku_id, qty, key, actor, at)
        SELECT :store, id, 1000000, 'opening-bulk', 'system:bench', :since FROM sku WHERE spec = '500g';
    INSERT INTO member (name, tier, created_at)
        SELECT '会员' || n, 'standard', :since FROM generate_series(1, :members) n;
    INSERT INTO lot_account (member_id, account, balance, pending, held, deficit)
        SELECT id, 'points', 0, 0, 0, 0 FROM member WHERE name LIKE '会员%';
    INSERT INTO floor.sku SELECT s.id, b.code, p.category_id, p.name, price.price_fen
        FROM sku s JOIN product p ON p.id = s.product_id JOIN barcode b ON b.sku_id = s.id
        JOIN price ON price.sku_id = s.id WHERE s.spec = '500g';
    INSERT INTO floor.stock SELECT id, 1000000 FROM floor.sku;
    INSERT INTO floor.member SELECT id, 0 FROM member;
"""


def seed(session: Session, skus: int = SKUS) -> factories.Shop:
    """Fill an empty migrated database; returns the shop that is measured."""
    now = clock.now()
    shop = factories.open_shop(session, now=now)
    names = [one.name for one in articles()]
    known = [spelled(name) for name in names]
    given = {
        "initials": [one for one, _ in known], "spellings": [one for _, one in known],
        "skus": skus, "categories": CATEGORIES, "members": MEMBERS, "names": names, "known": len(names),
        "codes": codes(skus), "store": shop.store_id, "since": now - timedelta(days=60),
    }  # fmt: skip
    with transaction(session):
        session.execute(text("SET LOCAL statement_timeout = 0"))
        for statement in (TABLES + _PRODUCT).split(";"):
            if statement.strip():
                session.execute(text(statement), {k: v for k, v in given.items() if f":{k}" in statement})
    with transaction(session):
        session.execute(
            text("UPDATE stock_level SET on_hand = :hot WHERE sku_id = :sku"), {"hot": HOT, "sku": hot(session)}
        )
        session.execute(
            text("UPDATE stock_movement SET qty = :hot WHERE sku_id = :sku"), {"hot": HOT, "sku": hot(session)}
        )
        session.execute(
            text("UPDATE floor.stock SET free = :hot WHERE sku_id = :sku"), {"hot": HOT, "sku": hot(session)}
        )
        session.execute(text("UPDATE store SET slot_capacity = 100000"))
    availability.compare(session, mend=True)
    session.rollback()
    session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("ANALYZE"))
    session.rollback()
    return shop


def hot(session: Session) -> int:
    """The sku of W5: the last one."""
    return int(session.execute(text("SELECT max(id) FROM sku")).scalar_one())


def skus(session: Session) -> list[int]:
    """The measured skus in the order of CODES."""
    return list(session.scalars(text("SELECT id FROM sku WHERE spec = '500g' ORDER BY id")))


def members(session: Session) -> list[int]:
    """The bulk members."""
    return list(session.scalars(text("SELECT id FROM member WHERE name LIKE '会员%' ORDER BY id")))


def tokens(session: Session, most: int) -> list[str]:
    """Mall sessions of the first `most` bulk members."""
    with transaction(session):
        return [
            sessions.sign_in(session, member_id, seal(b"oBench"), now=clock.now())
            for member_id in members(session)[:most]
        ]
