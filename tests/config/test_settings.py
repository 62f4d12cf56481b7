from __future__ import annotations

import json

import pytest

from config.settings import Settings, settings
from tests.wechat_stand_in.keys import load


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


@pytest.fixture
def production(tmp_path):
    return Settings(
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


def test_production_starts_when_everything_is_real(production):
    production.check_production()
    assert production.base_url == "https://shop.example"


def test_production_refuses_the_stand_ins_credentials(production, tmp_path):
    load(tmp_path)
    with pytest.raises(SystemExit) as refused:
        production.check_production()
    said = str(refused.value)
    assert all(f"WECHAT_DIR: {name} is the stand-in's" in said for name in ("credentials.json", "service.json"))
    path = tmp_path / "credentials.json"
    given = json.loads(path.read_text()) | {"appid": "wx1234567890abcdef"}
    path.write_text(json.dumps(given))
    (tmp_path / "service.json").unlink()
    with pytest.raises(SystemExit, match="1900000109"):
        production.check_production()
    path.write_text(json.dumps(given | {"mchid": "1600000001"}))
    production.check_production()
