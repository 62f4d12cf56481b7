"""Counting a drawer over HTTP as a till does: a document of its device, then what a person decides."""

from __future__ import annotations

import uuid
from typing import Any

from config import clock
from config.clock import epoch_ms
from tests import factories as make
from tests.devices import Device


def send(till: Any, *bodies: str) -> list[dict[str, Any]]:
    """Deliver documents of a device; what became of each."""
    documents = [{"uuid": str(uuid.uuid4()), "body": body} for body in bodies]
    answer = till.post("/api/pos/sync", {"at_ms": epoch_ms(clock.now()), "documents": documents})
    assert answer.status_code == 200, answer.json
    return answer.json["results"]


def count(till: Any, shop: make.Shop, fen: int, *, device: Device | None = None, **more: Any) -> dict[str, Any]:
    """Count the shift of a shop's till; how it stands then."""
    shift = till.get("/api/pos/shift").json["shift"]
    device = device or Device(shop)
    [found] = send(till, device.seal(clock.now(), fen, **{"shift_id": shift["id"], **more}))
    assert found["state"] == "taken", found
    return till.get(f"/api/pos/shifts/{shift['id']}").json["shift"]


def close(till: Any, shop: make.Shop, fen: int, **more: Any) -> dict[str, Any]:
    """Count the shift, keep the count and settle it; the shift then."""
    shift = count(till, shop, fen, **more)
    if shift["state"] == "counted":
        till.post(f"/api/pos/shifts/{shift['id']}/keep")
    answer = till.post(f"/api/pos/shifts/{shift['id']}/settle")
    assert answer.status_code == 200, answer.json
    return answer.json["shift"]


def opening(fen: int) -> dict[str, Any]:
    """The body that opens a shift."""
    return {"uuid": str(uuid.uuid4()), "pieces": {str(face): n for face, n in make.pieces(fen).items()}}
