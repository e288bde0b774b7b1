"""Files of a message as the model is told of them: fenced data behind the message's words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from supportbot.model.fence import FILE, fence
from supportbot.model.file import FileReason, Image, SharedFile
from supportbot.policy.cut import cut

#: No text of a file is cut below this.
_LEAST_TOKENS = 64
#: What the model is told where a file cannot be shown to it.
_NOTES = {
    FileReason.TOO_LARGE: "it is too large to be read",
    FileReason.OVER_LIMIT: "too many files came at once, this one was not read",
    FileReason.REFUSED: "it could not be fetched",
    FileReason.GONE: "it was taken back by its owner",
    FileReason.ELSEWHERE: "only a link to it was shared",
    FileReason.UNAVAILABLE: "it could not be fetched",
    FileReason.NOT_TEXT: "its kind cannot be read",
    FileReason.UNREADABLE: "it is damaged or closed by a password",
    FileReason.NO_TEXT: "it holds no text, it may be a scan",
    FileReason.EMPTY: "it is empty",
}
_UNSEEN = "a picture, which cannot be seen"
_SEEN = "a picture, shown with this message"


def fenced_files(
    came: Sequence[tuple[Mapping[str, str], SharedFile]],
    token: str,
    most_tokens: int,
    count: Callable[[str], int],
) -> list[str]:
    """Write files in fences, with facts of whoever sent them; their texts share so many tokens."""
    with_text = sum(bool(file.text) for _, file in came)
    share = max(_LEAST_TOKENS, most_tokens // max(1, with_text))
    return [
        fence(
            FILE,
            token,
            {**_facts(file), **whose},
            cut(file.text, share, count) if file.text else "",
        )
        for whose, file in came
    ]


def images_of(files: Sequence[SharedFile]) -> tuple[Image, ...]:
    """Return the pictures that are shown."""
    return tuple(one.image for one in files if one.image)


def _facts(file: SharedFile) -> dict[str, str]:
    facts = {"name": file.filename, "type": file.content_type}
    if file.image is not None:
        return {**facts, "note": _SEEN}
    if file.text is not None:
        return facts
    reason = file.reason or ""
    known = reason in list(FileReason)
    return {**facts, "note": _NOTES[FileReason(reason)] if known else _UNSEEN}
