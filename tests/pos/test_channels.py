"""The channels over HTTP: what partners' systems call, signed, and what the head office sees and does."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from config import clock
from config.db import transaction
from tests import factories as make
from tests.partner import SECRET
from tests.trade.channels.conftest import open_channel
from tests.trade.intake.conftest import cases, document, states
from trade.orders.intake import metrics as intake_metrics
from trade.stock.channels import metrics, signing
from workers.jobs import take_orders


@pytest.fixture
def shop(session):
    return make.open_shop(session, code="S1", stock_of={"milk": 7, "bread": 100}, now=clock.now())


@pytest.fixture
def shops(session, shop):
    return shop, make.open_shop(session, code="S2", stock_of={"milk": 5, "bread": 0}, now=clock.now())


@pytest.fixture
def channel(session, shops):
    return open_channel(session, shops, clock.now())


class System:
    """A partner's system: signs what it sends, as docs/channels.md says."""

    def __init__(self, app: Any, code: str = "tmall-1", secret: str = SECRET) -> None:
        self.http, self.code, self.secret = app.test_client(), code, secret

    def headers(self, method: str, path: str, body: bytes, **but: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), uuid.uuid4().hex
        signed = {"X-Tongdian-Channel": self.code, "X-Tongdian-Timestamp": stamp, "X-Tongdian-Nonce": nonce} | but
        at = signed["X-Tongdian-Timestamp"], signed["X-Tongdian-Nonce"]
        signature = signing.sign(self.secret, at[0], at[1], method, path, body)
        return {"X-Tongdian-Signature": signature, **signed, "Content-Type": "application/json"}

    def get(self, path: str, **but: str) -> Any:
        return self.http.get(path, headers=self.headers("GET", path, b"", **but))

    def post(self, path: str, told: dict[str, Any]) -> Any:
        body = json.dumps({"request_id": str(uuid.uuid4()), **told}).encode()
        return self.http.post(path, data=body, headers=self.headers("POST", path, body))

    def bring(self, *documents: dict[str, Any]) -> Any:
        return self.post("/api/channels/tmall-1/orders", {"documents": list(documents)})


@pytest.fixture
def system(app, channel):
    return System(app)


@pytest.fixture
def office(client):
    return client("head_office")


ORDERS, STOCK = "/api/channels/tmall-1/orders", "/api/channels/tmall-1/stock"


def test_orders_come_in_and_their_states_go_out(session, system):
    answer = system.bring(document(), document("T2", milk=1), {"external_no": "T3"}, {"nonsense": 1})
    assert answer.status_code == 200
    assert [one["outcome"] for one in answer.json["orders"]] == ["new", "new", "malformed", "malformed"]
    assert answer.json["orders"][2]["external_no"] == "T3" and "lines" in answer.json["orders"][2]["fields"]
    take_orders.run()
    told = system.post("/api/channels/tmall-1/cancels", {"cancels": [{"external_no": n} for n in ("T2", "T9")]}).json
    assert [one["outcome"] for one in told["cancels"]] == ["asked", "tombstone"]
    take_orders.run()
    page = system.get(f"{ORDERS}?after=0").json
    assert {one["external_no"]: (one["state"], one["cancel"]) for one in page["orders"]} == {
        "T1": ("ordered", None), "T2": ("cancelled", "done"), "T9": ("tombstone", "done"),
    }  # fmt: skip
    assert system.get(f"{ORDERS}?after={page['after']}").json == {"orders": [], "after": page["after"]}


def test_a_request_repeated_is_answered_as_before(session, system):
    told = {"request_id": str(uuid.uuid4()), "documents": [document()]}
    first = system.post(ORDERS, told).json
    assert system.post(ORDERS, told).json == first and first["orders"][0]["outcome"] == "new"
    assert system.post(ORDERS, {**told, "documents": [document("T2")]}).json["code"] == "request_id_reused"
    assert states(session) == {"T1": "received"}


def test_stock_is_fetched_by_a_cursor(system):
    first = system.get(f"{STOCK}?after=0&most=1").json
    assert first == {"figures": [{"sku": "M", "qty": 8, "version": 1}], "after": 1}
    assert system.get(f"{STOCK}?after=1").json["figures"] == [{"sku": "B", "qty": 100, "version": 2}]
    assert system.get(STOCK).json["after"] == 2


@pytest.mark.parametrize(
    "but",
    [
        {"X-Tongdian-Signature": "0" * 64}, {"X-Tongdian-Channel": "other"}, {"X-Tongdian-Channel": ""},
        {"X-Tongdian-Timestamp": "1500000000"}, {"X-Tongdian-Timestamp": "soon"}, {"X-Tongdian-Nonce": "short"},
    ],
)  # fmt: skip
def test_what_is_not_signed_as_agreed_is_refused(system, but):
    answer = system.get(STOCK, **but)
    assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")


def test_a_signature_counts_once_and_for_one_request(session, system, app):
    headers = system.headers("GET", STOCK, b"")
    assert system.http.get(STOCK, headers=headers).status_code == 200
    assert system.http.get(STOCK, headers=headers).status_code == 401
    headers = system.headers("GET", STOCK, b"")
    assert system.http.get(f"{STOCK}?after=1", headers=headers).status_code == 401
    assert System(app, secret="another-secret-of-thirty-two-chars").get(STOCK).status_code == 401
    body = json.dumps({"request_id": str(uuid.uuid4()), "documents": [document()]}).encode()
    headers = system.headers("POST", ORDERS, body)
    assert system.http.post(ORDERS, data=body.replace(b"T1", b"T2"), headers=headers).status_code == 401
    assert system.http.post(ORDERS, data=body).status_code == 401
    assert states(session) == {}


def test_one_channel_cannot_speak_for_another(session, shops, system, app):
    open_channel(session, shops, clock.now(), code="jd-1", platform="jd", endpoint="jd-1")
    answer = System(app, code="jd-1").get(STOCK)
    assert (answer.status_code, answer.json["code"]) == (401, "bad_signature")


def test_staff_cannot_use_the_partners_door(channel, office):
    assert office.get(STOCK).status_code == 401


TERMS = {"name": "京东旗舰店", "platform": "jd", "kind": "webhook", "per_minute": 30, "secret": SECRET}


def test_the_office_opens_lists_and_pauses_a_channel(session, shops, office):
    where = {"default_store_id": shops[0].store_id, "store_ids": [shops[0].store_id]}
    wrong = office.post("/api/desk/channels", {**TERMS, **where, "code": "jd-1", "endpoint": "http://jd.example/"})
    assert (wrong.status_code, wrong.json["facts"]["fields"]) == (422, {"endpoint": "must be https"})
    made = office.post("/api/desk/channels", {**TERMS, **where, "code": "jd-1", "endpoint": "https://jd.example/hook"})
    assert made.status_code == 201 and SECRET not in made.text
    again = {**TERMS, **where, "code": "jd-1", "endpoint": "https://jd.example/hook"}
    assert office.post("/api/desk/channels", again).json["code"] == "channel_known"
    listing = {"sku_id": shops[0].skus["milk"], "external_sku": "J1", "share_bp": 5000}
    assert office.post("/api/desk/channels/jd-1/listings", {"listings": [listing]}).json == {"changed": 1, "again": 0}
    sku = office.get("/api/desk/channels/jd-1/skus").json["skus"][0]
    assert (sku["external_sku"], sku["wanted_qty"], sku["acked_qty"]) == ("J1", 3, None)
    edited = {**TERMS, **where, "name": "京东店", "endpoint": "https://jd.example/hook", "secret": None}
    assert office.post("/api/desk/channels/jd-1", edited).json["channel"]["name"] == "京东店"
    assert office.post("/api/desk/channels/jd-1/pause", {"paused": True}).json["channel"]["paused"] is True
    stands = office.get("/api/desk/channels").json["channels"][0]
    assert (stands["code"], stands["backlog"], stands["paused"]) == ("jd-1", 1, True)
    assert office.get("/api/desk/channels/none").status_code == 404


def test_the_office_sees_what_came_and_helps_it_on(session, shops, system, office):
    strange = document()
    strange["lines"][1]["sku"] = "Z9"
    system.bring(strange, document("T2", paid_fen=1))
    take_orders.run()
    path = "/api/desk/channels/tmall-1"
    assert office.get(path).json["channel"]["intake"]["quarantined"] == 2
    found = office.get(f"{path}/orders?state=quarantined&words=T1").json["orders"]
    assert [(one["external_no"], one["reason"]) for one in found] == [("T1", "unknown_sku")]
    page = office.get(f"{path}/orders/T1")
    assert page.json["order"]["documents"][0]["document"]["paid_fen"] == 2800
    assert "李雷" not in page.text and "13800001111" not in page.text
    listing = {"sku_id": shops[0].skus["apple"], "external_sku": "Z9"}
    assert office.post(f"{path}/listings", {"listings": [listing]}).json["again"] == 1
    assert office.post(f"{path}/orders/T2/again").status_code == 200
    take_orders.run()
    assert states(session) == {"T1": "ordered", "T2": "quarantined"}
    assert office.post(f"{path}/orders/T2/reject", {"reason": "金额不符"}).json["order"]["state"] == "rejected"
    assert office.post(f"{path}/orders/T1/again").json["code"] == "wrong_state" and cases(session) == []
    history = [one["kind"] for one in office.get(f"{path}/orders/T1").json["order"]["history"]]
    assert history == ["intake.quarantined", "intake.received", "intake.ordered"]
    day = {"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}
    assert office.get(f"{path}/owed", query_string=day).json["owed"]["owed_fen"] == 0


def test_figures_are_told_again_at_a_word(session, shops, channel, office):
    path, milk = "/api/desk/channels/tmall-1", shops[0].skus["milk"]
    assert office.post(f"{path}/skus/{milk}/resend").json == {"told": 1}
    assert office.post(f"{path}/skus/999/resend").json == {"told": 0}
    assert office.post(f"{path}/replay", {"after": 2}).json == {"told": 1}  # the milk's third version
    assert office.post(f"{path}/replay", {"after": 0}).json == {"told": 2}
    versions = [one["version"] for one in office.get(f"{path}/skus?troubled=true").json["skus"]]
    assert sorted(versions) == [5, 6]


@pytest.mark.parametrize("role", ["cashier", "store_staff", "store_manager"])
def test_others_may_not(client, channel, role):
    person = client(role)
    assert person.get("/api/desk/channels").status_code == 403
    assert person.post("/api/desk/channels/tmall-1/pause", {"paused": True}).status_code == 403
    assert person.post("/api/desk/channels/tmall-1/replay", {"after": 0}).status_code == 403


def test_lag_backlog_and_drift_are_metrics(session, channel):
    system = {(name, *labels): value for name, labels, value in metrics.FIGURES._read(session)}
    assert system["tongdian_channel_backlog", "tmall-1"] == 2 and system["tongdian_channel_drift", "tmall-1"] == 0
    counted = {(name, *labels): value for name, labels, value in intake_metrics.FIGURES._read(session)}
    assert counted["tongdian_intake_waiting", "tmall-1"] == 0


def test_old_nonces_are_forgotten(session, system):
    system.get(STOCK)
    with transaction(session):
        assert signing.forget(session, now=clock.now()) == 0
    session.execute(text("UPDATE channel_nonce SET at = at - interval '1 hour'"))
    session.commit()
    with transaction(session):
        assert signing.forget(session, now=clock.now()) == 1
