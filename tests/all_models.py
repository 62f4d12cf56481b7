"""Imports every table, for the migration check and for drafting a migration."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from config.db import Base

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    "config/journal.py", "config/requests.py", "member/sessions.py", "trade/fulfilment/rules.py", "member/models/*.py",
    "recommend/models.py", "*/*/models.py", "*/*/*/models.py",
)  # fmt: skip

for found in sorted(path for pattern in FILES for path in ROOT.glob(pattern)):
    import_module(".".join(found.relative_to(ROOT).with_suffix("").parts))

METADATA = Base.metadata
