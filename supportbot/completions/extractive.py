"""kb-extractive: answers without a language model, by quoting. Pure, a function of the request.

It says nothing of its own: one to three sentences of a passage, word for word, with title and
link; or it hands off. It is no AI and never called one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

from supportbot.model.fence import PASSAGE, QUESTION, Fenced, unfence
from supportbot.model.handoff import HANDOFF_TOOL
from supportbot.model.policy import HandoffReason

#: Name under which its completions are stored.
MODEL = "kb-extractive-1"

NOT_FOUND = "I could not find this in our help pages, so I have passed it to a colleague."
FOR_A_PERSON = "I have passed this to a colleague, who will answer you here."

#: So much of the question's terms must stand in a passage. Tried out on the development questions:
#: at a half, two of three get a right quote; a higher bar loses more right ones than wrong ones.
_LEAST_COVERAGE = 0.5
#: How much coverage a passage must gain to pass the one that search put before it.
_RANK_STEP = 0.1
_MOST_SENTENCES = 3
_HEADING = "#"

_WORD = re.compile(r"\w+")
_STOP = frozenset(
    _WORD.findall(
        "a an and any anyone are as at be been but by can could did do does for from get had has "
        "have hello help hey hi how i if in is it its just know like long make many me much my "
        "need no not of often on or our please possible should so tell than thank thanks that the "
        "their them then there these they this to use want was way we were what when where which "
        "who why will with would you your "
    )
)
_SENTENCE = re.compile(
    r"#[^\n]*"
    r"|\S.*?(?:[.!?][\"')\]]*(?=\s)"
    # A line break alone is only a wrapped line; a paragraph or a list item ends a sentence too.
    r"|(?=\n\s*\n)|(?=\n\s*(?:[-*+#>|]|\d+[.)])\s)|\s*\Z)",
    re.DOTALL,
)
#: The end of a line that an editor wrapped: long, and in the middle of a sentence. Many readers
#: would show it as the end of a paragraph.
_WRAPPED = re.compile(r"(?<=[^\n]{60})(?<=[\w,;])\n(?=\w)")

_WANTS_PERSON = re.compile(
    r"\b(?:speak|talk|chat|connect|transfer|put me|escalate|pass)\b[^.?!\n]{0,40}"
    r"\b(?:human|person|someone|somebody|agent|representative|operator|manager|colleague|staff)\b"
    r"|\b(?:real|live|actual|human)\s+(?:person|human|agent|being|operator)\b"
    r"|\b(?:want|need|give me|get me)\s+(?:an?\s+)?(?:human|person|agent|representative|operator)\b"
    r"|^\W*(?:a\s+)?(?:human|agent|operator|representative)(?:\s+please)?\W*$",
    re.IGNORECASE | re.MULTILINE,
)
#: Rules of its own that require a person, as operators read them.
_GRAVE_RULE = "no help page decides about money asked back, law or crime (kb-extractive's own)"
_OWN_CASE_RULE = "the customer's own case needs a look into it (kb-extractive's own)"
_GRAVE = re.compile(
    r"\b(?:refund(?:s|ed)?|chargebacks?|compensat(?:e|ed|ion)|money back|double[- ]charged|"
    r"(?:was|were|been|got) charged|lawyers?|attorneys?|lawsuit|legal|court|sue|suing|police|"
    r"fraud(?:ulent)?|hacked|stolen|gdpr)\b",
    re.IGNORECASE,
)
_OWN_CASE = re.compile(
    r"\b(?:my|our)\s+(?:\w+\s+)?(?:account|order|invoice|payment|bill|card|balance|package|parcel)s?\b"
    r"|\border\s*(?:number|no\.?|#)?\s*#?\d{3,}",
    re.IGNORECASE,
)
#: "How do I ... my invoice" asks for the way, which a page may tell.
_ASKS_THE_WAY = re.compile(r"\b(?:how|where)\s+(?:do|can|to|could|should|would)\b", re.IGNORECASE)

Stem = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The passage that fits best, and how much of the question it covers (0 to 1)."""

    passage: Fenced
    coverage: float


def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the body of a chat completions request with a `chat.completion` object.

    Questions and passages are read from the fences of the last user message. Equal requests get
    equal answers. Without a handoff tool on offer its message is said as text.

    Raises:
        LookupError, TypeError, ValueError: it is no chat completions request.
    """
    users = [message for message in request["messages"] if message["role"] == "user"]
    blocks = list(unfence(str(users[-1]["content"]))) if users else []
    question = "\n".join(block.text for block in blocks if block.kind == QUESTION)
    passages = [block for block in blocks if block.kind == PASSAGE]
    offered = [tool["function"]["name"] for tool in request.get("tools") or ()]
    message, finish = _message(question, passages, can_hand_off=HANDOFF_TOOL in offered)
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    return {
        "id": f"kb-{digest[:24]}",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def quote(question: str, passages: list[Fenced]) -> str | None:
    """Return sentences of the best passage with their source, or None if none fits."""
    stem: Stem = snowballstemmer.stemmer("english").stemWord
    asked = _terms(question, stem)
    choice = _best(asked, passages, stem)
    if choice is None or choice.coverage < _LEAST_COVERAGE:
        return None
    said = _sentences(asked, choice.passage.text, stem)
    return f"{said}\n\n{_source(choice.passage)}" if said else None


def _message(
    question: str, passages: list[Fenced], *, can_hand_off: bool
) -> tuple[dict[str, Any], str]:
    reason, rule = _reason_for_a_person(question)
    said = quote(question, passages) if reason is None else None
    if said is not None:
        return {"role": "assistant", "content": said}, "stop"
    note = FOR_A_PERSON if reason else NOT_FOUND
    if not can_hand_off:
        return {"role": "assistant", "content": note}, "stop"
    given = {"reason": reason or HandoffReason.LOW_CONFIDENCE, "message": note}
    given |= {"rule": rule} if rule else {}
    call = {
        "id": "call_handoff",
        "type": "function",
        "function": {"name": HANDOFF_TOOL, "arguments": json.dumps(given)},
    }
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def _reason_for_a_person(question: str) -> tuple[HandoffReason | None, str]:
    """Return why a person is needed, and the rule that says so, where one does."""
    if _WANTS_PERSON.search(question):
        return HandoffReason.ASKED, ""
    if _GRAVE.search(question):
        return HandoffReason.POLICY, _GRAVE_RULE
    if _OWN_CASE.search(question) and not _ASKS_THE_WAY.search(question):
        return HandoffReason.POLICY, _OWN_CASE_RULE
    return None, ""


def _terms(text: str, stem: Stem) -> set[str]:
    words = {word for word in _WORD.findall(text.lower()) if word not in _STOP}
    return {stem(word) for word in words}


def _best(asked: set[str], passages: list[Fenced], stem: Stem) -> _Choice | None:
    if not asked:
        return None
    best, best_score = None, 0.0
    for rank, passage in enumerate(passages):
        title = _terms(passage.facts.get("title", ""), stem)
        coverage = len(asked & (title | _terms(passage.text, stem))) / len(asked)
        # The title names the topic: a little more for it, and for what search put first.
        score = coverage + len(asked & title) / len(asked) * _RANK_STEP - rank * _RANK_STEP
        if best is None or score > best_score:
            best, best_score = _Choice(passage, coverage), score
    return best


def _sentences(asked: set[str], text: str, stem: Stem) -> str:
    """Cut the sentence with most of the question's terms, and what follows it on the matter."""
    text = _WRAPPED.sub(" ", text)
    spans = [found.span() for found in _SENTENCE.finditer(text) if found[0][0] != _HEADING]
    if not spans:
        return ""
    hits = [len(asked & _terms(text[start:end], stem)) for start, end in spans]
    first = last = hits.index(max(hits))
    while last + 1 < len(spans) and last - first + 1 < _MOST_SENTENCES:
        # A heading or an announcement answers nothing without the line after it.
        open_ended = not text[: spans[last][1]].endswith((".", "!", "?"))
        if not (hits[last + 1] or open_ended):
            break
        last += 1
    return text[spans[first][0] : spans[last][1]]


def _source(passage: Fenced) -> str:
    title = passage.facts.get("title") or passage.facts.get("key", "")
    url = passage.facts.get("url")
    if not url:
        return f"Source: {title}"
    shown = re.sub(r"([\[\]\\])", r"\\\1", title)
    return f"Source: [{shown}]({url})"
