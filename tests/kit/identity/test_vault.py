"""The master secret: where it comes from, and what it seals."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.kit.keys import SECRET_FILE, Vault
from coterie.settings import SettingError, Settings

VAULT = Vault(Settings(secret="an operator's secret of enough bytes"))


@given(st.text(), st.text(max_size=20))
def test_what_was_sealed_opens_again(value: str, purpose: str) -> None:
    sealed = VAULT.seal(value, purpose)
    assert VAULT.open(sealed, purpose) == value
    assert not value or len(value) < 6 or value not in sealed


def test_sealing_twice_gives_two_texts() -> None:
    assert VAULT.seal("value", "p") != VAULT.seal("value", "p")


@pytest.mark.parametrize("at", range(-1, -40, -3))
def test_a_sealed_value_that_was_changed_does_not_open(at: int) -> None:
    sealed = VAULT.seal("value", "keys")
    other = "A" if sealed[at] not in "A." else "Q"
    changed = sealed[:at] + other + sealed[at + 1 :] if at != -1 else sealed + "A"
    with pytest.raises(SettingError):
        VAULT.open(changed, "keys")


def test_another_purpose_or_secret_does_not_open() -> None:
    sealed = VAULT.seal("value", "keys")
    with pytest.raises(SettingError, match="another master secret"):
        VAULT.open(sealed, "hooks")
    with pytest.raises(SettingError, match="another master secret"):
        Vault(Settings(secret="another secret, which is long enough too")).open(sealed, "keys")


def test_derived_keys_depend_on_purpose_and_secret_only() -> None:
    again = Vault(Settings(secret="an operator's secret of enough bytes"))
    assert VAULT.derive("a") == again.derive("a")
    assert len({VAULT.derive("a"), VAULT.derive("b"), VAULT.derive("")}) == 3
    assert len(VAULT.derive("a")) == 32


def test_the_embedded_server_makes_a_private_key_file_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path / "new"))
    sealed = Vault(settings).seal("value", "keys")
    file = tmp_path / "new" / SECRET_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Vault(settings).open(sealed, "keys") == "value"
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_together_agree_on_the_key_file(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: Vault(settings).derive("a"), range(24)))
    assert len(set(keys)) == 1


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = Settings(data_dir=str(tmp_path))
    Vault(settings)
    (tmp_path / SECRET_FILE).chmod(0o640)
    with pytest.raises(SettingError, match="chmod 600"):
        Vault(settings)


def test_postgresql_without_a_secret_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"COTERIE_SECRET is not set.*openssl rand"):
        Vault(Settings(database="postgresql://localhost/shop", data_dir=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="COTERIE_SECRET holds fewer than 32 bytes"):
        Vault(Settings(secret="changeme"))
    (tmp_path / SECRET_FILE).touch(0o600)
    with pytest.raises(SettingError, match="key file"):
        Vault(Settings(data_dir=str(tmp_path)))
