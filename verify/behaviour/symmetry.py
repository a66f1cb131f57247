"""Units that start alike stay alike, however long they learn; random weights make them differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from verify import torch_api
from verify.behaviour.promise import Promise, Question, Trial
from verify.behaviour.tensors import bits, copied, identical
from verify.plan.run import derive
from verify.subjects.fills import Factory
from verify.subjects.recipes import CONSTANT

_RATE = 2.0**-4
_BATCH = 4
_FEWEST, _MOST = 4, 16
_CONSTANT = 42.0

# Inputs and gradients are 1 or 2, sizes at most 16 and the rate a power of two, so each step adds
# four bits after the point and fewer than five before it. No sum has room to be rounded, whatever
# its order, vectors, fused products or threads: it is exact, and bits may be compared.
_STEPS = {"float32": 2, "float64": 4}

_Rule = tuple[str, *tuple[float, ...]]
_ALIKE: _Rule = ("constant_", _CONSTANT)
_RANDOM: tuple[_Rule, ...] = (("xavier_uniform_",), ("normal_", 0.0, 0.01))


class _Network(nn.Module):
    """One hidden layer between two linear ones."""

    def __init__(self, incoming: nn.Linear, outgoing: nn.Linear) -> None:
        super().__init__()
        self.incoming, self.outgoing = incoming, outgoing

    def forward(self, inputs: Tensor) -> Tensor:
        hidden: Tensor = self.incoming(inputs).relu()
        outputs: Tensor = self.outgoing(hidden)
        return outputs


def _network(trial: Trial, incoming: _Rule, outgoing: _Rule) -> _Network:
    """Of sizes that are drawn; its weights are filled by rules, its biases are zero."""
    first, hidden, *_, last = (max(_FEWEST, min(size, _MOST)) for size in trial.arguments.sizes)
    factory: Factory = {"device": trial.device, "dtype": trial.dtype}
    layers = nn.Linear(first, hidden, **factory), nn.Linear(hidden, last, **factory)
    trial.target()  # Seeds the streams from which the rules draw.
    for layer, (name, *values) in zip(layers, (incoming, outgoing), strict=True):
        torch_api.initializer(name)(layer.weight, *values)
        torch_api.initializer("zeros_")(layer.bias)
    return _Network(*layers)


def _whole(trial: Trial, *shape: int, of: str) -> Tensor:
    """Ones and twos."""
    stream = torch.Generator().manual_seed(derive(trial.seed, of))
    return torch.randint(1, 3, shape, generator=stream).to(trial.device, trial.dtype)


def _train(trial: Trial, model: _Network) -> None:
    """Some steps of gradient descent, each on a batch of its own."""
    optimizer = torch.optim.SGD(model.parameters(), lr=_RATE)
    ends = model.incoming.in_features, model.outgoing.out_features
    for step in range(_STEPS[trial.cell.dtype_name]):
        inputs, gradients = (
            _whole(trial, _BATCH, size, of=f"{side} {step}")
            for side, size in zip(("inputs", "gradients"), ends, strict=True)
        )
        optimizer.zero_grad()
        model(inputs).backward(gradients)
        optimizer.step()


def _units(model: _Network) -> Tensor:
    """All that belongs to a hidden unit, a row each: weights in, bias, weights out, on the host."""
    ends = model.incoming.weight, model.incoming.bias[:, None], model.outgoing.weight.T
    return torch.cat(ends, dim=1).detach().cpu()


def _torn_apart(trial: Trial) -> list[str]:
    """Units of constant weights that are not the first one bit for bit."""
    model = _network(trial, _ALIKE, _ALIKE)
    _train(trial, model)
    units = _units(model)
    alike = (bits(units) == bits(units[:1].expand_as(units))).view(len(units), -1).all(dim=1)
    return [f"{int((~alike).sum())} of {len(units)} units"] * (not alike.all())


def _unmoved(trial: Trial) -> list[str]:
    """Parameters that the very same steps leave as they were."""
    model = _network(trial, _ALIKE, _ALIKE)
    before = copied(dict(model.named_parameters()))
    _train(trial, model)
    return [name for name, p in model.named_parameters() if identical(p, before[name])]


def _merged(trial: Trial) -> list[str]:
    """Random rules under which some units take the same weights in.

    A step may be so large that it rounds weights to a grid. Two rows still meet on it with a
    probability of 1e-9 at the very most: in float32, steps are below 2¹⁰, the grid 2⁻¹⁴ beside a
    spread of 0.01, and rows have four weights or more.
    """
    found = []
    for rule in _RANDOM:
        for outgoing in (rule, _ALIKE):
            model = _network(trial, rule, outgoing)
            _train(trial, model)
            weights = model.incoming.weight.detach().cpu()
            if len(torch.unique(weights, dim=0)) < len(weights):
                found.append(f"{rule[0]} before {outgoing[0]}")
    return found


PROMISE = Promise(
    name="symmetry",
    check="symmetry",
    questions={
        "torn-apart": Question("hidden units that constant weights let differ", _torn_apart),
        "unmoved": Question("parameters that do not learn", _unmoved),
        "merged": Question("hidden units that random weights leave alike", _merged),
    },
    words="hidden units between constant weights are the same after every step of training, bit "
    "for bit; with random weights they all differ, even before a constant layer",
    formula="W₁ = c, W₂ = c ⇒ ∂L/∂W₁ has equal rows, ∂L/∂W₂ equal columns",
    source="Goodfellow, Bengio & Courville 2016, Deep learning, sec. 8.4",
    subjects=(CONSTANT,),
)
