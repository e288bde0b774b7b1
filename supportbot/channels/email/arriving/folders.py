"""Which folders of a mailbox are never read: what lies there was not sent to us, or not wanted."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

#: RFC 6154. `\All` shows what was sent, and what was thrown away, a second time.
_SPECIAL: Final = frozenset({"\\junk", "\\sent", "\\drafts", "\\trash", "\\all"})
#: The last part of their names where a server gives no attributes, in lower case.
_USUAL: Final = frozenset({
    "junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk mail",
    "sent", "sent items", "sent mail", "sent messages", "outbox",
    "draft", "drafts", "trash", "bin", "deleted", "deleted items", "deleted messages",
    "gesendet", "gesendete elemente", "gesendete objekte", "postausgang", "entwürfe",
    "papierkorb", "gelöschte elemente", "junk-e-mail",
    "envoyés", "éléments envoyés", "messages envoyés", "brouillons", "corbeille",
    "éléments supprimés", "courrier indésirable", "indésirables",
    "enviados", "elementos enviados", "borradores", "papelera", "correo no deseado",
    "posta inviata", "inviati", "bozze", "cestino", "posta indesiderata",
    "verzonden", "verzonden items", "concepten", "prullenbak", "ongewenste e-mail",
    "itens enviados", "rascunhos", "lixeira", "lixo eletrônico",
    "skickat", "utkast", "papperskorgen", "skräppost", "wysłane", "kosz",
})  # fmt: skip


def is_set_aside(name: str, attributes: Collection[str] = ()) -> bool:
    """Tell whether a folder is one for junk, sent mail, drafts or trash. Pure."""
    if any(attribute.lower() in _SPECIAL for attribute in attributes):
        return True
    # Servers divide names by a slash or a dot, as in `[Gmail]/Spam` and `INBOX.Sent`.
    return re.split(r"[/.]", name)[-1].strip().lower() in _USUAL
