"""`python -m tests.wechat_stand_in --port 8090 --state var/stand-in`"""

from __future__ import annotations

import argparse
import logging
import threading
import time
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from tests.wechat_stand_in.app import create_app


def set_addresses(app: Flask, product: str) -> None:
    """Do in the consoles what an operator does once, as soon as the product answers."""
    callbacks = app.extensions["callbacks"]
    for one, form in (("service", "xml"), ("mini", "json")):
        while not callbacks.configure(one, f"{product}/api/mall/wechat/callback/{one}", form=form):
            time.sleep(1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for WeChat, for demonstrations and tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--product", default="", help="the product: messages are pushed there, the phone leads there")
    given = parser.parse_args()
    app = create_app(given.state)
    app.extensions["world"].shop_url = given.product
    if given.product:
        threading.Thread(target=set_addresses, args=(app, given.product), daemon=True).start()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the phone asks again every second
    make_server(given.host, given.port, app, threaded=True).serve_forever()
