from __future__ import annotations

import pytest

from config.settings import Settings, settings


def test_another_dialect_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:///x")
    settings.cache_clear()
    with pytest.raises(SystemExit, match="PostgreSQL is the one dialect"):
        settings()
    monkeypatch.undo()
    settings.cache_clear()


def test_the_plain_scheme_gets_our_driver():
    assert Settings(database_url="postgresql://a/b").database_url == "postgresql+psycopg://a/b"


def test_production_refuses_what_was_made_for_a_demonstration():
    with pytest.raises(SystemExit) as refused:
        Settings(
            environment="production",
            database_url="",
            redis_url="",
            secret_key="short",
            public_url="http://x",
            wechat_api_base="http://127.0.0.1:8090",
            wechat_phone_base="http://127.0.0.1:8090",
            wechat_pay_base="http://127.0.0.1:8090",
        ).check_production()
    for name in (
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "PUBLIC_URL",
        "WECHAT_DIR",
        "WECHAT_API_BASE",
        "WECHAT_PAY_BASE",
        "WECHAT_PHONE_BASE",
    ):
        assert name in str(refused.value)


def test_production_starts_when_everything_is_real(tmp_path):
    made = Settings(
        environment="production",
        database_url="postgresql://db/x",
        redis_url="redis://r",
        secret_key="k" * 32,
        public_url="https://shop.example/",
        wechat_dir=tmp_path,
        wechat_api_base="https://api.weixin.qq.com",
        wechat_phone_base="",
        wechat_pay_base="https://api.mch.weixin.qq.com",
    )
    made.check_production()
    assert made.base_url == "https://shop.example"
