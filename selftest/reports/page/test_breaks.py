"""Where lines may break inside commands and names; the text stays what it was."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.page.breaks import breakable, command

REPLAY = (
    "pytest 'verify/test_laws.py::test_law[cpu-float32-normal_]' --run-seed 7 --profile smoke "
    "--known-defects none"
)


def _text(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))


def _words(markup: str) -> list[str]:
    return [_text(word) for word in re.findall("<i>(.*?)</i>", markup)]


def test_an_option_stays_beside_its_value() -> None:
    assert _words(command(REPLAY)) == [
        "pytest",
        "'verify/test_laws.py::test_law[cpu-float32-normal_]'",
        "--run-seed 7",
        "--profile smoke",
        "--known-defects none",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pytest -k 'a and b' -n 0", ["pytest", "-k 'a and b'", "-n 0"]),
        ("a --flag --other x", ["a", "--flag", "--other x"]),
        ("a --x=1 b", ["a", "--x=1", "b"]),
        (f"a --report-dir {'x' * 50}", ["a", "--report-dir", "x" * 50]),
        ("a 'it'\"'\"'s one' b", ["a", "'it'\"'\"'s one'", "b"]),
        ("ONEDNN_MAX_CPU_ISA=AVX2 pytest verify", ["ONEDNN_MAX_CPU_ISA=AVX2", "pytest", "verify"]),
        ("a 'never closed", ["a", "'never", "closed"]),
    ],
)
def test_what_is_quoted_is_one_word(text: str, words: list[str]) -> None:
    assert _words(command(text)) == words


def test_a_long_word_may_break_at_colons_slashes_hyphens_and_brackets_only() -> None:
    pieces = command(REPLAY).split("<wbr/>")
    assert len(pieces) == 7
    assert all(_text(piece).endswith(("::", "/", "-", "[", "]")) for piece in pieces[:-1])
    assert "<wbr/>" not in command("pytest verify --profile exhaustive-and-more -k 'a/b::c'")


def test_a_long_name_may_break_after_its_parts() -> None:
    assert breakable("kaiming_uniform_") == "kaiming_uniform_"
    assert breakable("NonDynamicallyQuantizableLinear") == (
        "Non<wbr/>Dynamically<wbr/>Quantizable<wbr/>Linear"
    )
    assert breakable("decoder.layers.11.out_proj") == (
        "decoder.<wbr/>layers.<wbr/>11.<wbr/>out_<wbr/>proj"
    )


ANY = settings(derandomize=True, database=None, deadline=None,
               suppress_health_check=list(HealthCheck))  # fmt: skip


@ANY
@given(st.one_of(st.text(), st.text(alphabet="ab'\"\\ -=[]/:._A<>&\t", min_size=20)))
def test_nothing_is_lost_or_added(text: str) -> None:
    assert _text(command(text)) == text
    assert _text(breakable(text)) == text


@ANY
@given(st.text(alphabet="<>&'\"a _[-"))
def test_text_never_becomes_markup(text: str) -> None:
    for markup in (command(text), breakable(text)):
        rest = re.sub("<i>|</i>|<wbr/>", "", markup)
        assert "<" not in rest and ">" not in rest
