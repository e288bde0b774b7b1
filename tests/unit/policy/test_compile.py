from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from supportbot.errors import PolicyError
from supportbot.model.catalog import Mode
from supportbot.model.policy import CompiledPolicy
from supportbot.policy.compile import compile_policies, compile_policy
from supportbot.policy.load import load_policies, parse_policy


def compiled(product: str, org: str | None = None) -> CompiledPolicy:
    return compile_policy(
        parse_policy(Path("org.md"), org) if org is not None else None,
        parse_policy(Path("shop.md"), product),
    )


def front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "Be brief.\n"])


@pytest.mark.parametrize(
    ("org", "product", "mode"),
    [
        (None, None, Mode.DRAFT),
        (None, "auto", Mode.AUTO),
        ("auto", None, Mode.DRAFT),
        ("draft", "auto", Mode.DRAFT),
        ("shadow", "draft", Mode.SHADOW),
        ("auto", "off", Mode.OFF),
        ("off", "auto", Mode.OFF),
    ],
)
def test_mode_is_the_tightest_and_draft_where_nothing_is_said(
    org: str | None, product: str | None, mode: Mode
) -> None:
    above = front(f"delivery: {{default: {org}}}") if org else front()
    own = front(f"delivery: {{default: {product}}}") if product else front()
    assert compiled(own, above).mode is mode


def test_bodies_stand_verbatim_in_the_system_message() -> None:
    org, product = "## Org\n\n* a  b\n\n", "\n# Shop {x} <<end>> %s\n\ttabbed\n"
    system = compiled(f"---\nid: shop\n---\n{product}", org).system
    assert org in system
    assert product in system
    assert system.index(org) < system.index(product)


def test_tools_only_shrink_and_tighten() -> None:
    org = front("tools: {look: {access: read}, pay: {access: write}}")
    own = front("tools: {look: {access: write}, erase: {access: write}}")
    policy = compiled(own, org)
    assert policy.tools == ("look",)
    assert json.loads(policy.canonical)["tools"] == {"look": "read"}
    assert policy.read_only_tools == ("look",)
    assert compiled(front(), org).tools == ()
    assert compiled(own).read_only_tools == ()
    assert compiled(own).tools == ("erase", "look")


def test_never_adds_up_and_is_told_to_the_model() -> None:
    policy = compiled(front("never: [Full  Refund]"), front("never: [guaranteed]"))
    assert policy.never == ("full refund", "guaranteed")
    assert "- Full  Refund" in policy.system


def test_nearest_canned_text_and_collections_win() -> None:
    org = front("canned: {handoff: org, other: kept}", "knowledge: {collections: [all]}")
    policy = compiled(front("canned: {handoff: own}"), org)
    assert policy.canned == {"handoff": "own", "other": "kept"}
    assert policy.collections == ("all",)
    assert compiled(front("knowledge: {collections: [b, a]}"), org).collections == ("a", "b")
    assert compiled(front("knowledge: {collections: []}"), org).collections == ()


def test_citation_required_by_org_cannot_be_lifted() -> None:
    org = front("knowledge: {cite: required}")
    assert compiled(front("knowledge: {cite: optional, collections: [a]}"), org).cite_required


def test_citation_without_anything_to_rest_on_is_refused() -> None:
    with pytest.raises(PolicyError, match="no knowledge collection and no tool"):
        compiled(front("knowledge: {cite: required}"))
    assert compiled(
        front("knowledge: {cite: required}", "tools: {find: {access: read}}")
    ).cite_required


@pytest.mark.parametrize(
    ("above", "own", "answered"),
    [
        ("", "", False),
        ("", "answer_edits: true", True),
        ("answer_edits: true", "", True),
        ("answer_edits: true", "answer_edits: false", False),
    ],
)
def test_edits_are_answered_where_the_nearest_layer_says_so(
    above: str, own: str, answered: object
) -> None:
    assert compiled(front(own), front(above)).answer_edits is answered


def test_sha_is_the_same_for_other_key_order_and_line_ends() -> None:
    one = front("id: shop", "canned: {a: x, b: y}", "tools: {p: {access: read}, q: {access: read}}")
    two = front("tools: {q: {access: read}, p: {access: read}}", "canned: {b: y, a: x}", "id: shop")
    assert compiled(one).sha256 == compiled(two).sha256
    assert compiled(one.replace("\n", "\r\n")).sha256 == compiled(one).sha256


@pytest.mark.parametrize(
    "other",
    [
        front("delivery: {default: auto}"),
        front("never: [x]"),
        front("canned: {a: b}"),
        front("name: Other"),
        front("tools: {p: {access: read}}"),
        front("answer_edits: true"),
        front() + "And kind.",
    ],
)
def test_sha_changes_with_every_rule(other: str) -> None:
    assert compiled(other).sha256 != compiled(front()).sha256


def test_sha_names_the_canonical_form() -> None:
    policy = compiled(front("name: Läden"))
    assert policy.sha256 == hashlib.sha256(policy.canonical.encode()).hexdigest()
    assert json.loads(policy.canonical)["system"] == policy.system


def test_whole_folder_is_compiled_and_contradictions_are_collected(
    folder: Callable[..., Path],
) -> None:
    root = folder(
        products__good="Be brief.",
        products__bad=front("knowledge: {cite: required}"),
        products__broken="---\nfoo: bar\n---\n",
    )
    policies = compile_policies(load_policies(root))
    assert set(policies.by_product) == {"good"}
    assert sorted(problem.path.stem for problem in policies.problems if problem.path) == [
        "bad", "broken",
    ]  # fmt: skip
