"""What a machine can see of a screen: whether it fits, and what axe-core finds (node_modules/axe-core)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from config.settings import ROOT

SIZES = {"floor": (1024, 768), "usual": (1366, 768), "wide": (1920, 1080), "hand": (360, 640)}

OVERFLOW = """() => {
    const found = []
    const { scrollWidth, scrollHeight } = document.documentElement
    if (scrollWidth > innerWidth) found.push(`the page is ${scrollWidth} wide`)
    if (scrollHeight > innerHeight) found.push(`the page is ${scrollHeight} high`)
    const clipped = one => /auto|scroll|hidden/.test(getComputedStyle(one).overflow)
    for (const one of document.querySelectorAll('button, input, select, textarea, h1, h2')) {
        if (one.closest('.visually-hidden, [inert]')) continue
        const box = one.getBoundingClientRect()
        if (box.width === 0) continue
        let frame = { left: 0, top: 0, right: innerWidth, bottom: innerHeight }, scrolls = false
        for (let up = one.parentElement; up; up = up.parentElement) {
            const style = getComputedStyle(up)
            if (/auto|scroll/.test(style.overflowY)) scrolls = true
            if (clipped(up)) {
                const by = up.getBoundingClientRect()
                frame = { left: by.left, top: by.top, right: by.right, bottom: by.bottom }
                break
            }
        }
        const name = one.dataset.testid || one.innerText || one.tagName
        if (box.left < frame.left - 1 || box.right > frame.right + 1) found.push(`${name} is cut at a side`)
        if (!scrolls && (box.top < frame.top - 1 || box.bottom > frame.bottom + 1)) found.push(`${name} is cut below`)
        if (scrolls || one.closest('[role=dialog]')) continue
        const under = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2)
        const mine = under && (one.contains(under) || under.contains(one) || under.closest('[role=dialog], .shade'))
        if (!mine) found.push(`${name} lies under ${under ? under.dataset.testid || under.className : 'nothing'}`)
    }
    return found
}"""
AXE = """async () => {
    const { violations } = await axe.run(document, { resultTypes: ['violations'] })
    return violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(' ')} ${node.any[0]?.message ?? ''}`))
}"""


@lru_cache(maxsize=1)
def _axe() -> str:
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()


def serious(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page as it stands."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_axe())
    found: list[Any] = page.evaluate(AXE)
    return [str(one) for one in found]


def cut(page: Page) -> list[str]:
    """What reaches out of the screen or of its frame, or lies under something else."""
    found: list[Any] = page.evaluate(OVERFLOW)
    return [str(one) for one in found]


def picture(page: Page, pictures: str, name: str) -> None:
    """Keep a picture where `TONGDIAN_PICTURES` asks for them."""
    if pictures:
        page.screenshot(path=Path(pictures) / f"{name}.png")
