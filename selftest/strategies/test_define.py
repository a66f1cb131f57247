"""How strategies are defined and composed."""

import importlib.util
import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import strategies
from strategies import composite, dtypes, gains, matrices, shapes, truncations

FUNCTIONS = [name for name in strategies.__all__ if name.islower() and name not in ("composite",)]


@pytest.mark.parametrize("name", FUNCTIONS)
class TestEveryStrategy:
    def test_bare_call_is_valid(self, name):
        assert isinstance(getattr(strategies, name)(), st.SearchStrategy)

    def test_bare_repr(self, name):
        assert repr(getattr(strategies, name)()) == f"{name}()"

    def test_is_documented_with_an_example(self, name):
        documentation = inspect.getdoc(getattr(strategies, name))
        assert "Examples\n--------" in documentation
        assert f">>> find({name}(" in documentation

    def test_arguments_are_keyword_only_but_bounds_of_values(self, name):
        for parameter in inspect.signature(getattr(strategies, name)).parameters.values():
            positional = parameter.name in ("min_value", "max_value")
            assert (parameter.kind is not inspect.Parameter.KEYWORD_ONLY) == positional
            assert parameter.default is not inspect.Parameter.empty

    def test_same_cases_whatever_is_imported(self, name, draws, tmp_path):
        before = draws(getattr(strategies, name)(), 60)
        source = tmp_path / f"constants_for_{name}.py"
        source.write_text(f"VALUES = {list(range(1000, 1900))}, b'{'x' * 50}', 'fan_inn', 0.123\n")
        spec = importlib.util.spec_from_file_location(source.stem, source)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        assert draws(getattr(strategies, name)(), 60) == before


class TestStrategy:
    def test_all_is_sorted_and_complete(self):
        assert list(strategies.__all__) == sorted(
            strategies.__all__, key=lambda name: (not name.isupper(), name.islower(), name)
        )
        assert all(hasattr(strategies, name) for name in strategies.__all__)

    def test_imports_nothing_of_the_suite(self):
        for module in vars(strategies).values():
            if inspect.ismodule(module):
                source = inspect.getsource(module)
                assert "import verify" not in source and "from verify" not in source
                assert "import reports" not in source and "from reports" not in source

    def test_errors_are_raised_by_the_call(self):
        with pytest.raises(InvalidArgument, match=r"max_dims must be an integer, got 'two'"):
            shapes(max_dims="two")

    def test_unknown_argument(self):
        with pytest.raises(TypeError, match="max_sise"):
            shapes(max_sise=3)

    def test_repr_shows_what_differs_from_the_default(self):
        assert repr(shapes(min_dims=2, max_numel=4096)) == "shapes(min_dims=2, max_numel=4096)"
        assert repr(gains(0.5, 2.0)) == "gains(min_value=0.5, max_value=2.0)"

    def test_repr_keeps_transformations(self):
        assert repr(shapes(min_dims=1).map(len)) == "shapes(min_dims=1).map(len)"

    def test_keeps_name_and_module(self):
        assert shapes.__name__ == "shapes"
        assert shapes.__module__ == "strategies.shape"
        assert str(inspect.signature(gains)).startswith("(min_value")


@composite
def _cases(draw, *, max_numel=4096):
    return draw(shapes(max_numel=max_numel)), draw(gains()), draw(truncations()), draw(dtypes())


class TestComposite:
    def test_values_are_those_of_the_parts(self, draws):
        for shape, gain, law, dtype in draws(_cases(), 100):
            assert isinstance(shape, tuple) and gain > 0 and law.a < law.b
            assert dtype.is_floating_point

    def test_no_near_copies(self, draws):
        cases = draws(_cases(max_numel=2**20), 100)
        assert len(set(cases)) >= 95
        assert len({shape for shape, *_ in cases}) >= 75
        assert len({law for _, _, law, _ in cases}) >= 95

    def test_repr(self):
        assert repr(_cases()) == "_cases()"
        assert repr(_cases(max_numel=16)) == "_cases(max_numel=16)"

    def test_arguments_of_parts_are_checked_when_drawn(self):
        @settings(database=None)
        @given(_cases(max_numel=-1))
        def check(case):
            raise AssertionError(case)

        with pytest.raises(InvalidArgument, match="max_numel must be at least 1"):
            check()

    def test_needs_draw(self):
        with pytest.raises(InvalidArgument, match="must take draw as its first argument"):
            composite(lambda: None)

    def test_other_strategies_are_drawn_too(self, draws):
        @composite
        def pairs(draw):
            return draw(st.integers(0, 9)), draw(gains()), draw(gains().map(str))

        assert all(0 <= n <= 9 and float(text) > 0 for n, _, text in draws(pairs(), 50))

    def test_nests(self, draws):
        @composite
        def outer(draw):
            return draw(_cases()), draw(_cases())

        cases = draws(outer(), 60)
        assert len({first for first, _ in cases}) >= 55
        assert len({second for _, second in cases}) >= 55

    def test_many_values(self, draws):
        @composite
        def long(draw):
            return tuple(draw(shapes()) for _ in range(40))

        assert all(len(set(values)) > 10 for values in draws(long(), 40)[10:])

    def test_dependent_parts(self, draws):
        @composite
        def dependent(draw):
            rows, _ = draw(matrices())
            return rows, draw(matrices(max_numel=rows))

        assert all(a * b <= rows for rows, (a, b) in draws(dependent(), 100))

    def test_shrinks_every_part(self, simplest):
        shape, gain, law, dtype = simplest(_cases(), lambda case: len(case[0]) == 3)
        assert shape == (1, 1, 1) and gain == 1.0 and law.mean == 0.0
        assert str(dtype) == "torch.float32"
