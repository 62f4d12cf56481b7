"""Photos that members send with their words: taken in, made safe, tied to what they were sent with.

What comes in is decoded and drawn anew, at most 1600 px long: so it is a picture and nothing else, and neither place
nor camera of it is kept.  It lies in PostgreSQL, so that it is written with what it belongs to and saved with it.
"""

from __future__ import annotations

import io
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import text
from sqlalchemy.orm import Session

from config.db import fetch, first
from config.errors import NotFound, Refused

MOST_BYTES = 3 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_PX = 1600
QUALITY = 82
KINDS = ("JPEG", "PNG", "WEBP")
LOOSE = 30
"""How many photos a member may have sent that belong to nothing yet."""
LOOSE_FOR = timedelta(days=1)


class PhotoUnreadable(Refused):
    """It is no picture of a kind that we take (`kinds`), or it is damaged."""

    code, status = "photo_unreadable", 422


class PhotoTooLarge(Refused):
    """It has more than `most_bytes`, or more points than a phone takes."""

    code, status = "photo_too_large", 413


class TooManyPhotos(Refused):
    """`most` photos wait already to be sent with something."""

    code, status = "too_many_photos", 429


class PhotosGone(Refused):
    """Some of the photos are not there any more, or belong to something already: add them again."""

    code = "photos_gone"


@dataclass(frozen=True, slots=True)
class Clean:
    """A picture drawn anew."""

    data: bytes
    width: int
    height: int


def clean(data: bytes) -> Clean:
    """Draw a picture anew as a JPEG, upright, at most `LONGEST_PX` long; touches no database.

    :raises PhotoTooLarge, PhotoUnreadable: it is not taken.
    """
    if len(data) > MOST_BYTES:
        raise PhotoTooLarge(most_bytes=MOST_BYTES)
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PhotoTooLarge(most_bytes=MOST_BYTES)
            found.draft("RGB", (LONGEST_PX, LONGEST_PX))
            drawn = ImageOps.exif_transpose(found).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as fault:
        raise PhotoUnreadable(kinds=list(KINDS)) from fault
    drawn.thumbnail((LONGEST_PX, LONGEST_PX))
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=QUALITY)
    return Clean(out.getvalue(), drawn.width, drawn.height)


_SWEEP = text("DELETE FROM photo WHERE member_id = :member AND owner = '' AND kept_at < :before")
_KEEP = text("""
    INSERT INTO photo (member_id, token, width, height, size, data, kept_at)
    SELECT :member, :token, :width, :height, :size, :data, :now
    WHERE (SELECT count(*) FROM photo WHERE member_id = :member AND owner = '') < :most RETURNING token""")


def keep(session: Session, member_id: int, photo: Clean, *, now: datetime) -> str:
    """Keep a photo that belongs to nothing yet; returns its token.  Those left over from yesterday go.

    :raises TooManyPhotos: nothing is kept.
    """
    fetch(session, _SWEEP, {"member": member_id, "before": now - LOOSE_FOR})
    given = {"member": member_id, "token": secrets.token_urlsafe(24), "size": len(photo.data), "most": LOOSE}
    given |= {"width": photo.width, "height": photo.height, "data": photo.data, "now": now}
    kept = first(session, _KEEP, given)
    if kept is None:
        raise TooManyPhotos(most=LOOSE)
    return str(kept.token)


_ATTACH = text("""
    UPDATE photo SET owner = :owner, place = said.place
    FROM unnest(CAST(:tokens AS text[])) WITH ORDINALITY AS said(token, place)
    WHERE photo.token = said.token AND photo.member_id = :member AND photo.owner = '' RETURNING photo.id""")


def attach(session: Session, member_id: int, tokens: Sequence[str], owner: str) -> None:
    """Tie a member's own loose photos to what they were sent with, in this order.

    The guard is in the UPDATE: a photo belongs to one thing.

    :raises PhotosGone: one of them is not theirs, not there, or tied already; the caller's transaction rolls back.
    """
    asked = list(dict.fromkeys(tokens))
    if asked and len(fetch(session, _ATTACH, {"member": member_id, "tokens": asked, "owner": owner})) != len(asked):
        raise PhotosGone(asked=len(asked))


_OF = text("SELECT owner, token FROM photo WHERE owner = ANY(:owners) ORDER BY owner, place, id")


def of(session: Session, owners: Iterable[str]) -> dict[str, list[str]]:
    """The addresses of the photos of these owners, in their order; one statement."""
    found: dict[str, list[str]] = defaultdict(list)
    asked = list(owners)
    for row in fetch(session, _OF, {"owners": asked}) if asked else ():
        found[row.owner].append(address(row.token))
    return found


def address(token: str) -> str:
    """Where a photo is found."""
    return f"/api/mall/photos/{token}"


_ONE = text("SELECT data FROM photo WHERE token = :token")


def one(session: Session, token: str) -> bytes:
    """A photo by its token; NotFound when there is none."""
    found: Any = first(session, _ONE, {"token": token})
    if found is None:
        raise NotFound(photo=token[:40])
    return bytes(found.data)
