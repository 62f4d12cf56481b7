from __future__ import annotations

from dotenv import dotenv_values

from config.settings import ROOT, Settings


def test_the_example_names_every_setting_with_its_default(monkeypatch):
    shown = dotenv_values(ROOT / ".env.example")
    assert set(shown) == {name.upper() for name in Settings.model_fields}
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    plain = Settings(_env_file=None)
    told = Settings(_env_file=ROOT / ".env.example")
    for name in Settings.model_fields:
        if name != "var_dir":
            assert getattr(plain, name) == getattr(told, name), name
