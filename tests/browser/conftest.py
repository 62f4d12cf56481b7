"""The whole house on real ports, its workers as real processes, and a browser in front of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from config import clock
from config.settings import ROOT, settings
from pos.http import who
from tests import factories as make
from tests.browser import chromium
from tests.browser.at_work import at_work
from tests.demo import load
from tests.flows.conftest import House
from tests.servers import whole_house

BUILDS = ("dist/till", "dist/desk", "mall/miniapp/dist/build/h5")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `browser`."""
    for item in items:
        if "tests/browser" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            # A page that closes while a picture is on its way leaves the development server with an open file.
            item.add_marker(
                pytest.mark.filterwarnings(
                    "ignore:Exception ignored in.*FileIO:pytest.PytestUnraisableExceptionWarning"
                )
            )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; the test is skipped, with the reason, where there is none."""
    program, reason = chromium.find()
    if program is None:
        pytest.skip(reason)
    missing = [name for name in BUILDS if not (ROOT / name / "index.html").is_file()]
    if missing:
        pytest.skip(f"not built yet, run make web: {', '.join(missing)}")
    # A worker asks WeChat every 5 s: what waits for it is never there within Playwright's own 5 s.
    expect.set_options(timeout=20_000)
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=list(chromium.FLAGS))
        yield opened
        opened.close()


def _told() -> dict[str, str]:
    """What the workers need to know of this house."""
    known = settings()
    return {
        **os.environ, "WECHAT_DIR": str(known.wechat_dir), "WECHAT_API_BASE": known.wechat_api_base,
        "WECHAT_PAY_BASE": known.wechat_pay_base, "PUBLIC_URL": known.public_url,
    }  # fmt: skip


@pytest.fixture
def street(session: Any, tmp_path: Path, browser: Browser) -> Iterator[House]:
    """The house with three cartons of milk, its workers at work, its pictures hung."""
    who._staff.clear()
    who._tills.clear()
    load.draw()
    shop = make.open_shop(session, stock_of={"milk": 3}, now=clock.now())
    with whole_house(tmp_path) as (url, phone_url, world), at_work(_told()):
        yield House(url, phone_url, world, shop)


@pytest.fixture
def screen(browser: Browser, street: House) -> Iterator[Callable[[int, int], Page]]:
    """Makes pages of a size; no request may leave this machine, and no page may throw."""
    left, thrown = [], []
    contexts = []

    def guard(route: Route) -> None:
        if route.request.url.startswith((street.url, street.phone_url, "data:", "blob:")):
            route.continue_()
        else:
            left.append(route.request.url)
            route.abort()

    def make_page(width: int, height: int) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        contexts.append(context)
        context.route("**/*", guard)
        page = context.new_page()
        page.add_init_script("window.print = () => {}")
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: thrown.append(str(error)))
        return page

    yield make_page
    for context in contexts:
        context.close()
    assert left == []
    assert thrown == []


@pytest.fixture
def pictures() -> str:
    """A folder for pictures of the screens (`TONGDIAN_PICTURES`), or nothing."""
    return os.environ.get("TONGDIAN_PICTURES", "")
