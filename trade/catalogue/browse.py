"""What the mall shows of the catalogue: one statement a page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_CATEGORIES = text("SELECT id, name, picture FROM category ORDER BY position, id")


def categories(session: Session) -> list[dict[str, Any]]:
    """Every category in its order."""
    return [dict(row) for row in session.execute(_CATEGORIES).mappings()]
