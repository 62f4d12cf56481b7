"""What an adapter is: one shape, a webhook and a file exchange behind it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from trade.stock.channels.figures import Figure
from trade.stock.channels.sending import Answer, Channel


class PartnerAway(Exception):
    """A call did not come through: nothing is known of what it did.  `wait` is how long the partner asks us to."""

    def __init__(self, why: str, *, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


class Adapter(Protocol):
    """How figures reach a channel, and how its own are learnt."""

    def note(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> None:
        """Keep what must be kept to send this batch, in the transaction that takes it."""

    def send(self, session: Session, channel: Channel, figures: Sequence[Figure], now: datetime) -> list[Answer]:
        """Send the batch, outside any transaction; what has no answer among those returned is awaited.

        :raises PartnerAway: it did not come through.
        """

    def theirs(self, channel: Channel, skus: Collection[str], now: datetime) -> dict[str, int] | None:
        """What the channel shows of these skus of its own; None when it cannot be asked.

        :raises PartnerAway: it did not answer.
        """
