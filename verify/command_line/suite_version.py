"""Which version of the suite speaks: a digest of what it is made of."""

from __future__ import annotations

import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_MADE_OF = ("verify/**/*.py", "verify/**/*.toml", "strategies/**/*.py")


def digest(root: Path = _ROOT) -> str:
    """Eight hexadecimal digits that change with the laws, the checks and the cases.

    Parameters
    ----------
    root : Path
        The folder that holds the packages.
    """
    whole = hashlib.blake2b(digest_size=4)
    for path in sorted(path for pattern in _MADE_OF for path in root.glob(pattern)):
        whole.update(f"{path.relative_to(root).as_posix()}\n".encode())
        whole.update(path.read_bytes())
    return whole.hexdigest()
