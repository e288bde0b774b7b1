from __future__ import annotations

import pytest
from cryptography.fernet import Fernet

from supportbot.channels.vault import Tokens, Vault, new_key
from supportbot.errors import SettingsError, TokenUnreadable

TOKENS = Tokens("xoxb-ada", "xoxe-1-ada")


def test_what_was_sealed_is_read_by_its_owner_again() -> None:
    vault = Vault(new_key())
    assert vault.open("T1", vault.seal("T1", TOKENS)) == TOKENS
    assert vault.open("T2", vault.seal("T2", Tokens("xoxb-2"))) == Tokens("xoxb-2", None)


def test_sealed_tokens_show_nothing_and_differ_each_time() -> None:
    vault = Vault(new_key())
    first, second = vault.seal("T1", TOKENS), vault.seal("T1", TOKENS)
    assert first != second
    assert not any(word in first for word in ("xoxb-ada", "xoxe-1-ada"))
    assert "xox" not in repr(TOKENS)


def test_a_token_never_serves_another_owner() -> None:
    vault = Vault(new_key())
    with pytest.raises(TokenUnreadable, match="not theirs") as caught:
        vault.open("T2", vault.seal("T1", TOKENS))
    assert caught.value.permanent


def test_a_lost_key_says_what_to_do_and_may_be_mended() -> None:
    sealed = Vault(new_key()).seal("T1", TOKENS)
    with pytest.raises(TokenUnreadable, match="SUPPORTBOT_SECRET_TOKEN_KEY") as caught:
        Vault(new_key()).open("T1", sealed)
    assert not caught.value.permanent
    assert "xoxb" not in str(caught.value)


@pytest.mark.parametrize("stored", ["", "nonsense", "gAAAAA==", "ü"])
def test_what_was_never_sealed_is_unreadable(stored: str) -> None:
    with pytest.raises(TokenUnreadable):
        Vault(new_key()).open("T1", stored)


def test_an_honest_key_over_other_words_is_unreadable() -> None:
    key = new_key()
    for words in (b"xoxb-1", b'["T1"]', b"{}", b"\xff"):
        with pytest.raises(TokenUnreadable):
            Vault(key).open("T1", Fernet(key).encrypt(words).decode())


def test_an_older_key_still_reads_and_the_newest_writes() -> None:
    old, new = new_key(), new_key()
    sealed = Vault(old).seal("T1", TOKENS)
    both = Vault(f"{new}, {old}")
    assert both.open("T1", sealed) == TOKENS
    renewed = both.renewed(sealed)
    assert renewed is not None
    assert Vault(new).open("T1", renewed) == TOKENS
    assert both.renewed(renewed) is None
    assert Vault(new).renewed(sealed) is None


@pytest.mark.parametrize("keys", ["", " , ", "short", f"{'A' * 43}=,short", "ü" * 44])
def test_what_is_no_key_is_refused_with_the_command_that_makes_one(keys: str) -> None:
    with pytest.raises(SettingsError, match="supportbot admin token-key") as caught:
        Vault(keys)
    assert "short" not in str(caught.value)
