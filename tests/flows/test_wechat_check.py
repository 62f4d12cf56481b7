from __future__ import annotations

import pytest

from config.wechat import ready
from mall.commands import wechat_check


@pytest.fixture
def check(house):
    from click.testing import CliRunner

    return lambda *words: CliRunner().invoke(wechat_check, words)


def test_the_first_step_of_the_acceptance_tells_that_wechat_and_we_understand_each_other(check):
    said = check("--notice")
    assert said.exit_code == 0, said.output
    assert [line[:3] for line in said.output.splitlines()] == ["yes", "yes", "yes", "   ", "   "]


@pytest.mark.violates("SIGN_ERROR")
def test_a_key_that_wechat_does_not_know_is_told(house, check, monkeypatch, tmp_path):
    (tmp_path / "merchant.pem").write_bytes((tmp_path / "platform.pem").read_bytes())
    (tmp_path / "merchant-certificate.pem").unlink()
    text = (tmp_path / "credentials.json").read_text().replace('"certificate_file"', '"_"')
    (tmp_path / "credentials.json").write_text(text)
    for cached in (ready._credentials, ready.pay):
        cached.cache_clear()
    said = check()
    assert (said.exit_code, "SIGN_ERROR" in said.output) == (1, True)
