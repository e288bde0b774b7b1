"""Reading `policies/org.md` and `policies/products/*.md`: every problem is found in one go."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from supportbot.errors import PolicyError
from supportbot.model.catalog import Mode
from supportbot.policy.front import Front, Place, read_front

#: Id of the layer that holds for every product.
ORG = "org"

_PRODUCT_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

#: Keys of the policy format that a later version will enforce. To ignore them would be a lie.
_PLANNED = frozenset(
    [
        *("scope", "escalate", "tests", "locales", "reviewers", "effective_from"),
        *("effective_until", "voice", "glossary", "pii", "limits", "model", "hints"),
        *("shadow", "draft", "auto"),  # delivery by intent
        *("abstain", "minimum_evidence"),  # knowledge
        *("confirm", "identity", "once_per", "approval", "args", "establishes"),  # tools
    ]
)

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Delivering(_Section):
    """`delivery`: whether replies may leave by themselves."""

    default: Mode | None = None


class Knowing(_Section):
    """`knowledge`: which collections an answer may quote, and whether it must."""

    collections: tuple[_Text, ...] | None = None
    cite: Literal["required", "optional"] | None = None


class Allowing(_Section):
    """One entry of `tools`: what the tool may do."""

    access: Literal["read", "write"]


class FrontMatter(_Section):
    """All that may stand between the `---` lines of a policy file."""

    policy_schema: Literal["supportbot/policy.v1"] = "supportbot/policy.v1"
    id: _Text | None = None
    name: _Text | None = None
    extends: Literal["org"] | None = None
    owner: _Text | None = None
    delivery: Delivering = Delivering()
    knowledge: Knowing = Knowing()
    tools: Mapping[_Text, Allowing] | None = None
    never: tuple[_Text, ...] = ()
    canned: Mapping[_Text, _Text] = {}
    #: Whether an edit that changes the meaning of an answered question is answered too.
    answer_edits: bool | None = None
    select: Literal["all"] = "all"


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """One layer: its rules for the program and its body for the model, verbatim."""

    path: Path
    #: `org`, or the key of the product.
    id: str
    front: FrontMatter = field(default_factory=FrontMatter)
    body: str = ""


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """What a folder holds. A file with a problem is left out and named in `problems`."""

    org: PolicyFile | None
    products: Mapping[str, PolicyFile]
    problems: tuple[PolicyError, ...]


def load_policies(folder: Path) -> PolicyFiles:
    """Read the policies of a bot folder (`folder` is `policies/`). Nothing is raised."""
    problems: list[PolicyError] = []
    org_path = folder / "org.md"
    org = _load(org_path, problems) if org_path.exists() else None
    products = {}
    for path in sorted((folder / "products").glob("*.md")):
        if (product := _load(path, problems)) is None:
            continue
        products[product.id] = product
        if product.front.extends and not org_path.exists():
            problems.append(PolicyError(f"it extends org, but {org_path} is missing", path=path))
    if not products and not problems:
        problems.append(
            PolicyError("there is no product; write one as <id>.md", path=folder / "products")
        )
    return PolicyFiles(org, products, tuple(problems))


def parse_policy(path: Path, text: str) -> PolicyFile:
    """Understand one policy file; its id is the stem of `path`. Pure.

    Raises:
        ExceptionGroup: of PolicyError, one for each problem, in the order of lines.
    """
    front = read_front(text)
    problems = list(front.problems)
    matter = FrontMatter()
    if not problems:
        try:
            matter = FrontMatter.model_validate(_renamed(front.data))
        except ValidationError as error:
            problems += _explained(error, front)
    problems += _id_problems(path, front)
    if problems:
        raise ExceptionGroup(
            f"{path} has problems",
            [PolicyError(said, path=path, line=line) for line, said in sorted(problems)],
        )
    return PolicyFile(path, path.stem, matter, front.body)


def _load(path: Path, problems: list[PolicyError]) -> PolicyFile | None:
    try:
        return parse_policy(path, path.read_bytes().decode())
    except OSError as error:
        problems.append(PolicyError(f"cannot be read: {error.strerror}", path=path))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.append(PolicyError("not UTF-8 text; save it as UTF-8", path=path, line=line))
    except ExceptionGroup as group:
        problems.extend(error for error in group.exceptions if isinstance(error, PolicyError))
    return None


def _renamed(data: Mapping[str, object]) -> dict[str, object]:
    # `schema` is a name pydantic keeps for itself; `policy_schema` is not a key of the format.
    return {
        {"schema": "policy_schema", "policy_schema": "policy_schema?"}.get(key, key): value
        for key, value in data.items()
    }


def _id_problems(path: Path, front: Front) -> Iterator[tuple[int, str]]:
    given = front.data.get("id", path.stem)
    if not _PRODUCT_ID.fullmatch(path.stem):
        yield 1, "a policy file is named by lower-case letters, digits, - and _, such as shop.md"
    if isinstance(given, str) and given.strip() not in ("", path.stem):
        line = front.lines["id",]
        yield line, f"id is {given!r}, but the file is named {path.stem!r}; make them equal"
    if path.stem == ORG and "extends" in front.data:
        yield front.lines["extends",], "org is the first layer and extends nothing"


def _explained(error: ValidationError, front: Front) -> Iterator[tuple[int, str]]:
    for problem in error.errors(include_url=False):
        place: Place = tuple(
            "schema" if part == "policy_schema" else part for part in problem["loc"]
        )
        yield _line_of(place, front), _said(place, problem["type"], problem["msg"])


def _line_of(place: Place, front: Front) -> int:
    while place and place not in front.lines:
        place = place[:-1]
    return front.lines.get(place, 1)


def _said(place: Place, kind: str, message: str) -> str:
    name = ".".join(str(part) for part in place)
    if place == ("select",):
        return "select: only `all` is supported in this version"
    if kind != "extra_forbidden":
        return f"{name}: {message}"
    key = str(place[-1]).removesuffix("?")
    if key in _PLANNED:
        return f"{name} is not supported yet in this version; remove it"
    known = _known_keys(place[:-1])
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known keys are {', '.join(known)}"
    return f"unknown key {name}; {hint}"


def _known_keys(parent: Place) -> tuple[str, ...]:
    sections: dict[str, type[_Section]] = {
        "delivery": Delivering,
        "knowledge": Knowing,
        "tools": Allowing,
    }
    section: type[_Section] = sections[str(parent[0])] if parent else FrontMatter
    return tuple("schema" if name == "policy_schema" else name for name in section.model_fields)
