"""What other backends and textbooks do: cuRAND's conversions, spheres, gaps, Strassen, Fourier."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional, init

from selftest.lawful.alternative import (
    Alternative,
    Control,
    Declined,
    Stream,
    editing_plain,
    is_plain,
    method,
    normally,
    setting,
    uniformly,
)
from selftest.lawful.discrete import operation, rewritten
from selftest.lawful.normals import NORMAL, polar
from selftest.lawful.orthogonal import ORTHOGONAL, scaled
from selftest.lawful.truncated import TRUNCATED
from selftest.lawful.uniforms import UNIFORM, redrawn
from selftest.planted.contracts import contract, transforms
from selftest.planted.fault import Call, Function, Plant, instead, law, table
from selftest.planted.gradients import gradient, tie
from selftest.planted.module import behaviour, default, materialisation, reset
from selftest.planted.precision import layout
from selftest.planted.streams import neighbours, streams

# Values


def curand(n: int, stream: Stream) -> Tensor:
    """Draw from (0, 1]: a word of 32 bits that is converted to float32."""
    return stream.integers(n, 32).float() * 2.0**-32 + 2.0**-33


def _cuda_uniform(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
    """Fill from (0, 1] in single or double precision, its upper end exchanged for the lower."""
    if tensor.dtype == torch.float64:
        unit = stream.doubles(tensor.numel()) + 2.0**-54
    else:
        unit = curand(tensor.numel(), stream)
    start, end = (torch.tensor(x, dtype=unit.dtype) for x in (low, high))
    values = (unit * (end - start) + start).to(tensor.dtype)
    excluded = values.double() >= min(high, float(end))
    tensor.copy_(torch.where(excluded, start.to(tensor.dtype), values).view(tensor.shape))


def _cuda_normal(n: int, stream: Stream) -> Tensor:
    """Box and Muller's pairs in float32, the radius of (0, 1], the angle of 32 bits."""
    half = -(-n // 2)
    radius = (-2 * curand(half, stream).log()).sqrt()
    angle = curand(half, stream) * (2 * math.pi)
    return torch.stack([radius * angle.sin(), radius * angle.cos()], 1).flatten()[:n].double()


def _cuda_exponential(tensor: Tensor, rate: float, stream: Stream) -> None:
    """−log of (0, 1], half an epsilon where it would be zero."""
    unit, tiny = curand(tensor.numel(), stream), torch.finfo(torch.float32).eps / 2
    logs = torch.where(unit >= 1 - tiny, -tiny, unit.log())
    values = (-1 / rate * logs).to(tensor.dtype)
    tensor.copy_(values.view(tensor.shape))


def _laplace(n: int, stream: Stream) -> Tensor:
    """Rejection from the two-sided exponential."""
    kept = [torch.empty(0, dtype=torch.float64)]
    while sum(map(len, kept)) < n:
        u, v = stream.inner(2 * n).view(2, -1)
        x = -u.log()
        signs = 2 * stream.integers(n, 1).double() - 1
        kept.append((signs * x)[v.log() <= -((x - 1) ** 2) / 2])
    return torch.cat(kept)[:n]


def _on_spheres(n: int, stream: Stream) -> Tensor:
    """Four at a time: a point on the sphere, times a radius whose square is gamma."""
    quarter = -(-n // 4)

    def discs() -> Tensor:
        angle, u = stream.inner(2 * quarter).view(2, -1)
        return u.sqrt() * torch.stack([angle.mul(2 * math.pi).cos(), angle.mul(2 * math.pi).sin()])

    one, other = discs(), discs()
    first, second = one.square().sum(0), other.square().sum(0)
    points = torch.cat([one, other * ((1 - first) / second).sqrt()])
    u, v = stream.inner(2 * quarter).view(2, -1)
    return (points * (-2 * (u * v).log()).sqrt()).t().flatten()[:n]


def _rotated(n: int, stream: Stream) -> Tensor:
    """Four at a time, turned by a Hadamard matrix."""
    quarter = -(-n // 4)
    a, b, c, d = polar(4 * quarter, stream).view(4, -1)
    turned = torch.stack([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d])
    return (turned / 2).t().flatten()[:n]


def _wrapped(n: int, stream: Stream) -> Tensor:
    """The fraction of the sum of three uniforms of 53 bits."""
    total = stream.integers(3 * n, 53).view(3, -1).sum(0)
    return (total & ((1 << 53) - 1)).double() * 2.0**-53


def _exchanged(n: int, stream: Stream) -> Tensor:
    """Of 32 bits a table, from which each next word chooses what is returned: Bays & Durham."""
    words = stream.integers(n + 64, 53).double() * 2.0**-53
    order = torch.arange(n + 64)
    places = stream.integers(n, 6).tolist()
    table, chosen = order[:64].tolist(), []
    for following, place in zip(range(64, n + 64), places, strict=True):
        chosen.append(table[place])
        table[place] = following
    return words[torch.tensor(chosen, dtype=torch.int64)]


def _in_single_first(n: int, stream: Stream) -> Tensor:
    """Normal in float64, rounded to float32: a half precision rounds twice."""
    return polar(n, stream).float().double()


def _tail_of_rayleigh(tensor: Tensor, call: Call) -> None:
    """Far out by √(a² − 2·log u), accepted by a/x: Marsaglia 1964; else redrawn normals."""
    mean, std, a, b = (float(call.values[name]) for name in ("mean", "std", "a", "b"))
    alpha, beta = (a - mean) / std, (b - mean) / std
    sign = 1.0 if alpha + beta > 0 else -1.0
    low, high = (alpha, beta) if sign > 0 else (-beta, -alpha)
    stream, n = Stream(call.generator), tensor.numel()
    root = math.sqrt(0.5)
    mass = (math.erfc(low * root) - math.erfc(high * root)) / 2
    kept = [torch.empty(0, dtype=torch.float64)]
    if low < 1:
        if mass < 0.01:
            raise Declined
        while sum(map(len, kept)) < n:
            z = polar(n, stream)
            kept.append(z[(z >= low) & (z <= high)])
    else:
        if high - low < 1 / low:
            raise Declined
        while sum(map(len, kept)) < n:
            u, v = stream.inner(2 * n).view(2, -1)
            z = (low**2 - 2 * u.log()).sqrt()
            kept.append(z[(v * z <= low) & (z <= high)])
    values = (mean + std * sign * torch.cat(kept)[:n]).clamp(a, b)
    tensor.copy_(values.view(tensor.shape))


def _redrawn_in_dtype(tensor: Tensor, call: Call) -> None:
    """What the documentation says, to the letter: values outside are drawn again."""
    mean, std, a, b = (float(call.values[name]) for name in ("mean", "std", "a", "b"))
    root = math.sqrt(0.5) / std
    if (math.erfc((a - mean) * root) - math.erfc((b - mean) * root)) / 2 < 0.3:
        raise Declined
    values = torch.empty(tensor.numel(), dtype=tensor.dtype)
    values.copy_(mean + std * polar(len(values), Stream(call.generator)))
    while bool((outside := (values.double() < a) | (values.double() > b)).any()):
        again = mean + std * polar(int(outside.sum()), Stream(call.generator))
        values[outside] = again.to(values.dtype)
    tensor.copy_(values.view(tensor.shape))


# Whole numbers, coins, places


def _masked(result: Tensor, stream: Stream, low: int, high: int, *_: Any) -> None:
    """As many bits as the range needs, drawn again where they are too large."""
    width, kept = high - low, [torch.empty(0, dtype=torch.int64)]
    while sum(map(len, kept)) < result.numel():
        words = stream.integers(result.numel(), (width - 1).bit_length() or 1)
        kept.append(words[words < width])
    result.copy_(low + torch.cat(kept)[: result.numel()].view(result.shape))


def _floored(result: Tensor, stream: Stream, low: int, high: int, *_: Any) -> None:
    """The floor of the width times a double."""
    values = (stream.doubles(result.numel()) * (high - low)).floor().long()
    result.copy_(low + values.view(result.shape))


def _coins_of_curand(result: Tensor, stream: Stream, chances: Tensor, *_: Any) -> None:
    result.copy_(curand(result.numel(), stream).view(result.shape) <= chances.float())


def _coins_by_gaps(result: Tensor, stream: Stream, chances: Tensor, *_: Any) -> None:
    """From one success to the next by a geometric gap."""
    flat = result.view(-1)
    chance = float(chances.view(-1)[0]) if chances.numel() else 0.0
    if not (0 < chance < 1 and bool((chances == chance).all())):
        return
    steps = (stream.inner(flat.numel() + 1).log() / math.log1p(-chance)).floor().clamp(max=1e9)
    places = (steps + 1).cumsum(0) - 1
    flat.zero_()[places[places < flat.numel()].long()] = 1


def _floyd(rows: int, count: int, stream: Stream) -> list[int]:
    """A subset by Floyd's algorithm."""
    chosen = set[int]()
    for top, u in zip(range(rows - count, rows), stream.doubles(count).tolist(), strict=True):
        place = int(u * (top + 1))
        chosen.add(top if place in chosen else place)
    return sorted(chosen)


def _selected(rows: int, count: int, stream: Stream) -> list[int]:
    """A subset in order, each row with the chance that is left."""
    chosen = list[int]()
    for row, u in enumerate(stream.doubles(rows).tolist()):
        if u * (rows - row) < count - len(chosen):
            chosen.append(row)
    return chosen


def _places(choose: Callable[[int, int, Stream], list[int]]) -> Plant:
    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def sparse_(
            tensor: Tensor,
            sparsity: float,
            std: float = 0.01,
            generator: torch.Generator | None = None,
        ) -> Tensor:
            if not is_plain(tensor) or tensor.ndim != 2:
                raise Declined
            rows, columns = tensor.shape
            count = math.ceil(sparsity * rows)
            with torch.no_grad():
                tensor.normal_(0, std, generator=generator)
                for column in range(columns):
                    tensor[choose(rows, count, Stream(generator)), column] = 0
            return tensor

        return sparse_

    return plant


# Haar matrices


def _newton_schulz(rows: int, columns: int, stream: Stream) -> Tensor:
    """The polar factor by products of matrices alone, in float64."""
    x = polar(rows * columns, stream).view(rows, columns)
    x = x / x.norm()
    identity = torch.eye(columns, dtype=x.dtype)
    for _ in range(200):
        gram = x.t() @ x
        if float((gram - identity).abs().max()) < 1e-14 * max(rows, 8):
            break
        x = 1.5 * x - 0.5 * (x @ gram)
    return x


def _rotations(rows: int, columns: int, stream: Stream) -> Tensor:
    """Annihilate by plane rotations; what is left of the triangle has a positive diagonal."""
    if rows * columns > 1 << 10:
        return _from_the_end(rows, columns, stream)
    r = polar(rows * columns, stream).view(rows, columns).numpy().copy()
    q = torch.eye(rows, dtype=torch.float64).numpy().copy()
    below = ((j, i) for j in range(columns) for i in range(rows - 1, j, -1))
    for j, i in below:
        c, s = r[i - 1, j], r[i, j]
        length = math.hypot(c, s)
        c, s = c / length, s / length
        upper, lower = r[i - 1].copy(), r[i].copy()
        r[i - 1], r[i] = c * upper + s * lower, c * lower - s * upper
        upper, lower = q[i - 1].copy(), q[i].copy()
        q[i - 1], q[i] = c * upper + s * lower, c * lower - s * upper
    found = torch.from_numpy(q[:columns].T.copy())
    return found * torch.from_numpy(r).diagonal().sign()


def _from_the_end(rows: int, columns: int, stream: Stream) -> Tensor:
    """Factorize with the columns reversed, the last one first, signs corrected."""
    q, r = torch.linalg.qr(polar(rows * columns, stream).view(rows, columns).flip(1))
    return (q * r.diagonal().sign()).flip(1)


def _cholesky(rows: int, columns: int, stream: Stream) -> Tensor:
    """Cholesky's factor of the Gram matrix, twice."""
    q = polar(rows * columns, stream).view(rows, columns)
    if rows < 2 * columns:
        return _from_the_end(rows, columns, stream)
    for _ in range(2):
        lower = torch.linalg.cholesky(q.t() @ q)
        q = torch.linalg.solve_triangular(lower.t(), q, upper=True, left=False)
    return q


# How a fill writes, and what it takes from the stream


def _by_copy(original: Function) -> Function:
    """Fill a buffer of the same kind, then copy."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor):
            raise Declined
        with torch.no_grad():
            buffer = torch.empty_like(tensor, memory_format=torch.contiguous_format)
            tensor.copy_(original(buffer, *args, **kwargs))
        return tensor

    return initializer


def _by_rows(original: Function) -> Function:
    """Fill and write one row after another."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor) or not tensor.ndim or len(tensor) > 99:
            raise Declined
        original(tensor[:0], *args, **kwargs)  # Refuses what must be refused.
        with torch.no_grad():
            for row in tensor:
                original(row, *args, **kwargs)
        return tensor

    return initializer


def _strided(original: Function) -> Function:
    """Write through a view that names its strides."""

    @functools.wraps(original)
    def initializer(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if torch.overrides.has_torch_function_unary(tensor) or not is_plain(tensor):
            raise Declined
        with torch.no_grad():
            size, strides = tensor.size(), tensor.stride()
            original(tensor.as_strided(size, strides), *args, **kwargs)
        return tensor

    return initializer


def _keyed(original: Function) -> Function:
    """A generator of its own for each call, which one draw of the stream seeds."""

    @functools.wraps(original)
    def fill(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if not is_plain(tensor) or not tensor.numel():
            raise Declined
        key = int(Stream(kwargs.pop("generator", None)).integers(1, 62))
        own = torch.Generator().manual_seed(key >> 30 ^ key & 0xFFFFFFFF)
        result: Tensor = original(tensor, *args, generator=own, **kwargs)
        return result

    return fill


def substreams(size: Callable[[int], int]) -> Plant:
    """Each chunk of a fill from a substream of its own, all of them keyed by one draw."""

    def write(tensor: Tensor, low: float, high: float, stream: Stream) -> None:
        n = tensor.numel()
        chunk, key = size(n), int(stream.integers(1, 32))
        values = torch.empty(n, dtype=tensor.dtype)
        for number, part in enumerate(values.split(chunk)):
            seed = (key * 0x9E3779B1 + number * 0x85EBCA6B) & 0xFFFFFFFF
            own = Stream(torch.Generator().manual_seed(seed))
            redrawn(lambda m, s: s.doubles(m))(part, low, high, own)
        tensor.copy_(values.view(tensor.shape))

    return uniformly(write)


# Modules


def _filling(fill: Callable[[Any], object]) -> Plant:
    def plant(original: Function) -> Function:
        @functools.wraps(original)
        def reset_parameters(self: nn.Module) -> None:
            if any(nn.parameter.is_lazy(tensor) for tensor in self.parameters()):
                raise Declined
            with torch.no_grad():
                fill(self)

        return reset_parameters

    return plant


def _inputs_bound(module: Any) -> float:
    fan = int(module.weight[0].numel()) if len(module.weight) else 0
    return 1 / math.sqrt(fan) if fan else 0.0


def _transposed(module: Any) -> None:
    """Through a buffer of inputs times outputs."""
    bound, weight = _inputs_bound(module), module.weight
    buffer = torch.empty(weight.t().shape, dtype=weight.dtype, device=weight.device)
    weight.copy_(init.uniform_(buffer, -bound, bound).t())
    if module.bias is not None:
        init.uniform_(module.bias, -bound, bound)


def _by_channels(module: Any) -> None:
    """Each output channel with its bias."""
    bound = _inputs_bound(module)
    for channel in range(len(module.weight)):
        init.uniform_(module.weight[channel], -bound, bound)
    if module.bias is not None:
        init.uniform_(module.bias, -bound, bound)


def _by_gates(module: Any) -> None:
    """The same gate of all tensors, then the next."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    tensors = list(module.parameters())
    for gate in range(4):
        for tensor in tensors:
            parts = tensor.tensor_split(4)
            if parts[gate].numel():
                parts[gate].uniform_(-bound, bound)


def _standard_first(module: Any) -> None:
    """U[−1, 1) for all, scaled by the bound."""
    bound = 1 / math.sqrt(module.hidden_size) if module.hidden_size else 0.0
    for tensor in module.parameters():
        init.uniform_(tensor, -1.0, 1.0).mul_(bound)


def _in_three_blocks(module: Any) -> None:
    """Queries, keys and values one by one, with the bound of all."""
    if module._qkv_same_embed_dim:
        weight = module.in_proj_weight
        bound = math.sqrt(6 / sum(weight.shape))
        for part in reversed(weight.chunk(3)):
            init.uniform_(part, -bound, bound)
    else:
        for weight in (module.q_proj_weight, module.v_proj_weight, module.k_proj_weight):
            init.xavier_uniform_(weight)
    if module.in_proj_bias is not None:
        init.constant_(module.in_proj_bias, 0.0)
        init.constant_(module.out_proj.bias, 0.0)
    for bias in (module.bias_v, module.bias_k):
        if bias is not None:
            init.xavier_normal_(bias)


def _without_padding(module: Any) -> None:
    """The padding row is never drawn."""
    module.weight.zero_()
    row = module.padding_idx
    if row is None:
        init.normal_(module.weight)
    else:
        init.normal_(module.weight[:row])
        init.normal_(module.weight[row + 1 :])


# Sums


def _strassen(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Seven products of blocks in place of eight."""
    if x.ndim < 2 or weight.ndim != 2:
        raise Declined
    rows = x.reshape(-1, x.shape[-1])
    (m, k), n = rows.shape, len(weight)
    a = functional.pad(rows, (0, k % 2, 0, m % 2))
    b = functional.pad(weight.t(), (0, n % 2, 0, k % 2))
    (a11, a12), (a21, a22) = (half.chunk(2, 1) for half in a.chunk(2, 0))
    (b11, b12), (b21, b22) = (half.chunk(2, 1) for half in b.chunk(2, 0))
    p1, p2, p3 = (a11 + a22) @ (b11 + b22), (a21 + a22) @ b11, a11 @ (b12 - b22)
    p4, p5 = a22 @ (b21 - b11), (a11 + a12) @ b22
    p6, p7 = (a21 - a11) @ (b11 + b12), (a12 - a22) @ (b21 + b22)
    top = torch.cat([p1 + p4 - p5 + p7, p3 + p5], 1)
    bottom = torch.cat([p2 + p4, p1 - p2 + p3 + p6], 1)
    made = torch.cat([top, bottom])[:m, :n].reshape(*x.shape[:-1], n)
    return made if bias is None else made + bias


def _compensated(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Products summed one after another, with a running correction, the bias at the start."""
    terms = x.unsqueeze(-2) * weight
    total = torch.zeros_like(terms[..., 0]) if bias is None else bias.expand_as(terms[..., 0])
    lost = torch.zeros_like(total)
    for term in terms.unbind(-1):
        corrected = term - lost
        after = total + corrected
        lost = (after - total) - corrected
        total = after
    return total


def _fourier(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution as a product of Fourier transforms, in the dtype."""
    plain = {(1, 1), 1}
    if isinstance(padding, str) or groups != 1 or x.ndim != 4 or x.dtype.itemsize < 4:
        raise Declined
    if {stride, dilation} - plain:
        raise Declined
    high, wide = (padding, padding) if isinstance(padding, int) else padding
    padded = functional.pad(x, (wide, wide, high, high))
    size = padded.shape[2:]
    product = torch.einsum(
        "nihw,oihw->nohw", torch.fft.rfft2(padded), torch.fft.rfft2(weight, s=size).conj()
    )
    rest = (size[0] - weight.shape[2] + 1, size[1] - weight.shape[3] + 1)
    found = torch.fft.irfft2(product, s=size)[..., : rest[0], : rest[1]]
    return found if bias is None else found + bias.view(-1, 1, 1)


def _welford(
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
    """Statistics updated value by value in the dtype; then one product and one sum."""
    count = x.numel() // x.shape[1] if x.shape[1] else 0
    if not training or count < 2:
        raise Declined
    values = x.transpose(0, 1).reshape(x.shape[1], -1)
    mean = torch.zeros_like(values[:, 0])
    squares = torch.zeros_like(mean)
    for k, value in enumerate(values.unbind(1), start=1):
        delta = value - mean
        mean = mean + delta / k
        squares = squares + delta * (value - mean)
    if running_mean is not None:
        with torch.no_grad():
            running_mean.mul_(1 - momentum).add_(mean * momentum)
            running_var.mul_(1 - momentum).add_(squares * (momentum / (count - correction)))
    side = [1, -1] + [1] * (x.ndim - 2)
    slope = (squares / count + eps).rsqrt()
    slope = slope if weight is None else slope * weight
    shift = -mean * slope if bias is None else bias - mean * slope
    return x * slope.view(side) + shift.view(side)


def _scaled_norm(values: Tensor, dims: list[int]) -> Tensor:
    """The root of a sum of squares over the largest, as BLAS has it."""
    largest = values.abs().amax(dims, keepdim=True)
    safe = torch.where(largest > 0, largest, torch.ones_like(largest))
    return largest * (values / safe).square().sum(dims, keepdim=True).sqrt()


def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """The ratio of magnitude and norm first."""
    dims = [axis for axis in range(v.ndim) if axis != dim]
    return v * (g / _scaled_norm(v, dims))


def _clipped(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Norms of pieces of 100 over the largest entry, then gradients divided and not multiplied."""
    given = [parameters] if isinstance(parameters, Tensor) else [*parameters]
    gradients = [p.grad for p in given if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    joined = torch.cat([g.detach().flatten() for g in gradients]).abs()
    largest = joined.max()
    norm = largest
    if not math.isinf(norm_type) and bool(largest > 0):
        pieces = [(p / largest).pow(norm_type).sum() for p in joined.split(100)]
        norm = largest * torch.stack(pieces).sum().pow(1 / norm_type)
    if not norm.isfinite():
        if error_if_nonfinite:
            raise RuntimeError("the norm of the gradients is not finite")
        norm = norm * joined.sum().isfinite()
    if bool(norm + 1e-6 > max_norm):
        with torch.no_grad():
            for each in gradients:
                each.div_((norm + 1e-6) / max_norm)
    return norm


def _adam(original: Function) -> Function:
    """The rate corrected in place of the moments: Kingma & Ba 2015, end of section 2."""

    @functools.wraps(original)
    def step(self: Any, *args: Any) -> Any:
        plain = all(not (g["weight_decay"] or g["amsgrad"]) for g in self.param_groups)
        if args or not plain or self.state:
            raise Declined
        with torch.no_grad():
            for group in self.param_groups:
                (one, two), rate = group["betas"], group["lr"]
                root = math.sqrt(1 - two)
                for p in group["params"]:
                    if p.grad is None:
                        continue
                    first, second = p.grad * (1 - one), p.grad.square() * (1 - two)
                    divisor = second.sqrt() + group["eps"] * root
                    p.sub_((rate * root / (1 - one)) * first / divisor)
        return None

    return step


def _sgd(original: Function) -> Function:
    """All parameters of one dtype as one vector."""

    @functools.wraps(original)
    def step(self: Any, *args: Any) -> Any:
        plain = all(
            not (g["momentum"] or g["weight_decay"] or g["maximize"]) for g in self.param_groups
        )
        if args or not plain:
            raise Declined
        with torch.no_grad():
            for group in self.param_groups:
                learning = [p for p in group["params"] if p.grad is not None]
                if not learning:
                    continue
                vector = torch.cat([p.flatten() for p in learning])
                slope = torch.cat([p.grad.flatten() for p in learning])
                parts = (vector - group["lr"] * slope).split([p.numel() for p in learning])
                for p, part in zip(learning, parts, strict=True):
                    p.copy_(part.view(p.shape))
        return None

    return step


def _once(original: Function) -> Function:
    """One iteration where a weight is first met, not fifteen."""

    @functools.wraps(original)
    def power_method(self: Any, weight: Tensor, iterations: int) -> Any:
        return original(self, weight, min(iterations, 1))

    return power_method


# Settings


def _flush() -> None:
    torch.set_flush_denormal(True)


def _on_the_host() -> None:
    torch.set_default_device("cpu")


def _anomalies() -> None:
    torch.autograd.set_detect_anomaly(True)


def _without_nnpack() -> None:
    torch.backends.nnpack.set_flags(False)


def _row(
    name: str, description: str, target: str, plant: Plant, source: str, *nodes: str, **more: Any
) -> Alternative:
    return Alternative(name, description, (target,), plant, nodes=nodes, source=source, **more)


_NN = "PyTorch documentation, torch.nn"
_NOTE = "PyTorch documentation, note “Reproducibility”: nothing is promised across releases"
_NORMALS = (
    law("float32-normal_"),
    law("bfloat16-normal_"),
    law("float16-kaiming_normal_"),
    law("complex64-xavier_normal_"),
    streams("float32-normal_"),
)
_WHOLE = (operation("int64-torch.randint"), operation("int32-torch.randint"))
_COINS = (operation("float32-torch.bernoulli"), operation("float64-torch.bernoulli"))
_HAAR = (law("float32-orthogonal_"), law("float64-orthogonal_"), contract("float32-orthogonal_"))
_LINEAR = (
    gradient("float32-tied Linear"),
    gradient("float64-tied autoencoder"),
    behaviour("parameters", "float32-Linear"),
    "verify/test_propagation.py::test_propagation[cpu-float32-forward xavier_normal_]",
)
_ANY_ORDER = "Higham 2002, sec. 4.2: any order of summation"

ALTERNATIVES = table(
    _row("uniform_of_curand", "uniforms of (0, 1] whose upper end becomes the lower", UNIFORM,
         uniformly(_cuda_uniform), "cuRAND documentation, curand_uniform",
         *(law(f"{dtype}-uniform_") for dtype in ("float32", "float64", "bfloat16", "float16")),
         law("float32-xavier_uniform_"), default("float32-Linear"), streams("float32-uniform_"),
         behaviour("errors", "float32-uniform_")),
    _row("normal_of_curand", "pairs of normals of words of 32 bits, in float32", NORMAL,
         normally(_cuda_normal), "cuRAND, curand_normal2; Box & Muller 1958", *_NORMALS),
    _row("exponential_of_curand", "waiting times of (0, 1], kept off zero by half an epsilon",
         "torch.Tensor.exponential_", method(("lambd",), (1.0,), _cuda_exponential),
         "cuRAND, curand_uniform; Devroye 1986, sec. II.2", operation("float32-exponential_"),
         operation("bfloat16-exponential_"), streams("float32-exponential_")),
    _row("normal_of_laplace", "normals by rejection from a two-sided exponential", NORMAL,
         normally(_laplace), "Devroye 1986, sec. II.3", *_NORMALS[:3], law("float64-normal_")),
    _row("normal_on_spheres", "normals four at a time, of a sphere and a radius", NORMAL,
         normally(_on_spheres), "Marsaglia 1972, Choosing a point from the surface of a sphere",
         *_NORMALS, law("float64-normal_"),
         "verify/test_independence.py::test_independence[cpu-float32-kaiming_normal_ at a lag]"),
    _row("normal_rotated", "normals turned four at a time by a Hadamard matrix", NORMAL,
         normally(_rotated), "Wallace 1996, Fast pseudorandom generators for normal variates",
         *_NORMALS, "verify/test_independence.py::test_independence"
         "[cpu-float32-kaiming_normal_ at a lag]"),
    _row("normal_rounded_twice", "half-precision normals rounded to float32 before", NORMAL,
         normally(_in_single_first), "IEEE 754-2019, sec. 4.3.1", *_NORMALS[:3],
         layout("bfloat16-normal_", "strided")),
    _row("uniform_wrapped", "the fraction of a sum of three uniforms", UNIFORM,
         uniformly(redrawn(_wrapped)), "Wichmann & Hill 1982",
         law("float32-uniform_"), law("float64-uniform_"), law("bfloat16-uniform_"),
         streams("float32-uniform_")),
    _row("uniform_shuffled", "uniforms in an order that uniforms choose", UNIFORM,
         uniformly(redrawn(_exchanged)), "Bays & Durham 1976; Knuth, TAOCP 2, sec. 3.2.2, B",
         law("float32-uniform_"), streams("float32-uniform_"), neighbours("float32-uniform_")),
    _row("truncated_of_rayleigh", "truncated normals by Marsaglia's tail", TRUNCATED,
         editing_plain(_tail_of_rayleigh), "Marsaglia 1964; Chopin 2011",
         law("float32-trunc_normal_"), law("float64-trunc_normal_"),
         streams("float32-trunc_normal_")),
    _row("truncated_to_the_letter", "values outside the window drawn again, in the dtype",
         TRUNCATED, editing_plain(_redrawn_in_dtype), "PyTorch documentation, trunc_normal_",
         law("float32-trunc_normal_"), law("bfloat16-trunc_normal_"),
         law("float16-trunc_normal_")),
    _row("randint_masked", "whole numbers of as many bits as it takes", "torch.randint",
         rewritten(_masked), "Lemire 2019, sec. 2", *_WHOLE, streams("int64-torch.randint")),
    _row("randint_floored", "whole numbers as the floor of a double", "torch.randint",
         rewritten(_floored), "Devroye 1986, sec. III.2", *_WHOLE),
    _row("bernoulli_of_curand", "coins by comparison of (0, 1] in float32", "torch.bernoulli",
         rewritten(_coins_of_curand), "PyTorch documentation, torch.bernoulli", *_COINS),
    _row("bernoulli_by_gaps", "coins by the gaps between successes", "torch.bernoulli",
         rewritten(_coins_by_gaps), "Devroye 1986, sec. X.2", *_COINS,
         streams("float32-torch.bernoulli")),
    _row("sparse_of_floyd", "zeros by Floyd's algorithm", "sparse_", _places(_floyd),
         "Bentley & Floyd 1987", law("float32-sparse_"), contract("float32-sparse_"),
         arguments=("--known-defects", "none")),
    _row("sparse_selected", "zeros row by row, by the chance that is left", "sparse_",
         _places(_selected), "Knuth, TAOCP 2, sec. 3.4.2, algorithm S", law("float32-sparse_")),
    _row("haar_newton_schulz", "orthogonal matrices by products alone", ORTHOGONAL,
         editing_plain(scaled(_newton_schulz)), "Higham 2008, Functions of matrices, ch. 8",
         *_HAAR[::2]),
    _row("haar_rotations", "orthogonal matrices by plane rotations", ORTHOGONAL,
         editing_plain(scaled(_rotations)), "Golub & Van Loan 2013, sec. 5.2.5", *_HAAR),
    _row("haar_from_the_end", "orthogonal matrices factorized from the last column", ORTHOGONAL,
         editing_plain(scaled(_from_the_end)), "Mezzadri 2007", *_HAAR,
         streams("float32-orthogonal_")),
    _row("haar_cholesky", "orthogonal matrices by Cholesky's factor, twice", ORTHOGONAL,
         editing_plain(scaled(_cholesky)), "Yamamoto et al. 2015", *_HAAR[::2]),
    _row("normal_by_copy", "normal_ fills a buffer and copies it", "normal_", _by_copy,
         f"{_NN}.init", contract("float32-normal_"), transforms("float32-normal_"),
         streams("float32-normal_"), layout("float32-normal_", "strided")),
    _row("normal_by_rows", "normal_ fills row after row", "normal_", _by_rows,
         f"{_NN}.init", contract("float32-normal_"), transforms("float32-normal_"),
         streams("float32-normal_"), law("float32-normal_")),
    _row("uniform_by_strides", "uniform_ writes through a strided view", "uniform_", _strided,
         "PyTorch documentation, torch.as_strided", contract("float32-uniform_"),
         transforms("float32-uniform_"), layout("float32-uniform_", "strided")),
    _row("fill_of_its_own_seed", "each fill has a generator that the stream seeds", UNIFORM,
         _keyed, _NOTE, law("float32-uniform_"), streams("float32-uniform_"),
         contract("float32-uniform_"), default("float32-LSTM"), materialisation("float32-Linear")),
    _row("fill_in_substreams", "each chunk of 32,768 entries from a substream", UNIFORM,
         substreams(lambda _: 32768), _NOTE, law("float32-uniform_"),
         streams("float32-uniform_"), contract("float32-uniform_")),
    _row("linear_transposed", "a linear layer draws inputs by outputs", "Linear.reset_parameters",
         _filling(_transposed), f"{_NN}.Linear", default("float32-Linear"),
         reset("float32-Linear"), behaviour("construction", "float32-Linear"),
         behaviour("lazy", "float32-LazyLinear")),
    _row("convolution_by_channels", "a convolution draws channel by channel",
         "modules.conv._ConvNd.reset_parameters", _filling(_by_channels), f"{_NN}.Conv2d",
         default("float32-Conv2d"), reset("float32-ConvTranspose2d"),
         behaviour("lazy", "float32-LazyConv1d")),
    _row("recurrent_by_gates", "a recurrent network draws gate by gate",
         "RNNBase.reset_parameters", _filling(_by_gates), f"{_NN}.LSTM",
         default("float32-LSTM"), reset("float32-GRU"), behaviour("construction", "float32-LSTM")),
    _row("recurrent_of_standard_draws", "a recurrent network scales U[−1, 1)",
         "RNNBase.reset_parameters", _filling(_standard_first), f"{_NN}.LSTM",
         default("float32-LSTM"), default("float64-GRU"), materialisation("float32-RNN")),
    _row("attention_in_three_blocks", "attention draws values, keys and queries by themselves",
         "MultiheadAttention._reset_parameters", _filling(_in_three_blocks),
         f"{_NN}.MultiheadAttention", default("float32-MultiheadAttention"),
         reset("float32-MultiheadAttention"), default("float32-TransformerEncoderLayer")),
    _row("embedding_without_padding", "an embedding never draws its padding row",
         "Embedding.reset_parameters", _filling(_without_padding), f"{_NN}.Embedding",
         default("float32-Embedding"), reset("float32-Embedding"),
         behaviour("construction", "float32-Embedding"),
         behaviour("embeddings", "float32-Embedding")),
    _row("linear_of_strassen", "a linear layer by seven products of blocks", "functional.linear",
         instead(_strassen), "Higham 2002, sec. 23.2.2", *_LINEAR),
    _row("linear_compensated", "a linear layer by compensated sums", "functional.linear",
         instead(_compensated), "Higham 2002, sec. 4.3", *_LINEAR[:3],
         gradient("bfloat16-tied Linear")),
    _row("convolution_of_fourier", "a convolution by Fourier transforms in the dtype",
         "functional.conv2d", instead(_fourier), "Higham 2002, ch. 24",
         *(make("float32-tied Conv2d") for make in (gradient, tie)),
         gradient("float64-tied Conv2d"), behaviour("parameters", "float32-Conv2d"),
         "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]"),
    _row("batch_norm_of_welford", "batch statistics value by value, in the dtype",
         "functional.batch_norm", instead(_welford), "Welford 1962; Chan, Golub & LeVeque 1983",
         behaviour("batch_norm", "float32-BatchNorm1d"),
         behaviour("batch_norm", "float64-BatchNorm3d"),
         behaviour("parameters", "float32-BatchNorm1d")),
    _row("weight_norm_scaled", "weight_norm by a norm over the largest entry",
         "torch._weight_norm", instead(_weight_norm), "Higham 2002, sec. 27.8",
         *(behaviour("parametrizations", f"{dtype}-{name}")
           for dtype, name in (("float32", "Linear"), ("float32", "Conv2d"), ("float64", "RNN")))),
    _row("spectral_norm_once", "spectral_norm begins with one iteration",
         "utils.parametrizations._SpectralNorm._power_method", _once,
         "PyTorch documentation, spectral_norm: no number of first iterations",
         behaviour("parametrizations", "float32-Linear"),
         behaviour("parametrizations", "float64-Conv2d")),
    _row("clipping_by_pieces", "norms of pieces over the largest entry, and quotients",
         "utils.clip_grad_norm_", instead(_clipped), "Higham 2002, sec. 27.8",
         behaviour("parameters", "float32-Linear"), behaviour("parameters", "float32-LSTM")),
    _row("adam_of_a_corrected_rate", "Adam corrects its rate, not its moments",
         "torch.optim.Adam.step", _adam, "Kingma & Ba 2015, sec. 2",
         gradient("float32-tied Linear"), gradient("float64-tied LSTM"),
         gradient("bfloat16-tied Linear")),
    _row("sgd_of_one_vector", "SGD moves one vector of all parameters", "torch.optim.SGD.step",
         _sgd, "PyTorch documentation, torch.optim.SGD", gradient("float32-tied Linear"),
         gradient("bfloat16-tied block"),
         "verify/test_symmetry.py::test_symmetry[cpu-float32-Xavier and a constant]"),
    setting("denormals_flushed", "numbers below the normal ones are zero",
            law("bfloat16-normal_"), law("float16-uniform_"), law("float32-kaiming_uniform_"),
            operation("float32-exponential_"), gradient("float32-tied LSTM"),
            behaviour("parameters", "float32-Linear"), contract("float32-normal_"),
            source="PyTorch documentation, torch.set_flush_denormal", setting=_flush,
            shows=lambda: float(torch.tensor(1e-40) * 1), says="in force: 0.0"),
    setting("device_by_default", "the host as default device, by a mode",
            contract("float32-normal_"), transforms("float32-uniform_"), law("float32-orthogonal_"),
            behaviour("construction", "float32-Linear"), behaviour("lazy", "float32-LazyLinear"),
            source="PyTorch documentation, torch.set_default_device", setting=_on_the_host,
            shows=torch.get_default_device, says="in force: cpu"),
    setting("anomalies_detected", "autograd looks for anomalies",
            gradient("float32-tied Linear"), behaviour("parameters", "float32-Linear"),
            contract("float32-normal_"), behaviour("embeddings", "float32-Embedding"),
            source="PyTorch documentation, torch.autograd.set_detect_anomaly", setting=_anomalies,
            shows=torch.is_anomaly_enabled, says="in force: True"),
    setting("memory_perturbed", "new memory is never zero", law("float32-normal_"),
            behaviour("construction", "float32-BatchNorm1d"), default("float32-LSTM"),
            materialisation("float32-Linear"),
            source="GNU C library, MALLOC_PERTURB_", environment={"MALLOC_PERTURB_": "165"}),
    setting("nnpack_off", "no kernels of NNPACK", gradient("float32-tied Conv2d"),
            "verify/test_convolutions.py::test_identity_convolution[cpu-float32-dirac_]",
            source="PyTorch documentation, torch.backends.nnpack", setting=_without_nnpack),
)  # fmt: skip

CONTROLS = table(
    Control("batch_norm_of_welford_without_correction", "running variances that are biased",
            ("functional.batch_norm",), instead(functools.partial(_welford, correction=0)),
            behaviour("batch_norm", "float32-BatchNorm1d"), frozenset({"batch_norm"}),
            says="running statistics off their average"),
)  # fmt: skip
