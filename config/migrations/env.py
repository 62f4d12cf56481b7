"""Alembic's entry: one linear history, run on the connection that `config/migrate.py` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context

from config.db import Base, UtcDateTime


def _plain(kind: str, item: Any, _context: Any) -> Any:
    """Migrations name database types only, so that a later change of our code cannot change them."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_item=_plain,
)
with context.begin_transaction():
    context.run_migrations()
