"""Photos that customers send with what they say: an after-sales case, a review, a question."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from flask import Response, g, request
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from config.http import Reply, WriteForm, blueprint, once, permit, session
from mall.http import who
from member import photos

bp = blueprint("photos", "/api/mall/photos", who.identify)

MOST_TEXT = photos.MOST_BYTES // 3 * 4 + 4
MOST = 6
"""How many photos go with one thing."""
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{32}$")]


class PhotoForm(WriteForm):
    """A JPEG, PNG or WebP in base64."""

    data: str = Field(min_length=8, max_length=MOST_TEXT)

    def clean(self) -> photos.Clean:
        """As it is kept; raises PhotoUnreadable, PhotoTooLarge."""
        try:
            return photos.clean(base64.b64decode(self.data, validate=True))
        except binascii.Error as fault:
            raise photos.PhotoUnreadable(kinds=list(photos.KINDS)) from fault


@bp.before_request
def let_in() -> None:
    """A photo is larger than what anybody else sends."""
    request.max_content_length = MOST_TEXT + 1024


@bp.post("")
@permit("mall.order")
@bp.input(PhotoForm)
def keep(json_data: PhotoForm) -> Reply:
    """Keep a photo for a day, until it is sent with something.  201 `{photo, address}`: name it by `photo`.

    413 `photo_too_large`, 422 `photo_unreadable`, 429 `too_many_photos`.
    """
    member_id, clean = who.me().member_id, json_data.clean()

    def work(opened: Session) -> Reply:
        token = photos.keep(opened, member_id, clean, now=g.now)
        return {"photo": token, "address": photos.address(token)}, 201

    return once(json_data, work)


@bp.get("/<token>")
@permit("public")
def show(token: str) -> Response:
    """A photo by its address, which is too long to guess; an image element sends no token of the caller's."""
    response = Response(photos.one(session(), token), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
