from __future__ import annotations

from supportbot.model.inbound import ActionKind
from supportbot.orchestrator.storable import storable
from supportbot.testing import said


def test_text_at_any_depth_is_made_storable() -> None:
    heard = said(
        "a\x00b\ud800", thread_keys=("k\x00",), target={"to\x00": "x\udfff"}, subject="\x00"
    )
    clean = storable(heard)
    assert clean.text == "a\ufffdb\ufffd"
    assert clean.thread_keys == ("k\ufffd",)
    assert clean.target == {"to\ufffd": "x\ufffd"}
    assert clean.subject == "\ufffd"
    assert clean.sender == heard.sender


def test_what_is_storable_stays_as_it_is() -> None:
    heard = said("grüße 🎉\n\tzwei", by="ada")
    assert storable(heard) == heard
    assert storable(ActionKind.ESCALATE) is ActionKind.ESCALATE
