"""Packed arrays: exact, short, and refused where they are damaged."""

import json

import numpy as np
import pytest

from verify.checks import packing
from verify.checks.statistics import Correlation, Deviations, Histogram, from_json

BITS = np.random.default_rng(5)
ARRAYS = {
    "counts": BITS.poisson(4096, 4096),
    "floats": BITS.normal(size=128),
    "equal": np.full(128, 1 / 12),
    "special": np.array([np.nan, -np.nan, -0.0, np.inf, -np.inf, 5e-324]),
    "widest": np.array([-(2**63), 2**63 - 1, 0]),
    "zeros": np.zeros(4096, np.int64),
    "one": np.array([7]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_what_is_packed_is_unpacked_bit_for_bit(name):
    values = ARRAYS[name]
    again = packing.unpack(json.loads(json.dumps(packing.pack(values))))
    assert again.dtype == values.dtype and again.tobytes() == values.tobytes()


def test_the_form_is_the_documented_one():
    assert packing.pack(np.array([5, 7, 4])) == {
        "dtype": "int64", "size": 3, "least": 4, "bits": 2, "packed": "cA==",
    }  # fmt: skip
    packed = packing.pack(np.array([1.0, 1.0]))
    assert (packed["bits"], packed["least"]) == (0, 0x3FF0000000000000)


def test_packed_counts_take_a_quarter_of_a_list():
    counts = ARRAYS["counts"]
    assert 3.5 * len(json.dumps(packing.pack(counts))) < len(json.dumps(counts.tolist()))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"packed": "c"}, "not base64"),
        ({"packed": "cACA"}, "of 3 entries of 2 bits has 3 bytes"),
        ({"size": -1}, "cannot have -1 entries"),
        ({"size": 1 << 30, "bits": 0, "packed": ""}, "cannot have 1073741824 entries"),
        ({"bits": 65}, "entries of 65 bits"),
    ],
)
def test_damage_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        packing.unpack({**packing.pack(np.array([5, 7, 4])), **wrong})


def test_statistics_of_older_files_are_read():
    """Lists by field, and two objects by lag: the form of schema 1."""
    counts = ARRAYS["counts"].tolist()
    histogram = {"kind": "histogram", "counts": counts, "tails": [3, 4], "resolution": 0.0}
    position = {"kind": "deviations", "totals": [1.5], "counts": [2], "proxies": [0.5]}
    lags = {"kind": "correlation", "pairs": {"b": 3, "a": 2}, "sums": {"b": 0.5, "a": 1.5}}
    read = [from_json(document) for document in (histogram, position, lags)]
    assert isinstance(read[0], Histogram) and read[0].counts.tolist() == counts
    assert isinstance(read[1], Deviations) and read[1].totals.tolist() == [1.5]
    assert isinstance(read[2], Correlation) and read[2].sums == {"a": 1.5, "b": 0.5}
    for statistic in read:
        again = from_json(json.loads(json.dumps(statistic.to_json())))
        assert again.to_json() == statistic.to_json()
