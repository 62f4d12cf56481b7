"""A file exchange over a real directory: whole files, numbers without a gap, answers read back, faults put aside."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text

from config.db import transaction
from config.settings import settings
from tests.trade.channels.conftest import open_channel
from tests.workers.channels.test_sync_channels import cases, change, stands
from workers.adapters import files, inbox
from workers.jobs import compare_channels, exchange_files, sync_channels


@pytest.fixture
def exchange(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(settings(), "channels_dir", tmp_path)
    return tmp_path / "tmall-1"


@pytest.fixture
def channel(session, shops, exchange, clocked, now):
    return open_channel(session, shops, now)


def put(
    exchange: Path, name: str, lines_of: Sequence[Sequence[object]], encoding: str = "utf-8-sig", **control
) -> Path:
    """The partner writes a file and its control file."""
    place = exchange / "in"
    place.mkdir(parents=True, exist_ok=True)
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(lines_of)
    body = lines.getvalue().encode(encoding)
    (place / f"{name}.csv").write_bytes(body)
    told = {"file": f"{name}.csv", "rows": len(lines_of) - 1, "sha256": hashlib.sha256(body).hexdigest(), **control}
    path = place / f"{name}.ctl"
    path.write_text("".join(f"{key}={value}\n" for key, value in told.items()), "utf-8")
    return path


def names(exchange: Path, place: str) -> list[str]:
    return sorted(path.name for path in (exchange / place).iterdir())


ACK = ("sku", "version", "accepted", "reason", "qty")


@pytest.mark.parametrize(("encoding", "begins"), [("utf-8-sig", b"\xef\xbb\xbfsku"), ("gb18030", b"sku")])
def test_a_stock_file_with_its_control_file(session, open_session, shops, exchange, clocked, now, encoding, begins):
    open_channel(session, shops, now, encoding=encoding)
    assert sync_channels.run((), open_session) == 2
    assert names(exchange, "out") == ["stock-000000001.csv", "stock-000000001.ctl"]
    body = (exchange / "out/stock-000000001.csv").read_bytes()
    assert body.startswith(begins)
    assert body.decode(encoding) == "sku,qty,version\r\nM,8,1\r\nB,100,2\r\n"
    control = (exchange / "out/stock-000000001.ctl").read_text()
    assert control == f"file=stock-000000001.csv\nseq=1\nrows=2\nsha256={hashlib.sha256(body).hexdigest()}\n"
    assert stands(session, clocked.at)["backlog"] == 2  # until they say so


def test_an_acknowledgement_settles_rejects_and_is_put_away(session, open_session, channel, shops, exchange, clocked):
    sync_channels.run((), open_session)
    put(exchange, "ack-000000001", [ACK, ("M", 1, 1, "", 8), ("B", 2, 0, "停售", "")])
    assert exchange_files.run(open_session) == 1
    assert (stands(session, clocked.at)["backlog"], stands(session, clocked.at)["rejected"]) == (0, 1)
    assert cases(session) == [("adapter_rejected", f"channel_sku:{channel}:{shops[0].skus['bread']}", "sku_rejected")]
    assert names(exchange, "archive") == ["ack-000000001.csv", "ack-000000001.ctl"] and names(exchange, "in") == []
    assert exchange_files.run(open_session) == 0


def test_no_answer_in_half_an_hour_is_the_next_file(session, open_session, channel, shops, exchange, clocked, now):
    sync_channels.run((), open_session)
    clocked.on(minutes=29)
    assert sync_channels.run((), open_session) == 0
    change(session, shops, now, milk=1)  # M's newest goes at once, B's is still awaited
    assert sync_channels.run((), open_session) == 1
    clocked.on(minutes=1)
    assert sync_channels.run((), open_session) == 1
    assert [name for name in names(exchange, "out") if name.endswith(".ctl")] == [
        f"stock-{seq:09d}.ctl" for seq in (1, 2, 3)
    ]


def test_a_writer_that_dies_writes_the_same_file_later(session, open_session, channel, exchange, clocked, monkeypatch):
    """Between commit and file, and between file and control file: no gap in the numbers, the same content."""

    class Killed(BaseException):
        pass

    real = files._put
    written: list[str] = []

    def dies(path: Path, body: bytes) -> None:
        if len(written) in (0, 2):
            written.append("died")
            raise Killed
        written.append(path.name)
        real(path, body)

    monkeypatch.setattr(files, "_put", dies)
    with pytest.raises(Killed):
        sync_channels.run((), open_session)
    assert names(exchange, "out") == []
    with pytest.raises(Killed):
        exchange_files.run(open_session)
    assert names(exchange, "out") == ["stock-000000001.csv"]
    assert exchange_files.run(open_session) == 1
    assert names(exchange, "out") == ["stock-000000001.csv", "stock-000000001.ctl"]
    assert (exchange / "out/stock-000000001.csv").read_text("utf-8-sig").splitlines() == [
        "sku,qty,version", "M,8,1", "B,100,2",
    ]  # fmt: skip
    assert exchange_files.run(open_session) == 0


def test_a_reader_that_dies_before_putting_away_takes_it_once(
    session, open_session, channel, exchange, clocked, monkeypatch
):
    sync_channels.run((), open_session)
    put(exchange, "ack-1", [ACK, ("M", 1, 1, "", 8)])
    monkeypatch.setattr(inbox, "_put_away", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        exchange_files.run(open_session)
    monkeypatch.undo()
    monkeypatch.setattr(settings(), "channels_dir", exchange.parent)
    assert exchange_files.run(open_session) == 0  # known already
    assert names(exchange, "in") == [] and names(exchange, "archive") == ["ack-1.csv", "ack-1.ctl"]
    assert session.execute(text("SELECT count(*) FROM channel_file WHERE direction = 'in'")).scalar_one() == 1


@pytest.mark.parametrize(
    ("rows", "control", "why"),
    [
        ([ACK, ("M", 1, 1, "", 8)], {"sha256": "0" * 64}, "SHA-256"),
        ([ACK, ("M", 1, 1, "", 8)], {"rows": 7}, "1 rows"),
        ([ACK, ("M", 1, 1, "", 8)], {"file": "../../etc/passwd"}, "names"),
        ([("sku", "version"), ("M", 1)], {}, "columns"),
        ([ACK, ("X", 1, 1, "", 8)], {}, "unknown sku"),
        ([ACK, ("M", "one", 1, "", 8)], {}, "whole number"),
        ([ACK, ("M", 1, "ja", "", 8)], {}, "accepted"),
        ([ACK, ("M", 1, 1, "", 8, "more")], {}, "too many"),
    ],
)
def test_a_file_that_is_not_sound_is_put_aside_and_moves_nothing(
    session, open_session, channel, exchange, clocked, rows, control, why
):
    sync_channels.run((), open_session)
    put(exchange, "ack-9", rows, **control)
    exchange_files.run(open_session)
    assert names(exchange, "in") == [] and "ack-9.why" in names(exchange, "error")
    assert why in (exchange / "error/ack-9.why").read_text()
    assert cases(session) == [("adapter_rejected", f"channel_file:{channel}:ack-9", "file_not_sound")]
    assert stands(session, clocked.at)["backlog"] == 2


def test_a_file_in_another_encoding_is_put_aside(session, open_session, channel, exchange, clocked):
    sync_channels.run((), open_session)
    put(exchange, "ack-1", [ACK, ("M", 1, 0, "停售", "")], encoding="gb18030")
    exchange_files.run(open_session)
    assert "readable" in (exchange / "error/ack-1.why").read_text()


def test_a_name_used_for_another_content_is_put_aside(session, open_session, channel, exchange, clocked):
    sync_channels.run((), open_session)
    put(exchange, "ack-1", [ACK, ("M", 1, 1, "", 8)])
    exchange_files.run(open_session)
    put(exchange, "ack-1", [ACK, ("B", 2, 1, "", 100)])
    exchange_files.run(open_session)
    assert "another content" in (exchange / "error/ack-1.why").read_text()
    assert stands(session, clocked.at)["backlog"] == 1


def test_a_csv_without_its_control_file_is_left_alone(session, open_session, channel, exchange, clocked):
    put(exchange, "ack-1", [ACK, ("M", 1, 1, "", 8)]).unlink()
    exchange_files.run(open_session)
    assert names(exchange, "in") == ["ack-1.csv"]


def test_a_folder_that_cannot_be_written_waits(session, open_session, channel, exchange, clocked):
    exchange.parent.joinpath("tmall-1").write_text("a file stands where the folder should be")
    assert sync_channels.run((), open_session) == 0
    assert stands(session, clocked.at)["fails"] == 1
    exchange.unlink()
    clocked.on(seconds=3)
    assert exchange_files.run(open_session) == 1
    assert names(exchange, "out") == ["stock-000000001.csv", "stock-000000001.ctl"]


def test_what_they_say_they_show_is_compared_at_night(session, open_session, channel, exchange, clocked):
    sync_channels.run((), open_session)
    put(exchange, "ack-1", [ACK, ("M", 1, 1, "", 6), ("B", 2, 1, "", 100)])
    exchange_files.run(open_session)
    clocked.on(hours=1)
    assert compare_channels.run(open_session) == 1
    assert cases(session) == [("channel_drift", f"channel:{channel}", "")]
    sync_channels.run((), open_session)
    assert (exchange / "out/stock-000000002.csv").read_text("utf-8-sig").splitlines()[1:] == ["M,8,3"]
    put(exchange, "ack-2", [ACK, ("M", 3, 1, "", 8)])
    exchange_files.run(open_session)
    clocked.on(hours=1)
    assert compare_channels.run(open_session) == 0 and cases(session) == []


def test_a_paused_exchange_is_told_nothing_and_heard(session, open_session, channel, exchange, clocked, now):
    sync_channels.run((), open_session)
    with transaction(session):
        from trade.stock.channels import book

        book.pause(session, "tmall-1", paused=True, actor="t", now=now)
    put(exchange, "ack-1", [ACK, ("M", 1, 1, "", 8), ("B", 2, 1, "", 100)])
    assert exchange_files.run(open_session) == 1
    assert stands(session, clocked.at)["backlog"] == 0
