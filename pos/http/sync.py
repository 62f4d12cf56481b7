"""What a till sold without network, delivered when there is one again."""

from __future__ import annotations

from flask import Response, g
from pydantic import Field

from config.db import transaction
from config.http import Form, Reply, WriteForm, blueprint, permit, session, unless_known
from config.logs import log
from pos.http import who
from trade.orders.offline import delivery, export, pickups, read
from trade.orders.offline.document import Aside, NotSound

bp = blueprint("sync", "/api/pos/sync", who.identify)


class AsideForm(Form):
    """The phone of who wants to be a member, which is in no document, with its salt and a name."""

    phone: str = Field(max_length=20)
    salt: str = Field(max_length=64)
    name: str = Field("", max_length=40)


class DocumentForm(Form):
    """One document: the text that was hashed, as it was hashed."""

    uuid: str = Field(max_length=36)
    body: str = Field(max_length=200_000)
    aside: AsideForm | None = None


class SyncForm(WriteForm):
    """Documents of one device, in their order; `at_ms` is the device's clock as it sends them."""

    at_ms: int = Field(ge=0)
    documents: list[DocumentForm] = Field(min_length=1, max_length=50)


@bp.get("/key")
@permit("pos.sell")
def key() -> Reply:
    """What this till seals its journal with (hex of an AES-256 key), should it have to leave the device as a file."""
    till = who.till()
    return {"key": export.key(till.store_id, till.id).hex()}, 200


@bp.get("/pickups")
@permit("pos.sell")
def lies_ready() -> Response:
    """What lies ready here for its customers, should the network go; 304 while nothing changed: ask every minute.

    `{salt, rounds, parcels: [{proof, store_id, id, no, customer, place, lines: [{name, spec, unit, weighed, qty}]}]}`:
    `proof` is PBKDF2-SHA256 of the eight digits of a code, 16 bytes in hex.  New ones come some at a time.
    """
    return unless_known(pickups.listed(session(), who.till().store_id))


@bp.get("/differences")
@permit("pos.read")
def differing() -> Reply:
    """What this store's tills sold without network otherwise than we would have, in seven days: `{differences}`."""
    return {"differences": read.differing(session(), who.till().store_id, now=g.now)}, 200


class EndForm(WriteForm):
    """The number of a device's last document; `at_ms` is its clock as it sends this."""

    device: str = Field(pattern=r"^[0-9a-f-]{36}$")
    seq: int = Field(ge=0, le=10**9)
    at_ms: int = Field(ge=0)


@bp.post("/end")
@permit("pos.sell")
@bp.input(EndForm)
def end(json_data: EndForm) -> Reply:
    """A device delivered all it has, up to `seq`: `{last_seq}`; what we lack of that goes on the desk at once."""
    till = who.till()
    skew_ms = json_data.at_ms - int(g.now.timestamp() * 1000)
    with transaction(session()) as opened:
        last = delivery.end(opened, till.store_id, till.id, json_data.device, json_data.seq, skew_ms, now=g.now)
    return {"last_seq": last}, 200


def _aside(one: DocumentForm) -> Aside | None:
    return Aside(**one.aside.model_dump()) if one.aside else None


@bp.post("")
@permit("pos.sell")
@bp.input(SyncForm)
def sync(json_data: SyncForm) -> Reply:
    """Take each document once, in a transaction of its own: `{results: [{uuid, state, reason, order_no}]}`, in order.

    Delivered again it is answered as it stands: the till repeats until it has the answer.  `taken` and `known` are
    orders; `excepted` waits on the exception desk with its `reason`; `altered` differs from what we have; `unread`
    cannot be read.  The last three stay with the till, which shows them and delivers them again, until somebody saw to
    them on the desk: `settled`.
    """
    till, results = who.till(), []
    skew_ms = json_data.at_ms - int(g.now.timestamp() * 1000)
    for one in json_data.documents:
        try:
            with transaction(session()) as opened:
                found = delivery.deliver(
                    opened, till.store_id, till.id, one.body, skew_ms, aside=_aside(one), now=g.now
                )
        except NotSound:
            log.error("till_document_unread", uuid=one.uuid, till_id=till.id)
            with transaction(session()) as opened:
                found = delivery.unread(opened, till.store_id, till.id, one.uuid, one.body, now=g.now)
        results.append(found.as_json())
    return {"results": results}, 200
