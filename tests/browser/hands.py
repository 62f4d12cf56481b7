"""What hands do at a till between two scans."""

from __future__ import annotations

import random

from playwright.sync_api import Page


def disturb(page: Page, chance: random.Random) -> None:
    """One of these: taps beside the box, sheets, panels, a key of the keypad, half a number typed."""
    match chance.randrange(9):
        case 0:
            page.mouse.click(300, 668)
        case 1:
            page.mouse.click(chance.randrange(560, 800), 20)
        case 2:
            page.keyboard.press(chance.choice(["F1", "F7", "Control+j"]))
        case 3:
            page.keyboard.press("F9")
        case 4:
            page.keyboard.press("F2")
            page.keyboard.type("138", delay=90)
        case 5:
            page.mouse.click(chance.randrange(120, 300), 175)
        case 6:
            page.keyboard.press("Control+y")
        case 7:
            page.evaluate("document.activeElement?.blur()")
        case _:
            page.keyboard.press("Escape")
