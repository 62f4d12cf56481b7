"""How often each endpoint may be called: in a minute (45011), in Beijing's day (45009), and how a quota is reset."""

from __future__ import annotations

from typing import Any

from tests.wechat_stand_in.world import World

LIMITS: dict[str, tuple[int | None, int | None]] = {
    "/cgi-bin/token": (None, 2000),
    "/cgi-bin/stable_token": (10_000, 500_000),
    "/cgi-bin/message/template/send": (None, 100_000),
    "/cgi-bin/message/subscribe/send": (None, 10_000_000),
    "/cgi-bin/menu/create": (None, 1000),
    "/cgi-bin/qrcode/create": (None, 100_000),
    "/wxa/getwxacodeunlimit": (5000, None),
    "/wxa/generate_urllink": (None, 500_000),
    "/wxa/generatescheme": (None, 500_000),
}
"""Endpoint -> most calls of one app in a minute, and in a day."""
RESETS_A_MONTH = 10


def counted(world: World, what: str, window: str) -> int:
    """One more of `what` in this window (a stretch of the stand-in's own time); how many that makes."""
    with world.lock:
        world.counts[what, window] += 1
        return world.counts[what, window]


def too_often(world: World, what: str, most: int) -> bool:
    """Whether this is one more than `most` in this minute."""
    return counted(world, what, world.beijing()[:16]) > most


def used_up(world: World, app: str, path: str) -> dict[str, Any] | None:
    """Why one more call of this endpoint is not taken, as the platform words it."""
    minute, day = LIMITS.get(path, (None, None))
    if minute is not None and too_often(world, f"{app} {path}", minute):
        world.violations.append(f"{path}: more than {minute} calls in a minute")
        return {"errcode": 45011, "errmsg": "api minute-quota reach limit  mustslower  retry next minute"}
    if day is not None and counted(world, f"{app} {path}", world.beijing()[:10]) > day:
        world.violations.append(f"{path}: more than {day} calls in a day")
        return {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
    return None


def reset(world: World, app: str) -> dict[str, Any]:
    """Begin an app's counts anew; ten times a month, by either way together."""
    if counted(world, f"{app} resets", world.beijing()[:7]) > RESETS_A_MONTH:
        return {"errcode": 48006, "errmsg": "forbid to clear quota because of reaching the limit"}
    with world.lock:
        for what in [one for one in world.counts if one[0].startswith(f"{app} /")]:
            del world.counts[what]
        world.faults.clear("quota_day")
    return {"errcode": 0, "errmsg": "ok"}
