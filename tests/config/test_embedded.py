"""The embedded servers, really started and stopped in a folder of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from config import embedded
from config.settings import settings

# The server is meant to outlive the process that started it, so nobody waits for it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def configured(monkeypatch):
    """Other settings for one test, with nothing remembered of the old ones."""

    def use(**given):
        for name, value in given.items():
            monkeypatch.setattr(settings(), name, value)
        for cached in (embedded.database_url, embedded.redis_url):
            cached.cache_clear()

    yield use
    for cached in (embedded.database_url, embedded.redis_url):
        cached.cache_clear()


def _ask(url):
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        return connection.execute("SELECT pg_postmaster_start_time()").fetchone()


def _two_processes_start(folder: Path) -> list[str]:
    """What two web workers get that start at once."""
    program = (
        f"from pathlib import Path; from config import embedded; print(embedded.start_postgres(Path({str(folder)!r})))"
    )
    started = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return [one.communicate(timeout=60)[0].strip() for one in started]


def test_redis_starts_is_joined_and_keeps_its_values_over_a_stop(tmp_path):
    url = embedded.start_redis(tmp_path / "redis")
    try:
        redis.Redis.from_url(url).set("a", "1")
        assert embedded.start_redis(tmp_path / "redis") == url
        assert redis.Redis.from_url(url).config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    finally:
        embedded.stop_redis(url)
    assert not embedded._answers(url)
    embedded.stop_redis(url)
    assert embedded.start_redis(tmp_path / "redis") == url
    assert redis.Redis.from_url(url).get("a") == b"1"
    embedded.stop_redis(url)


def test_a_folder_too_deep_for_a_socket_gets_a_port(tmp_path):
    folder = tmp_path / ("deep" * 25)
    url = embedded.start_redis(folder)
    try:
        assert url == f"redis://127.0.0.1:{(folder / 'port').read_text()}/0"
        assert embedded.start_redis(folder) == url
        assert redis.Redis.from_url(url).ping()
    finally:
        embedded.stop_redis(url)
    assert embedded._answers(url) is False


def test_a_redis_that_does_not_start_is_said_with_where_to_look(tmp_path):
    with pytest.raises(SystemExit, match="log lies beside its data"):
        embedded._await(f"unix://{tmp_path}/none.sock", seconds=1)


def test_without_a_redis_on_the_path_ours_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.redis_program().endswith("redis-server")


def test_postgres_starts_is_joined_and_stops(configured, tmp_path):
    configured(database_url="", redis_url="", var_dir=tmp_path)
    first, second = _two_processes_start(tmp_path / "postgres")
    assert embedded.database_url() == first == second
    started = _ask(first)
    redis_url = embedded.redis_url()
    assert _ask(embedded.start_postgres(tmp_path / "postgres")) == started
    embedded.stop_all()
    with pytest.raises(psycopg.OperationalError):
        _ask(first)
    assert not embedded._answers(redis_url)


def test_servers_that_were_given_are_neither_started_nor_stopped(configured, tmp_path):
    given = {"database_url": "postgresql+psycopg://db/x", "redis_url": "redis://cache/1"}
    configured(**given, var_dir=tmp_path)
    assert (embedded.database_url(), embedded.redis_url()) == tuple(given.values())
    (tmp_path / "postgres").mkdir()
    (tmp_path / "redis").mkdir()
    embedded.stop_all()
    assert [list((tmp_path / name).iterdir()) for name in ("postgres", "redis")] == [[], []]
