"""Segments, for those who plan campaigns: size before saving, snapshot after."""

from __future__ import annotations

from typing import Any

from flask import g
from pydantic import Field
from sqlalchemy.orm import Session

from config.http import Form, Reply, WriteForm, blueprint, once, permit, session
from member import segments
from pos.http import who

bp = blueprint("segment", "/api/desk/segments", who.identify)


class DefinitionForm(Form):
    """Conditions as in `member/segment_terms.py`: `{"all": [{"kind": "tier", "codes": ["gold"]}]}`."""

    definition: dict[str, Any]


class SegmentForm(WriteForm, DefinitionForm):
    """A segment by name; `holdout_bp` of it are left alone by every campaign, set once."""

    name: str = Field(min_length=1, max_length=60)
    holdout_bp: int = Field(default=segments.HOLDOUT_BP, ge=0, le=5000)


class ChangeForm(WriteForm, DefinitionForm):
    """Another name and definition; the holdout stays who it was."""

    name: str = Field(min_length=1, max_length=60)


@bp.get("")
@permit("office.read")
def known() -> Reply:
    """Every segment: id, name, definition, holdout_bp, and size, held_out, refreshed_at of its last snapshot."""
    return {"segments": segments.known(session())}, 200


@bp.post("/preview")
@permit("office.read")
@bp.input(DefinitionForm)
def preview(json_data: DefinitionForm) -> Reply:
    """How many members a definition means now: `{"size": n}`; 422 `bad_segment` says where it is wrong."""
    return {"size": segments.preview(session(), json_data.definition, now=g.now)}, 200


@bp.post("")
@permit("office.segments")
@bp.input(SegmentForm)
def make(json_data: SegmentForm) -> Reply:
    """A new segment and its first snapshot: `{"segment": {id, size, held_out}}`."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        segment_id = segments.make(
            opened, json_data.name, json_data.definition, holdout_bp=json_data.holdout_bp, actor=actor, now=g.now
        )
        return _refreshed(opened, segment_id), 201

    return once(json_data, work)


@bp.post("/<int:segment_id>")
@permit("office.segments")
@bp.input(ChangeForm)
def change(segment_id: int, json_data: ChangeForm) -> Reply:
    """Change a segment and refresh it: `{"segment": {id, size, held_out}}`."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        segments.change(opened, segment_id, json_data.name, json_data.definition, actor=actor, now=g.now)
        return _refreshed(opened, segment_id), 200

    return once(json_data, work)


@bp.post("/<int:segment_id>/drop")
@permit("office.segments")
@bp.input(WriteForm)
def drop(segment_id: int, json_data: WriteForm) -> Reply:
    """Use a segment no more."""
    actor = who.me().actor

    def work(opened: Session) -> Reply:
        segments.drop(opened, segment_id, actor=actor, now=g.now)
        return {}, 200

    return once(json_data, work)


def _refreshed(opened: Session, segment_id: int) -> dict[str, Any]:
    shot = segments.refresh(opened, segment_id, now=g.now)
    return {"segment": {"id": segment_id, "size": shot.size, "held_out": shot.held_out}}
