"""The stand-in as one application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.wechat_stand_in import control, phone, subscribing
from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.open_platform import login, messages, tokens
from tests.wechat_stand_in.pay import bills, orders, refunds
from tests.wechat_stand_in.reading import FIRST, Reading
from tests.wechat_stand_in.world import World


def create_app(folder: Path, reading: Reading = FIRST) -> Flask:
    """The stand-in whose keys and state lie in `folder`."""
    world = World(folder, reading)
    notifier = Notifier(world)
    app = Flask(__name__)
    for open_part in (tokens, login, messages, subscribing):
        app.register_blueprint(open_part.blueprint(world))
    for part in (orders.bp, refunds.bp, bills.bp):
        app.register_blueprint(part)
    for face in (phone, control):
        app.register_blueprint(face.blueprint(world, notifier))
    app.extensions["world"], app.extensions["notifier"] = world, notifier
    return app
