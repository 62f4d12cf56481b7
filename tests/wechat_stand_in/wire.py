"""The wire: every request to WeChat is counted and logged here, and may be struck by a planted fault."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from tests.wechat_stand_in.faults import CATALOGUE, Call, Cut, process
from tests.wechat_stand_in.world import World

OURS = ("/control", "/phone")
HIDDEN = ("access_token", "secret", "appsecret", "js_code")


class Wire:
    """The stand-in behind its wire.  What is not WeChat's (control, phone) passes untouched."""

    def __init__(self, app: Any, world: World) -> None:
        self.app, self.world = app, world

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Count, strike, answer, note."""
        path = environ["PATH_INFO"]
        if path.startswith(OURS):
            return self.app(environ, start)
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(
            sent
        )  # whole, whether it is looked at or not: else the next request begins in it
        with self.world.lock:
            self.world.calls[path.rsplit("/", 1)[-1]] += 1
        plant = self.world.faults.on_the_wire(path)
        strikes = CATALOGUE[plant.name].strikes if plant else None
        answer: Response | None
        if plant and strikes:
            answer = strikes(Call(self.world, plant, environ, self.app))
        else:
            answer = process(self.app, environ)
        self._note(environ, answer, plant.name if plant else None)
        if answer is None:
            _cut(environ)
        return answer(environ, start)

    def _note(self, environ: dict[str, Any], answer: Response | None, fault: str | None) -> None:
        asked = Request(environ)
        code = None
        if answer is not None and not answer.is_streamed and answer.mimetype == "application/json":
            with suppress(ValueError, AttributeError):
                said = json.loads(answer.get_data())
                code = said.get("errcode") or said.get("code")
        self.world.log.append(
            {
                "at": self.world.beijing(),
                "method": asked.method,
                "path": asked.path,
                "query": {name: "…" if name in HIDDEN else value for name, value in asked.args.items()},
                "status": answer.status_code if answer else 0,
                "code": code,
                "fault": fault,
            }
        )


def _cut(environ: dict[str, Any]) -> NoReturn:
    """End the connection with a reset, as a broken network does."""
    line = environ.get("werkzeug.socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.shutdown(socket.SHUT_RDWR)
    raise Cut
