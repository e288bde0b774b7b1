"""The built-in retriever: BM25 over the postings of the store, the same order on both stores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from supportbot.knowledge import bm25
from supportbot.knowledge.terms import Analyzer
from supportbot.model.completion import Passage
from supportbot.model.question import Question
from supportbot.store import knowledge as stored
from supportbot.store.database import Database
from supportbot.store.knowledge import Hit

#: How deep each ranking is read before they are fused.
_DEPTH = 20
#: Damps the first ranks (Cormack, Clarke, Buettcher, "Reciprocal Rank Fusion", 2009).
_FUSION_K = 60
#: Bounds the work for a message that somebody pasted a log into.
_MAX_QUESTION_CHARS = 100_000


class PostingsRetriever:
    """Finds passages by BM25; fuses the ranking of the last turn with that of all turns.

    The score of a passage is its best BM25 score in either ranking, its rank counts from 1.
    """

    def __init__(self, db: Database, language: str = "english") -> None:
        self._db = db
        self._analyzer = Analyzer(language)

    async def search(self, question: Question, limit: int) -> Sequence[Passage]:
        """Return at most `limit` passages of the question's collections, the best first."""
        turns = [self._count(text) for text in dict.fromkeys((question.last, question.all))]
        asked = [counts for counts in turns if counts]
        if not asked or not question.collections or limit < 1:
            return ()
        async with self._db.reading() as work:
            seen = await stored.count_terms(work, sorted(set().union(*asked)), question.collections)
            if not seen.containing:
                return ()
            rankings = [
                await stored.find(
                    work,
                    bm25.weigh_question(counts, seen.containing, seen.chunks),
                    question.collections,
                    max(limit, _DEPTH),
                )
                for counts in asked
            ]
        return [_passage(hit, rank) for rank, hit in enumerate(fused(rankings)[:limit], 1)]

    def _count(self, text: str) -> dict[str, int]:
        return dict(self._analyzer.count_question(text[:_MAX_QUESTION_CHARS]))


def fused(rankings: Iterable[Sequence[Hit]]) -> list[Hit]:
    """Join rankings by reciprocal rank; among equals the earlier ranking's order decides. Pure."""
    best: dict[tuple[str, str, int], Hit] = {}
    points: dict[tuple[str, str, int], float] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, 1):
            place = (hit.collection, hit.document, hit.ordinal)
            if place not in best or hit.score > best[place].score:
                best[place] = hit
            points[place] = points.get(place, 0.0) + 1 / (_FUSION_K + rank)
    # Sorting is stable and `points` is in the order of the first ranking, then of the second.
    return [best[place] for place in sorted(points, key=points.__getitem__, reverse=True)]


def _passage(hit: Hit, rank: int) -> Passage:
    return Passage(
        key=f"{hit.collection}/{hit.document}#{hit.ordinal}",
        title=hit.title,
        text=hit.body,
        url=hit.url,
        version=hit.sha256,
        score=hit.score,
        rank=rank,
    )
