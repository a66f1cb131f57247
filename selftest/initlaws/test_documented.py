"""The example of the documents, as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/your-own-model.md").read_text(encoding="utf-8")


def ran(folder, change=("", "")):
    files = dict(re.findall(r"`(\w+\.py)`:\n\n```python\n(.*?)```", PAGE, re.DOTALL))
    assert files.keys() == {"model.py", "test_model.py"}
    for name, text in files.items():
        (folder / name).write_text(text.replace(*change), encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_model.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_passes(tmp_path):
    ended = ran(tmp_path)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("self.apply(self.initialize)", "self.initialize(self.embed)"), "layers.1.weight"),
        (("self.head.weight = self.embed.weight", ""), "head.weight is not the tensor"),
    ],
    ids=["a default is left", "the tie is lost"],
)
def test_it_fails_where_the_model_is_wrong(tmp_path, change, said):
    ended = ran(tmp_path, change)
    assert ended.returncode == 1 and said in ended.stdout, ended.stdout


def test_every_word_of_laws_is_documented():
    """And what the page names is there."""
    from initlaws import laws

    named = set(re.findall(r"`(?:lambda .*?: )?(\w+)\(", PAGE))
    words = {name for name in laws.__all__ if name[0].isupper() and name != "Masked"}
    assert words <= named
    assert set(re.findall(r"\b(fan_in_and_fan_out|depth|gain)\(", PAGE)) <= set(laws.__all__)
