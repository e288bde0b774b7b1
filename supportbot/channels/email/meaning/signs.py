# ruff: noqa: RUF001 - patterns of many scripts: their letters look alike on purpose
"""What gives machine mail away: patterns of senders, subjects and headers, by what they mean."""

from __future__ import annotations

import re
from typing import Final

#: Local parts behind which a mail system writes.
DAEMON_LOCAL: Final = re.compile(
    r"(?:[a-z]{1,12}[-_.])?mailer[-_.]?daemon(?:[-_.+].{0,60})?"
    r"|(?:mail|smtp|double|delivery)[-_.]?(?:daemon|bounce)s?|post[-_]?master|mdaemon"
    r"|mail[-_.]delivery[-_.](?:sub)?system|microsoftexchange[0-9a-f]{8,40}|bounces?",
)
#: Envelope senders that only a mail system uses; `postmaster` stands behind web forms too.
DAEMON_PATH: Final = re.compile(r"mailer[-_.]?daemon|double-bounce")
#: Names under which a mail system writes, with or without an address.
DAEMON_NAME: Final = re.compile(
    r"mail(?:er)?[ _-]?(?:deliver\w*[ _-]?(?:(?:sub)?system|service|agent)|daemon)"
    r"|(?:e-?mail|internet mail|message) delivery(?: (?:sub)?system| service)?"
    r"|delivery (?:sub)?system|postmaster|(?:mail|system) administrator|courier mail server"
    r"|^mail system\b",
)
NO_REPLY_LOCAL: Final = re.compile(
    r"(?:.{0,60}[-_.+])?(?:"
    r"(?:no|do[-_.]?not|don'?t|never|kein[e]?)[-_.]?"
    r"(?:reply|repl|antwort|antworten|respond|responder|respuesta|resposta|reponse|reponder)"
    r"|ne[-_.]?pas[-_.]?repondre|nicht[-_.]?antworten|bitte[-_.]?nicht[-_.]?antworten"
    r"|no[-_.]?(?:contestar|conteste|responda)|nao[-_.]?respond(?:a|er)"
    r"|non[-_.]?risponder[ei]|niet[-_.]?(?:be)?antwoorden|geen[-_.]?antwoord"
    r"|svara[-_.]?(?:inte|ej)|ej[-_.]?svar|ikke[-_.]?svar|svar[-_.]?ikke|ala[-_.]?vastaa"
    r"|nie[-_.]?odpowiadaj|neodpovidat|ne[-_.]?valaszolj|cevaplamayin|ne[-_.]?otvechat"
    r"|unmonitored"
    r")(?:[-_.+\d].{0,60})?|(?:auto|automated)[-_.]?(?:mailer|reply|respond(?:er)?|response|confirm)",
)
#: Domains behind which nobody reads: `user@noreply.host.example`.
NO_REPLY_DOMAIN: Final = re.compile(r"(?:^|\.)(?:no-?reply|do-?not-?reply)\.")
LIST_HEADERS: Final = (
    "list-id",
    "list-unsubscribe",
    "list-post",
    "feedback-id",
    "mailing-list",
    "x-mailing-list",
    "x-ml-info",
    "x-mlserver",
    "x-beenthere",
    "x-mailman-version",
)
ROLE_LOCAL: Final = frozenset({"root", "abuse", "nobody", "daemon", "cron", "system"})

#: A person answers or passes on.
BY_HAND: Final = re.compile(
    r"\s*(?:re|aw|sv|antw|odp|fwd?|wg|tr|rv|enc|vs|vb|doorst)\s?[:：]", re.IGNORECASE
)
#: Subjects of delivery reports; counted only beside another sign.
BOUNCE_SUBJECT: Final = re.compile(
    r"undeliver(?:able|ed)|undelivered|delivery (?:status notification|failure|failed|has failed"
    r"|report|status|error|problem)|mail delivery (?:failed|failure|error|status)|failed delivery"
    r"|failure notice|returned mail|return(?:ed|ing) (?:mail|message|to sender)|non[- ]?delivery"
    r"|(?:mail|message) (?:system error|failure|could not be delivered|delivery has failed"
    r"|not delivered|status)|delayed mail|message delayed|warning: (?:message|could not send)"
    r"|could not (?:send|be delivered)|error sending your mail|unzustellbar"
    r"|nicht (?:zugestellt|zustellbar)|zustell(?:ung|fehler)"
    r"|échec de (?:la )?(?:remise|distribution)"
    r"|non remis|no se (?:ha )?(?:podido|pudo) entregar|entrega fallida|mancata consegna"
    r"|onbestelbaar|niet (?:worden )?(?:afgeleverd|bezorgd)|não (?:foi )?(?:entregue"
    r"|possível entregar)"
    r"|falha na entrega|nie(?:udane)? (?:dostarcz|doręcz)|сообщение не (?:было )?доставлено"
    r"|ваше сообщение не доставлено|недоставлен|配[信達](?:エラー|できま|不能)|送信エラー"
    r"|退信|系统退信|投递失败"
    r"|are not (?:a )?member",
    re.IGNORECASE,
)
#: What a delivery report says in its first lines, when nothing else tells.
BOUNCE_TEXT: Final = re.compile(
    r"could not be delivered|(?:was|were) (?:not delivered|undeliverable)|delivery (?:has )?failed"
    r"|(?:unable|not able) to deliver|this (?:is|message was created automatically by) (?:the |a )?"
    r"mail|permanent (?:fatal )?errors?|user unknown|undeliverable|returned to (?:the )?sender"
    r"|unknown (?:user|recipient)|message (?:that )?you sent|cannot be delivered|delivery error",
    re.IGNORECASE,
)
#: Subjects of reports that a mail arrived or was opened; counted only beside another sign.
ARRIVAL_SUBJECT: Final = re.compile(
    r"\s*(?:(?:read|not read|delivered|relayed|gelesen|ungelesen gelöscht|zugestellt|übermittelt"
    r"|lu|leído|entregado|letto|consegnato|lida|lido|entregue|gelezen|bezorgd|läst|levererat"
    r"|læst|lest|levert|luettu|przeczytano|dostarczono|přečteno|прочтено|прочитано|доставлено"
    r"|開封済み|已读|已讀|읽음)\s?[:：]"
    r"|(?:success\w* (?:mail|message)? ?deliver\w*|deliver\w* (?:mail|message)? ?success\w*)"
    r"|delivery status notification \((?:success|delivered|relay)"
    r"|delivery (?:receipt|notification \(delivered)"
    r"|return receipt|read receipt|lesebestätigung|empfangsbestätigung|accusé de (?:lecture"
    r"|réception)|confirmación de (?:lectura|entrega)|conferma di (?:lettura|consegna)"
    r"|leesbevestiging|ontvangstbevestiging|läskvitto|kvittering)",
    re.IGNORECASE,
)
FEEDBACK_SUBJECT: Final = re.compile(
    r"complaint about message|abuse report|feedback report|fbl report|spam complaint"
    r"|email (?:abuse|feedback)|complaint feedback",
    re.IGNORECASE,
)
#: The subject that RFC 7489 section 7.2.1.1 prescribes for an aggregate report.
DMARC_SUBJECT: Final = re.compile(
    r"\s*(?:\[[^\]]{1,60}\]\s*)?report domain:\s*\S{1,255}\s+submitter:", re.IGNORECASE
)
#: Who sends complaints; customers write to such addresses, not from them.
FEEDBACK_LOCAL: Final = re.compile(
    r"staff|feedback.{0,40}|fbl.{0,40}|arf|scomp|jmrp|complaints?|abuse.{0,20}|dmarc.{0,40}"
)
AN_IP: Final = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
#: Fields of an ARF report (RFC 5965) and of the notices that webhooks send instead of one.
FEEDBACK_TEXT: Final = re.compile(
    r"feedback-type:\s*\w+|\"(?:notificationType|eventType)\":\s*\"Complaint\""
    r"|\"complaintFeedbackType\"",
    re.IGNORECASE,
)
BOUNCE_NOTICE: Final = re.compile(r"\"(?:notificationType|eventType)\":\s*\"Bounce\"")
ARRIVAL_NOTICE: Final = re.compile(r"\"(?:notificationType|eventType)\":\s*\"Delivery\"")
#: Header → value that marks an automatic answer; an empty pattern means: its presence does.
AUTO_HEADERS: Final = {
    "x-autoreply": r"(?!no\b)",
    "x-autorespond": r"(?!no\b)",
    "x-autoresponder": r"(?!no\b)",
    "x-autoresponse": r"(?!no\b)",
    "x-autoreply-from": r"",
    "x-mail-autoreply": r"(?!no\b)",
    "x-auto-generated": r"",
    "x-autogenerated": r"",
    "x-amazon-mail-relay-type": r"notification|autoreply",
    "x-apple-action": r"auto-?repl|vacation",
    "x-loop": r"(?:yes|true)\b",
    "x-vacation": r"",
    "x-ms-exchange-generated-message-source": r"(?:mailbox rules|antispam)",
    "x-precedence": r"auto_reply",
    "precedence": r"auto_reply",
    "x-facebook-notify": r"",
    "x-freescout-mail-type": r"auto",
    "x-otrs-loop": r"(?!no\b)",
    "holidayreply": r"",
    "machinegenerated": r"",
    "delivered-to": r"autorespon",
}
BOUNCE_HEADERS: Final = (
    "x-failed-recipients",
    "x-ms-embedded-report",
    "x-bounced-address",
    "x-mx-bounce",
    "x-mailer-daemon-recipients",
)
