"""One step of one parcel: what the endpoints of the store desk share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, once
from pos.http import who
from trade.fulfilment import parcels
from trade.orders import desk


def step(
    form: WriteForm, parcel_id: int, work: Callable[[Session, Any, str], object], *, kept: WriteForm | None = None
) -> Reply:
    """One step of one parcel of one's own store; answers the parcel as it stands then.

    :param kept: the form without its secrets, when it has any: what is kept of the request.
    """
    store_id, actor = who.own_store(), who.me().actor

    def do(opened: Session) -> Reply:
        work(opened, parcels.here(opened, store_id, parcel_id), actor)
        return {"parcel": desk.one(opened, store_id, parcel_id)}, 200

    return once(kept or form, do)
