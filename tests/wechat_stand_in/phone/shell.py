"""What all pages of the phone share: whose it is, its language, and how an act is answered."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from tests.wechat_stand_in.pay.answers import the_world
from tests.wechat_stand_in.world import BEIJING, PEOPLE

COOKIE, LANGUAGE = "phone_person", "phone_lang"
LANGUAGES = ("zh", "en")
FACES = ("#3f6ea8", "#a8553f", "#4a7f4e", "#7a559e", "#9a7424", "#2f7f86", "#9c4a6b", "#5a6474")

bp = Blueprint("phone", __name__, url_prefix="/phone", static_folder="static", template_folder="templates")


@cache
def words(language: str) -> dict[str, str]:
    """All texts of a language."""
    found: dict[str, str] = json.loads((Path(__file__).parent / "words" / f"{language}.json").read_text("utf-8"))
    return found


def language() -> str:
    """The language asked for by `?lang`, else the one asked for before, else Chinese."""
    asked = request.args.get("lang") or request.cookies.get(LANGUAGE)
    return asked if asked in LANGUAGES else LANGUAGES[0]


def say(key: str, **facts: object) -> str:
    """A text in the visitor's language."""
    return words(language())[key].format(**facts)


def whose() -> dict[str, str] | None:
    """Whose phone this is, when somebody was chosen."""
    return next((one for one in PEOPLE if one["openid"] == request.cookies.get(COOKIE)), None)


def owner() -> dict[str, str]:
    """Whose phone this is; whoever has none yet chooses first and comes back."""
    found = whose()
    if found is None:
        abort(redirect(url_for("phone.choose", next=request.full_path)))
    return found


def said() -> dict[str, Any]:
    """What an act was given, as a form or as JSON."""
    given = request.get_json() if request.is_json else request.form.to_dict()
    assert isinstance(given, dict)
    return given


def one_of(openid: str) -> dict[str, str]:
    """One of the people."""
    return next((one for one in PEOPLE if one["openid"] == openid), None) or abort(404)


def actor() -> dict[str, str]:
    """Who acts."""
    return one_of(said()["openid"]) if "openid" in said() else owner()


def done(to: str | Response, **answer: Any) -> Response | dict[str, Any]:
    """The answer to an act: JSON to JSON, and to a form the page where it leads."""
    if request.is_json:
        return answer
    return redirect(to) if isinstance(to, str) else to


def yuan(fen: int) -> str:
    """An amount as the phone shows it, without the sign of the currency."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def moment(at: float | str) -> datetime:
    """A moment on the wall of the phone's owner."""
    return (
        datetime.fromisoformat(at).astimezone(BEIJING) if isinstance(at, str) else datetime.fromtimestamp(at, BEIJING)
    )


def when(at: float | str) -> str:
    """A moment as a list shows it: the hour alone today."""
    then, now = moment(at), moment(the_world().now())
    shape = "%H:%M" if then.date() == now.date() else "%m-%d %H:%M" if then.year == now.year else "%Y-%m-%d %H:%M"
    return then.strftime(shape)


def masked(phone: str) -> str:
    """A number without its middle."""
    return f"{phone[:3]}****{phone[-4:]}"


def face(one: dict[str, str]) -> str:
    """The colour behind a person's initial."""
    return FACES[PEOPLE.index(one) % len(FACES)]


def page(name: str, **facts: Any) -> str:
    """A page of the phone."""
    return render_template(f"phone/{name}.html", **facts)


@bp.context_processor
def _for_all_pages() -> dict[str, Any]:
    return {
        "t": say, "language": language(), "me": whose(), "PEOPLE": PEOPLE, "yuan": yuan, "when": when, "masked": masked,
        "face": face, "clock": moment(the_world().now()).strftime("%H:%M"), "shop_url": the_world().shop_url,
    }  # fmt: skip


@bp.after_request
def _remember_the_language(response: Response) -> Response:
    if "lang" in request.args:
        response.set_cookie(LANGUAGE, language(), samesite="Lax")
    if g.get("now_of"):
        response.set_cookie(COOKIE, g.now_of, samesite="Lax")
    return response


def stay(openid: str) -> None:
    """From now on this browser is the phone of that person."""
    g.now_of = one_of(openid)["openid"]
