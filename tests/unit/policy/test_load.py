from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.model.catalog import Mode
from supportbot.policy.load import load_policies, parse_policy

Write = Callable[..., Path]

FULL = """\
---
schema: supportbot/policy.v1
id: shop
name: The Shop
extends: org
owner: shop@example.com
delivery: {default: off}
knowledge: {collections: [shop-help], cite: required}
tools:
  get_order: {access: read}
never: [money back]
canned: {handoff: A colleague will write to you.}
select: all
---
Be brief.
"""


def test_full_file_is_read(folder: Write) -> None:
    files = load_policies(folder(org="Be kind.", products__shop=FULL))
    assert files.problems == ()
    shop = files.products["shop"].front
    assert shop.delivery.default is Mode.OFF
    assert shop.knowledge.collections == ("shop-help",)
    assert shop.tools is not None
    assert shop.tools["get_order"].access == "read"
    assert shop.canned == {"handoff": "A colleague will write to you."}


def test_file_without_front_matter_is_a_product(folder: Write) -> None:
    files = load_policies(folder(products__shop="Be brief.\n"))
    assert (files.products["shop"].id, files.products["shop"].body) == ("shop", "Be brief.\n")


def test_all_problems_of_all_files_are_found_in_one_go(folder: Write) -> None:
    root = folder(
        org="---\nnever: x\n---\n",
        products__shop="---\nid: store\ncolour: red\ndelivery: {default: on}\n---\n",
        products__blog="---\nid: [\n---\n",
    )
    said = [str(problem) for problem in load_policies(root).problems]
    places = {text.removeprefix(f"{root}/").split(": ")[0] for text in said}
    assert places == {
        "org.md:2", "products/blog.md:2", "products/shop.md:2", "products/shop.md:3",
        "products/shop.md:4",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        ("colour: red", 2, "unknown key colour; known keys are schema, id"),
        ("knowlege: {}", 2, "did you mean knowledge?"),
        ("delivery: {defalt: auto}", 2, "unknown key delivery.defalt; did you mean default?"),
        ("escalate: []", 2, "escalate is not supported yet in this version"),
        ("id: shop\nscope: {in: [a]}", 3, "scope is not supported yet"),
        ("delivery:\n  default: draft\n  auto: [x]", 4, "delivery.auto is not supported yet"),
        ("knowledge:\n  abstain: handoff", 3, "knowledge.abstain is not supported yet"),
        ("tools:\n  pay:\n    access: write\n    confirm: user", 5, "tools.pay.confirm is not"),
        ("tools: {pay: {}}", 2, "tools.pay.access: Field required"),
        ("tools: {pay: {access: all}}", 2, "'read' or 'write'"),
        ("delivery: {default: on}", 2, "'off', 'shadow', 'draft' or 'auto'"),
        ("schema: supportbot/policy.v2", 2, "supportbot/policy.v1"),
        ("policy_schema: supportbot/policy.v1", 2, "unknown key policy_schema"),
        ("select: sections", 2, "only `all` is supported in this version"),
        ("extends: other", 2, "extends: Input should be 'org'"),
        ("name: ''", 2, "at least 1 character"),
        ("never:\n  - a\n  - [b]", 4, "never.1: Input should be a valid string"),
        ("canned: {a: {b: c}}", 2, "valid string"),
    ],
)
def test_what_a_file_may_not_say_is_named_with_its_line(lines: str, line: int, said: str) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        parse_policy(Path("shop.md"), f"---\n{lines}\n---\nBe brief.\n")
    (problem,) = caught.value.exceptions
    assert str(problem).startswith(f"shop.md:{line}: ")
    assert said in str(problem)


def test_extending_a_missing_org_is_a_problem(folder: Write) -> None:
    (problem,) = load_policies(folder(products__shop="---\nextends: org\n---\n")).problems
    assert "is missing" in str(problem)


def test_folder_without_products_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load_policies(tmp_path).problems
    assert "there is no product" in str(problem)


def test_file_that_is_no_text_is_a_problem_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "products").mkdir()
    (tmp_path / "products/shop.md").write_bytes(b"one\ntwo \xff\n")
    (problem,) = load_policies(tmp_path).problems
    assert str(problem).endswith("shop.md:2: not UTF-8 text; save it as UTF-8")


def test_unreadable_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "products/shop.md").mkdir(parents=True)
    (problem,) = load_policies(tmp_path).problems
    assert "cannot be read" in str(problem)


def test_strange_file_name_is_a_problem(folder: Write) -> None:
    (problem,) = load_policies(folder(**{"products__My Shop": "x"})).problems
    assert "lower-case letters" in str(problem)
