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
    """The settings of a chain that is real in all but its keys."""
    load(tmp_path)
    for name, appid in (("credentials.json", "wx1234567890abcdef"), ("service.json", "wxfedcba0987654321")):
        _change(tmp_path / name, appid=appid, mchid="1600000001")
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


def _change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_production_starts_when_everything_is_real(production):
    production.check_production()
    assert production.base_url == "https://shop.example"


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("credentials.json", {"appid": "wx000000000badcafe"}, "WECHAT_DIR: credentials.json is the stand-in's"),
        ("credentials.json", {"mchid": "1900000109"}, "WECHAT_DIR: credentials.json is the stand-in's"),
        ("service.json", {"appid": "wx000000000badcafe"}, "WECHAT_DIR: service.json is the stand-in's"),
        ("service.json", {"secret": ""}, "service.json lacks secret."),
        ("service.json", {"push_token": ""}, "service.json: push_token and push_aes_key belong together"),
        ("service.json", {"push_aes_key": "short"}, "service.json: push_aes_key must have 43 characters"),
        ("credentials.json", {"private_key_file": "."}, "is a folder; it must be the file of the private key."),
        ("credentials.json", {"private_key_file": "platform-public.pem"}, "is not the PEM file of a private key."),
    ],
)
def test_production_refuses_the_stand_ins_credentials_and_mistaken_ones(production, tmp_path, name, change, sentence):
    _change(tmp_path / name, **change)
    with pytest.raises(SystemExit) as refused:
        production.check_production()
    assert sentence in str(refused.value)


def test_production_refuses_a_file_in_the_place_of_the_folder(production, tmp_path):
    production.wechat_dir = tmp_path / "credentials.json"
    with pytest.raises(SystemExit, match="is not a folder: WECHAT_DIR names the folder of the credentials"):
        production.check_production()
