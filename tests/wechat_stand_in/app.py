"""The stand-in as one application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.wechat_stand_in import control, phone, talking
from tests.wechat_stand_in.callbacks import Callbacks
from tests.wechat_stand_in.conversation import Conversation
from tests.wechat_stand_in.notifier import Notifier
from tests.wechat_stand_in.open_platform import accounts, codes, login, messages, risk, shipping, tokens
from tests.wechat_stand_in.pay import bills, certificates, codepay, orders, refunds, security
from tests.wechat_stand_in.reading import Reading
from tests.wechat_stand_in.wire import Wire
from tests.wechat_stand_in.world import World


def create_app(folder: Path, reading: Reading | None = None) -> Flask:
    """The stand-in whose keys and state lie in `folder`; `reading` is that of the run unless it is said."""
    world = World(folder, reading)
    notifier = Notifier(world)
    callbacks = Callbacks(world)
    conversation = Conversation(world, callbacks)
    app = Flask(__name__)
    for open_part in (tokens, login, shipping, codes, risk):
        app.register_blueprint(open_part.blueprint(world))
    for part in (orders.bp, codepay.bp, refunds.bp, bills.bp, certificates.bp, security.bp):
        app.register_blueprint(part)
    app.register_blueprint(phone.bp)
    app.register_blueprint(control.blueprint(world, notifier))
    app.register_blueprint(messages.blueprint(world, conversation.sent))
    app.register_blueprint(accounts.blueprint(world, conversation))
    app.register_blueprint(talking.blueprint(world, conversation))
    app.extensions["callbacks"], app.extensions["conversation"] = callbacks, conversation
    app.extensions["world"], app.extensions["notifier"] = world, notifier
    app.wsgi_app = Wire(app.wsgi_app, world)  # type: ignore[assignment]
    return app
