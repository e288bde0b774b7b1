"""The targets on real mail (facts and licences stand beside the data); skipped where it is absent.

`make bench` prints the figures and what was missed.
"""

from __future__ import annotations

import time

import pytest

from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.reading.parse import parse_mail
from tests.mail.development import FOLDER, all_mails, measures, samples

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no development mails at {FOLDER}")


#: `C:\\TEMP\\x.png` is expected as `C:TEMPx.png`; we take the base name of the path, on purpose.
OTHERWISE_ON_PURPOSE = {"attachment names": ["mime/legacy_035.eml"]}


def test_every_target_is_reached() -> None:
    found = measures()
    assert min(one.total for one in found) > 0
    missed = {one.name: one.missed for one in found if not one.reached}
    assert missed == OTHERWISE_ON_PURPOSE


def test_message_ids_are_read_exactly() -> None:
    for sample in samples("mime"):
        wanted = sample.expected["message_id"] or ""
        assert (parse_mail(sample.raw).message_id or "").strip("<>") == wanted, sample.name


def test_no_mail_takes_two_seconds() -> None:
    for raw in all_mails():
        started = time.thread_time()
        judge(Evidence(parse_mail(raw)))
        assert time.thread_time() - started < 2.0
