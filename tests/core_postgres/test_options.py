"""Settings: every bad value is refused with its name, what was given and what is expected."""

import stat
from pathlib import Path

import pytest

from rapport.core.options import (
    CHECKOUT,
    COUNTS,
    FLAGS,
    NAMES,
    SIZES,
    OptionsError,
    document,
    load,
    sentences,
    variable,
    with_secret_key,
)

BAD = [
    ("RAPPORT_PORT", "web", "a whole number from 1 to 65535"),
    ("RAPPORT_PORT", "0", "a whole number from 1 to 65535"),
    ("RAPPORT_LISTENER_PORT", "65536", "from 0 to 65535"),
    ("RAPPORT_PORT", "٣", "a whole number"),
    ("RAPPORT_WEB_THREADS", "-1", "a whole number from 1 to 64"),
    ("RAPPORT_MAIL_BYTES_MAX", "50MB", "a whole number"),
    ("RAPPORT_TIME_ZONE", "Mars/Phobos", "such as Europe/Berlin"),
    ("RAPPORT_TIME_ZONE", "../etc/passwd", "such as Europe/Berlin"),
    ("RAPPORT_LOG_LEVEL", "loud", "debug, info, warning, error"),
    ("RAPPORT_DEMO", "maybe", "true or false"),
    ("RAPPORT_HOST", "http://x", "without port"),
    ("RAPPORT_PUBLIC_URL", "rapport.example.com", "such as https://"),
    ("RAPPORT_PUBLIC_URL", "https://example.com/rapport", "without a path"),
    ("RAPPORT_HOME", "relative/folder", "a folder given from the root"),
    ("RAPPORT_POSTGRES_BIN", "/nowhere", "the program `postgres`"),
    ("RAPPORT_SECRET_KEY", "short", "32 random characters"),
    ("RAPPORT_OUTGOING_PROXY", "u:hidden@proxy.example:3128", "http://proxy.example:3128"),
    ("RAPPORT_SPEECH_MODEL", "small", "a folder given from the root"),
    ("DATABASE_URL", "mysql://u:hidden@h/db", "postgresql://user:password@host:5432/name"),
    ("DATABASE_URL", "postgresql://u:hidden@h", "postgresql://"),
]


def _good(folder: Path) -> dict[str, str]:
    """A value that each setting takes."""
    (folder / "postgres").touch()
    ports = {"port": "9000", "live_port": "9001", "listener_port": "9002"}
    texts = {
        "database_url": "postgresql://u:p@h:5432/n",
        "host": "::1",
        "listener_host": "localhost",
        "public_url": "https://rapport.example.com",
        "secret_key": "k" * 32,
        "secret_key_before": "b" * 32,
        "time_zone": "Europe/Berlin",
        "log_level": "debug",
        "outgoing_proxy": "http://u:p@proxy.example:3128",
    }
    folders = dict.fromkeys(("home", "postgres_bin", "speech_model"), str(folder))
    numbers = dict.fromkeys(COUNTS, "2") | dict.fromkeys(SIZES, "4096") | dict.fromkeys(FLAGS, "1")
    return ports | texts | folders | numbers


@pytest.mark.parametrize("way", ["variables", "file"])
def test_every_setting_can_be_given(way: str, tmp_path: Path) -> None:
    good = _good(tmp_path)
    assert set(good) == set(NAMES)
    path = tmp_path / "rapport.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in good.items()))
    loaded = load({}, path) if way == "file" else load({variable(name): value for name, value in good.items()})
    plain = load({})
    assert [name for name in NAMES if getattr(loaded, name) == getattr(plain, name)] == []


@pytest.mark.parametrize(("name", "given", "expected"), BAD)
def test_a_bad_value_is_refused_with_its_name_and_what_is_expected(name: str, given: str, expected: str) -> None:
    with pytest.raises(OptionsError) as caught:
        load({name: given})
    assert name in caught.value.message
    assert expected in caught.value.hint
    assert "hidden" not in caught.value.message + caught.value.hint


def test_a_misspelt_variable_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(OptionsError) as caught:
        load({"RAPPORT_PUBLIC_ULR": "https://a.example"})
    assert caught.value.hint == "Did you mean RAPPORT_PUBLIC_URL?"


def test_a_misspelt_key_of_the_file_is_refused_and_the_nearest_named(tmp_path: Path) -> None:
    path = tmp_path / "rapport.toml"
    path.write_text("prot = 1\n")
    with pytest.raises(OptionsError) as caught:
        load({}, path)
    assert caught.value.hint == "Did you mean port?"


@pytest.mark.parametrize(
    ("text", "said"),
    [("port = = 1", "line 1"), ("port = 'x", "end of document"), ("port = true", "port"), ("host = 1", "host")],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "rapport.toml"
    path.write_text(text)
    with pytest.raises(OptionsError, match=said):
        load({}, path)


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(OptionsError, match="cannot be read"):
        load({}, Path("/nowhere/rapport.toml"))


def test_the_environment_wins_over_the_file_and_an_empty_variable_is_not_given(tmp_path: Path) -> None:
    path = tmp_path / "rapport.toml"
    path.write_text('port = 9000\nlog_level = "debug"\ndemo = true\n')
    loaded = load({"RAPPORT_PORT": "9100", "RAPPORT_LOG_LEVEL": ""}, path)
    assert (loaded.port, loaded.live_port, loaded.log_level, loaded.demo) == (9100, 9101, "debug", True)
    assert loaded.public_url == "http://127.0.0.1:9100"


def test_ports_that_collide_are_refused() -> None:
    with pytest.raises(OptionsError, match="the same"):
        load({"RAPPORT_PORT": "2525"})


@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="not a checkout")
def test_the_home_is_never_inside_the_checkout() -> None:
    with pytest.raises(OptionsError, match="RAPPORT_HOME"):
        load({"RAPPORT_HOME": str(CHECKOUT / "state")})


def test_the_secret_key_is_made_once_private_and_never_shown(tmp_path: Path) -> None:
    loaded = load({"RAPPORT_HOME": str(tmp_path / "home")})
    first, second = with_secret_key(loaded), with_secret_key(loaded)
    assert len(first.secret_key) >= 32
    assert first == second
    assert stat.S_IMODE((tmp_path / "home" / "secret_key").stat().st_mode) == 0o600
    assert first.secret_key not in repr(first)


def test_every_setting_has_its_sentence_and_the_document_is_up_to_date() -> None:
    assert set(sentences()) == set(NAMES)
    assert (CHECKOUT / "docs" / "configuration.md").read_text(encoding="utf-8") == document()
