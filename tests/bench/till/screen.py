"""The till in one browser, and what the bench does with it."""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import Any

from tests.browser.hands import disturb
from tests.browser.people import Till
from tests.browser.printer import Printer

EVERY_MS = 100
"""Ten scans a second."""
RECEIPT_BYTES = 40
"""What opens the drawer is shorter, and every receipt is longer."""
WORDS = ("纯牛奶", "cnn", "mb", "面包", "69600", "没有的", "苹果", "dn")
_FIRED = f"codes => window.benchFire(codes, performance.now(), {EVERY_MS})"
_ON_TIME = f"([codes, turn]) => window.benchFire(codes, window.bench.from + turn * {EVERY_MS}, {EVERY_MS})"
_KEPT = """() => JSON.parse(localStorage.getItem('td.till.basket')).lines.map(
    line => [line.name.split(' ').at(-1), line.qty])"""
"""The goods of `goods.py` have their number at the end of their name."""
_PRINTED = """bytes => window.__printer.heard.filter(one => one.bytes.length > bytes).map(one =>
    one.at - Math.max(...window.bench.committed.filter(at => at <= one.at)))"""


def _last_chunks(seen: Any) -> bool:
    return "/api/pos/catalogue" in seen.url and '"more":false' in seen.text()[-2000:]


class Screen:
    """A cashier with a reader; every figure is taken inside the page, by `watch.js`."""

    def __init__(self, page: Any, url: str, codes: list[str]) -> None:
        self.page, self.codes, self.dice = page, codes, random.Random(7)
        self.till = Till(page, url)
        Printer(page)
        self.tool = page.context.new_cdp_session(page)
        self.tool.send("Performance.enable", {"timeDomain": "threadTicks"})

    def begin(self, shop: Any) -> float:
        """Register, and wait until every sku is on the device; how long that took, in seconds."""
        began = time.monotonic()
        with self.page.expect_response(_last_chunks, timeout=180_000):
            self.till.open(shop)
        return round(time.monotonic() - began, 1)

    def plug_printer(self) -> None:
        """A thermal printer on a serial port; only the port itself is not real (`tests/browser/printer.py`)."""
        for what in ("printer", "printer-serial", "printer-width-80", "sheet-close"):
            self.till.see(what).click()

    def cold(self) -> float:
        """An empty basket and a new page: from nothing to the first scan's line, in ms."""
        code = self.dice.choice(self.codes)
        self.page.evaluate("code => { sessionStorage.setItem('bench.first', code);"
                           " localStorage.removeItem('td.till.basket') }", code)  # fmt: skip
        self.page.goto(self.till.url + "/till/")
        ms = float(self.page.evaluate("window.bench.first"))
        self.page.evaluate("sessionStorage.removeItem('bench.first')")
        return ms

    def scans(self, count: int) -> tuple[list[float], float]:
        """So many different goods at ten a second: ms from Enter to the frame of each, and CPU ms a scan."""
        before = self._cpu_ms()
        self.page.evaluate("window.bench.scans = []")
        self.page.evaluate(_FIRED, self.dice.sample(self.codes, count))
        self.page.evaluate("window.benchIdle()")
        return list(self.page.evaluate("window.bench.scans")), (self._cpu_ms() - before) / count

    def among_hands(self, count: int, goods: int) -> tuple[float, int]:
        """Ten a second of so many goods, and after each third a click, a sheet or a key: the rate, and what is lost."""
        few = self.dice.sample(self.codes, goods)
        sent: list[str] = []
        while len(sent) < count:
            sent.append(self.dice.choice([code for code in few if code != (sent or [""])[-1]]))
        self.page.evaluate("window.bench.from = performance.now()")
        chance, began = random.Random(423), time.monotonic()
        for turn, codes in enumerate([sent[at : at + 3] for at in range(0, count, 3)]):
            self.page.evaluate(_ON_TIME, [codes, 3 * turn])
            disturb(self.page, chance)
        took_s = time.monotonic() - began
        self.page.evaluate("window.benchIdle()")
        kept = Counter({self.codes[int(number) - 1]: qty for number, qty in self.page.evaluate(_KEPT)})
        lost = sum(((sent_of := Counter(sent)) - kept).values()) + sum((kept - sent_of).values())
        return round(count / took_s, 1), lost

    def searches(self) -> tuple[list[float], list[float]]:
        """Each of WORDS letter by letter: keystrokes and answers, in ms."""
        self.page.evaluate("window.bench.keys = []; window.bench.searches = []")
        for word in WORDS:
            for end in range(1, len(word) + 1):
                self.page.evaluate("text => window.benchSearch(text)", word[:end])
        return tuple(self.page.evaluate("[window.bench.keys, window.bench.searches]"))

    def sales(self, count: int) -> tuple[list[float], list[float]]:
        """So many sales for cash without network: ms on the way to the disk, and from there to the printer's port."""
        self.page.evaluate("window.bench.commits = []; window.__printer.heard.length = 0")
        for code in self.dice.sample(self.codes, count):
            self.page.keyboard.press("Enter")
            self.page.evaluate(_FIRED, [code])
            self.till.pay_cash("100")
        self.page.wait_for_timeout(500)
        return list(self.page.evaluate("window.bench.commits")), list(self.page.evaluate(_PRINTED, RECEIPT_BYTES))

    def empty(self) -> None:
        """Begin again with an empty basket, the goods in memory."""
        self.page.evaluate("localStorage.removeItem('td.till.basket')")
        self.page.reload()
        self.till.see("scan-input").wait_for()

    def _cpu_ms(self) -> float:
        found = self.tool.send("Performance.getMetrics")["metrics"]
        return next(1000.0 * one["value"] for one in found if one["name"] == "TaskDuration")
