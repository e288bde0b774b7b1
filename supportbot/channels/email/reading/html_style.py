"""What a reader can see of an HTML element: by its styles, its colours, and those around it.

Only what hides text is read: no display, no size, a place off the page, no contrast.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

Colour = tuple[int, int, int]
#: Property → value, both in lower case and without white space.
Declarations = Mapping[str, str]
#: Simple selector → what it declares.
StyleSheet = Mapping[str, Declarations]

_BLACK: Final = (0, 0, 0)
_WHITE: Final = (255, 255, 255)
#: A reader tells two colours apart if one of their parts differs by as much.
_LEAST_CONTRAST: Final = 16
_SHORT_HEX: Final = 3
_MAX_STYLE_CHARS: Final = 4_000
_MAX_SHEET_CHARS: Final = 200_000
_MAX_CLASSES: Final = 10

#: Nothing, or as good as nothing, in any unit.
_NOTHING: Final = re.compile(r"(?:0{1,9}(?:\.0{0,9})?|\.0{1,9})(?:px|pt|r?em|%|ex|cm|mm|in|v[wh])?")
_TINY: Final = re.compile(r"(?:0{0,9}[01]?(?:\.0{0,9})?|0{0,9}\.\d{1,9})(?:px|pt)")
#: A size in terms of the size around it.
_RELATIVE: Final = re.compile(r"[\d.]{1,10}(?:em|%|ex)|larger|smaller|inherit|unset")
_FAR_AWAY: Final = re.compile(r"-(?:\d{4,6}|999)(?:\.\d{1,4})?(?:px|pt|em|%|cm|mm|in)?")
_CLIPPED: Final = re.compile(r"rect\([01](?:px)?,?[01]|inset\((?:50|100)%|circle\(0")
_HEX: Final = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})(?:[0-9a-f]{1,2})?")
_RGB: Final = re.compile(r"rgba?\((\d{1,3}),(\d{1,3}),(\d{1,3})(?:,([\d.]{1,8}))?\)")
_SELECTOR: Final = re.compile(r"[a-z][a-z0-9]{0,20}|(?:[a-z][a-z0-9]{0,20})?[.#][\w\-]{1,80}")
_CSS_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
_BRACE: Final = re.compile(r"[{}]")
_INHERITED: Final = frozenset({"", "inherit", "currentcolor", "initial", "unset"})
_SEE_THROUGH: Final = frozenset({"none", "transparent"})
_NAMED: Final[Mapping[str, Colour]] = {
    "white": _WHITE,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "ghostwhite": (248, 248, 255),
    "whitesmoke": (245, 245, 245),
    "window": _WHITE,
    "black": _BLACK,
    "windowtext": _BLACK,
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "silver": (192, 192, 192),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "navy": (0, 0, 128),
    "yellow": (255, 255, 0),
}


class Look(NamedTuple):
    """How an element is shown."""

    #: Hidden with all that it holds.
    hidden: bool = False
    #: Its text is too small to be seen; what it holds may be larger.
    tiny: bool = False
    #: None: not known.
    colour: Colour | None = _BLACK
    ground: Colour | None = _WHITE

    @property
    def unseen(self) -> bool:
        """True if a reader can't see text right here."""
        return self.hidden or self.tiny or _alike(self.colour, self.ground)


def style_sheet(css: str) -> StyleSheet:
    """Read the simple rules of `<style>` elements; what holds for some screens only is left out."""
    found: dict[str, Declarations] = {}
    for selectors, body in _rules(_CSS_COMMENT.sub("", css[:_MAX_SHEET_CHARS].lower())):
        declared = _declarations(body)
        for selector in selectors.rpartition(";")[2].split(","):
            name = selector.strip()
            if _SELECTOR.fullmatch(name):
                found[name] = {**found.get(name, {}), **declared}
    return found


def look(tag: str, facts: Mapping[str, str], around: Look, sheet: StyleSheet) -> Look:
    """Return how an element is shown that stands inside of `around`."""
    style = _style(tag, facts, sheet)
    return Look(
        hidden=around.hidden or _hides(facts, style),
        tiny=_tiny(style, around=around.tiny) or _see_through(_colour_of(facts, style)),
        colour=_colour(facts, style, around.colour),
        ground=_ground(facts, style, around.ground),
    )


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Give the rules at the top level; those within `@media` and the like hold for some only."""
    depth = start = body = 0
    for brace in _BRACE.finditer(css):
        if brace[0] == "{":
            body = body if depth else brace.end()
            depth += 1
        elif depth:
            depth -= 1
            if not depth and "@" not in css[start:body]:
                yield css[start : body - 1], css[body : brace.start()]
        if not depth:
            start = brace.end()


def _declarations(text: str) -> Declarations:
    pairs = (part.partition(":") for part in "".join(text[:_MAX_STYLE_CHARS].split()).split(";"))
    return {name: value.removesuffix("!important") for name, colon, value in pairs if colon}


def _style(tag: str, facts: Mapping[str, str], sheet: StyleSheet) -> Declarations:
    own = _declarations(facts.get("style", "").lower())
    if not sheet:
        return own
    classes = facts.get("class", "").lower().split()[:_MAX_CLASSES]
    names = [tag]
    for mark in (*(f".{name}" for name in classes), f"#{facts.get('id', '').lower()}"):
        names += [mark, f"{tag}{mark}"]
    found: dict[str, str] = {}
    for name in names:
        found.update(sheet.get(name, {}))
    return {**found, **own}


def _hides(facts: Mapping[str, str], style: Declarations) -> bool:
    clipped = "hidden" in style.get("overflow", "")
    sides = ("height", "width") if clipped else ()
    return (
        "hidden" in facts
        or facts.get("aria-hidden", "").lower() == "true"
        or style.get("display") == "none"
        or style.get("visibility") in {"hidden", "collapse"}
        or style.get("mso-hide") == "all"
        or any(
            name in style and _NOTHING.fullmatch(style[name]) is not None
            for name in ("opacity", "max-height", *sides)
        )
        or any(
            _FAR_AWAY.fullmatch(style.get(name, "")) is not None
            for name in ("text-indent", "left", "right", "top", "bottom", "margin-left")
        )
        or any(_CLIPPED.match(style.get(name, "")) for name in ("clip", "clip-path"))
        or style.get("transform", "").startswith("scale(0)")
    )


def _tiny(style: Declarations, *, around: bool) -> bool:
    size = style.get("font-size") or style.get("font", "").partition("/")[0]
    if not size or _RELATIVE.fullmatch(size):
        return around or (bool(size) and _NOTHING.fullmatch(size) is not None)
    return any(shape.fullmatch(size) for shape in (_NOTHING, _TINY))


def _colour(facts: Mapping[str, str], style: Declarations, around: Colour | None) -> Colour | None:
    value = _colour_of(facts, style)
    return around if value in _INHERITED else _read(value)


def _colour_of(facts: Mapping[str, str], style: Declarations) -> str:
    return style.get("color") or facts.get("color") or facts.get("text") or ""


def _ground(facts: Mapping[str, str], style: Declarations, around: Colour | None) -> Colour | None:
    image = facts.get("background") or style.get("background-image", "none") != "none"
    value = style.get("background-color") or style.get("background") or facts.get("bgcolor", "")
    if image:
        return None
    return around if value in _INHERITED or _see_through(value) else _read(value)


def _see_through(value: str) -> bool:
    rgb = _RGB.fullmatch(value)
    bare = rgb is not None and rgb[4] is not None and _NOTHING.fullmatch(rgb[4]) is not None
    return bare or value in _SEE_THROUGH


def _read(value: str) -> Colour | None:
    """Read a colour; None where it cannot be told."""
    value = "".join(value.lower().split()).strip("'\"")
    if rgb := _RGB.fullmatch(value):
        return min(int(rgb[1]), 255), min(int(rgb[2]), 255), min(int(rgb[3]), 255)
    if found := _HEX.fullmatch(value):
        short = len(found[1]) == _SHORT_HEX
        digits = "".join(char * 2 for char in found[1]) if short else found[1]
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    return _NAMED.get(value)


def _alike(colour: Colour | None, ground: Colour | None) -> bool:
    if colour is None or ground is None:
        return False
    return all(abs(a - b) < _LEAST_CONTRAST for a, b in zip(colour, ground, strict=True))
