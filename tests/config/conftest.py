from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from config.db import engine, make_engine
from config.migrate import SCRIPTS
from config.redis import key
from config.wechat.given import WeChatSettings
from config.wechat.ready import credentials
from tests.servers import SaysItsOwnTime, running
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

    with running(counting, SaysItsOwnTime) as url:
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


@pytest.fixture
def old_database(migrated) -> Callable[[str], AbstractContextManager[tuple[Connection, Callable[[], None]]]]:
    """Opens a database at an old revision: its connection, and what brings it to today's."""

    @contextmanager
    def at(revision: str) -> Iterator[tuple[Connection, Callable[[], None]]]:
        name = f"tongdian_test_migration_{os.getpid()}"
        with engine().connect() as admin:
            admin.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            admin.execute(text(f"CREATE DATABASE {name}"))
        old = make_engine(engine().url.set(database=name).render_as_string(hide_password=False), pool=1)
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        with old.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            yield connection, lambda: command.upgrade(config, "head")
        old.dispose()
        with engine().connect() as admin:
            admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    return at
