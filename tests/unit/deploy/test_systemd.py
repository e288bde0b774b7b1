"""The systemd unit: it parses, it is confined, and what it names exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from supportbot.settings.table import CONFIG_VARIABLE

HARDENING = {
    "CapabilityBoundingSet": "",
    "LockPersonality": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "RestrictSUIDSGID": "yes",
    "UMask": "0077",
}


@pytest.fixture
def unit(deploy: Path) -> str:
    """The unit as it is written."""
    return (deploy / "supportbot.service").read_text(encoding="utf-8")


def values(unit: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", unit, flags=re.MULTILINE))


def test_the_unit_is_confined(unit: str) -> None:
    found = values(unit)
    assert {name: found.get(name) for name in HARDENING} == HARDENING
    assert found["User"] not in {"root", ""}
    assert found["StateDirectory"] == "supportbot"


def test_the_unit_reads_its_secrets_from_a_file(unit: str) -> None:
    found = values(unit)
    assert found["EnvironmentFile"] == "-/etc/supportbot/env"
    assert found["Environment"] == f"{CONFIG_VARIABLE}=/var/lib/supportbot"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_unit(unit: str, tmp_path: Path) -> None:
    copy = tmp_path / "supportbot.service"
    copy.write_text(unit.replace("/opt/supportbot/bin/supportbot", "/bin/true"))
    done = subprocess.run(
        ("systemd-analyze", "verify", str(copy)), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
