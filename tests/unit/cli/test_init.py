from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from supportbot.cli.init import init, write_starter
from supportbot.errors import ConfigError
from supportbot.model.catalog import Mode
from supportbot.policy.load import load_policies
from supportbot.settings.load import load


def test_starter_is_a_valid_bot_folder(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "bot")
    assert all(path.is_file() for path in written)
    assert load(tmp_path / "bot", {}).tickets.default_product == "hosting"


def test_starter_policies_are_two_products_in_draft_mode(tmp_path: Path) -> None:
    write_starter(tmp_path)
    policies = load_policies(tmp_path / "policies")
    assert policies.problems == ()
    assert policies.org is not None
    assert {key: product.front.delivery.default for key, product in policies.products.items()} == {
        "hosting": Mode.DRAFT,
        "retail": Mode.DRAFT,
    }


def test_every_article_has_a_title_and_a_product_that_quotes_it(tmp_path: Path) -> None:
    write_starter(tmp_path)
    articles = sorted((tmp_path / "knowledge").rglob("*.md"))
    assert len(articles) >= 12
    assert [a for a in articles if "\n# " not in a.read_text(encoding="utf-8")] == []
    products = load_policies(tmp_path / "policies").products.values()
    quoted = {name for product in products for name in product.front.knowledge.collections or ()}
    assert {article.parent.name for article in articles} == quoted


def test_every_commented_example_in_the_settings_is_accepted(tmp_path: Path) -> None:
    write_starter(tmp_path)
    file = tmp_path / "supportbot.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    examples = [line.removeprefix("# ") for line in lines if _is_example(line)]
    assert len(examples) > 15
    file.write_text(
        "\n".join(line.removeprefix("# ") if _is_example(line) else line for line in lines)
    )
    settings = load(tmp_path, {})
    products = {key: place.product for key, place in settings.slack.channels.items()}
    assert products == {"C0123ABC": "hosting", "C0789GHI": "retail"}
    assert settings.email.listener.port == 8025


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    mine = tmp_path / "policies" / "org.md"
    mine.write_text("mine")
    with pytest.raises(ConfigError, match=r"policies/org\.md: exists already"):
        write_starter(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file/bot: cannot be written"):
        write_starter(tmp_path / "file" / "bot")


def test_init_prints_what_to_type_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    init(tmp_path / "bot")
    assert f"cd {tmp_path / 'bot'}" in capsys.readouterr().out


def test_the_tools_example_runs(tmp_path: Path) -> None:
    write_starter(tmp_path)
    code = "from tools import get_plan_storage as f; assert f('Plus')['storage_gb'] == 50"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def _is_example(line: str) -> bool:
    bare = line.removeprefix("# ")
    return bare != line and (bare.startswith("[") or " = " in bare.partition("#")[0])
