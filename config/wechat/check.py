"""What is wrong with a folder of WeChat credentials, in sentences that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificate

NEEDED = ("appid", "secret", "mchid", "serial", "apiv3_key", "private_key_file")


def faults(folder: Path) -> list[str]:
    """Every fault that can be seen without asking WeChat; empty when there is none."""
    if not folder.is_dir():
        return [f"{folder} is not a folder: WECHAT_DIR names the folder of the credentials, not a file in it."]
    given, unread = _given(folder / "credentials.json")
    if unread:
        return unread
    found = [f"credentials.json lacks {name}." for name in NEEDED if not given.get(name)]
    if found:
        return found
    if len(given["apiv3_key"].encode()) != 32:
        found.append("apiv3_key must have 32 characters: it is the APIv3 key, not the older API key.")
    private, said = _read(folder, given["private_key_file"], lambda pem: load_pem_private_key(pem, None), "private key")
    found += said
    found += _public(folder, given) + _certificate(folder, given, private) + _pushes("credentials.json", given)
    return found + _service(folder)


def _given(path: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        return dict(json.loads(path.read_text("utf-8"))), []
    except OSError:
        return {}, [f"{path} cannot be read."]
    except (ValueError, TypeError):
        return {}, [f"{path} is not JSON."]


def _service(folder: Path) -> list[str]:
    """The service account's file, which a chain may do without."""
    if not (folder / "service.json").exists():
        return []
    given, unread = _given(folder / "service.json")
    lacks = [f"service.json lacks {name}." for name in ("appid", "secret") if not given.get(name)]
    return unread or lacks + _pushes("service.json", given)


def _pushes(name: str, given: dict[str, Any]) -> list[str]:
    """Token and key of a message address, which belong together."""
    token, key = given.get("push_token", ""), given.get("push_aes_key", "")
    if bool(token) != bool(key):
        return [f"{name}: push_token and push_aes_key belong together: give both, or neither."]
    if key and len(key) != 43:
        return [f"{name}: push_aes_key must have 43 characters: it is the EncodingAESKey."]
    return []


def _read(folder: Path, name: str, load: Any, what: str) -> tuple[Any, list[str]]:
    path = folder / name
    if path.is_dir():
        return None, [f"{path} is a folder; it must be the file of the {what}."]
    try:
        return load(path.read_bytes()), []
    except OSError:
        return None, [f"{path} cannot be read."]
    except (ValueError, TypeError):
        return None, [f"{path} is not the PEM file of a {what}."]


def _public(folder: Path, given: dict[str, Any]) -> list[str]:
    name, number = given.get("platform_public_key_file", ""), given.get("platform_key_id", "")
    if bool(name) != bool(number):
        return ["platform_key_id and platform_public_key_file belong together: give both, or neither."]
    if not name:
        return []
    _, said = _read(folder, name, load_pem_public_key, "public key of WeChat Pay")
    if not number.startswith("PUB_KEY_ID_"):
        said.append("platform_key_id must begin with PUB_KEY_ID_: it is the number of WeChat's public key.")
    return said


def _certificate(folder: Path, given: dict[str, Any], private: Any) -> list[str]:
    """Our own certificate, which is not needed but, where given, must be that of the key and the serial."""
    if not given.get("certificate_file"):
        return []
    one: Certificate | None
    one, said = _read(folder, given["certificate_file"], load_pem_x509_certificate, "merchant certificate")
    if one is None:
        return said
    if f"{one.serial_number:X}" != given["serial"].upper().lstrip("0"):
        said.append(f"serial is not that of {given['certificate_file']}, which is {one.serial_number:040X}.")
    if private is not None and private.public_key() != one.public_key():
        said.append(f"{given['certificate_file']} is not the certificate of {given['private_key_file']}.")
    return said
