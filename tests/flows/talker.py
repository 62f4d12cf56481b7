"""People at the stand-in's phones, and the rules by which the shop answers them."""

from __future__ import annotations

from typing import Any

import requests

OFFICE = {"actor": "staff:1"}


def _rule(occasion: str, *words: str, **message: str) -> dict[str, Any]:
    kind = "text" if "text" in message else "built_in"
    return {"name": occasion, "occasion": occasion, "words": list(words), "messages": [{"kind": kind, **message}]}


RULES = [
    _rule("follow", text="欢迎 ]]> 😀"),
    _rule("text_exact", "积分", name="points"),
    _rule("text_exact", "取货码", name="pickup"),
    _rule("text_contains", "订单", name="order"),
    _rule("click", "POINTS", name="points"),
    _rule("location", name="store"),
    _rule("default", text="没听懂"),
]


class Talker:
    """The stand-in's people, and what the shop said to them."""

    def __init__(self, house: Any) -> None:
        self.house, self.world = house, house.world

    def address(self, app: str, form: str) -> int:
        url = f"{self.house.url}/api/mall/wechat/callback/{app}"
        return requests.post(
            f"{self.house.phone_url}/control/talks/address", json={"app": app, "url": url, "form": form}, timeout=10
        ).status_code

    def does(self, number: int, step: str, **more: Any) -> None:
        """One step; it has arrived at the shop, and jobs ran."""
        openid = f"oTongdian{number:04d}"
        answer = requests.post(
            f"{self.house.phone_url}/control/talks/{openid}/{step}", json=more, timeout=10
        )  # fmt: skip
        assert answer.json()["pushed"], step
        self.arrives()

    def arrives(self) -> None:
        """Everything that was pushed has been answered, and jobs ran."""
        self.house.until(lambda: all(one["done"] for one in self.world.pushes), "pushes are taken")
        self.house.let_jobs_run()

    def heard(self, number: int, app: str = "service") -> list[str]:
        talk = self.world.talks.get(f"oTongdian{number:04d}:{app}", [])
        return [one["text"] for one in talk if one["by"] == "shop"]
