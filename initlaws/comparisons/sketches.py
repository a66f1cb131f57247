"""What is kept of a model's builds to compare them with others', here or in another environment."""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from initlaws.audits.glances import digest, repeated, strided
from initlaws.builds import Builds, Progress, Unusable, with_threads
from initlaws.comparisons.summaries import histogram, summary, wide

Floats = npt.NDArray[np.float64]

_FORMAT = 2
"""Counted up whenever what is kept changes its meaning."""

_BEGINS = 4
"""Entries that are shown of a tensor."""

_MANY = 16
"""Entries by which a copy is told from chance, in every build."""


@dataclass(frozen=True, eq=False)
class TensorSketch:
    """A parameter or buffer over some builds.

    Attributes
    ----------
    names : tuple of str
        All of its names.
    shape : tuple of int
    dtype : str
    is_buffer : bool
    digest : str
        The hash of its values; empty if they differ between builds.
    begins : str
        Its first values in the first build.
    labels : tuple of str
        What each of the summaries is, in words.
    summaries : array
        Builds by labels.
    shares : array
        Builds by bins of `summaries.histogram`.
    copy_of : str
        The first tensor that holds the same random values in every build; empty if there is none.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    is_buffer: bool
    digest: str
    begins: str
    labels: tuple[str, ...]
    summaries: Floats
    shares: Floats
    copy_of: str = ""

    @property
    def name(self) -> str:
        """The first of its names."""
        return self.names[0]

    def typical(self, label: str) -> float:
        """The median of a summary over the builds; NaN if the tensor has none."""
        if label not in self.labels:
            return float("nan")
        return float(np.median(self.summaries[:, self.labels.index(label)]))


@dataclass(frozen=True, eq=False)
class Sketch:
    """Some builds of a model.

    Attributes
    ----------
    called : str
        What builds it.
    seed, builds : int
    versions : str
        Which PyTorch has built it.
    tensors : tuple of TensorSketch
    """

    called: str
    seed: int
    builds: int
    versions: str
    tensors: tuple[TensorSketch, ...]

    def to_json(self) -> str:
        """Text that `from_json` reads, in any environment."""
        tensors = [vars(t) | {key: _packed(vars(t)[key]) for key in _ARRAYS} for t in self.tensors]
        return json.dumps(vars(self) | {"format": _FORMAT, "tensors": tensors})

    @classmethod
    def from_json(cls, text: str) -> Sketch:
        """A sketch that was written before.

        Raises
        ------
        Unusable
            If the text is none.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            if fields.pop("format") != _FORMAT:
                raise Unusable("the sketch is of another version of initlaws: make it anew.")
            tensors = tuple(map(_read, fields.pop("tensors")))
            return cls(tensors=tensors, **fields)
        except (ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            raise Unusable("the text is no sketch: write one with Sketch.to_json().") from error


_ARRAYS = ("summaries", "shares")


def _packed(array: Floats) -> dict[str, Any]:
    """An array as text, to the last bit."""
    words = zlib.compress(array.astype("<f8").tobytes())
    return {"shape": array.shape, "float64": base64.b64encode(words).decode()}


def _unpacked(fields: Mapping[str, Any]) -> Floats:
    words = zlib.decompress(base64.b64decode(fields["float64"]))
    return np.frombuffer(words, dtype="<f8").reshape(fields["shape"]).astype(np.float64)


def _read(fields: Mapping[str, Any]) -> TensorSketch:
    """A tensor from what JSON has made of it."""
    tuples = {key: tuple(fields[key]) for key in ("names", "shape", "labels")}
    arrays = {key: _unpacked(fields[key]) for key in _ARRAYS}
    return TensorSketch(**{**fields, **tuples, **arrays})


@with_threads(1)
def sketch(
    builds: Builds,
    count: int = 32,
    progress: Progress | None = None,
    rounded: Mapping[str, torch.dtype] | None = None,
) -> Sketch:
    """Build a model a number of times, and keep what can be compared.

    Parameters
    ----------
    builds : Builds
    count : int
        From 22 builds on a difference can be told, where both sides have as many.
    progress : callable, optional
    rounded : mapping, optional
        To which dtype tensors are rounded first, by the first of their names.

    Raises
    ------
    initlaws.builds.Unusable
        If the model cannot be built.
    """
    kept: dict[str, _Keeping] = {}
    for number in range(count):
        for name, tensor in builds.values(number).items():
            dtype = (rounded or {}).get(name, tensor.dtype)
            tensor = tensor if tensor.dtype == dtype else tensor.to(dtype)
            kept.setdefault(name, _Keeping(tensor)).add(tensor)
        if progress:
            progress(number + 1, count)
    copied = _copied(kept)
    return Sketch(
        called=builds.called,
        seed=builds.seed,
        builds=count,
        versions=f"torch {torch.__version__}",
        tensors=tuple(
            kept[p.name].told(p.names, p.is_buffer, copied.get(p.name, "")) for p in builds.places
        ),
    )


def _copied(kept: Mapping[str, _Keeping]) -> dict[str, str]:
    """Random tensors that hold in every build what an earlier one holds, and that one."""
    return repeated(
        {
            name: (each.dtype, each.shape, *each.digests)
            for name, each in kept.items()
            if each.is_random
        }
    )


class _Keeping:
    """What is kept of a tensor while the builds go on."""

    def __init__(self, first: Tensor) -> None:
        self.dtype = str(first.dtype).removeprefix("torch.")
        self.shape = tuple(first.shape)
        begins = strided(first).reshape(-1)[:_BEGINS]
        self.begins = ", ".join(f"{value.item():.6g}" for value in begins)
        self.digests: list[str] = []
        self.rows: list[tuple[dict[str, float], Floats]] = []

    def add(self, tensor: Tensor) -> None:
        """One more build; what is the same as before is not reckoned again."""
        self.digests.append(digest(tensor).hex())
        if self.digests[-1] == self.digests[max(0, len(self.digests) - 2)] and self.rows:
            self.rows.append(self.rows[-1])
        elif tensor.numel():
            values = wide(tensor)
            self.rows.append((summary(values), histogram(values)))

    @property
    def is_random(self) -> bool:
        """Whether there are too many values, and too many builds, for two to be alike by chance."""
        return math.prod(self.shape) >= _MANY and len({*self.digests}) == len(self.digests)

    def told(self, names: tuple[str, ...], is_buffer: bool, copy_of: str) -> TensorSketch:
        """What is known in the end."""
        return TensorSketch(
            names=names,
            shape=self.shape,
            dtype=self.dtype,
            is_buffer=is_buffer,
            digest=self.digests[0] if len({*self.digests}) == 1 else "",
            begins=self.begins,
            labels=tuple(self.rows[0][0]) if self.rows else (),
            summaries=np.array([[*found.values()] for found, _ in self.rows]),
            shares=np.array([shares for _, shares in self.rows]),
            copy_of=copy_of,
        )
