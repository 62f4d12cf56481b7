from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from config.db import engine
from config.migrate import migrate
from tests.all_models import METADATA


def test_the_migrations_make_what_the_models_say(migrated):
    with engine().connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(migrated):
    migrate()
