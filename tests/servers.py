"""The product and the stand-in on real ports, for stories that need real HTTP both ways."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class SaysItsOwnTime(WSGIRequestHandler):
    """Lets the application say what time it is (`Date`), as the stand-in does whose clock a test puts wrong."""

    def send_response(self, code: Any, message: str | None = None) -> None:
        self.send_response_only(code, message)


@contextmanager
def running(app: Any, handler: type[WSGIRequestHandler] | None = None) -> Iterator[str]:
    """Serve an application in a thread on a free port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def whole_house(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Product and stand-in that know each other: their addresses and the stand-in's world."""
    from config.settings import settings
    from config.wechat import ready
    from tests.wechat_stand_in.app import create_app as stand_in
    from wsgi import create_app

    phone = stand_in(folder)
    with running(phone) as phone_url, running(create_app()) as url:
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
