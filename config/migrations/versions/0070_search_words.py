"""What products are searched by: full pinyin beside the initials, and the pairs of letters of all of it.

No extension is needed: pairs of letters in a plain array, with PostgreSQL's own GIN index over it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pypinyin import lazy_pinyin

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_GRAMS = """CREATE FUNCTION search_grams(said text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT gram), '{}') FROM (
        SELECT substr(said, at, long) AS gram
        FROM generate_series(1, length(said)) AS at, generate_series(1, 2) AS long) AS cut
    WHERE gram !~ '\\s' $$"""
_SAID = "lower(name || ' ' || brand || ' ' || pinyin || ' ' || pinyin_full)"


def upgrade() -> None:
    op.execute(_GRAMS)
    op.execute("ALTER TABLE product ADD COLUMN pinyin_full text NOT NULL DEFAULT ''")
    connection = op.get_bind()
    known = connection.execute(sa.text("SELECT id, name FROM product WHERE name ~ '[^ -~]'")).all()
    if known:
        spelled = [{"id": row.id, "full": "".join(lazy_pinyin(row.name)).lower()} for row in known]
        connection.execute(sa.text("UPDATE product SET pinyin_full = :full WHERE id = :id"), spelled)
    op.execute(
        f"ALTER TABLE product ADD COLUMN said text NOT NULL GENERATED ALWAYS AS ({_SAID}) STORED,"
        f" ADD COLUMN grams text[] NOT NULL GENERATED ALWAYS AS (search_grams({_SAID})) STORED"
    )
    op.execute("CREATE INDEX ix_product_grams ON product USING gin (grams) WITH (fastupdate = off)")


def downgrade() -> None:
    op.execute("ALTER TABLE product DROP COLUMN grams, DROP COLUMN said, DROP COLUMN pinyin_full")
    op.execute("DROP FUNCTION search_grams(text)")
