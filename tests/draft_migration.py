"""Draft a migration from the models: `python -m tests.draft_migration "add promotions"`; read it before you commit."""

from __future__ import annotations

import sys

from alembic import command
from alembic.config import Config

from config.db import engine
from config.migrate import SCRIPTS
from tests import all_models

assert all_models.METADATA

if __name__ == "__main__":
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS))
    with engine().begin() as connection:
        settings.attributes["connection"] = connection
        command.revision(settings, sys.argv[1], autogenerate=True, rev_id=sys.argv[2])
