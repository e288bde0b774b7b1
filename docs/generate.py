"""Write the pages that are generated from the code: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from supportbot.app.watching_page import write_watching_page
from supportbot.channels.email.meaning.rules_page import write_rules_page
from supportbot.channels.slack.manifest import write_manifest
from supportbot.reports.page import write_page
from supportbot.settings.pages import write_pages

ROOT = Path(__file__).parent.parent

for written in [
    *write_pages(ROOT),
    write_page(ROOT),
    write_watching_page(ROOT),
    write_rules_page(ROOT),
    write_manifest(ROOT),
]:
    sys.stdout.write(f"{written.relative_to(ROOT)}\n")
