"""A customer signs in for the day under Me: its points are there at once, and a second phone sees that it is done."""

from __future__ import annotations

from tests.browser.people import Phone, expect
from tests.browser.test_delivered import _three_widths


def test_the_day_is_signed_once(street, screen, pictures):
    first, second = Phone(screen(390, 844), street.url), Phone(screen(390, 844), street.url)
    first.open(1)
    first.go("me")
    second.go("me")
    second.see("sign-in").click()
    second.see("person-1").click()
    second.see("daily-sign").wait_for()
    before = int(first.see("me-points").inner_text())
    _three_widths(first, "daily-open", pictures)
    first.see("daily-sign").click()
    expect(first.see("daily-signed")).to_be_visible()
    expect(first.see("daily")).to_have_attribute("data-streak", "1")
    expect(first.see("me-points")).to_have_text(str(before + 1))
    _three_widths(first, "daily-done", pictures)
    second.see("daily-sign").click()
    expect(second.see("daily-signed")).to_be_visible()
    second.go("me")
    expect(second.see("me-points")).to_have_text(str(before + 1))
