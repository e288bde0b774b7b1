"""Reading a Markdown article: strict front matter (`title`, `url`), and text without comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

from supportbot.errors import KnowledgeError
from supportbot.knowledge.document import Article

_FENCE = "---"
_KEYS = ("title", "url")
#: Code is matched first, so that a comment inside it stays.
_COMMENT = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>```+|~~~+).*?^ {0,3}(?P=fence)|`[^`\n]*`)|<!--.*?(?:-->|\Z)",
    re.DOTALL | re.MULTILINE,
)


def read_markdown(path: Path, text: str) -> Article:
    r"""Read one article, whose line ends are `\n`; `path` only names the place of errors. Pure.

    Raises:
        KnowledgeError: the front matter is not `title` and `url`; names the line.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return titled(_without_comments(text))
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise KnowledgeError("the front matter has no closing `---` line", path=path, line=1)
    front = _front(path, "\n".join(lines[1:end]))
    body = _without_comments("\n".join(lines[end + 1 :]))
    found = titled(body)
    if "title" in front:
        return Article(body.strip(), front["title"], front.get("url"))
    return Article(found.text, found.title, front.get("url"))


def titled(text: str) -> Article:
    """Take the first heading as the title; where it opens the text it is not repeated there."""
    tokens = MarkdownIt("commonmark").parse(text)
    for n, token in enumerate(tokens):
        if token.type != "heading_open" or token.map is None:
            continue
        shown = (tokens[n + 1].children or []) if n + 1 < len(tokens) else []
        title = "".join(part.content or " " for part in shown if part.type != "image")
        rest = "\n".join(text.split("\n")[token.map[1] :])
        opens = n == 0 and rest.strip()
        return Article((rest if opens else text).strip(), " ".join(title.split()) or None)
    return Article(text.strip())


def _without_comments(text: str) -> str:
    return _COMMENT.sub(lambda found: found["code"] or "", text)


def _front(path: Path, text: str) -> Mapping[str, str]:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise KnowledgeError(f"not YAML: {error.problem}", path=path, line=line) from error
    except yaml.YAMLError as error:
        raise KnowledgeError(f"not YAML: {error}", path=path, line=1) from error
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise KnowledgeError("the front matter must be `key: value` lines", path=path, line=2)
    found: dict[str, str] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 2
        key = str(key_node.value)
        if problem := _problem(key, value_node, found):
            raise KnowledgeError(problem, path=path, line=line)
        # The text as it was written: a title `No` or `1.20` is what it says.
        found[key] = str(value_node.value).strip()
    return found


def _problem(key: str, value: yaml.Node, found: Mapping[str, str]) -> str | None:
    if key not in _KEYS:
        return f"unknown key {key!r}; known keys are {', '.join(_KEYS)}"
    if key in found:
        return f"{key} stands twice"
    if not isinstance(value, yaml.ScalarNode) or not str(value.value).strip():
        return f"{key} must be text"
    return None
