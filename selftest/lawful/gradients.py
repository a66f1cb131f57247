"""Other orders of summation: norms, layers, cells, convolutions, normalizations in float64."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from selftest.lawful.alternative import Alternative, Control, Declined, swap
from selftest.planted.fault import Function, instead, table
from selftest.planted.gradients import gradient, tie
from selftest.planted.module import behaviour


def _clipped(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
    factor: float = 1.0,
) -> Tensor:
    """The norm of all gradients as one vector of float64, and one product in float64."""
    given = [parameters] if isinstance(parameters, Tensor) else [*parameters]
    gradients = [p.grad for p in given if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    joined = torch.cat([g.detach().double().flatten() for g in gradients])
    norm = torch.linalg.vector_norm(joined, float(norm_type))
    if error_if_nonfinite and not norm.isfinite():
        raise RuntimeError("the norm of the gradients is not finite, so they cannot be clipped")
    scale = (factor * max_norm / (norm + 1e-6)).clamp(max=1.0)
    with torch.no_grad():
        for each in gradients:
            each.copy_(each.double() * scale)
    return norm.to(gradients[0].dtype)


def _linear_backwards(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The inner products from the last entry to the first."""
    product = x.flip(-1) @ weight.flip(-1).transpose(-1, -2)
    return product if bias is None else product + bias


def _linear_by_entries(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The products one by one, summed along an axis, the bias first among them."""
    terms = x.unsqueeze(-2) * weight
    return terms.sum(-1) if bias is None else bias + terms.sum(-1)


def _wide(original: Function) -> Function:
    """The whole function in float64, its result rounded."""

    @functools.wraps(original)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        first = next((a for a in args if isinstance(a, Tensor) and a.is_floating_point()), None)
        if first is None:
            raise Declined
        made = original(*map(_doubled, args), **{k: _doubled(v) for k, v in kwargs.items()})
        return made.to(first.dtype)

    return replaced


def _doubled(value: Any) -> Any:
    is_real = isinstance(value, Tensor) and value.is_floating_point()
    return value.double() if is_real else value


def _unfolded(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution as a product of matrices, its patches unfolded."""
    if groups != 1 or isinstance(padding, str) or x.ndim != 4:
        raise Declined
    patches = functional.unfold(x, weight.shape[2:], dilation, padding, stride)
    pad, step, wide = (v if isinstance(v, int) else v[0] for v in (padding, stride, dilation))
    height = (x.shape[2] + 2 * pad - wide * (weight.shape[2] - 1) - 1) // step + 1
    found = (weight.flatten(1) @ patches).unflatten(-1, (height, -1))
    return found if bias is None else found + bias.view(-1, 1, 1)


def _lstm_by_steps(x: Any, hx: Any, weights: Any, *rest: Any) -> Any:
    """The gates of each step in time, layer by layer, out of products and sums."""
    if not isinstance(hx, tuple | list) or len(rest) != 6:
        raise Declined  # Sequences that are packed.
    biased, layers, dropout, training, both_ways, batch_first = rest
    projects = hx[0].shape[-1] != hx[1].shape[-1]
    if both_ways or projects or (dropout and training):
        raise Declined
    steps = x.transpose(0, 1) if batch_first else x
    size, last = len(weights) // layers, list[tuple[Tensor, Tensor]]()
    for layer in range(layers):
        own = weights[layer * size : (layer + 1) * size]
        steps, h, c = _lstm_layer(steps, hx[0][layer], hx[1][layer], own, biased)
        last.append((h, c))
    output = steps.transpose(0, 1) if batch_first else steps
    return output, torch.stack([h for h, _ in last]), torch.stack([c for _, c in last])


def _lstm_layer(
    steps: Tensor, h: Tensor, c: Tensor, weights: Any, biased: bool
) -> tuple[Tensor, Tensor, Tensor]:
    made = list[Tensor]()
    for step in steps:
        gates = h @ weights[1].t() + step @ weights[0].t()
        gates = gates + weights[3] + weights[2] if biased else gates
        i, f, g, o = gates.chunk(4, -1)
        c = i.sigmoid() * g.tanh() + f.sigmoid() * c
        h = o.sigmoid() * c.tanh()
        made.append(h)
    return torch.stack(made), h, c


def _softmax(values: Tensor, dim: int, **_: Any) -> Tensor:
    """In float64, without the maximum taken out."""
    powers = values.double().exp()
    return (powers / powers.sum(dim, keepdim=True)).to(values.dtype)


def _channels(x: Tensor, training: bool, eps: float) -> tuple[list[int], int, list[int]]:
    """The axes of a channel, how many values it has, and the shape of one number for each."""
    count = x.numel() // x.shape[1] if x.shape[1] else 0
    if not training or count < 2 or eps <= 0:
        raise Declined
    return [axis for axis in range(x.ndim) if axis != 1], count, [1, -1] + [1] * (x.ndim - 2)


def _affine(made: Tensor, weight: Any, bias: Any, side: list[int]) -> Tensor:
    made = made if weight is None else made * weight.to(made.dtype).view(side)
    return made if bias is None else made + bias.to(made.dtype).view(side)


def _batch_norm(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Means and variances in two passes, in float64."""
    axes, count, side = _channels(x, training, eps)
    wide = x.double()
    mean = wide.mean(axes)
    centred = wide - mean.view(side)
    variance = centred.square().mean(axes)
    if running_mean is not None:
        with torch.no_grad():
            unbiased = variance * (count / (count - 1))
            for kept, new in ((running_mean, mean), (running_var, unbiased)):
                kept.copy_((1 - momentum) * kept.double() + momentum * new)
    made = centred * (variance + eps).rsqrt().view(side)
    return _affine(made, weight, bias, side).to(x.dtype)


def _batch_norm_in_one_pass(
    x: Tensor,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    correction: int = 1,
) -> Tensor:
    """The mean of squares less the squared mean; running statistics by interpolation."""
    axes, count, side = _channels(x, training, eps)
    mean = x.sum(axes) / count
    variance = (x.square().sum(axes) / count - mean.square()).clamp(min=0)
    if running_mean is not None:
        with torch.no_grad():
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(variance * (count / (count - correction)), momentum)
    made = (x - mean.view(side)) * (variance + eps).rsqrt().view(side)
    return _affine(made, weight, bias, side)


def _gru_cell(
    x: Tensor, h: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Any = None, b_hh: Any = None
) -> Tensor:
    """Sigmoids by hyperbolic tangents, and the new state by interpolation."""
    given = functional.linear(x, w_ih, b_ih).chunk(3, -1)
    held = functional.linear(h, w_hh, b_hh).chunk(3, -1)
    reset, update = (((a + b) / 2).tanh() / 2 + 0.5 for a, b in zip(given[:2], held, strict=False))
    return torch.lerp((given[2] + reset * held[2]).tanh(), h, update)


def _fused(original: Function) -> Function:
    """All parameters of an optimizer in one kernel, whatever was asked."""

    @functools.wraps(original)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **(kwargs | {"foreach": None, "fused": True}))

    return initialise


def _one_hot(
    rows: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: Any = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Rows of a table as products with unit vectors."""
    special = padding_idx is not None or max_norm is not None or scale_grad_by_freq or sparse
    if special or rows.is_floating_point():
        raise Declined
    return functional.one_hot(rows.long(), len(weight)).to(weight.dtype) @ weight


def _added_in_double(original: Function) -> Function:
    """Backward calls start from nothing; what was there is added afterwards, in float64."""

    @functools.wraps(original)
    def backward(self: Tensor, *args: Any, **kwargs: Any) -> None:
        leaves = {id(leaf): leaf for leaf in _leaves(self.grad_fn)}.values()
        held = [(leaf, leaf.grad) for leaf in leaves]
        for leaf, _ in held:
            leaf.grad = None
        original(self, *args, **kwargs)
        for leaf, before in held:
            if before is not None and leaf.grad is not None:
                leaf.grad = before.copy_(before.double() + leaf.grad.double())
            elif before is not None:
                leaf.grad = before

    return backward


def _leaves(function: Any) -> Iterable[Any]:
    seen, waiting = set[Any](), [function] if function else []
    while waiting:
        found = waiting.pop()
        if found in seen:
            continue
        seen.add(found)
        if hasattr(found, "variable"):
            yield found.variable
        waiting += [before for before, _ in found.next_functions if before]


def _ways(names: str, cell: str) -> tuple[str, ...]:
    makers: dict[str, Callable[[str], str]] = {
        "g": gradient, "t": tie, "p": functools.partial(behaviour, "parameters"),
    }  # fmt: skip
    return tuple(makers[name](cell) for name in names)


_ANY_ORDER = "Higham 2002, sec. 4.2: any order of summation"
_LINEAR = "functional.linear"

ALTERNATIVES = table(
    swap("clipping_in_double", "the norm of all gradients as one vector of float64",
         "utils.clip_grad_norm_", instead(_clipped),
         "PyTorch documentation, torch.nn.utils.clip_grad_norm_",
         *_ways("p", "float32-LSTM"), *_ways("p", "float64-GRU")),
    swap("linear_backwards", "a linear layer sums from the last entry to the first",
         _LINEAR, instead(_linear_backwards), _ANY_ORDER,
         *_ways("g", "float32-tied Linear"), *_ways("g", "float64-tied autoencoder"),
         *_ways("p", "float32-Linear"),
         "verify/test_propagation.py::test_propagation[cpu-float32-forward xavier_normal_]"),
    swap("linear_by_entries", "a linear layer multiplies entry by entry, then sums",
         _LINEAR, instead(_linear_by_entries), _ANY_ORDER,
         *_ways("g", "float32-tied autoencoder"), *_ways("g", "bfloat16-tied block")),
    swap("linear_computes_in_double", "a linear layer computes in float64 and rounds once",
         _LINEAR, _wide, _ANY_ORDER, *_ways("g", "float32-tied Linear"),
         *_ways("g", "bfloat16-tied Linear"), *_ways("p", "float32-Linear")),
    swap("convolution_unfolded", "a convolution as a product of unfolded patches",
         "functional.conv2d", instead(_unfolded), "Chellapilla, Puri & Simard 2006",
         *_ways("gt", "float32-tied Conv2d"), *_ways("p", "float32-Conv2d"),
         "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]"),
    swap("lstm_by_steps", "an LSTM as a loop over its steps, nothing fused",
         "torch._VF.lstm", instead(_lstm_by_steps), "PyTorch documentation, torch.nn.LSTM",
         *_ways("g", "float32-tied LSTM"), *_ways("p", "float32-LSTM"),
         *_ways("p", "float64-LSTM")),
    swap("softmax_in_double", "a softmax computes in float64 and rounds once",
         "functional.softmax", instead(_softmax), "PyTorch documentation, torch.nn.Softmax",
         *_ways("p", "float32-MultiheadAttention"), *_ways("p", "float64-MultiheadAttention")),
    swap("batch_norm_in_two_passes", "means and variances in two passes, in float64",
         "functional.batch_norm", instead(_batch_norm), "Chan, Golub & LeVeque 1983",
         behaviour("batch_norm", "float32-BatchNorm1d"),
         behaviour("batch_norm", "float64-BatchNorm2d"),
         *_ways("p", "float32-BatchNorm1d")),
    swap("batch_norm_in_one_pass", "variances as the mean of squares less the squared mean",
         "functional.batch_norm", instead(_batch_norm_in_one_pass),
         "Chan, Golub & LeVeque 1983, eq. 1.2", behaviour("batch_norm", "float32-BatchNorm1d"),
         behaviour("batch_norm", "float32-BatchNorm2d")),
    swap("gru_cell_interpolates", "a GRU's state by interpolation, its sigmoids by tanh",
         "torch._VF.gru_cell", instead(_gru_cell), "PyTorch documentation, torch.nn.GRUCell",
         *_ways("g", "float32-tied GRUCell")),
    Alternative(
        "optimizers_fused", "optimizers with one kernel for all parameters",
        ("torch.optim.SGD.__init__", "torch.optim.Adam.__init__"), _fused,
        source="PyTorch documentation, torch.optim: foreach and fused implementations",
        nodes=_ways("g", "float32-tied Linear"),
    ),
    swap("layer_norm_in_double", "a layer norm computes in float64 and rounds once",
         "functional.layer_norm", _wide, "PyTorch documentation, torch.nn.LayerNorm",
         *_ways("p", "float32-TransformerEncoder")),
    swap("embedding_of_one_hot", "rows of a table as products with unit vectors",
         "functional.embedding", instead(_one_hot), "PyTorch documentation, torch.nn.Embedding",
         *_ways("g", "float32-tied Embedding"), *_ways("p", "float32-Embedding"),
         behaviour("embeddings", "float32-Embedding")),
    swap("gradients_added_in_double", "backward calls add to what is there in float64",
         "torch.Tensor.backward", _added_in_double, "PyTorch documentation, Autograd mechanics",
         *_ways("g", "float32-tied GRUCell"), *_ways("g", "bfloat16-tied Linear"),
         *_ways("p", "float32-Linear")),
)  # fmt: skip

CONTROLS = table(
    Control("batch_norm_in_one_pass_without_correction", "running variances that are biased",
            ("functional.batch_norm",),
            instead(functools.partial(_batch_norm_in_one_pass, correction=0)),
            behaviour("batch_norm", "float32-BatchNorm1d"), frozenset({"batch_norm"}),
            says="running statistics off their average"),
    Control("clipping_in_double_too_long", "gradients clipped in float64 to 1.001 times the limit",
            ("utils.clip_grad_norm_",), instead(functools.partial(_clipped, factor=1.001)),
            behaviour("parameters", "float32-Linear"), frozenset({"parameters"}),
            says="gradients off the limit"),
)  # fmt: skip
