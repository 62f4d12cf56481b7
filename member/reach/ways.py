"""What a message carries: the fields of its template with our facts in them, and the page it opens."""

from __future__ import annotations

from collections.abc import Mapping

from config.wechat.messages import Template
from member.reach import fields
from member.reach.kinds import KINDS


def filled(template: Template, facts: Mapping[str, fields.Fact]) -> dict[str, str]:
    """The template's fields with our facts in them, each as its type allows."""
    return {key: fields.value(key, facts[fact]) for fact, key in template.fields.items()}


def faults(templates: Mapping[str, Mapping[str, Template]]) -> list[str]:
    """What is wrong with the operator's `templates.json`, in sentences: unknown kinds, facts and types of fields."""
    found = []
    for way, kinds in templates.items():
        for kind, one in kinds.items():
            known = KINDS[kind].facts if kind in KINDS else frozenset()
            found += [] if known else [f"{way}.{kind}: there is no such message; one of {', '.join(KINDS)}."]
            found += [f"{way}.{kind}: it has no {fact!r}." for fact in one.fields if known and fact not in known]
            found += [
                f"{way}.{kind}.{fact}: {key!r} is of no type that is known."
                for fact, key in one.fields.items()
                if fields.kind_of(key) == key
            ]
    return found


def page(kind: str, facts: Mapping[str, fields.Fact]) -> str:
    """Where a tap on the message leads."""
    return KINDS[kind].page.format(**facts)
