"""Real mail servers on loopback, where they are installed: Dovecot (IMAP, LMTP) and Postfix.

Each runs from a folder of its own with its own ports and leaves the machine's own servers alone.
Debian: `apt-get install --no-install-recommends dovecot-core dovecot-imapd dovecot-lmtpd
dovecot-sieve postfix`; root is needed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import smtplib
import socket
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_START_SECONDS: Final = 20.0
_MASTER: Final = Path("/usr/share/postfix/master.cf.dist")
_MASTER_COLUMNS: Final = 8
_DOVECOT: Final = """\
base_dir={d}/run
state_dir={d}/state
log_path={d}/dovecot.log
protocols=imap lmtp
listen=127.0.0.1
ssl=no
disable_plaintext_auth=no
auth_username_format=%n
recipient_delimiter=+
default_internal_user=dovecot
default_internal_group=dovecot
default_login_user=dovenull
first_valid_uid=1
mail_location=maildir:{d}/home/%n/Maildir
submission_host=127.0.0.1:{submission}
passdb {{
driver=static
args=password=secret
}}
userdb {{
driver=static
args=uid=nobody gid=nogroup home={d}/home/%n allow_all_users=yes
}}
service imap-login {{
chroot=
inet_listener imap {{
port={imap}
}}
inet_listener imaps {{
port=0
}}
}}
service anvil {{
chroot=
}}
service lmtp {{
inet_listener lmtp {{
port={lmtp}
}}
}}
namespace inbox {{
inbox=yes
mailbox Junk {{
special_use=\\Junk
auto=create
}}
mailbox Sent {{
special_use=\\Sent
auto=create
}}
}}
protocol lmtp {{
mail_plugins=sieve
}}
plugin {{
sieve=file:{d}/home/%n/sieve;active={d}/home/%n/.dovecot.sieve
}}
"""


def missing_for_mail_servers(*programs: str) -> str | None:
    """Say in one line what keeps these servers from running here; None: nothing does."""
    absent = [name for name in programs if shutil.which(name, path=_path()) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    return None if os.geteuid() == 0 else "mail servers of one's own need root"


@dataclass
class Dovecot:
    """Every user exists, with the password `secret`; `start` again after `stop` or `kill`."""

    folder: Path
    imap: int
    lmtp: int
    submission: int
    process: Process | None = field(default=None, repr=False)

    async def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = await asyncio.create_subprocess_exec(
            "dovecot",
            *("-F", "-c", str(self.folder / "dovecot.conf")),
            env={"PATH": _path()},
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )
        await _answers(self.imap)
        await _answers(self.lmtp)

    async def stop(self) -> None:
        """Stop it in an orderly way; clients are told BYE."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """Let it and all its connections vanish at once."""
        await self._end(signal.SIGKILL)

    async def deliver(self, recipient: str, raw: bytes) -> None:
        """Put a mail into a mailbox by LMTP, as an MTA does."""

        def hand_over() -> None:
            with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
                client.sendmail("someone@cust.example", recipient, raw)

        await asyncio.to_thread(hand_over)

    async def _end(self, how: signal.Signals) -> None:
        if self.process is None or self.process.returncode is not None:
            return
        if how is signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        await self.process.wait()
        await _is_silent(self.imap)
        await _is_silent(self.lmtp)


@asynccontextmanager
async def dovecot(submission: int = 0) -> AsyncIterator[Dovecot]:
    """Run Dovecot; vacation answers of Sieve leave by the SMTP port `submission`."""
    folder = _folder("dovecot")
    server = Dovecot(folder, free_port(), free_port(), submission)
    (folder / "home").mkdir()
    values = {"d": folder, "imap": server.imap, "lmtp": server.lmtp, "submission": submission}
    (folder / "dovecot.conf").write_text(_DOVECOT.format(**values), encoding="ascii")
    await _run("chown", "-R", "nobody:nogroup", str(folder))
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def postfix(settings: Mapping[str, str]) -> AsyncIterator[int]:
    """Run a private Postfix with these settings of main.cf; gives its SMTP port."""
    folder, port = _folder("postfix"), free_port()
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    await _run("chown", "postfix", str(folder / "data"))
    usual = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/spool",
        "data_directory": f"{folder}/data",
        "command_directory": "/usr/sbin",
        "daemon_directory": "/usr/lib/postfix/sbin",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "mx.bot.example",
        "mynetworks": "127.0.0.0/8",
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "alias_database": "",
        "recipient_delimiter": "+",
        "smtputf8_enable": "yes",
        "maillog_file": f"{folder}/mail.log",
        "maillog_file_prefixes": str(folder),
        "queue_run_delay": "3s",
        "minimal_backoff_time": "2s",
        "maximal_backoff_time": "2s",
    }
    lines = [f"{name} = {value}" for name, value in {**usual, **settings}.items()]
    (folder / "etc" / "main.cf").write_text("\n".join(lines) + "\n", encoding="ascii")
    (folder / "etc" / "master.cf").write_text(_master(port), encoding="ascii")
    try:
        await _run("postfix", "-c", f"{folder}/etc", "start")
        await _answers(port)
        yield port
    finally:
        await _run("postfix", "-c", f"{folder}/etc", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _master(port: int) -> str:
    """Return the usual services, none in a chroot, SMTP on this port."""
    text = _MASTER.read_text(encoding="ascii").partition("\nmaildrop")[0]
    return "".join(f"{_service(line, port)}\n" for line in text.splitlines())


def _service(line: str, port: int) -> str:
    words = line.split()
    if not line[:1].isalnum() or len(words) < _MASTER_COLUMNS:
        return line
    if words[:2] == ["smtp", "inet"]:
        words[0] = str(port)
    return " ".join([*words[:4], "n", *words[5:]])


def _folder(name: str) -> Path:
    """Make a folder that the servers' own users can pass through."""
    # Their sockets lie in there, whose paths must be short.
    folder = Path(tempfile.mkdtemp(prefix=f"supportbot-{name}-"))
    folder.chmod(0o755)
    return folder


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, env={"PATH": _path()}, stdout=DEVNULL, stderr=DEVNULL
    )
    if await process.wait() != 0:
        raise RuntimeError(f"{' '.join(command)} failed")


async def _answers(port: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while not await _listens(port):  # noqa: ASYNC110 - another process opens it
            await asyncio.sleep(0.05)


async def _is_silent(port: int) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while await _listens(port):  # noqa: ASYNC110 - another process closes it
            await asyncio.sleep(0.05)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
