"""What tied gradients are compared with: sums, slopes, and the networks themselves."""

from fractions import Fraction

import pytest
import torch
from torch import nn

from selftest.behaviour.support import cell
from strategies import TiedArguments
from verify import backends
from verify.behaviour.promise import Trial
from verify.behaviour.tied.reference import Sum, groups, sums
from verify.behaviour.tied.slopes import is_polynomial, slope_at_zero
from verify.plan.run import Cell
from verify.subjects import NETWORKS
from verify.subjects.case import ModuleCase
from verify.subjects.fills import Target
from verify.subjects.networks import META

HOST = Target(torch.device("cpu"), torch.float64)
each = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)


class TestSum:
    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
    @pytest.mark.parametrize("count", [2, 3, 10, 20])
    def test_any_order_is_within_the_bound(self, dtype, count):
        stream = torch.Generator().manual_seed(count)
        terms = list(torch.randn(count, 2000, generator=stream, dtype=torch.float64).to(dtype))
        for order in (terms, terms[::-1], sorted(terms, key=lambda t: float(t[0]))):
            found = order[0].clone()
            for term in order[1:]:
                found = found + term
            assert Sum.of(terms).wrong("g", found) == []

    def test_two_terms_are_told_from_the_next_number(self):
        terms = [torch.tensor([1.0]), torch.tensor([0.5])]
        found = Sum.of(terms)
        assert found.wrong("g", torch.tensor([1.5])) == []
        assert found.wrong("g", torch.tensor([1.5 + 2**-22])) != []
        assert found.wrong("g", torch.tensor([1.0])) != []

    def test_one_term_is_exact(self):
        terms = [torch.tensor([0.1])]
        assert Sum.of(terms).wrong("g", torch.tensor([0.1])) == []
        assert Sum.of(terms).wrong("g", torch.tensor([0.1]).nextafter(torch.ones(1))) != []

    def test_zeros_must_be_zeros(self):
        assert Sum.of([torch.zeros(3)] * 4).wrong("g", torch.zeros(3)) == []
        assert Sum.of([torch.zeros(3)] * 4).wrong("g", torch.full((3,), 1e-40)) != []

    def test_none_nan_and_another_shape_are_wrong(self):
        found = Sum.of([torch.ones(2)])
        assert found.wrong("g", None) == ["g has none"]
        assert found.wrong("g", torch.full((2,), torch.nan)) != []
        assert found.wrong("g", torch.ones(1, 2)) == ["g of shape (1, 2)"]


SMALLEST = {"float64": 2e-13, "float32": 5e-5, "float16": 1 / 32, "bfloat16": 1 / 4}


@pytest.mark.parametrize("dtype", SMALLEST)
@each
def test_the_bound_leaves_little_room(network, dtype):
    """What is missed in the simplest case, of the largest entry of some tied gradient."""
    trial = Trial(cell(network.name, dtype), network.anchors[0], HOST.device, 7)
    tied = {name for group in groups(trial) for name in group}
    expected = [of for name, of in sums(trial).items() if name in tied]
    rooms = [float(of.slack.max() / of.value.abs().max()) for of in expected]
    assert min(rooms) < SMALLEST[dtype]


class TestSlope:
    @pytest.mark.parametrize("degree", range(6))
    def test_of_a_polynomial(self, degree):
        def value(x):
            return sum((k + 2) * x**k for k in range(degree + 1))

        points = range(-(degree // 2), degree + 1 - degree // 2)
        assert slope_at_zero({at: value(at) for at in points}) == (3 if degree else 0)

    def test_is_exact(self):
        assert (
            slope_at_zero({0: 0.1, 3: 0.1 + 2**-30})
            == Fraction(0.1 + 2**-30) / 3 - Fraction(0.1) / 3
        )

    @pytest.mark.parametrize(
        "network", [n for n in NETWORKS if n.polynomial], ids=lambda network: network.name
    )
    def test_whole_numbers_have_room(self, network):
        """Of the largest network, with the largest parameters, inputs and weights all at once."""
        size = 6 if "Conv" in network.name else 33
        arguments = TiedArguments(size, size, 5, "weight", batch=4)
        built = network.build(arguments, HOST)
        built.activation = nn.Identity()
        with torch.no_grad():
            for parameter in built.parameters():
                parameter.fill_(4)
            shape = network.shape(arguments)
            given = torch.zeros(shape).long() if network.looks_up else torch.ones(shape).double()
            assert float(built(given).sum()) < 2**53


class TestNetworks:
    @each
    def test_ties_are_one_object_and_copies_are_not(self, network):
        for anchor in network.anchors:
            tied = dict(
                network.build(anchor.arguments, HOST).named_parameters(remove_duplicate=False)
            )
            apart = dict(network.apart(anchor.arguments, HOST).named_parameters())
            assert tied.keys() == apart.keys()
            assert network.groups(anchor.arguments)
            for first, *others in network.groups(anchor.arguments):
                assert others
                for name in others:
                    assert tied[name] is tied[first]
                    assert apart[name] is not apart[first]
                    assert torch.equal(apart[name], apart[first])
                    assert apart[name].data_ptr() != apart[first].data_ptr()

    @each
    def test_groups_share_no_name(self, network):
        for anchor in network.anchors:
            names = [name for group in network.groups(anchor.arguments) for name in group]
            assert len(names) == len({*names})

    @each
    def test_is_in_the_matrix(self, network):
        assert network.words and network.formula and network.source
        assert network.tensors(network.anchors[0]) == () and network.fill_methods == {}
        assert max(anchor.arguments.places for anchor in network.anchors) == 5
        assert {anchor.arguments.tie for anchor in network.anchors}

    def test_names_need_no_values(self):
        assert META.device.type == "meta"

    def test_polynomials_are_asked_of_in_float64_alone(self):
        row = next(network for network in NETWORKS if network.polynomial)
        for dtype, asked in (("float64", True), ("float32", False)):
            cell = Cell(row, backends.known()["cpu"], dtype)
            case = ModuleCase(TiedArguments(1, 1, 2, "weight"))
            assert is_polynomial(Trial(cell, case, torch.device("cpu"), 1)) == asked
