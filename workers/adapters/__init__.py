"""How each kind of sales channel is spoken to: the only rooms of ours that reach a partner's machine or folder."""

from __future__ import annotations

from workers.adapters.files import Files
from workers.adapters.shape import Adapter
from workers.adapters.webhook import Webhook

ADAPTERS: dict[str, Adapter] = {"webhook": Webhook(), "files": Files()}
"""By the channel's kind."""
