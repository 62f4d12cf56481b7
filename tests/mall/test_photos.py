"""Photos that a customer sends: what is taken, what is left of them, and to what they belong."""

from __future__ import annotations

import base64
import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import text

from config import clock
from config.db import open_session, transaction
from member import photos
from tests import factories as make

MANY = text("SELECT count(*), count(*) FILTER (WHERE owner <> '') FROM photo")


def picture(kind="JPEG", size=(60, 40), **more):
    out = io.BytesIO()
    Image.new("RGB", size, "#c8321a").save(out, kind, **more)
    return out.getvalue()


def send(me, data):
    return me.post("/api/mall/photos", data=base64.b64encode(data).decode())


@pytest.fixture
def bought(session, shop, signed_in):
    now = clock.now()
    member = make.a_member(session, now=now)
    other = make.a_member(session, phone="13900000002", now=now)
    done = make.order_online(session, shop, member, now, milk=3)
    make.pay_online(session, shop, done, now)
    make.collect_online(session, shop, done, now)
    return signed_in(member), signed_in(other, "oTongdian0002"), done


def _wish(order_id, **more):
    return {"order_id": order_id, "kind": "refund_only", "cause": "damaged",
            "lines": [{"line_no": 1, "amount_fen": 100}], **more}  # fmt: skip


def test_a_photo_is_drawn_upright_without_place_or_camera_and_goes_with_the_case(bought, guest):
    me, _, done = bought
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"  # lies on its side
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 49.0)}
    sent = send(me, picture(size=(2000, 1000), exif=exif))
    assert sent.status_code == 201
    kept = guest.get(sent.json["address"])
    assert (kept.status_code, kept.mimetype) == (200, "image/jpeg")
    with Image.open(io.BytesIO(kept.data)) as seen:
        assert (seen.size, dict(seen.getexif())) == ((800, 1600), {})
    asked = me.post("/api/mall/aftersales", **_wish(done, photos=[sent.json["photo"]])).json["case"]
    assert asked["photos"] == [sent.json["address"]]
    seen = me.get(f"/api/mall/aftersales/{asked['id']}").json["case"]
    assert (seen["photos"], [step["event"] for step in seen["steps"]]) == ([sent.json["address"]], ["applied"])


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"<svg onload='alert(1)'/>", 422, "photo_unreadable"),
        (picture("GIF"), 422, "photo_unreadable"),
        (picture()[:200], 422, "photo_unreadable"),
        (b"\xff\xd8" + bytes(3 * 1024 * 1024), 413, "photo_too_large"),
        (bytes(5 * 1024 * 1024), 413, "too_large"),
        (picture("PNG", size=(8000, 5001)), 413, "photo_too_large"),
    ],
)
def test_what_is_no_photo_is_refused_and_not_kept(bought, session, data, status, code):
    me, _, _ = bought
    sent = send(me, data)
    assert (sent.status_code, sent.json["code"]) == (status, code)
    assert tuple(session.execute(MANY).one()) == (0, 0)


def test_nobody_sends_anothers_photo_nor_one_twice_and_then_nothing_is_asked(bought, session, guest):
    me, other, done = bought
    mine, theirs = send(me, picture()).json["photo"], send(other, picture()).json["photo"]
    assert send(guest, picture()).status_code == 401
    for tokens in ([theirs], [mine, theirs], ["x" * 32]):
        refused = me.post("/api/mall/aftersales", **_wish(done, photos=tokens))
        assert (refused.status_code, refused.json["code"]) == (409, "photos_gone")
    assert me.post("/api/mall/aftersales", **_wish(done, photos=["../etc"])).status_code == 422
    assert session.execute(text("SELECT count(*) FROM aftersale_case")).scalar_one() == 0
    assert tuple(session.execute(MANY).one()) == (2, 0)
    assert me.post("/api/mall/aftersales", **_wish(done, photos=[mine])).status_code == 201
    again = me.post("/api/mall/aftersales", **_wish(done, photos=[mine]))
    assert again.json["code"] == "photos_gone"


def test_of_eight_that_send_one_photo_at_once_one_has_it(bought, session):
    me, _, _ = bought
    token = send(me, picture()).json["photo"]
    member = session.execute(text("SELECT member_id FROM photo")).scalar_one()

    def attach(n):
        try:
            with open_session() as opened, transaction(opened):
                photos.attach(opened, member, [token], f"aftersale:{n}")
        except photos.PhotosGone:
            return "gone"
        return "had"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attach, range(8))) == ["gone"] * 7 + ["had"]


def test_thirty_wait_at_most_and_yesterdays_make_room(session):
    member = make.a_member(session, now=clock.now())
    clean = photos.clean(picture())
    with transaction(session):
        for _ in range(photos.LOOSE):
            photos.keep(session, member, clean, now=clock.now() - timedelta(hours=1))
    with pytest.raises(photos.TooManyPhotos), transaction(session):
        photos.keep(session, member, clean, now=clock.now())
    assert tuple(session.execute(MANY).one()) == (photos.LOOSE, 0)
    with transaction(session):
        photos.keep(session, member, clean, now=clock.now() + timedelta(days=1))
    assert tuple(session.execute(MANY).one()) == (1, 0)


def test_a_retry_of_a_lost_answer_keeps_one(bought, session):
    me, _, _ = bought
    body = {"request_id": str(uuid.uuid4()), "data": base64.b64encode(picture()).decode()}
    answers = [me.http.post("/api/mall/photos", json=body, headers=me.headers).json for _ in range(2)]
    assert answers[0] == answers[1]
    assert tuple(session.execute(MANY).one()) == (1, 0)
