from __future__ import annotations

import json
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from supportbot.knowledge.document import Document
from supportbot.knowledge.read import Reading, read_article, read_collection, read_rows


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files; `__` in a name stands for a dot, `_in_` for a folder."""
    for name, content in files.items():
        path = folder / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def write_pdf(path: Path, text: str) -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    content = DecodedStreamObject()
    content.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode())
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.write(path)


def said(reading: Reading) -> list[str]:
    return [str(problem) for problem in reading.problems]


def test_documents_are_keyed_by_path_and_ordered(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        deep_in_b__md="# B\n\nbody",
        a__txt="plain\r\ntext",
        reset_my_password__txt="x",
        page__html="<h1>P</h1><p>body",
    )
    assert read_collection(folder).documents == (
        Document("a.txt", "a", "plain\ntext"),
        Document("deep/b.md", "B", "body"),
        Document("page.html", "P", "body"),
        Document("reset_my_password.txt", "reset my password", "x"),
    )


def test_other_and_hidden_files_are_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path, __hidden__md="x", __git_in_a__md="x", logo__png=b"\x89PNG", a__md="x")
    reading = read_collection(folder)
    assert [document.key for document in reading.documents] == ["a.md"]
    assert reading.ignored == (folder / "logo.png",)
    assert not reading.problems


def test_every_problem_is_found_in_one_go(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        empty__md=" \n",
        front__md="---\nauthor: me\n---\nx",
        good__md="good",
        latin__txt="one\ntw\u00f6".encode("latin-1"),
        rows__jsonl='{"id": "1", "title": "T", "text": "x"}\n' * 2,
        url__md="---\nurl: javascript:alert(1)\n---\nx",
        z__pdf=b"%PDF-1.7 broken",
    )
    reading = read_collection(folder)
    assert [document.key for document in reading.documents] == ["1", "good.md"]
    expected = [
        "empty.md: empty.md has no text",
        "front.md:2: unknown key 'author'",
        "latin.txt:2: not UTF-8 text; save it as UTF-8",
        "rows.jsonl: 1 stands twice in this collection",
        "url.md: url of url.md must begin with https:// or http://",
        "z.pdf: not a readable PDF",
    ]
    assert len(said(reading)) == len(expected)
    for problem, wanted in zip(said(reading), expected, strict=True):
        assert problem.startswith(f"{folder}/{wanted}")


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    assert said(read_collection(tmp_path / "no")) == [
        f"{tmp_path}/no: there is no such file or folder"
    ]


def test_a_single_file_is_a_collection(tmp_path: Path) -> None:
    write(tmp_path, a__md="x", b__md="y")
    assert [one.key for one in read_collection(tmp_path / "a.md").documents] == ["a.md"]


def test_a_pdf_gives_its_text(tmp_path: Path) -> None:
    write_pdf(tmp_path / "price-list.pdf", "The small plan costs five.")
    assert read_collection(tmp_path).documents == (
        Document("price-list.pdf", "price list", "The small plan costs five."),
    )


def test_a_pdf_without_text_is_a_problem(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", "")
    assert "a scanned PDF needs OCR first" in said(read_collection(tmp_path))[0]


def test_an_encrypted_pdf_is_a_problem(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(tmp_path / "locked.pdf")
    assert "not a readable PDF" in said(read_collection(tmp_path))[0]


def test_a_page_may_name_its_own_encoding() -> None:
    page = '<meta charset="iso-8859-1"><p>sch\u00f6n'.encode("latin-1")
    assert read_article(Path("a.html"), page).text == "sch\u00f6n"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "a row must be an object"),
        ('{"id": "a", "title": "", "text": "x"}', "title must be text"),
        ('{"id": 1, "title": "t", "text": "x"}', "id must be text"),
        ('{"id": "a", "title": "t", "text": "x", "tag": 1}', "unknown key 'tag'"),
        ('{"id": "a", "title": "t", "text": "x", "url": 1}', "url must be text"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(row: str, problem: str) -> None:
    (found,) = read_rows(Path("rows.jsonl"), f"\n{row}\n")
    assert str(found).startswith(f"rows.jsonl:2: {problem}")


def test_a_row_keeps_its_id_and_loses_what_no_database_takes() -> None:
    row = json.dumps({"id": "k/1", "title": " T\n t", "text": "a\x00b\ud800", "url": "https://x.y"})
    assert list(read_rows(Path("rows.jsonl"), row)) == [Document("k/1", "T t", "ab", "https://x.y")]
