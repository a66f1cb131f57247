"""A user's repository, with packages of the same names as the suite's.

``python -I selftest/initlaws/user.py`` uses what is installed in this environment there, as a user
would: no module of this repository may be needed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

OURS = ("verify", "strategies", "reports")

GUARD = """
import sys
frame = sys._getframe(1)
while "importlib" in frame.f_code.co_filename:
    frame = frame.f_back
if not frame.f_code.co_filename.startswith({home!r}):
    raise ImportError(f"{{__name__}} is the user's, not for {{frame.f_code.co_filename}}")
"""

MODEL = """
from torch import nn

import reports
import verify.rules
from strategies import WIDTH

class Model(nn.Module):
    def __init__(self, std=verify.rules.STD):
        super().__init__()
        self.embed = nn.Embedding(20, WIDTH)
        self.map = nn.Linear(WIDTH, WIDTH)
        nn.init.normal_(self.embed.weight, 0.0, std)

def build():
    return Model()

def faulty():
    return Model(std=1.0)
"""

LAWS = """
from initlaws.laws import Default, Normal
from torch import nn
from verify.rules import STD

LAWS = {"embed.weight": Normal(0.0, STD), nn.Linear: Default()}
"""


def repository(home: Path) -> Path:
    """Write it; nobody else may import its packages."""
    guard = GUARD.format(home=str(home))
    files = {f"{name}/__init__.py": guard for name in OURS}
    files["strategies/__init__.py"] += "WIDTH = 64\n"
    files["verify/rules.py"] = f"{guard}STD = 0.02\n"
    for name, text in {**files, "model.py": MODEL, "laws.py": LAWS}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    return home


USES = (
    ("verify", "model:build", "--laws", "laws.py", "--builds", "4"),
    ("describe", "model:build", "-o", "described.py"),
    ("verify", "model:build", "--laws", "described.py", "--builds", "4"),
    ("audit", "model:build"),
    ("compare", "model:build", "--like", "model:build"),
)
REFUSES = (
    ("verify", "model:faulty", "--laws", "laws.py", "--builds", "4"),
    ("compare", "model:faulty", "--like", "model:build"),
)
"""What a sound model passes, and a faulty one does not."""


def main() -> int:
    """Use the command in a repository: 0 if each use ends as it should."""
    command, wrong = Path(sys.executable).with_name("initlaws"), 0
    with tempfile.TemporaryDirectory() as folder:
        home = repository(Path(folder).resolve() / "user")
        for code, uses in ((0, USES), (1, REFUSES)):
            for use in uses:
                ended = subprocess.run([command, *use], cwd=home, check=False).returncode
                wrong += ended != code
                print(f"initlaws {' '.join(use)}: exit code {ended}, wanted {code}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
