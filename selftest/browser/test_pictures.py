"""The pictures of reports in README and `docs/` can be made again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
PNG = b"\x89PNG\r\n\x1a\n"


def test_pictures_are_made_by_one_command(browser: Any, tmp_path: Path) -> None:
    code = "import sys, pictures; pictures.IMAGES = pictures.Path(sys.argv.pop(1)); pictures.main()"
    command = [sys.executable, "-c", code, str(tmp_path / "images")]
    subprocess.run(command, cwd=DOCS, check=True, capture_output=True)
    made = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in made] == ["cell.png", "faults.png", "report.png"]
    for path in made:
        # A page of nothing takes some 6 kB.
        assert path.read_bytes().startswith(PNG) and 30_000 < path.stat().st_size <= 300_000
