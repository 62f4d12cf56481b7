"""What the mall shows of the catalogue: one statement a page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_CATEGORIES = text("SELECT id, name, picture FROM category WHERE position >= 0 ORDER BY position, id")


def categories(session: Session) -> list[dict[str, Any]]:
    """Every category of the mall in its order; one before 0 is of the tills alone."""
    return [dict(row) for row in session.execute(_CATEGORIES).mappings()]
