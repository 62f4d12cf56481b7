"""Bring the database to the newest shape: `python -m config.migrate`.  Forward only."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Engine

from config.db import engine

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 0x746F6E67


def migrate(on: Engine | None = None) -> None:
    """Run what is missing, all or nothing, under an advisory lock so that two starting processes do it once.

    Engines commit each statement by themselves (`config/db.py`), so the one transaction is asked for here.
    """
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with (on or engine()).execution_options(isolation_level="READ COMMITTED").begin() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


if __name__ == "__main__":
    migrate()
