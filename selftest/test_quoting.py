"""Foreign words are quoted in one line, whatever they are."""

import pytest

from verify.quoting import said, shown


class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")


class Shy:
    def __repr__(self):
        raise RuntimeError("no look")


class Ending(Exception):
    def __str__(self):
        raise SystemExit(0)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("no disk\nat all"), "OSError: no disk"),
        (OSError(), "OSError"),
        (OSError("\n\n  late.  \n"), "OSError: late"),
        (Mute(), "Mute"),
        (Ending(), "Ending"),
        (KeyError("\x00"), "KeyError: '\\x00'"),
        (OSError("\x1b[31m\udcff"), "OSError: \\x1b[31m\\udcff"),
        (SystemExit(3), "SystemExit: 3"),
    ],
    ids=range(8),
)
def test_an_exception_is_its_name_and_its_first_line(error, words):
    assert said(error) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "0.5"),
        (int, "int"),
        (["a\n", 1], "['a\\n', 1]"),
        (Shy(), "a Shy whose repr raises RuntimeError"),
        ("x" * 1000, f"'{'x' * 299} …"),
    ],
    ids=range(5),
)
def test_a_value_is_shown_in_one_line(value, words):
    assert shown(value) == words
