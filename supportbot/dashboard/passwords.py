"""Hashing passwords: slow on purpose, therefore in a thread, and only a few at a time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pwdlib import PasswordHash

from supportbot.errors import AccessError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 1024
#: One hash takes 64 MiB while it is made.
_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right, and its new hash where the old one is out of date."""

    right: bool
    new_hash: str | None = None


class Passwords:
    """Makes and checks argon2 hashes."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def make_hash(self, password: str) -> str:
        """Hash a new password.

        Raises:
            AccessError: it is too short or too long.
        """
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise AccessError(f"A password needs {MIN_CHARACTERS} to {MAX_CHARACTERS} characters.")
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, password: str, known_hash: str | None) -> Verdict:
        """Compare a password with a hash; without one it takes as long and is wrong.

        So nobody can tell by the clock which accounts exist.
        """
        entered = password[:MAX_CHARACTERS]
        async with self._free:
            if known_hash is None:
                await asyncio.to_thread(self._hasher.hash, entered)
                return Verdict(right=False)
            verified = await asyncio.to_thread(self._hasher.verify_and_update, entered, known_hash)
        return Verdict(*verified)
