from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.redis import key
from config.wechat import WeChatSettings
from config.wechat_ready import credentials
from tests.servers import running
from tests.wechat_stand_in.app import create_app


class WeChatHere:
    """A running stand-in, and what the shop was given to speak with it."""

    def __init__(self, url: str, world: Any, notifier: Any, given: WeChatSettings, asked: list[str]) -> None:
        self.url, self.world, self.notifier, self.asked = url, world, notifier, asked
        self.given = replace(given, api_base=url, pay_base=url, redis_prefix=key("wx"))


@contextmanager
def stand_in(folder: Path) -> Iterator[WeChatHere]:
    """Serve a stand-in on the keys of a folder, counting the paths it is asked for."""
    (folder / "world.json").unlink(missing_ok=True)
    app, asked = create_app(folder), []

    def counting(environ: Any, start: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return app(environ, start)

    with running(counting) as url:
        yield WeChatHere(url, app.extensions["world"], app.extensions["notifier"], credentials(folder), asked)
        app.extensions["notifier"].stopping.set()


@pytest.fixture(scope="session")
def wechat_keys(tmp_path_factory):
    from tests.wechat_stand_in.keys import load

    folder = tmp_path_factory.mktemp("wechat")
    load(folder)
    return folder


@pytest.fixture
def wechat(clean, wechat_keys):
    with stand_in(wechat_keys) as here:
        yield here
