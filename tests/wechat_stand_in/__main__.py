"""`python -m tests.wechat_stand_in --port 8090 --state var/stand-in`"""

from __future__ import annotations

import argparse
from pathlib import Path

from werkzeug.serving import make_server

from tests.wechat_stand_in.app import create_app

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A stand-in for WeChat, for demonstrations and tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--state", type=Path, required=True)
    given = parser.parse_args()
    make_server(given.host, given.port, create_app(given.state), threaded=True).serve_forever()
