"""Who follows the service account (服务号), and which member that is.

A follower is the member whom the unionid names, as soon as both are known, in whatever order; nothing is copied, so
merges and log-ins need no step here.  Where the chain's apps are not bound to one open-platform account a follower is
bound by scanning the code that a member shows (`bind_code`), and that is kept as an identity of the member.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.orm import Session

from config import journal
from config.db import changed, fetch, first
from member.secrets import fingerprint, open_sealed, seal, signing_key

BIND_FOR = timedelta(minutes=10)
SCENE_KEPT = timedelta(days=30)

_FOLLOWED = text("""
    INSERT INTO follower AS f (person, openid_sealed, follows, said_at) VALUES (:person, :sealed, true, :at)
    ON CONFLICT (person) DO UPDATE SET follows = true, said_at = :at WHERE :again AND f.said_at <= :at RETURNING id""")
_LEFT = text("""
    INSERT INTO follower AS f (person, openid_sealed, follows, said_at) VALUES (:person, :sealed, false, :at)
    ON CONFLICT (person) DO UPDATE SET follows = false, said_at = :at WHERE f.said_at <= :at RETURNING id""")
_ASKED = text(
    "UPDATE follower SET asked_at = :now, unionid_print = coalesce(:print, unionid_print) WHERE person = :person"
)
_ASKED_BEFORE = text(
    "SELECT 1 FROM follower WHERE person = :person AND (unionid_print IS NOT NULL OR asked_at > :since)"
)
_SCENE = text("UPDATE follower SET scene = :scene, scene_at = :now WHERE person = :person")
OWNS = """((i.kind = 'unionid' AND i.fingerprint = f.unionid_print)
    OR (i.kind = 'follower' AND i.fingerprint = f.person AND NOT EXISTS (
        SELECT FROM identity u WHERE u.kind = 'unionid' AND u.fingerprint = f.unionid_print)))"""
_MEMBER_OF = {
    "service": text(f"SELECT i.member_id FROM follower f JOIN identity i ON {OWNS} WHERE f.person = :person"),
    "mini": text("SELECT i.member_id FROM identity i WHERE i.kind = 'openid' AND i.fingerprint = :person"),
}
_OPENID = text(f"""
    SELECT f.openid_sealed FROM identity i JOIN follower f ON {OWNS} WHERE i.member_id = :member AND f.follows
    ORDER BY f.said_at DESC LIMIT 1""")
_TAKE_SCENE = text(f"""
    WITH mine AS (SELECT f.id, f.scene, f.scene_at FROM identity i JOIN follower f ON {OWNS}
                  WHERE i.member_id = :member AND f.scene IS NOT NULL),
    taken AS (UPDATE follower f SET scene = NULL, scene_at = NULL FROM mine WHERE f.id = mine.id)
    SELECT scene FROM mine WHERE scene_at > :since ORDER BY scene_at DESC LIMIT 1""")
_BIND = text("""
    INSERT INTO identity AS i (member_id, kind, fingerprint, sealed, created_at)
    SELECT m.id, 'follower', f.person, f.openid_sealed, :now FROM follower f, member m
    WHERE f.person = :person AND m.id = :member AND m.merged_into_id IS NULL AND m.erased_at IS NULL
    ON CONFLICT (kind, fingerprint) DO UPDATE SET member_id = :member, created_at = :now
    WHERE i.member_id <> :member RETURNING id""")


def person_of(app: str, openid: str) -> bytes:
    """The fingerprint by which we know an openid of one app."""
    return fingerprint("follower" if app == "service" else "openid", openid)


def followed(session: Session, openid: str, *, at: datetime, again: bool) -> bool:
    """Somebody follows at `at`; False when that, or something newer, is known.

    :param again: they just followed; else they did something that only followers can, which says nothing new of
        whom we know.
    """
    given = {"person": person_of("service", openid), "sealed": seal(openid.encode()), "at": at, "again": again}
    return first(session, _FOLLOWED, given) is not None


def left(session: Session, openid: str, *, at: datetime) -> bool:
    """Somebody does not follow any more since `at`; False when something newer is known."""
    given = {"person": person_of("service", openid), "sealed": seal(openid.encode()), "at": at}
    return first(session, _LEFT, given) is not None


def keep_scene(session: Session, openid: str, scene: str, *, now: datetime) -> None:
    """Keep the code that a follower without a member scanned, for when they become one."""
    fetch(session, _SCENE, {"person": person_of("service", openid), "scene": scene, "now": now})


def to_be_asked(session: Session, openid: str, *, now: datetime) -> bool:
    """Whether WeChat should be asked who this is: whoever has no unionid yet, once a day."""
    key = {"person": person_of("service", openid), "since": now - timedelta(days=1)}
    return first(session, _ASKED_BEFORE, key) is None


def asked(session: Session, openid: str, unionid: str | None, *, now: datetime) -> None:
    """Note what WeChat answered."""
    mark = fingerprint("unionid", unionid) if unionid else None
    fetch(session, _ASKED, {"person": person_of("service", openid), "print": mark, "now": now})


def member_of(session: Session, app: str, openid: str) -> int | None:
    """The member behind a person of one app; None for somebody we do not know yet."""
    found = first(session, _MEMBER_OF[app], {"person": person_of(app, openid)})
    return int(found.member_id) if found else None


def template_openid(session: Session, member_id: int) -> str | None:
    """The openid to which the service account sends this member's template messages; None: they do not follow."""
    found = first(session, _OPENID, {"member": member_id})
    return open_sealed(bytes(found.openid_sealed)).decode() if found else None


def take_scene(session: Session, member_id: int, *, now: datetime) -> str | None:
    """The code that brought this member to the service account, once, if it was within 30 days."""
    found = first(session, _TAKE_SCENE, {"member": member_id, "since": now - SCENE_KEPT})
    return str(found.scene) if found else None


def _tag(words: str) -> str:
    return hmac.new(signing_key("follow"), words.encode(), sha256).hexdigest()[:20]


def bind_code(member_id: int, *, now: datetime) -> str:
    """The scene of a QR code that a member shows to bind whoever scans it; ten minutes."""
    words = f"b-{member_id}-{int((now + BIND_FOR).timestamp())}"
    return f"{words}-{_tag(words)}"


def is_bind_code(scene: str) -> bool:
    """Whether a scene is meant to bind, valid or not."""
    return scene.startswith("b-")


def bind(session: Session, openid: str, scene: str, *, actor: str, now: datetime) -> int | None:
    """Bind a follower to the member whose code they scanned; the member, or None when nothing was bound.

    None: the code is not ours or late, or the unionid says that the follower is somebody else.
    """
    words, _, tag = scene.rpartition("-")
    if not hmac.compare_digest(tag.encode(), _tag(words).encode()):
        return None
    member_id, until = (int(part) for part in words.split("-")[1:])
    if until < now.timestamp():
        return None
    given = {"person": person_of("service", openid), "member": member_id, "now": now}
    made = first(session, _BIND, given)
    if member_of(session, "service", openid) != member_id:
        return None
    if made:
        journal.record(session, "member.follower_bound", f"member:{member_id}", actor=actor, now=now)
    return member_id


_ERASE = text(f"""
    DELETE FROM follower f USING identity i WHERE i.member_id = ANY(:ids) AND {OWNS}
    RETURNING f.person""")
_ERASE_TALK = (
    text("DELETE FROM talk_window WHERE person = ANY(:people)"),
    text("DELETE FROM talk_message WHERE person = ANY(:people)"),
)
_MINE = text("SELECT fingerprint FROM identity WHERE member_id = ANY(:ids) AND kind IN ('openid', 'follower')")


def erase(session: Session, ids: list[int]) -> None:
    """Forget members as followers, and what was said to them.  Call it before their identities go."""
    people = [bytes(row.fingerprint) for row in fetch(session, _MINE, {"ids": ids})]
    people += [bytes(row.person) for row in fetch(session, _ERASE, {"ids": ids})]
    for statement in _ERASE_TALK:
        changed(session, statement, {"people": people})
