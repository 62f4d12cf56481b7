"""`python -m pos.import_journal FILE`: book the journal that a till exported; as often as one likes."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from sqlalchemy.orm import Session

from config import clock
from config.db import open_session, transaction
from config.logs import log
from trade.orders.offline import delivery, export
from trade.orders.offline.document import NotSound


def run(session: Session, text: str) -> Counter[str]:
    """Deliver every document of a file, each in a transaction of its own; how many there are now in each state."""
    found, states = export.opened(text), Counter[str]()
    for uuid, body, aside in found.documents:
        given = (found.store_id, found.till_id)
        try:
            with transaction(session) as opened:
                result = delivery.deliver(opened, *given, body, 0, aside=aside, now=clock.now())
        except NotSound:
            with transaction(session) as opened:
                result = delivery.unread(opened, *given, uuid, body, now=clock.now())
        states[result.state] += 1
    return states


def main() -> int:
    """Read the file; the exit code is 1 when something was not booked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    with open_session() as session:
        states = run(session, parser.parse_args().file.read_text())
    log.info("journal_imported", **states)
    return 0 if set(states) <= {"taken", "known", "settled"} else 1


if __name__ == "__main__":
    sys.exit(main())
