"""What a message carries: the fields of its template with our facts in them, and the page it opens."""

from __future__ import annotations

from collections.abc import Mapping

from config.wechat.messages import Template
from member.reach import fields
from member.reach.kinds import KINDS


def filled(template: Template, facts: Mapping[str, fields.Fact]) -> dict[str, str]:
    """The template's fields with our facts in them, each as its type allows."""
    return {key: fields.value(key, facts[fact]) for fact, key in template.fields.items()}


def page(kind: str, facts: Mapping[str, fields.Fact]) -> str:
    """Where a tap on the message leads."""
    return KINDS[kind].page.format(**facts)
