"""What every retriever promises, as tests.

Derive a class in your own tests and override the fixture; the tests are coroutines, so run them
with pytest-asyncio in its auto mode::

    class TestMyRetriever(RetrieverContract):
        @pytest.fixture
        def make_retriever(self) -> MakeRetriever: ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest

from supportbot.knowledge.base import Retriever
from supportbot.knowledge.document import Document
from supportbot.model.question import Question

#: Gives a retriever that knows exactly these documents, by collection.
MakeRetriever = Callable[[Mapping[str, Sequence[Document]]], Awaitable[Retriever]]

_KNOWN: Mapping[str, Sequence[Document]] = {
    "help": (
        Document(
            "billing/refund.md",
            "Asking for a refund",
            "Send the invoice number to billing. A refund arrives within ten days.",
            "https://help.example.com/refund",
        ),
        Document("password.md", "Resetting a password", "Open the profile page, press Reset."),
        Document("domains.md", "Moving a domain", "Unlock the domain, then ask for its code."),
        Document("hours.md", "Opening hours", "The desk is open from nine to five."),
    ),
    "other": (
        Document("refund.md", "Refund of another product", "A refund is never given for a lamp."),
    ),
}
_ENOUGH = 10


def ask(text: str, *collections: str, before: str = "") -> Question:
    """Make a question; `before` are the turns that came earlier."""
    turns = f"{before}\n{text}" if before else text
    return Question(last=text, all=turns, collections=collections or ("help",))


class RetrieverContract:
    """Derive, override `make_retriever`, and all of this must hold."""

    @pytest.fixture
    def make_retriever(self) -> MakeRetriever:
        """Return a function that makes a retriever of documents."""
        raise NotImplementedError("override make_retriever in the derived class")

    @pytest.fixture
    async def retriever(self, make_retriever: MakeRetriever) -> Retriever:
        """A retriever of a few articles in two collections."""
        return await make_retriever(_KNOWN)

    async def test_the_best_passage_comes_first(self, retriever: Retriever) -> None:
        """A question in the words of one article finds that article first, whole and named."""
        passage = (await retriever.search(ask("how do I reset my password"), _ENOUGH))[0]
        assert passage.key.startswith("help/password.md")
        assert passage.title == "Resetting a password"
        assert passage.text == "Open the profile page, press Reset."
        assert passage.version

    async def test_a_passage_says_where_it_can_be_read(self, retriever: Retriever) -> None:
        """The URL of an article goes with its passages; there is none where it has none."""
        refund = (await retriever.search(ask("refund of an invoice"), _ENOUGH))[0]
        assert refund.url == "https://help.example.com/refund"
        assert (await retriever.search(ask("opening hours"), _ENOUGH))[0].url is None

    async def test_passages_are_ranked_from_one_and_differ(self, retriever: Retriever) -> None:
        """Ranks count 1, 2, 3 and no passage comes twice."""
        found = await retriever.search(ask("refund, password, domain, hours"), _ENOUGH)
        assert [passage.rank for passage in found] == list(range(1, len(found) + 1))
        assert len({passage.key for passage in found}) == len(found)

    async def test_no_more_than_the_limit(self, retriever: Retriever) -> None:
        """The limit holds, and the shorter list begins the longer one."""
        question = ask("refund, password, domain, hours")
        found = await retriever.search(question, _ENOUGH)
        assert list(await retriever.search(question, 2)) == list(found[:2])
        assert not await retriever.search(question, 0)

    async def test_nothing_outside_the_collections(self, retriever: Retriever) -> None:
        """What another product knows is never found."""
        for collections in (("help",), ("other",), ("help", "other")):
            found = await retriever.search(ask("refund", *collections), _ENOUGH)
            assert {passage.key.partition("/")[0] for passage in found} == set(collections)

    async def test_an_unknown_collection_holds_nothing(self, retriever: Retriever) -> None:
        """A collection that was never imported, or none at all, is no error."""
        assert not await retriever.search(ask("refund", "nowhere"), _ENOUGH)
        assert not await retriever.search(Question("refund", "refund", ()), _ENOUGH)

    @pytest.mark.parametrize("text", ["", "  \n", "?!"])
    async def test_an_empty_question_finds_nothing(self, retriever: Retriever, text: str) -> None:
        """A question without a word is no error."""
        assert not await retriever.search(ask(text), _ENOUGH)

    async def test_equal_questions_get_equal_answers(self, retriever: Retriever) -> None:
        """The order depends on the data alone."""
        question = ask("the refund of a domain", "help", "other")
        first = await retriever.search(question, _ENOUGH)
        assert list(await retriever.search(question, _ENOUGH)) == list(first)

    async def test_earlier_turns_count(self, retriever: Retriever) -> None:
        """A last turn that says nothing by itself is understood by what came before."""
        found = await retriever.search(ask("and then?", before="moving my domain"), _ENOUGH)
        assert any(passage.key.startswith("help/domains.md") for passage in found)

    async def test_a_very_long_question_is_answered(self, retriever: Retriever) -> None:
        """A pasted log of thousands of different words does no harm."""
        noise = " ".join(f"word{number}" for number in range(40_000))
        found = await retriever.search(ask(f"reset password {noise}"), _ENOUGH)
        assert found[0].key.startswith("help/password.md")

    @pytest.mark.parametrize(
        "text", ["'; DROP TABLE x; --", 'refund" OR "', "refund AND (", "100% _ \\ \x00 refund*"]
    )
    async def test_a_question_is_only_text(self, retriever: Retriever, text: str) -> None:
        """Quotes, operators and wildcards have no meaning."""
        await retriever.search(ask(text), _ENOUGH)
        assert await retriever.search(ask("refund"), _ENOUGH)
