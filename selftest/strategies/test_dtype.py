"""Data types."""

import pytest
import torch
from hypothesis.errors import InvalidArgument

from strategies import dtypes

FLOATS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
COMPLEX = {torch.complex64, torch.complex128}


class TestDtypes:
    @pytest.mark.parametrize(
        ("kinds", "expected"),
        [(("float",), FLOATS), (("complex",), COMPLEX), (("float", "complex"), FLOATS | COMPLEX)],
    )
    def test_all_of_the_kinds(self, draws, kinds, expected):
        assert set(draws(dtypes(kinds=kinds), 100)) == expected

    def test_floats_by_default(self, draws):
        assert set(draws(dtypes(), 100)) == FLOATS

    def test_even(self, draws, share):
        found = draws(dtypes(), 400)
        assert all(
            share(found, lambda drawn, dtype=dtype: drawn == dtype) >= 0.17 for dtype in FLOATS
        )

    @pytest.mark.parametrize(
        ("kinds", "sentence"),
        [
            ((), "kinds must not be empty; choose from 'float', 'complex'"),
            (("int",), "kinds contains 'int'; choose from 'float', 'complex'"),
            ("float", "kinds must be a collection of names, got 'float'"),
        ],
    )
    def test_invalid(self, kinds, sentence):
        with pytest.raises(InvalidArgument) as error:
            dtypes(kinds=kinds)
        assert str(error.value) == sentence

    def test_repr(self):
        assert repr(dtypes(kinds=("complex",))) == "dtypes(kinds=('complex',))"

    def test_shrinking(self, simplest):
        assert simplest(dtypes()) == torch.float32
        assert simplest(dtypes(kinds=["complex"])) == torch.complex64
