from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from markdown_it import MarkdownIt

from supportbot.model.catalog import Mode
from supportbot.model.completion import ChatMessage, Completion, FinishReason, Passage, Prompt
from supportbot.model.message import Role
from supportbot.model.policy import CompiledPolicy
from supportbot.policy.base import Answer
from supportbot.policy.sources import link, with_sources

MakePolicy = Callable[..., CompiledPolicy]
Sourced = Callable[..., str]

URL = "https://help.example/returns"
RETURNS = Passage("help/a#0", "Return an order", "See https://help.example/label too.", URL, "v")
NAMELESS = Passage("help/b#0", "Opening hours", "From nine to five.", None, "v")


def prompt(*said: ChatMessage) -> Prompt:
    system = ChatMessage(Role.SYSTEM, "Status: https://status.example, mail `us@shop.example`.")
    return Prompt((system, *said), (RETURNS, NAMELESS))


@pytest.fixture
def sourced(make_policy: MakePolicy) -> Sourced:
    def made(text: str, *said: ChatMessage, never: tuple[str, ...] = ()) -> str:
        at = datetime(2026, 1, 1, tzinfo=UTC)
        completion = Completion("m", "e", text, FinishReason.STOP, at, 5)
        return with_sources(
            text, Answer(make_policy(never=never), Mode.AUTO, prompt(*said), completion)
        )

    return made


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"Within 30 days ({URL}).", f"Within 30 days ([Return an order]({URL}))."),
        (f"Within 30 days: <{URL}#how>", f"Within 30 days: [Return an order]({URL})"),
        (f"Within 30 days, see [here]({URL}/).", f"Within 30 days, see [here]({URL}/)."),
        ("As *Return an order* says.", f"As *[Return an order]({URL})* says."),
        ("Source: Return an order", f"Source: [Return an order]({URL})"),
        (
            "Return an order at once.\n\nSource: Return an order",
            f"Return an order at once.\n\nSource: [Return an order]({URL})",
        ),
        (
            "How to RETURN an order:\nwithin 30 days.",
            f"How to RETURN an order:\nwithin 30 days.\n\nSource: [Return an order]({URL})",
        ),
        (
            "Type `Return an order`.",
            f"Type `Return an order`.\n\nSource: [Return an order]({URL})",
        ),
        ("Source: Opening hours", "Source: Opening hours"),
        ("Return an orderly list.", "Return an orderly list."),
    ],
)
def test_named_source_is_a_link(said: str, shown: str, sourced: Sourced) -> None:
    assert sourced(said) == shown
    assert sourced(shown) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Go to https://evil.example/a.", "Go to `https://evil.example/a`."),
        ("[Returns](https://evil.example)", "Returns (`https://evil.example`)"),
        ("[https://evil.example](https://evil.example)", "`https://evil.example`"),
        ("![logo](https://evil.example/x.png)", "logo (`https://evil.example/x.png`)"),
        ("<https://evil.example|Returns>", "`https://evil.example|Returns`"),
        ("[click](javascript:alert(1))", "click (`javascript:alert(1)`)"),
        ("[write](mailto:thief@evil.example)", "write (`mailto:thief@evil.example`)"),
        (f"[x]({URL}.evil.example)", f"x (`{URL}.evil.example`)"),
        (f"{URL}?next=https://evil.example", f"`{URL}?next=https://evil.example`"),
    ],
)
def test_address_that_nobody_gave_us_leads_nowhere(said: str, shown: str, sourced: Sourced) -> None:
    customers = ChatMessage(Role.USER, said)
    assert sourced(said, customers) == shown


@pytest.mark.parametrize(
    "said",
    [
        "Look at https://status.example/ first.",
        "[Label](https://help.example/label)",
        "[Write](mailto:us@shop.example)",
        "```\ncurl https://evil.example\n```",
        "Type `https://evil.example` there.",
    ],
)
def test_address_of_ours_and_code_stay_as_they_are(said: str, sourced: Sourced) -> None:
    assert sourced(said) == said


def test_address_of_a_tool_or_of_an_earlier_answer_stays_a_link(sourced: Sourced) -> None:
    result = ChatMessage(Role.TOOL, '{"track": "https://track.example/7"}', tool_call_id="c1")
    earlier = ChatMessage(Role.ASSISTANT, "[Docs](https://docs.example), not `https://no.example`.")
    said = "https://track.example/7 and [docs](https://docs.example)"
    assert sourced(said, result, earlier) == said
    assert sourced("https://no.example", earlier) == "`https://no.example`"


@pytest.mark.parametrize(
    "said",
    [
        "    ```\n\n[click](https://evil.example)",
        "a ` tick\n\n[click](https://evil.example) and ` tick",
        "\\` [click](https://evil.example) `",
        "[a [b] c](https&#58;//evil.example)",
        "[a [b] c](https:\\/\\/evil.example)",
        "[a \\] c](//evil.example)",
        "[a\n\\\\](//evil.example)",
        "[a\n\\](https://evil.example)",
        "[two\nlines](//evil.example)",
        "[a](<//evil.example/a b>)",
        "![a [b]](//evil.example)",
        "- x\n\n      ~~~\n\n[click](https://evil.example)",
        "[x]\n\n[x]: //evil.example",
        "[x][y]\n\n[y]:\nhttps&#58;//evil.example",
        "[a](b`)[click](//evil.example)`",
        "<https://evil.example/`>[click](//evil.example)`",
        "<ftp://evil.example>",
        "| a ` | [click](//evil.example) | ` |\n|---|---|---|\n| 1 | 2 | 3 |",
    ],
)
def test_no_spelling_leads_to_an_address_that_nobody_gave_us(said: str, sourced: Sourced) -> None:
    shown = sourced(said)
    blocks = MarkdownIt("commonmark").enable("table").parse(shown)
    inline = [one for block in blocks for one in block.children or ()]
    assert not [one.attrs for one in inline if one.type in {"link_open", "image"}], shown
    assert "evil.example" in shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[a [b] c](//evil.example) too", "[a [b] c\\] (`//evil.example`) too"),
        (f"[a [b] c]({URL}) too", f"[a [b] c]({URL}) too"),
        ("[ü [b]](https://status.example/ü) is up", None),
        ("[a `b` c](https://status.example/a%20b) and `d`", None),
        ("[a (b)](<https://status.example/a (b)>)", None),
        (
            "| `a` | https://x.example |\n|---|---|\n| `b` | c |",
            "| `a` | `https://x.example` |\n|---|---|\n| `b` | c |",
        ),
        (f"[x]\n\n[x]: {URL}/", f"[x]\n\n[x]: [Return an order]({URL})"),
        ("1. First\n\n   ```\n   curl https://x.example\n   ```", None),
        ("> ```\n> curl https://x.example\n> ```", None),
        ("``a ` https://x.example`` there", None),
        ("    curl https://x.example", None),
    ],
)
def test_markdown_is_read_as_channels_read_it(
    said: str, shown: str | None, sourced: Sourced
) -> None:
    ours = ["https://status.example/ü", "https://status.example/a%20b"]
    told = ChatMessage(Role.TOOL, " ".join(ours), tool_call_id="c1")
    angled = ChatMessage(Role.ASSISTANT, "[a (b)](<https://status.example/a (b)>)")
    assert sourced(said, told, angled) == (shown or said)


def test_title_that_must_never_be_said_is_not_added(sourced: Sourced) -> None:
    said = f"Within 30 days: {URL} or https://evil.example"
    never = ("return an order",)
    assert sourced(said, never=never) == f"Within 30 days: {URL} or `https://evil.example`"


def test_link_holds_whatever_stands_in_title_and_address() -> None:
    passage = Passage("k", "Plans [new]\n*2026*", "", "https://help.example/a_(b)", "v")
    assert link(passage) == r"[Plans \[new\] \*2026\*](<https://help.example/a_(b)>)"


@pytest.mark.parametrize("unit", ["\\", "[", "](", "`", "[a](", "<a:", "(", "https://x "])
def test_hostile_answer_takes_linear_time(
    sourced: Sourced, unit: str, grows_linearly: Callable[..., None]
) -> None:
    grows_linearly(lambda n: sourced("https://x " + unit * n), 4_000)
