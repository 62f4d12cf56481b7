"""Settings from the environment; a wrong one fails at start with a clear sentence, never at use."""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
STAND_IN_APPID, STAND_IN_MCHID = "wx00000000", "1900000109"
"""How the app ids of the stand-in begin, and its merchant: WeChat's own example, which is nobody's."""


class Settings(BaseSettings):
    """Everything that differs between two running copies.  `.env.example` documents each name."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", extra="ignore")

    environment: Literal["development", "test", "production"] = "development"
    database_url: str = ""
    redis_url: str = ""
    var_dir: Path = ROOT / "var"
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""
    stand_in_port: int = Field(8090, ge=1, le=65535)
    web_workers: int = Field(2, ge=1, le=64)
    web_threads: int = Field(4, ge=1, le=256)
    database_pool: int = Field(10, ge=1, le=100)
    secret_key: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    redis_prefix: str = "td"
    unpaid_minutes: int = Field(15, ge=1, le=120)
    phone_may_spend: bool = False
    channels_dir: Path | None = None
    invoice_url: str = ""
    invoice_secret: str = ""
    invoice_blocks_returns: bool = False

    wechat_dir: Path | None = None
    wechat_api_base: str = "https://api.weixin.qq.com"
    wechat_pay_base: str = "https://api.mch.weixin.qq.com"
    wechat_env: Literal["release", "trial", "develop"] = "release"
    wechat_risk: bool = False
    wechat_pay_backup: str = ""
    wechat_phone_base: str = ""
    wechat_code_s: int = Field(45, ge=15, le=60)
    wechat_notice_age_s: int = Field(300, ge=300, le=90_000)

    @field_validator("database_url")
    @classmethod
    def _one_dialect(cls, value: str) -> str:
        if value.startswith("postgresql://"):
            value = value.replace("postgresql://", "postgresql+psycopg://", 1)
        if value and not value.startswith("postgresql+psycopg://"):
            raise ValueError("PostgreSQL is the one dialect: DATABASE_URL starts with postgresql://")
        return value

    @field_validator("wechat_dir", "channels_dir", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        return value or None

    @property
    def base_url(self) -> str:
        """Where the outside reaches us, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def exchange_dir(self) -> Path:
        """Below it lies one folder for each sales channel of kind `files`."""
        return self.channels_dir or self.var_dir / "channels"

    def check_production(self) -> None:
        """Refuse to start in production on anything made for a demonstration."""
        if self.environment != "production":
            return
        faults = [
            sentence
            for bad, sentence in (
                (not self.database_url, "DATABASE_URL is empty: production needs its own PostgreSQL."),
                (not self.redis_url, "REDIS_URL is empty: production needs its own Redis."),
                (len(self.secret_key) < 32, "SECRET_KEY must have at least 32 characters."),
                (not self.public_url.startswith("https://"), "PUBLIC_URL must be an https address."),
                (
                    bool(self.invoice_url) and not self.invoice_url.startswith("https://"),
                    "INVOICE_URL must be an https address.",
                ),
                (
                    bool(self.invoice_url) and len(self.invoice_secret) < 32,
                    "INVOICE_SECRET must have at least 32 characters.",
                ),
                (self.wechat_dir is None, "WECHAT_DIR must name the folder of the WeChat credentials."),
                (self.wechat_api_base != "https://api.weixin.qq.com", "WECHAT_API_BASE is not WeChat's."),
                (
                    self.wechat_pay_base not in ("https://api.mch.weixin.qq.com", "https://api2.mch.weixin.qq.com"),
                    "WECHAT_PAY_BASE is not WeChat Pay's.",
                ),
                (bool(self.wechat_pay_backup), "WECHAT_PAY_BACKUP belongs to the stand-in: WeChat Pay's own is known."),
                (bool(self.wechat_phone_base), "WECHAT_PHONE_BASE belongs to the stand-in."),
            )
            if bad
        ]
        faults += self._of_the_stand_in() + self._credentials()
        if faults:
            sys.exit("Tongdian cannot start in production:\n" + "\n".join(f"  - {f}" for f in faults))

    def _credentials(self) -> list[str]:
        """What is wrong with the WeChat credentials, as far as can be seen without asking WeChat."""
        from config.wechat import check  # only here: production alone looks at them before they are used

        return check.faults(self.wechat_dir) if self.wechat_dir else []

    def _of_the_stand_in(self) -> list[str]:
        """Which credentials are not WeChat's; a file that cannot be read is not this question's."""
        found = []
        for name in ("credentials.json", "service.json"):
            try:
                given = json.loads((self.wechat_dir or self.var_dir).joinpath(name).read_text("utf-8"))
            except (OSError, ValueError):
                continue
            appid, mchid = str(given.get("appid", "")), str(given.get("mchid", ""))
            if appid.startswith(STAND_IN_APPID) or mchid == STAND_IN_MCHID:
                found.append(f"WECHAT_DIR: {name} is the stand-in's: {appid} {mchid}".rstrip() + ".")
        return found


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    try:
        made = Settings()
    except ValidationError as error:
        lines = [f"  - {'.'.join(str(p) for p in e['loc']).upper()}: {e['msg']}" for e in error.errors()]
        sys.exit("Tongdian cannot start, a setting is wrong:\n" + "\n".join(lines))
    made.check_production()
    return made
