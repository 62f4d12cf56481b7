"""A journal leaves a device as a sealed file and is booked from it, once."""

from __future__ import annotations

import base64
import json
import secrets

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from config import clock
from config.errors import Malformed
from pos import import_journal
from tests.devices import Device

SYNC = "/api/pos/sync"


def _file(shop, key, bodies):
    iv = secrets.token_bytes(12)
    found = [{"uuid": json.loads(body).get("uuid", "?"), "body": body, "aside": None} for body in bodies]
    data = AESGCM(key).encrypt(iv, json.dumps(found).encode(), None)
    said = {name: base64.b64encode(value).decode() for name, value in (("iv", iv), ("data", data))}
    return json.dumps({"v": 1, "store_id": shop.store_id, "till_id": shop.till_id, **said})


def _sold(session):
    found = session.scalar(text("SELECT count(*) FROM sale_order"))
    session.rollback()
    return found


def test_an_exported_journal_is_booked_once_also_beside_its_till(session, shop, client):
    """Complaint 4.31: what was sold is not lost with the device."""
    till, device = client(), Device(shop)
    key = bytes.fromhex(till.get(f"{SYNC}/key").json["key"])
    good, bad = [device.sell(clock.now()) for _ in range(3)], "{}"
    file = _file(shop, key, [*good, bad])
    assert import_journal.run(session, file) == {"taken": 3, "unread": 1}
    assert import_journal.run(session, file) == {"taken": 3, "unread": 1}
    documents = [{"uuid": json.loads(body)["uuid"], "body": body} for body in good]
    answer = till.post(SYNC, {"at_ms": clock.epoch_ms(clock.now()), "documents": documents})
    assert {one["state"] for one in answer.json["results"]} == {"taken"} and _sold(session) == 3


def test_a_file_that_was_changed_or_is_another_tills_books_nothing(session, shop, client):
    key = bytes.fromhex(client().get(f"{SYNC}/key").json["key"])
    file = json.loads(_file(shop, key, [Device(shop).sell(clock.now())]))
    data = bytearray(base64.b64decode(file["data"]))
    data[5] ^= 1
    for wrong in ({"till_id": 99}, {"data": base64.b64encode(bytes(data)).decode()}, {"iv": ""}, {"store_id": "x"}):
        with pytest.raises(Malformed):
            import_journal.run(session, json.dumps(file | wrong))
    with pytest.raises(Malformed):
        import_journal.run(session, "nonsense")
    assert _sold(session) == 0
