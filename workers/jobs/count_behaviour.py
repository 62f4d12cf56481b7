"""What people did since the last run is counted; what waited for PostgreSQL is stored first."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from redis import RedisError
from sqlalchemy.orm import Session

from config.db import open_session, transaction
from config.logs import log
from member import sessions
from recommend import behaviour, bridge, counting

MOST_ROUNDS = 25
"""About 500,000 events a run; the rest is the next run's."""


def _bring(session: Session) -> int:
    """Store the batches that waited on the bridge; whoever did not agree, or no longer does, is not recorded."""
    brought = 0
    while found := list(bridge.waiting()):
        for one in found:
            who = sessions.of_hash(session, one.token_hash, now=one.now) if one.token_hash else None
            sender = behaviour.Sender(UUID(one.anon_id), who, one.consent_version, one.app_version)
            if one.token_hash is None or who is not None:
                try:
                    brought += behaviour.take(session, sender, one.events, now=one.now).stored
                except behaviour.NotAgreed:
                    log.info("behaviour_not_agreed")
            bridge.done(one.entry)
    return brought


def run(new_session: Callable[[], Session] = open_session) -> int:
    """Bring what waited and count what is owed; every ten seconds on `clock`; returns how many notes it counted.

    Safe to run twice, or in two workers at once: events are known by their id, and one counts at a time.
    """
    counted = 0
    with new_session() as session:
        try:
            _bring(session)
        except (RedisError, OSError) as away:
            log.warning("behaviour_bridge_away", error=type(away).__name__)
        for _ in range(MOST_ROUNDS):
            with transaction(session):
                some = counting.count(session)
            counted += some
            if not some:
                break
    return counted
