"""Talking with people by WeChat: what comes in, what we answer, and what we may still say."""
