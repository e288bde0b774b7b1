"""The pictures of docs/: each surface has one, each is shown on a page, none is heavy."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from tests.browser.chromium import browser, program
from tests.pictures.run import PICTURES, taken
from tests.pictures.surfaces import SURFACES

DOCS = PICTURES.parent
_MOST_BYTES = 150_000
_PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+\.png)\)")


def _shown() -> list[tuple[str, Path]]:
    """Return the words beside each picture of all pages, and its file."""
    return [
        (words, (page.parent / target).resolve())
        for page in DOCS.rglob("*.md")
        for words, target in _PICTURE.findall(page.read_text(encoding="utf-8"))
    ]


def test_each_surface_has_its_picture_and_no_other_lies_about() -> None:
    wanted = {f"slack-{surface.name}.png" for surface in SURFACES}
    assert {path.name for path in PICTURES.iterdir()} == wanted


def test_each_picture_is_shown_on_a_page_with_words() -> None:
    shown = _shown()
    assert {path for _, path in shown} == {path.resolve() for path in PICTURES.iterdir()}
    assert all(words.strip() for words, _ in shown)


def test_each_section_about_slack_has_one_picture() -> None:
    page = (DOCS / "explanation" / "slack-surfaces.md").read_text(encoding="utf-8")
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    assert len(sections) == len(SURFACES)
    assert [len(_PICTURE.findall(section)) for section in sections] == [1] * len(sections)


@pytest.mark.parametrize("path", sorted(PICTURES.iterdir()), ids=lambda path: path.name)
def test_picture_is_small_and_has_a_size(path: Path) -> None:
    picture = path.read_bytes()
    assert len(picture) <= _MOST_BYTES
    width, height = _size(picture)
    assert 500 <= width <= 1000
    assert 300 <= height <= 1200


@pytest.mark.skipif(program() is None, reason="no Chromium is installed")
async def test_picture_can_be_made_again() -> None:
    surface = next(one for one in SURFACES if one.name == "packet")
    async with browser() as page:
        assert _size(await taken(page, surface))[0] > 500


def _size(picture: bytes) -> tuple[int, int]:
    """Return width and height: https://www.w3.org/TR/png-3/#11IHDR."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    return width, height
