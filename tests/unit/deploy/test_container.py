"""Dockerfile and compose file: what can be known about them without a container engine."""

from __future__ import annotations

import fnmatch
import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from supportbot.settings.table import CONFIG_VARIABLE, describe

ROOT = Path(__file__).parents[3]


@pytest.fixture
def steps(deploy: Path) -> list[str]:
    """The instructions of the Dockerfile, continued lines joined, comments left out."""
    text = (deploy / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    return [line for line in joined.splitlines() if line.strip()]


@pytest.fixture
def compose(deploy: Path) -> dict[str, Any]:
    """The compose file."""
    loaded: dict[str, Any] = yaml.safe_load((deploy / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def known_variables() -> set[str]:
    return {CONFIG_VARIABLE, *(name for setting in describe() for name in setting.env)}


def last_stage(steps: list[str]) -> list[str]:
    start = max(n for n, step in enumerate(steps) if step.startswith("FROM "))
    return steps[start:]


def test_images_are_named_with_a_version(steps: list[str], compose: dict[str, Any]) -> None:
    images = [step.split()[1] for step in steps if step.startswith("FROM ")]
    images += [service["image"] for service in compose["services"].values()]
    assert len(images) == 4
    for image in images:
        _, _, tag = image.partition(":")
        assert re.match(r"\d+\.?\d*", tag), image


def test_the_container_does_not_run_as_root(steps: list[str]) -> None:
    users = [step.split()[1] for step in last_stage(steps) if step.startswith("USER ")]
    assert users
    assert all(int(part) >= 10_000 for user in users for part in user.split(":"))
    after = last_stage(steps)[last_stage(steps).index(f"USER {users[-1]}") :]
    assert not any(step.startswith(("RUN ", "COPY ")) for step in after)


def test_only_pinned_dependencies_are_installed(steps: list[str]) -> None:
    pip = [step for step in steps if re.search(r"pip (install|wheel)", step)]
    assert pip
    assert all("PIP_CONSTRAINT=/src/constraints.txt" in step for step in pip)
    assert all("--constraint constraints.txt" in step for step in pip if "pip install" in step)


def test_variables_of_the_image_exist(steps: list[str]) -> None:
    (environment,) = [step for step in last_stage(steps) if step.startswith("ENV ")]
    named = set(re.findall(r"\b(SUPPORTBOT_\w+)=", environment))
    assert named
    assert named <= known_variables()


def test_variables_of_the_compose_file_exist(compose: dict[str, Any]) -> None:
    named = {
        name.removesuffix("_FILE") for name in compose["services"]["supportbot"]["environment"]
    }
    assert named
    assert named <= known_variables()


def test_what_the_build_copies_exists_and_reaches_it(deploy: Path, steps: list[str]) -> None:
    ignore = (deploy / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignore
    allowed = [line[1:] for line in ignore if line.startswith("!")]
    copied = {
        source
        for step in steps
        if step.startswith("COPY ") and "--from" not in step
        for source in step.split()[1:-1]
    }
    assert {"pyproject.toml", "constraints.txt", "supportbot", "migrations"} <= copied
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_containers_may_do_little(compose: dict[str, Any]) -> None:
    bot = compose["services"]["supportbot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in bot["security_opt"]
    assert "privileged" not in bot
    assert all(port.startswith("127.0.0.1:") for port in bot["ports"])


def test_the_bot_waits_for_a_healthy_database(compose: dict[str, Any]) -> None:
    bot, database = compose["services"]["supportbot"], compose["services"]["database"]
    assert bot["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["image"].startswith("postgres:18")
    assert "pg_isready" in database["healthcheck"]["test"]
    assert database["volumes"] == ["database:/var/lib/postgresql"]


def test_secrets_are_files_and_never_stand_in_the_compose_file(compose: dict[str, Any]) -> None:
    used = {name for service in compose["services"].values() for name in service["secrets"]}
    assert used == set(compose["secrets"])
    assert all("file" in secret for secret in compose["secrets"].values())
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or name.endswith("_FILE")
            assert not name.endswith("_FILE") or value.removeprefix("/run/secrets/") in used


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1)])
def test_the_health_check_tells_a_living_server_from_a_sick_one(
    steps: list[str], status: int, expected: int
) -> None:
    asked: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    (check,) = [step for step in steps if step.startswith("HEALTHCHECK ")]
    _, *arguments = json.loads(check[check.index("[") :])
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        environ = {"SUPPORTBOT_PORT": str(server.server_port)}
        done = subprocess.run((sys.executable, *arguments), env=environ, check=False, timeout=20)
    assert done.returncode == expected
    assert asked == ["/healthz"]
