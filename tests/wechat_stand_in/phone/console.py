"""The control desk: the clock, faults to plant, what broke a rule, and what was delivered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, render_template, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.faults import CATALOGUE, Fault
from tests.wechat_stand_in.open_platform import shipping
from tests.wechat_stand_in.pay.answers import the_notifier, the_world
from tests.wechat_stand_in.phone.shell import bp, done, language, moment, page, said, say, words

FORWARD_S = (60, 900, 3600, 86400)


def span(seconds: float) -> str:
    """A stretch of time in words, in its largest whole unit."""
    for unit, of_it in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= of_it and seconds % of_it == 0:
            return say(f"time.{unit}", n=seconds // of_it)
    return str(timedelta(seconds=seconds))


def _facts() -> dict[str, Any]:
    world, notifier = the_world(), the_notifier()
    with world.lock:
        return {
            "now": moment(world.now()).strftime("%Y-%m-%d %H:%M:%S"),
            "ahead": span(world.offset_s) if world.offset_s else "",
            "violations": world.violations[::-1],
            "deliveries": world.deliveries[:-31:-1],
            "waiting": len(notifier.waiting),
            "calls": world.calls.most_common(),
            "funds": shipping.funds(world),
        }


def _plain(fault: Fault) -> str:
    """A fault's own words as a sentence, with its figures in them."""
    says = fault.says
    for name, value in fault.arguments.items():
        says = says.replace(f"`{name}`", f"{value} s" if name == "seconds" else str(value))
    return says[0].upper() + says[1:]


def _faults() -> list[dict[str, Any]]:
    """What can be planted, in the visitor's language where its text is there; and what is planted."""
    planted = the_world().faults
    of = words(language())
    return [
        {"name": one.name, "says": of.get(f"fault.{one.name}") or _plain(one), "left": planted[one.name]}
        for one in CATALOGUE.values()
    ]


@bp.get("/console")
def console() -> str:
    return page("console", faults=_faults(), forward=[(one, span(one)) for one in FORWARD_S], **_facts())


@bp.get("/console/<part>")
def console_part(part: str) -> str:
    """One panel anew: clock, violations, deliveries, calls."""
    return render_template(f"phone/console_{part}.html", **_facts())


@bp.post("/console/forward")
def forward() -> Response | dict[str, Any]:
    world = the_world()
    with world.lock:
        world.offset_s += max(0, int(said()["seconds"]))
    return done(url_for("phone.console"), now=world.now())


@bp.post("/console/plant")
def plant() -> Response | dict[str, Any]:
    if said()["name"] not in CATALOGUE:
        abort(404)
    the_world().faults.plant(said()["name"])
    return done(url_for("phone.console") + "#faults")


@bp.post("/console/clear")
def clear() -> Response | dict[str, Any]:
    the_world().faults.clear()
    return done(url_for("phone.console") + "#faults")
