"""What a cashier, a picker and a customer do on their screens."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests import factories as make
from tests.factories import Shop
from tests.flows.conftest import Person
from trade.stores.models import Role

KEEP_TOKEN = """token => localStorage.setItem('td.mall.token',
    JSON.stringify({type: 'string', data: JSON.stringify(token)}))"""
"""What uni-app's storage makes of a kept value."""


class AtScreen:
    """Somebody in front of a page."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def see(self, testid: str) -> Locator:
        """The element of a test id."""
        return self.page.get_by_test_id(testid)

    def sign_in(self, face: str, login: str) -> None:
        """Open a staff face and sign in."""
        self.page.goto(f"{self.url}/{face}/")
        self.see("login-name").fill(login)
        self.see("login-password").fill(make.PASSWORD)
        self.see("login-submit").click()


class Till(AtScreen):
    """The cashier."""

    def open(self, shop: Shop) -> None:
        """Register the device as the manager, then switch to the cashier by PIN; the shift is open already."""
        self.sign_in("till", "store_manager-S1")
        self.see(f"till-choose-{shop.till_id}").click()
        self.see("scan-input").wait_for()
        self.see("switch-staff").click()
        self.see(f"pin-{shop.people[Role.CASHIER]}").click()
        self.page.keyboard.type(make.PIN)
        self.page.keyboard.press("Enter")
        self.see("scan-input").wait_for()

    def scan(self, code: str) -> None:
        """A wedge scanner types the code and presses Enter."""
        self.see("scan-input").focus()
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def member(self, phone: str) -> None:
        """Find the member by phone."""
        self.see("member-input").fill(phone)
        self.page.keyboard.press("Enter")
        self.see("member-name").wait_for()

    def use_points(self, points: int, code: str) -> None:
        """Scan the member's code, then F4 and how many."""
        self.scan(code)
        self.see("member-verified").wait_for()
        self.page.keyboard.press("F4")
        self.see("points-input").fill(str(points))
        self.page.keyboard.press("Enter")

    def pay_cash(self, yuan: str) -> str:
        """Take cash; the number on the receipt."""
        self.see("scan-input").focus()
        self.page.keyboard.press("+")
        self.see("cash-received").fill(yuan)
        self.page.keyboard.press("Enter")
        self.see("receipt").wait_for()
        return self.see("receipt-no").inner_text().strip()

    def pay_with_wallet(self, wallet: str, due: str, cash: str) -> str:
        """F10 in the pay panel: so much stored value, the rest in cash; the number on the receipt."""
        self.see("scan-input").focus()
        self.page.keyboard.press("+")
        self.see("cash-received").wait_for()
        self.page.keyboard.press("F10")
        self.page.keyboard.type(wallet)
        self.page.keyboard.press("Enter")
        expect(self.see("cash-due")).to_contain_text(due)
        self.page.keyboard.type(cash)
        self.page.keyboard.press("Enter")
        self.see("receipt").wait_for()
        return self.see("receipt-no").inner_text().strip()

    def ask_return(self, no: str, line_no: int, qty: int) -> str:
        """F7: what returning units of a sale would do, as the screen says it."""
        self.page.keyboard.press("F7")
        self.see("return-no").fill(no)
        self.page.keyboard.press("Enter")
        self.see(f"return-qty-{line_no}").fill(str(qty))
        self.page.keyboard.press("Enter")
        said = self.see("return-outcome").inner_text()
        expect(self.see(f"return-qty-{line_no}")).to_be_focused()
        return said

    def take_back(self, no: str, line_no: int, qty: int) -> str:
        """Return units of a sale; what was given back, which the preview had said."""
        shown = self.ask_return(no, line_no, qty)
        self.page.keyboard.press("Enter")
        self.see("return-done").wait_for()
        given = "".join(self.see("return-refund").inner_text().split())
        assert given.strip("¥") in "".join(shown.split())
        return given


class Desk(AtScreen):
    """The picker."""

    def open(self) -> None:
        """Sign in as store staff."""
        self.sign_in("desk", "store_staff-S1")
        self.see("scan-box").wait_for()

    def scan(self, code: str) -> None:
        """A wedge scanner types the code with no field in focus, and presses Enter."""
        self.page.evaluate("document.activeElement?.blur()")
        self.page.keyboard.type(code)
        self.page.keyboard.press("Enter")

    def prepare(self, no: str, lines: int = 1) -> None:
        """Accept, pick every line, mark ready."""
        self.see(f"order-card-{no}").click()
        self.see("accept").click()
        for line in range(1, lines + 1):
            self.see(f"pick-{line}").click()
            self.see(f"unpick-{line}").wait_for()
        self.see("ready").click()
        self.see("notice").wait_for()

    def hand_over(self, code: str) -> None:
        """Check the code, hand over, see it in the done list."""
        self.see("scan-box").fill(code)
        self.see("scan-go").click()
        self.see("pickup-confirm").click()
        self.see("done").wait_for()


class Phone(AtScreen):
    """The customer."""

    def go(self, page: str) -> None:
        """Open a page of the mall anew."""
        self.page.goto(f"{self.url}/mall/#/pages/{page}/{page}")
        self.page.reload()

    def open(self, person: int) -> None:
        """Sign in as one of the stand-in's people and give the phone number."""
        self.go("me")
        self.see("sign-in").click()
        self.see(f"person-{person}").click()
        self.see("bind-phone").first.click()
        self.see("allow").click()
        expect(self.see("member-card")).to_contain_text(f"000{person}")

    def choose(self, sku_id: int, pieces: int) -> None:
        """From the shop window to the checkout."""
        self.go("home")
        self.see(f"card-{sku_id}").click()
        for _ in range(pieces - 1):
            self.see("more").click()
        self.see("buy-now").click()
        self.see("slot-0").wait_for()

    def submit(self) -> None:
        """Submit the order as shown."""
        self.see("submit-order").click()

    def pay(self) -> str:
        """Pay on the phone page; the order's id."""
        self.see("pay").click()
        self.type_password()
        self.see("back-to-shop").click()
        expect(self.see("order-state")).to_contain_text("已付款")
        return self.page.url.rpartition("id=")[2]

    def type_password(self) -> None:
        """Confirm on the payment sheet, and six digits."""
        self.see("confirm-pay").click()
        for digit in "258025":
            self.see(f"key-{digit}").click()

    def points(self) -> int:
        """What may be spent now."""
        self.go("points")
        return int(self.see("points-available").inner_text())

    def open_order(self, buyer: Person, order_id: int) -> None:
        """One's order on a phone that is signed in already."""
        self.page.goto(f"{self.url}/mall/")
        token = str(buyer.http.headers["Authorization"]).removeprefix("Bearer ")
        self.page.evaluate(KEEP_TOKEN, token)
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/mall/#/pages/order/order?id={order_id}")


__all__ = ["Desk", "Phone", "Till", "expect"]
