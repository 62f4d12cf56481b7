"""Staff sign in, switch by PIN, and register tills."""

from __future__ import annotations

from flask import Response, g, jsonify, request
from pydantic import Field

from config.db import transaction
from config.http import Reply, WriteForm, blueprint, permit, session
from pos.http import who
from trade.orders.receipts import book as receipts
from trade.orders.shifts import moves
from trade.stores import badges, staff, tills
from trade.stores.staff import StaffCard, WrongPassword, WrongPin

staff_bp = blueprint("staff", "/api/staff", who.identify)
bp = blueprint("till", "/api/pos", who.identify)


class LoginForm(WriteForm):
    """A log-in name and its password."""

    login: str = Field(min_length=1, max_length=40)
    password: str = Field(min_length=1, max_length=200)


class PinForm(WriteForm):
    """A colleague of this store and their PIN."""

    staff_id: int
    pin: str = Field(pattern=r"^\d{6,12}$")


def _signed_in(card: StaffCard) -> Response:
    with transaction(session()) as opened:
        token = staff.sign_in(opened, card, now=g.now)
    former = request.cookies.get(who.COOKIE)
    if former:
        with transaction(session()) as opened:
            staff.sign_out(opened, former)
        who.forget(former)
    response = jsonify(staff=card.as_json())
    response.set_cookie(
        who.COOKIE,
        token,
        max_age=int(who.SIGNED_IN_FOR.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
        path="/",
    )
    return response


@staff_bp.post("/login")
@permit("public")
@staff_bp.input(LoginForm)
def login(json_data: LoginForm) -> Response:
    """Sign in with name and password; 401 `wrong_password`, 429 `login_locked` after five tries."""
    with transaction(session()) as opened:
        card = staff.check_password(opened, json_data.login, json_data.password, now=g.now)
    if card is None:
        raise WrongPassword()
    return _signed_in(card)


@staff_bp.post("/logout")
@permit("signed_in")
@staff_bp.input(WriteForm)
def logout(json_data: WriteForm) -> Response:
    """Sign out; a repeat changes nothing."""
    token = request.cookies.get(who.COOKIE, "")
    with transaction(session()) as opened:
        staff.sign_out(opened, token)
    who.forget(token)
    response = jsonify({})
    response.delete_cookie(who.COOKIE, path="/")
    return response


@staff_bp.get("/me")
@permit("signed_in")
def me() -> Reply:
    """Who is signed in, and what they may do."""
    return {"staff": who.me().as_json()}, 200


@bp.post("/pin")
@permit("public")
@bp.input(PinForm)
def pin(json_data: PinForm) -> Response:
    """Switch the cashier at this till, who has its shift now; 401 `wrong_pin`, 429 `pin_locked` after five tries."""
    till = who.till()
    with transaction(session()) as opened:
        card, left = staff.check_pin(opened, json_data.staff_id, till.store_id, json_data.pin, now=g.now)
    if card is None:
        raise WrongPin(tries_left=left)
    with transaction(session()) as opened:
        moves.hand_over(opened, till, card.id, actor=card.actor, now=g.now)
    return _signed_in(card)


class BadgeForm(WriteForm):
    """A badge as it was scanned."""

    code: str = Field(min_length=4, max_length=60)


@bp.post("/badge")
@permit("public")
@bp.input(BadgeForm)
def badge(json_data: BadgeForm) -> Reply:
    """Whose badge it is: that colleague's PIN is asked next. Signs nobody in; 404 `badge_unknown`."""
    return {"staff_id": badges.read(session(), who.till().store_id, json_data.code)}, 200


@bp.get("/badges")
@permit("pos.approve")
def all_badges() -> Reply:
    """The badges of the store, to be printed."""
    return {"badges": badges.of_store(session(), who.till().store_id)}, 200


@bp.get("/till")
@permit("public")
def this_till() -> Reply:
    """The till this device is, the colleagues who may switch in, and how the addresses of its receipts begin."""
    till = who.till()
    colleagues = staff.colleagues(session(), till.store_id)
    return {"till": till.as_json(), "colleagues": colleagues, "receipt_url": receipts.url(till.store_id, "")}, 200


@bp.get("/tills")
@permit("signed_in")
def list_tills() -> Reply:
    """The tills of one's own store (head office: of every store)."""
    return {"tills": tills.listed(session(), who.me().store_id)}, 200


@bp.post("/tills/<int:till_id>/register")
@permit("pos.register")
@bp.input(WriteForm)
def register(till_id: int, json_data: WriteForm) -> Reply:
    """Make this device the till; the former device of that till is signed off.

    The token is answered once and not stored, so a retry makes a new one.
    """
    with transaction(session()) as opened:
        till, token = tills.register(opened, till_id, who.me().store_id, actor=who.me().actor, now=g.now)
    return {"till": till.as_json(), "token": token}, 200
