"""Imports every table, for the migration check and for drafting a migration."""

from __future__ import annotations

import config.journal
import config.requests
import member.models.ledger
import member.models.people
import member.sessions
import trade.catalogue.models
import trade.orders.models
import trade.payments.models
import trade.pricing.models
import trade.stock.models
import trade.stores.models
from config.db import Base

MODULES = (
    config.journal,
    config.requests,
    member.models.ledger,
    member.models.people,
    member.sessions,
    trade.catalogue.models,
    trade.orders.models,
    trade.payments.models,
    trade.pricing.models,
    trade.stock.models,
    trade.stores.models,
)
METADATA = Base.metadata
