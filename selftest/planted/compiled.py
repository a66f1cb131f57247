"""Functions that are compiled to something else, and what is computed again wrongly.

Kernels are changed where inductor writes them, in the calls of what was compiled while something
is planted: its caches are left alone.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import pkgutil
from unittest import mock

import torch

from selftest.planted.fault import Fault, calling, table
from selftest.planted.module import NARROW, REPEATS, UNFILLED, WIDE, fault

CPP = "torch._inductor.codegen.cpp"
COMPILE = "torch.compile"
CHECKPOINT = "torch.utils.checkpoint.checkpoint"


def law(cell, way="compiled"):
    test = "test_compiled" if way == "compiled" else "test_other_ways"
    return f"verify/test_compiled.py::{test}[cpu-{cell}-{way}]"


def reset(cell):
    return f"verify/test_compiled.py::test_compiled_reset[cpu-{cell}]"


def default(cell):
    return f"verify/test_compiled.py::test_compiled_default[cpu-{cell}]"


def without_caches(original, function, options):
    """What is compiled while something is planted must not be found by anyone else."""
    compiled = original(function, **options)

    def call(*args):
        with torch.compiler.config.patch(force_disable_caches=True):
            return compiled(*args)

    return call


def kernels(**edits):
    """Change what the C++ backend writes: by name of an override, a function of the original."""

    def compile(original, function, **options):
        compiled = without_caches(original, function, options)

        def call(*args):
            with contextlib.ExitStack() as stack:
                for kind, (name, edit) in itertools.product(("", "Vec"), edits.items()):
                    overrides = pkgutil.resolve_name(f"{CPP}.Cpp{kind}Overrides")
                    changed = staticmethod(edit(getattr(overrides, name)))
                    stack.enter_context(mock.patch.object(overrides, name, changed))
                return compiled(*args)

        return call

    return calling(compile)


def values(name, code):
    """Change a drawn value, `u` in C++, before it is stored."""

    def plant(original, function, **options):
        # The draw of one value is a call of that name in both kinds of kernels.
        function_of = {"rand": "normalized_rand_cpu", "randn": "randn_cpu"}[name]
        compiled = without_caches(original, function, options)

        def edited(write):
            def wrapped(*args):
                written = write(*args)
                text = written if isinstance(written, str) else written.getvalue()
                start = text.index(function_of)
                end = closing(text, start + len(function_of))
                drawn = f"[&]{{ auto u = {text[start:end]}; return float({code}); }}()"
                return text[:start] + drawn + text[end:]

            return staticmethod(wrapped)

        def call(*args):
            with contextlib.ExitStack() as stack:
                for kind in ("CppOverrides", "CppVecOverrides"):
                    overrides = pkgutil.resolve_name(f"{CPP}.{kind}")
                    changed = edited(getattr(overrides, name))
                    stack.enter_context(mock.patch.object(overrides, name, changed))
                return compiled(*args)

        return call

    return calling(plant)


def closing(text, start):
    """The place behind the bracket that closes the one at `start`."""
    depth = itertools.accumulate((c == "(") - (c == ")") for c in text[start:])
    return start + next(place for place, open_ in enumerate(depth) if open_ == 0) + 1


def around(change):
    """Call what was compiled by a function, which gets it, its options and the arguments."""

    def compile(original, function, **options):
        compiled = original(function, **options)
        return lambda *args: change(compiled, options, *args)

    return calling(compile)


def from_one_state():
    """Every call of every function starts where the first one did."""
    states = {}

    def change(compiled, options, *args):
        state = states.setdefault(id(compiled), torch.get_rng_state())
        torch.set_rng_state(state)
        return compiled(*args)

    return around(change)


def private(compiled, options, *args):
    """The stream that the user seeds is left alone, and has no say."""
    with torch.random.fork_rng():
        torch.manual_seed(next(PRIVATE))
        return compiled(*args)


PRIVATE = itertools.count(1 << 20)


def standing(compiled, options, *args):
    with torch.random.fork_rng():
        return compiled(*args)


def reseeding(compiled, options, *args):
    """As if each call mixed the number of calls so far into the seed."""
    torch.manual_seed(torch.initial_seed() + next(PRIVATE))
    return compiled(*args)


def leaving_tail(compiled, options, *args):
    result = compiled(*args)
    if options.get("dynamic"):
        for tensor in args:
            row = tensor.reshape(-1)
            row[len(row) - len(row) % 16 :] = torch.nan
    return result


def scaling_dynamic(compiled, options, *args):
    """As if the fan were that of the traced size."""
    result = compiled(*args)
    if options.get("dynamic"):
        for tensor in args:
            tensor.mul_(1.02)
    return result


def swapping(compiled, options, *args):
    """The second of two tensors is the first one turned round."""
    result = compiled(*args)
    if len(args) == 2:
        args[1].copy_(args[0].flip(0))
    return result


def leaving_one(compiled, options, *args):
    """The last entry of each tensor is made and not written."""
    made = compiled(*args)
    for tensor in made:
        tensor[-1, -1] = torch.nan
    return made


def beyond(compiled, options, *args):
    """One entry more is written, where sizes are dynamic."""
    result = compiled(*args)
    for tensor in args:
        if options.get("dynamic") and tensor._base is not None:
            tensor.as_strided((1,), (1,), tensor.storage_offset() + tensor.numel()).zero_()
    return result


def unlike_eager(original, function, **options):
    """The option is ignored."""
    settings = {k: v for k, v in (options.get("options") or {}).items() if k != "fallback_random"}
    options["options"] = settings or None
    return without_caches(original, function, options)


def without_memory(original, function, **options):
    """Whatever can be is computed again, draws too."""
    compiled = without_caches(original, function, options)

    def call(*args):
        config = pkgutil.resolve_name("torch._functorch.config")
        with config.patch(activation_memory_budget=0.0):
            return compiled(*args)

    return call


def leaving_biases(compiled, options, *args):
    result = compiled(*args)
    for module in args:
        module.bias.data.mul_(0.5)
    return result


def every_module(change):
    """Change each module that a compiled function has made."""

    def edit(compiled, options, *args):
        made = compiled(*args)
        with torch.no_grad():
            for each in made if isinstance(made, tuple) else (made,):
                for module in each.modules():
                    change(module)
        return made

    return around(edit)


def by_fan_out(module):
    """A bound of the number of outputs."""
    if isinstance(module, torch.nn.Linear):
        module.weight.mul_((module.in_features / module.out_features) ** 0.5)


def drawing_padding(module):
    if isinstance(module, torch.nn.Embedding):
        module.weight[module.padding_idx].normal_()


def one_zero_less(module):
    if isinstance(module, torch.nn.Embedding):
        module.weight[module.padding_idx, -1] = 1e-30


def sharing(compiled, options, *args):
    """The second of two modules starts where the first did."""
    made = compiled(*args)
    made[1].load_state_dict(made[0].state_dict())
    return made


def sharing_scaled(compiled, options, *args):
    """Two layers draw from one state, and their bounds differ."""
    model = compiled(*args)
    with torch.no_grad():
        model["decoder"].bias[:24] = 0.3 * model["recurrent"].bias_hh_l0[:24]
    return model


def untying(compiled, options, *args):
    model = compiled(*args)
    model["decoder"].weight = torch.nn.Parameter(model["decoder"].weight.detach().clone())
    return model


def freezing(module):
    if isinstance(module, torch.nn.GRU):
        module.bias_ih_l0.requires_grad_(False)


def drawn_elsewhere(compiled, options, *args):
    """A generator that is passed in moves on, and draws nothing."""
    for generator in args:
        torch.rand(1, generator=generator)
    return compiled(*(torch.Generator().manual_seed(int(torch.randint(99, ()))) for _ in args))


def from_first_state():
    """What is found outside is compiled in as it was at the first call."""
    first = {}

    def change(compiled, options, *args):
        drawn = compiled(*args)
        return drawn if args else first.setdefault(id(compiled), drawn)

    return around(change)


def restoring(compiled, options, *args):
    states = [generator.get_state() for generator in args]
    drawn = compiled(*args)
    for generator, state in zip(args, states, strict=True):
        generator.set_state(state)
    return drawn


def leaving_stream(compiled, options, *args):
    """The stream is put back where it was."""
    state = torch.get_rng_state()
    made = compiled(*args)
    torch.set_rng_state(state)
    return made


def moving_global(compiled, options, *args):
    torch.rand(1)
    return compiled(*args)


def forgetting(*, reentrant):
    """Checkpoints of one form do not keep the state."""

    def call(original, function, *args, use_reentrant, **options):
        if use_reentrant is reentrant:
            options["preserve_rng_state"] = False
        return original(function, *args, use_reentrant=use_reentrant, **options)

    return calling(call)


def moving(original, function, *args, **options):
    """What is computed again goes on with the stream of whoever draws in between."""

    class Moving(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            return x.clone()

        @staticmethod
        def backward(context, gradient):
            torch.rand(1)
            return gradient

    return Moving.apply(original(function, *args, **options))


def drawing_first(original, function, *args, **options):
    """Something is drawn before a checkpoint begins."""
    torch.rand(1)
    return original(function, *args, **options)


def question(test, check, name, cell, target, plant, says):
    node = f"verify/test_{test}[cpu-{cell}]"
    return fault(name, name, target, plant, node, check, says=says)


asked = functools.partial(question, "compiled.py::test_compiled_call", "compiled")
constructed = functools.partial(
    question, "compiled.py::test_compiled_constructor", "compiled", cell="float32-Linear"
)
handed = functools.partial(
    question, "compiled.py::test_compiled_generators", "compiled", cell="float32-torch.rand"
)
recomputed = functools.partial(question, "recomputation.py::test_recomputation", "recomputation")


def compiled_law(name, description, plant, cell, checks, way="compiled", **more):
    return fault(name, description, COMPILE, plant, law(cell, way), *checks, **more)


def first_seed(original):
    """Every tensor of a function draws by the first of its seeds."""
    return functools.wraps(original)(lambda name, offset: original(name, 0))


def constant_seed(original):
    constant = "static_cast<int64_t>(20260101 + {})"
    return functools.wraps(original)(lambda name, offset: constant.format(offset))


FAULTS: dict[str, Fault] = table(
    compiled_law("compiled law: uniform normals", "uniform values of the variance",
                 values("randn", "1.7320508f * std::erf(0.70710678f * u)"),
                 "float32-torch.randn", NARROW),
    compiled_law("compiled law: narrow normals", "normals are scaled by 0.95",
                 values("randn", "0.95f * u"), "float32-torch.randn_like", NARROW),
    compiled_law("compiled law: uniforms of the middle", "a quarter lies in the middle",
                 values("rand", "u < 0.25f ? 0.375f + u : u"), "float32-torch.rand", NARROW),
    compiled_law("compiled law: an atom in bfloat16", "one in 64 is one half",
                 values("randn", "u > 2.1539f ? 0.5f : u"), "bfloat16-torch.randn_like",
                 ("atoms", "mode", *NARROW, "tails", "far_tails")),
    compiled_law("compiled law: uniforms of the middle beside a known defect",
                 "a quarter lies in the middle",
                 values("rand", "u < 0.25f ? 0.375f + u : u"), "float16-torch.rand", NARROW),
    compiled_law("compiled law: narrow doubles beside a known defect", "doubles are scaled by 0.95",
                 values("randn", "0.95f * u"), "float64-torch.randn", ("scale", *NARROW)),
    compiled_law("compiled law: an atom of doubles beside a known defect", "one in 64 is one half",
                 values("randn", "u > 2.1539f ? 0.5f : u"), "float64-torch.randn",
                 ("atoms", "mode", *NARROW, "tails", "far_tails")),
    compiled_law("compiled law: dynamic tails", "the last entries of a dynamic fill stay",
                 around(leaving_tail), "float32-normal_", UNFILLED, "compiled, dynamic"),
    compiled_law("compiled law: dynamic fans", "2 % too wide where sizes are dynamic",
                 around(scaling_dynamic), "float32-normal_", ("scale", *NARROW),
                 "compiled, dynamic"),
    fault("compiled law: halved biases", "the bias of a reset module is halved", COMPILE,
          around(leaving_biases), reset("float32-Linear"), "scale", *NARROW),
    asked("compiled: an atom at zero", "float16-torch.randn", COMPILE,
          values("randn", "std::abs(u) < 0.02f ? 0.0f : u"),
          "values that come too often: 0.0 comes "),
    asked("compiled: an atom at one half", "bfloat16-torch.randn", COMPILE,
          values("randn", "u > 2.0537f ? 0.5f : u"),
          "values that come too often: 0.5 comes "),
    asked("compiled: the bound comes once in 512", "float32-torch.rand", COMPILE,
          values("rand", "u < 0x1p-9f ? 1.0f : u"),
          "values on the excluded bound: the largest value"),
    asked("compiled: the bound comes once in two million", "float32-torch.rand_like", COMPILE,
          values("rand", "u < 0x1p-21f ? 1.0f : u"),
          "values on the excluded bound: the largest value"),
    asked("compiled: the least comes from below", "float32-torch.rand", COMPILE,
          values("rand", "u < 0x1p-19f ? -0x1p-24f : u"),
          "values out of bounds: the least value is "),
    asked("compiled: the least of half precision comes from below", "float16-torch.rand", COMPILE,
          values("rand", "u < 0x1p-19f ? -0x1p-14f : u"),
          "values out of bounds: the least value is "),
    asked("compiled: a seed is compiled in", "float32-torch.randn", COMPILE,
          kernels(load_seed=constant_seed),
          "rows that another seed draws again: 320 of 640 rows"),
    asked("compiled: a pair shares its seed", "float32-torch.randn", COMPILE,
          kernels(load_seed=first_seed),
          "rows that come again: 320 of 640 rows"),
    asked("compiled: every call draws the same", "float32-normal_", COMPILE, from_one_state(),
          "rows that come again: 320 of 640 rows"),
    asked("compiled: the second tensor is the first turned round", "float32-normal_", COMPILE,
          around(swapping), "rows that come again: "),
    asked("compiled: a stream of its own", "float32-uniform_", COMPILE, around(private),
          "what does not go on: the global stream"),
    asked("compiled: standing streams", "int64-torch.randint", COMPILE, around(standing),
          "what does not go on: the global stream"),
    asked("compiled: calls are counted into the seed", "float32-uniform_", COMPILE,
          around(reseeding), "what one seed draws otherwise: "),
    asked("compiled: a tail of any size", "float32-uniform_", COMPILE, around(leaving_tail),
          "sizes that are not filled alone: 2 entries under inductor, dynamic"),
    asked("compiled: beyond the end", "float32-normal_", COMPILE, around(beyond),
          "sizes that are not filled alone: beyond 2 entries"),
    asked("compiled: an entry is left", "float32-torch.rand_like", COMPILE, around(leaving_one),
          "what is left unfilled: 4 entries under inductor, static"),
    asked("compiled: no fallback", "float32-torch.rand_like", COMPILE, calling(unlike_eager),
          "what eager calls draw otherwise: "),
    fault("compiled default: the variance of fan_out", "weights are wide by the outputs", COMPILE,
          every_module(by_fan_out), default("float32-Linear"), "scale", *WIDE),
    fault("compiled default: a padding row that is drawn", "the padding row is not zero", COMPILE,
          every_module(drawing_padding), default("float32-Embedding"), "exact"),
    fault("compiled default: two modules share a stream", "the second is the first", COMPILE,
          around(sharing), default("float32-LSTM"), *REPEATS, "repeats", "stretches"),
    constructed("compiled constructor: a padding row that is nearly zero", target=COMPILE,
                plant=every_module(one_zero_less),
                says="what is not zero: 2 of 48 entries of the padding row under inductor"),
    constructed("compiled constructor: layers of one state", target=COMPILE,
                plant=around(sharing_scaled), says="parameters that are drawn again: 2 of "),
    constructed("compiled constructor: no ties", target=COMPILE, plant=around(untying),
                says="models whose weights are not shared: the first model"),
    constructed("compiled constructor: a frozen bias", target=COMPILE,
                plant=every_module(freezing),
                says="what a compiled function makes no parameter of: recurrent.bias_ih_l0"),
    constructed("compiled constructor: a stream of its own", target=COMPILE,
                plant=around(private), says="parameters that one seed draws otherwise: "),
    constructed("compiled constructor: every call draws the same", target=COMPILE,
                plant=from_one_state(), says="parameters that another seed draws again: "),
    constructed("compiled constructor: the stream stands", target=COMPILE,
                plant=around(leaving_stream), says="what does not go on: the global stream under "),
    handed("compiled generators: ignored", target=COMPILE, plant=around(drawn_elsewhere),
           says="draws that a generator does not decide: torch.rand under inductor, passed in"),
    handed("compiled generators: compiled in", target=COMPILE, plant=from_first_state(),
           says="draws that a generator does not decide: torch.rand under inductor, from outside"),
    handed("compiled generators: standing", target=COMPILE, plant=around(restoring),
           says="generators that do not move on: torch.rand under inductor, passed in"),
    handed("compiled generators: the global stream moves", target=COMPILE,
           plant=around(moving_global), says="draws that move the global stream: torch.rand"),
    recomputed("recomputed: reentrant, forgetting", "float32-dropout", CHECKPOINT,
               forgetting(reentrant=True),
               "draws of the backward pass that are others: "),
    recomputed("recomputed: forgetting", "float32-normal_", CHECKPOINT, forgetting(reentrant=False),
               "draws of the backward pass that are others: "),
    recomputed("recomputed: checkpoints draw first", "float32-torch.rand_like", CHECKPOINT,
               calling(drawing_first), "what is another without checkpoints: "),
    recomputed("recomputed: moving on", "float32-dropout", CHECKPOINT, calling(moving),
               "what the backward pass moves: the global stream"),
    recomputed("recomputed: compiled code draws again", "float32-torch.rand_like", COMPILE,
               calling(without_memory),
               "draws of the compiled backward pass that are others: "),
)  # fmt: skip
