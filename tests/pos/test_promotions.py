from __future__ import annotations

from datetime import timedelta

import pytest

from config import clock
from tests import factories as make
from trade.pricing.promotions import book

FORM = make.FOREVER | make.OFF_30
PATH = "/api/desk/promotions"


@pytest.fixture
def office(client):
    return client("head_office")


def _make(office, **more):
    return office.post(PATH, {"promotion": FORM | more}).json["promotion"]["id"]


def test_a_promotion_is_written_published_changed_and_ended(session, shop, office):
    made = office.post(PATH, {"promotion": FORM})
    assert (made.status_code, made.json["promotion"]["state"], made.json["promotion"]["stands"]) == (
        201,
        "draft",
        "draft",
    )
    path = f"{PATH}/{made.json['promotion']['id']}"
    live = office.post(f"{path}/publish").json["promotion"]
    assert (live["state"], live["stands"], live["version"], live["draft"]) == ("live", "running", 1, None)
    assert live["versions"][0]["promotion"]["ends"] == "2099-12-31T23:59:00"
    assert office.post(f"{path}/publish").json["code"] == "nothing_to_publish"
    again = live["versions"][0]["promotion"] | {"steps": [[10_000, 1_000]]}
    assert office.post(path, {"promotion": again}).json["promotion"]["has_draft"] is True
    assert office.post(f"{path}/publish").json["promotion"]["version"] == 2
    assert [office.post(f"{path}/{step}").json["promotion"]["state"] for step in ("pause", "resume", "end")] == [
        "paused", "live", "ended",
    ]  # fmt: skip
    assert office.post(f"{path}/pause").json["code"] == "wrong_state"
    assert book.at(session, shop.store_id, clock.now()).rules.rules == ()
    assert office.get(f"{PATH}/999").status_code == 404


def test_a_retry_of_publishing_publishes_once(office):
    path = f"{PATH}/{_make(office)}/publish"
    body = {"request_id": "0d5c1f0e-2f0e-4f43-9f3c-6a6f0c1d2e3f"}
    answers = [office.ask(path, body).json for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["promotion"]["version"] == 1


def test_a_fault_is_a_sentence_in_the_callers_language(office):
    wrong = {"promotion": FORM | {"steps": [[100, 200]]}}
    answer = office.post(PATH, wrong, headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json["facts"]) == (422, {"fields": {"promotion": "steps_worth"}})
    assert "no more off than its threshold" in answer.json["message"]
    assert "减额不超过门槛" in office.post(PATH, wrong).json["message"]
    assert office.get(PATH).json == {"promotions": [], "before": None}


def test_the_list_has_states_and_pages(office):
    ids = [_make(office, name=name) for name in ("一", "二", "三")]
    office.post(f"{PATH}/{ids[0]}/publish")
    page = office.get(f"{PATH}?most=2").json
    assert ([one["id"] for one in page["promotions"]], page["before"]) == ([ids[2], ids[1]], ids[1])
    rest = office.get(f"{PATH}?most=2&before={page['before']}").json
    assert ([one["id"] for one in rest["promotions"]], rest["before"]) == ([ids[0]], None)
    assert [one["name"] for one in office.get(f"{PATH}?state=live").json["promotions"]] == ["一"]
    assert office.get(f"{PATH}?state=alive").status_code == 422


def test_settings_are_the_head_offices(session, shop, office, client):
    asked = {"mode": "fixed", "member_and_flash": "first", "stacking": [["multi", "store"]]}
    assert client("store_manager").post(f"{PATH}/settings", asked).json["code"] == "not_permitted"
    assert client("store_manager").post(PATH, {"promotion": FORM}).json["code"] == "not_permitted"
    assert office.get(f"{PATH}/settings").json["settings"]["mode"] == "best"
    office.post(f"{PATH}/settings", asked)
    told = office.post(f"{PATH}/settings/stores/{shop.store_id}", {"mode": "best"}).json["settings"]
    assert told == {**asked, "version": 2, "stores": {str(shop.store_id): "best"}, "cash_rounding": {}}
    rules = book.at(session, shop.store_id, clock.now()).rules
    assert (rules.mode, rules.stacking, rules.version) == ("best", (("multi", "store"),), 2)


def test_a_price_is_changed_and_relabelled(shop, office, client):
    milk, keeper = shop.skus["milk"], client("store_staff")
    begins = (clock.now() + timedelta(hours=2)).replace(second=0, microsecond=0)
    asked = {"name": "周末", "from_at": begins.isoformat(), "lines": [{"sku_id": milk, "price_fen": 890}]}
    assert keeper.post("/api/desk/prices/changes", asked).json["code"] == "not_permitted"
    made = office.post("/api/desk/prices/changes", asked)
    assert (made.status_code, made.json["change"]["lines"][0]["price_fen"]) == (201, 890)
    turns = keeper.get("/api/desk/prices/coming").json["coming"]
    assert [(one["sku_id"], one["old_fen"], one["new_fen"]) for one in turns] == [(milk, 990, 890)]
    path = f"/api/desk/prices/changes/{made.json['change']['id']}"
    assert office.post(f"{path}/withdraw").json["change"]["withdrawn_at"]
    assert office.post(f"{path}/withdraw").json["code"] == "wrong_state"
    assert office.get(path).json["change"]["name"] == "周末"
    assert len(office.get("/api/desk/prices/changes").json["changes"]) == 1
    past = office.post("/api/desk/prices/changes", asked | {"from_at": "2020-01-01T00:00:00Z"})
    assert (past.status_code, past.json["code"]) == (422, "price_not_sound")
    assert [one["price_fen"] for one in office.get(f"/api/desk/prices/skus/{milk}").json["prices"]] == [990]
    assert keeper.get("/api/desk/prices/unlabelled").json == {"unlabelled": []}
    assert keeper.post("/api/desk/prices/labels", {"sku_ids": [milk]}).json == {"unlabelled": []}


def test_a_store_rounds_cash_once_the_head_office_says_so(shop, office, client):
    """12.54 by 抹分 is 12.50: shown before paying, taken, and on the receipt; the till may pay no exact 12.49."""
    path, till = f"{PATH}/settings/stores/{shop.store_id}/cash-rounding", client("cashier")
    assert till.post(path, {"mode": "drop_fen"}).json["code"] == "not_permitted"
    assert office.post(path, {"mode": "up"}).status_code == 422
    assert office.post(f"{PATH}/settings/stores/999/cash-rounding", {"mode": "none"}).status_code == 404
    asked = office.post(path, {"mode": "drop_fen"}).json["settings"]["cash_rounding"]
    assert asked == {str(shop.store_id): "drop_fen"}
    basket = {"lines": [{"sku_id": shop.skus["apple"], "qty": 1047}]}
    quote = till.ask("/api/pos/quote", basket).json["quote"]
    assert [quote[name] for name in ("payable_fen", "rounding_fen", "due_fen")] == [1254, -4, 1250]
    sale = basket | {"expected_payable_fen": 1254, "tenders": [{"kind": "cash", "received_fen": 1249}]}
    assert till.post("/api/pos/sales", sale).json["facts"] == {"missing_fen": 1}
    sold = till.post("/api/pos/sales", sale | {"tenders": [{"kind": "cash", "received_fen": 1250}]}).json["receipt"]
    assert (sold["rounding_fen"], sold["payable_fen"], sold["tenders"][0]["change_fen"]) == (-4, 1250, 0)
    paper = till.paper(sold["no"]).text
    assert "现金抹零" in paper and "-0.04" in paper
