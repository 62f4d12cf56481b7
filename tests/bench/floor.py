"""The floor: the same works by hand, on the same server and pool, with nothing a shop needs besides.

No log-in, permission, promotion, allocation, rounding of weights, points terms, audit or stored answer: one
statement a request.  It is a lower bound to measure the product against, not a shop.
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response, request
from psycopg.types.json import Json
from psycopg_pool import ConnectionPool

TABLES = """
    CREATE SCHEMA IF NOT EXISTS floor;
    CREATE TABLE floor.sku (id bigint PRIMARY KEY, code text UNIQUE NOT NULL, category_id bigint NOT NULL,
        name text NOT NULL, price_fen bigint NOT NULL);
    CREATE INDEX ON floor.sku (category_id, id);
    CREATE TABLE floor.stock (sku_id bigint PRIMARY KEY REFERENCES floor.sku, free bigint NOT NULL CHECK (free >= 0));
    CREATE TABLE floor.member (id bigint PRIMARY KEY, points bigint NOT NULL);
    CREATE TABLE floor.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text UNIQUE NOT NULL,
        member_id bigint NOT NULL REFERENCES floor.member, total_fen bigint NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE floor.line (order_id bigint REFERENCES floor.orders, sku_id bigint REFERENCES floor.sku,
        qty bigint NOT NULL, price_fen bigint NOT NULL, PRIMARY KEY (order_id, sku_id));
    CREATE TABLE floor.payment (order_id bigint PRIMARY KEY REFERENCES floor.orders, amount_fen bigint NOT NULL);
    CREATE TABLE floor.points (order_id bigint PRIMARY KEY REFERENCES floor.orders,
        member_id bigint NOT NULL REFERENCES floor.member, points bigint NOT NULL);
    CREATE TABLE floor.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb NOT NULL);
"""

PAGE = """SELECT s.id, s.name, s.price_fen, k.free FROM floor.sku s JOIN floor.stock k ON k.sku_id = s.id
          WHERE s.category_id = %s AND s.id > %s ORDER BY s.id LIMIT 24"""
WORDS = """SELECT s.id, s.name, s.price_fen, k.free FROM floor.sku s JOIN floor.stock k ON k.sku_id = s.id
           WHERE s.name LIKE %s ORDER BY s.id LIMIT 24"""
SCAN = """SELECT s.id, s.name, s.price_fen, k.free FROM floor.sku s JOIN floor.stock k ON k.sku_id = s.id
          WHERE s.code = %s"""
ORDER = """
    WITH asked AS (SELECT * FROM unnest(%(skus)s::bigint[], %(qtys)s::bigint[]) AS a(sku_id, qty)),
    locked AS (SELECT k.sku_id, a.qty, s.price_fen FROM floor.stock k JOIN asked a USING (sku_id)
               JOIN floor.sku s ON s.id = k.sku_id ORDER BY k.sku_id FOR NO KEY UPDATE OF k),
    moved AS (UPDATE floor.stock k SET free = k.free - locked.qty FROM locked
              WHERE k.sku_id = locked.sku_id AND k.free >= locked.qty
              RETURNING k.sku_id, locked.qty, locked.price_fen),
    due AS (SELECT sum(qty * price_fen)::bigint AS fen FROM moved HAVING count(*) = cardinality(%(skus)s::bigint[])),
    made AS (INSERT INTO floor.orders (key, member_id, total_fen, at)
             SELECT %(key)s, %(member)s, fen, now() FROM due RETURNING id, total_fen),
    lines AS (INSERT INTO floor.line SELECT made.id, sku_id, qty, price_fen FROM made, moved),
    paid AS (INSERT INTO floor.payment SELECT id, total_fen FROM made),
    earned AS (INSERT INTO floor.points SELECT id, %(member)s, total_fen / 100 FROM made),
    member AS (UPDATE floor.member SET points = points + made.total_fen / 100 FROM made WHERE member.id = %(member)s),
    told AS (INSERT INTO floor.outbox (body) SELECT %(event)s::jsonb FROM made)
    SELECT id, total_fen FROM made"""


class Short(Exception):
    """Less is there than asked."""


def create_app() -> Flask:
    """The floor on the database of FLOOR_DATABASE."""
    app = Flask("floor")
    pool = ConnectionPool(
        os.environ["FLOOR_DATABASE"], min_size=2, max_size=10, kwargs={"autocommit": True, "prepare_threshold": 1},
        open=True,
    )  # fmt: skip

    def rows(statement: str, *given: Any) -> list[Any]:
        with pool.connection() as connection:
            return connection.execute(statement, given).fetchall()

    def cards(found: list[Any]) -> Any:
        return {"products": [{"sku_id": r[0], "name": r[1], "price_fen": r[2], "free": r[3]} for r in found]}

    @app.get("/page")
    def page() -> Any:
        return cards(rows(PAGE, int(request.args["category"]), int(request.args["after"])))

    @app.get("/search")
    def search() -> Any:
        return cards(rows(WORDS, f"%{request.args['q']}%"))

    @app.get("/scan/<code>")
    def scan(code: str) -> Any:
        found = rows(SCAN, code)
        return cards(found) if found else Response(status=404)

    @app.post("/order")
    def order() -> Any:
        said = request.get_json()
        skus, qtys = [line["sku_id"] for line in said["lines"]], [line["qty"] for line in said["lines"]]
        given = {"skus": skus, "qtys": qtys, "key": said["key"], "member": said["member"], "event": Json(said)}
        with pool.connection() as connection, connection.transaction():
            made = connection.execute(ORDER, given).fetchone()
            if made is None:
                raise Short
        return {"order_id": made[0], "total_fen": made[1]}, 201

    @app.errorhandler(Short)
    def short(_error: Exception) -> Any:
        return {"code": "out_of_stock"}, 409

    return app
