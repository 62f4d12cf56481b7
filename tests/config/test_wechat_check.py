from __future__ import annotations

import json
import shutil
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from structlog.testing import CapturingLogger

from config import clock
from config.wechat import ready
from config.wechat.check import faults
from tests.wechat_stand_in.keys import _certificate
from workers.jobs import watch_wechat


@pytest.fixture
def folder(wechat_keys, tmp_path):
    return shutil.copytree(wechat_keys, tmp_path / "given")


def _said(folder, **change):
    path = folder / "credentials.json"
    given = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({name: value for name, value in given.items() if value is not None}))
    return faults(folder)


def test_whole_credentials_have_no_fault_with_or_without_what_may_be_left_out(folder):
    assert faults(folder) == []
    assert _said(folder, platform_key_id=None, platform_public_key_file=None, certificate_file=None) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mchid": None}, "credentials.json lacks mchid"),
        ({"apiv3_key": "short"}, "apiv3_key must have 32 characters"),
        ({"private_key_file": "gone.pem"}, "cannot be read"),
        ({"private_key_file": "."}, "is a folder; it must be the file of the private key"),
        ({"private_key_file": "platform-public.pem"}, "is not the PEM file of a private key"),
        ({"private_key_file": "platform.pem"}, "is not the certificate of platform.pem"),
        ({"platform_public_key_file": "merchant-certificate.pem"}, "is not the PEM file of a public key"),
        ({"platform_key_id": "ABC"}, "must begin with PUB_KEY_ID_"),
        ({"platform_key_id": None}, "belong together"),
        ({"serial": "AB" * 20}, "serial is not that of merchant-certificate.pem"),
    ],
)
def test_a_mistake_is_said_in_a_sentence(folder, change, sentence):
    (said,) = _said(folder, **change)
    assert sentence in said


def test_a_file_where_a_folder_belongs_is_said(folder, tmp_path):
    assert "is not a folder" in faults(folder / "credentials.json")[0]
    assert "cannot be read" in faults(tmp_path)[0]


@pytest.mark.parametrize(
    ("days", "level"), [(90, None), (60, "warning"), (31, "warning"), (30, "error"), (7, "critical"), (-1, "critical")]
)
def test_the_end_of_our_certificate_is_said_louder_and_louder(folder, monkeypatch, days, level):
    begins = clock.now() - timedelta(days=1)
    monkeypatch.setattr(ready, "_credentials", lambda: ready.credentials(folder))
    monkeypatch.setattr(clock, "now", lambda: begins + timedelta(days=5 * 365 - days, hours=-1))
    (folder / "merchant-certificate.pem").write_bytes(_certificate(generate_private_key(65537, 2048), 7))
    said = CapturingLogger()
    monkeypatch.setattr(watch_wechat, "log", said)
    assert watch_wechat.run() == days
    assert [call.method_name for call in said.calls] == ([level] if level else [])
