"""The product and the stand-in on real ports, for stories that need real HTTP both ways."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

LOOKS_S = 0.02


class SaysItsOwnTime(WSGIRequestHandler):
    """Lets the application say what time it is (`Date`), as the stand-in does whose clock a test puts wrong."""

    def send_response(self, code: Any, message: str | None = None) -> None:
        self.send_response_only(code, message)


@contextmanager
def running(app: Any, handler: type[WSGIRequestHandler] | None = None) -> Iterator[str]:
    """Serve an application in a thread on a free port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
    # So often it looks whether it shall stop: by itself it looks twice a second, and each test waits for it.
    thread = threading.Thread(target=server.serve_forever, args=(LOOKS_S,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@lru_cache(maxsize=1)
def _keys() -> Path:
    from tests.wechat_stand_in.keys import load

    folder = Path(tempfile.mkdtemp())
    load(folder)
    return folder


def hang_keys(folder: Path) -> Path:
    """Put WeChat's and the shop's keys into an empty folder, the same for a whole run: to make them takes long."""
    return Path(shutil.copytree(_keys(), folder, dirs_exist_ok=True))


@lru_cache(maxsize=1)
def _product() -> Any:
    """Made once: it knows nothing of the database or of WeChat that is not asked anew with each request."""
    from wsgi import create_app

    return create_app()


@contextmanager
def whole_house(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Product and stand-in that know each other: their addresses and the stand-in's world."""
    from config.settings import settings
    from config.wechat import ready
    from tests.wechat_stand_in.app import create_app as stand_in

    phone = stand_in(hang_keys(folder))
    with running(phone) as phone_url, running(_product()) as url:
        known = settings()
        before = known.model_copy()
        known.wechat_dir = folder
        known.wechat_api_base = known.wechat_pay_base = known.wechat_phone_base = phone_url
        known.public_url = phone.extensions["world"].shop_url = url
        for cached in vars(ready).values():
            if hasattr(cached, "cache_clear") and cached.__module__ == ready.__name__:
                cached.cache_clear()
        try:
            yield url, phone_url, phone.extensions["world"]
        finally:
            for thread in ("notifier", "callbacks"):
                phone.extensions[thread].stopping.set()
            for name in ("wechat_dir", "wechat_api_base", "wechat_pay_base", "wechat_phone_base", "public_url"):
                setattr(known, name, getattr(before, name))
