from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from config.settings import settings
from member import secrets


@pytest.fixture
def another_key(monkeypatch):
    """Change SECRET_KEY for the test, and forget what was derived from the old one."""

    def use(secret_key, var_dir=None):
        monkeypatch.setattr(settings(), "secret_key", secret_key)
        if var_dir is not None:
            monkeypatch.setattr(settings(), "var_dir", var_dir)
        secrets._key.cache_clear()

    yield use
    secrets._key.cache_clear()


@given(plain=st.binary(max_size=200))
def test_what_was_sealed_opens_again(plain):
    assert secrets.open_sealed(secrets.seal(plain)) == plain


def test_each_sealing_gives_another_ciphertext():
    assert len({secrets.seal(b"13812342046") for _ in range(50)}) == 50


@given(place=st.integers(0, 38), bit=st.integers(0, 7))
def test_one_changed_bit_opens_nothing(place, bit):
    sealed = bytearray(secrets.seal(b"13812342046"))
    sealed[place] ^= 1 << bit
    with pytest.raises(InvalidTag):
        secrets.open_sealed(bytes(sealed))


def test_another_key_opens_nothing_and_finds_nothing(another_key):
    sealed, found = secrets.seal(b"x"), secrets.fingerprint("phone", "13812342046")
    another_key("another" * 8)
    with pytest.raises(InvalidTag):
        secrets.open_sealed(sealed)
    assert secrets.fingerprint("phone", "13812342046") != found


def test_a_fingerprint_belongs_to_its_kind():
    assert secrets.fingerprint("phone", "1") == secrets.fingerprint("phone", "1")
    assert secrets.fingerprint("phone", "1") != secrets.fingerprint("openid", "1")
    assert len(secrets.fingerprint("phone", "1")) == 32


def test_a_copy_without_a_key_makes_one_and_keeps_it(another_key, tmp_path):
    another_key("", tmp_path / "var")
    sealed = secrets.seal(b"x")
    path = tmp_path / "var" / "secret.key"
    assert (len(path.read_bytes()), stat.S_IMODE(path.stat().st_mode)) == (32, 0o600)
    secrets._key.cache_clear()
    assert secrets.open_sealed(sealed) == b"x"


def test_workers_that_start_at_once_agree_on_the_made_key(another_key, tmp_path):
    for turn in range(10):
        another_key("", tmp_path / str(turn))
        with ThreadPoolExecutor(8) as pool:
            made = set(pool.map(lambda _: secrets._master(), range(8)))
        assert {len(key) for key in made} == {32}
        assert len(made) == 1
