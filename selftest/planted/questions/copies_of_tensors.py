"""Copies of tensors and generators that lose something, or are no copies."""

from __future__ import annotations

import functools

import torch

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question
from selftest.planted.questions.generators import generator


def of_usual_nan(original, self, memo):
    copied = original(self, memo)
    if copied.is_floating_point():
        copied.detach()[copied.isnan()] = torch.nan
    return copied


def through_half(original, self, memo):
    copied = original(self, memo)
    if copied.dtype == torch.bfloat16:
        copied.data = copied.data.half().bfloat16()
    return copied


def flushing(original, self, *args, **kwargs):
    copied = original(self, *args, **kwargs)
    if copied.dtype != torch.float64:
        return copied
    return copied.masked_fill(copied.abs() < torch.finfo(copied.dtype).smallest_normal, 0)


def through_double(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    is_whole = isinstance(loaded, torch.Tensor) and loaded.dtype == torch.int64
    return (loaded - 1).double().long() + 1 if is_whole else loaded


def conjugate(original, self, other, *args, **kwargs):
    return original(self, other.conj() if other.is_complex() else other, *args, **kwargs)


def without_gradient(original, self, memo):
    copied = original(self, memo)
    copied.grad = None
    return copied


def of_one_gradient(original, self, memo):
    copied = original(self, memo)
    copied.grad = self.grad
    return copied


def of_one_attribute(original, self, memo):
    copied = original(self, memo)
    vars(copied).update(vars(self))
    return copied


def stateless(original, rebuild, cls, args, state):
    return original(rebuild, cls, args, {"note": None})


def without_memo(original, self, _memo):
    return original(self, {})


def loaded_apart(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    is_many = isinstance(loaded, dict)
    return {name: each.clone() for name, each in loaded.items()} if is_many else loaded


def turned_round(module):
    module._modules = dict(reversed(module._modules.items()))


def roomy(of):
    row = of.new_zeros(2 * of.numel())[: of.numel()]
    return row.copy_(of)


def cloned_roomy(original, self, *args, **kwargs):
    copied = original(self, *args, **kwargs)
    return roomy(copied) if copied.dim() == 1 and not copied.requires_grad else copied


def loaded_roomy(original, file, *, weights_only):
    loaded = original(file, weights_only=weights_only)
    is_row = isinstance(loaded, torch.Tensor) and loaded.dim() == 1 and not weights_only
    return roomy(loaded) if is_row else loaded


def anywhere(original, self, memo):
    return original(self if self.is_leaf else self.detach(), memo)


def shared_in_a_graph(original, self, memo):
    return original(self, memo) if self.is_leaf else self


def row_by_row(original, self, **kwargs):
    return original(self, **{"memory_format": torch.contiguous_format, **kwargs})


def turned_in_views(original, self, **kwargs):
    return original(self.flip(0) if self.storage_offset() else self, **kwargs)


def out_of_the_graph(original, self, **kwargs):
    return original(self.detach(), **kwargs).requires_grad_(self.requires_grad)


def same_memory(original, self, **kwargs):
    return self.view_as(self) if self.requires_grad else original(self, **kwargs)


def elsewhere(original, cls, data=None, requires_grad=True):
    return original(cls, None if data is None else data.clone(), requires_grad)


def as_the_mode(original, cls, data=None, requires_grad=True):
    return original(cls, data, requires_grad and torch.is_grad_enabled())


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def training_both(original, cls, data=None, requires_grad=True):
    made = original(cls, data, requires_grad)
    if data is not None and data.is_leaf and data.is_floating_point():
        data.requires_grad_(requires_grad)
    return made


def anew(self):
    return seeded(self.initial_seed())


def moved_on(self, state):
    type(self).__base__.set_state(self, state)
    torch.rand((), generator=self)
    return self


def one_state(self):
    state = type(self).__base__.get_state(self)
    return vars(self).setdefault("state", state).copy_(state)


CELL = "float32-torch.rand"
TENSOR = "torch.Tensor.__deepcopy__"
CLONE = "torch.Tensor.clone"
GENERATOR = "torch.Generator"

row = functools.partial(question, "copies", "copying")

FAULTS = table(
    row("a deepcopy has the usual NaN", CELL, TENSOR, calling(of_usual_nan),
        "entries that copies change: torch.float16 by deepcopy, "),
    row("a deepcopy passes half precision", CELL, "Parameter.__deepcopy__", calling(through_half),
        "entries that copies change: parameters of torch.bfloat16 by deepcopy"),
    row("a clone flushes", CELL, CLONE, calling(flushing),
        "entries that copies change: torch.float64 by clone"),
    row("a file of integers passes doubles", CELL, "torch.load", calling(through_double),
        "entries that copies change: torch.int64 by file"),
    row("copy_ takes the conjugate", CELL, "torch.Tensor.copy_", calling(conjugate),
        "entries that copies change: torch.complex64 by copy_, torch.complex128 by copy_"),
    row("a leaf loses its gradient", CELL, TENSOR, calling(without_gradient),
        "what copies of tensors lose: the gradient by deepcopy"),
    row("leaves share a gradient", CELL, TENSOR, calling(of_one_gradient),
        "what copies of tensors lose: a gradient of its own by deepcopy"),
    row("leaves share an attribute", CELL, TENSOR, calling(of_one_attribute),
        "what copies of tensors lose: an attribute by deepcopy"),
    row("a pickle forgets attributes", CELL, "torch._tensor._rebuild_from_type_v2",
        calling(stateless),
        "what copies of tensors lose: an attribute by pickle, an attribute by file"),
    row("a deepcopy parts views", CELL, TENSOR, calling(without_memo),
        "views that copies part: odd by deepcopy, matrix by deepcopy"),
    row("a file parts views", CELL, "torch.load", calling(loaded_apart),
        "views that copies part: odd.strides by file, "),
    row("a clone has room", CELL, CLONE, calling(cloned_roomy),
        "what a file of a clone holds besides: 5 entries, weights only, 5 entries, anything"),
    row("a loaded row has room", CELL, "torch.load", calling(loaded_roomy),
        "what a file of a clone holds besides: 5 entries, anything"),
    row("a deepcopy leaves the graph", CELL, TENSOR, calling(anywhere),
        "what deepcopy takes inside a graph: a tensor, a list, a module"),
    row("a deepcopy of a graph is the graph", CELL, TENSOR, calling(shared_in_a_graph),
        "what deepcopy takes inside a graph: a tensor, a list, a module"),
    row("a copied list is turned round", CELL, "ModuleList.__setstate__", after(turned_round),
        "what copies of containers do otherwise: ModuleList: names by deepcopy"),
    row("a copied dictionary lacks a key", CELL, "ParameterDict.__setstate__",
        after(lambda module: module._keys.popitem()),
        "what copies of containers do otherwise: ParameterDict: class or length by deepcopy"),
    row("a clone goes row by row", CELL, "torch.clone", calling(row_by_row),
        "what clone does otherwise: strides: transposed, strides: channels last"),
    row("a clone of a view is turned round", CELL, "torch.clone", calling(turned_in_views),
        "what clone does otherwise: values: inside a buffer"),
    row("a clone leaves the graph", CELL, CLONE, calling(out_of_the_graph),
        "what clone does otherwise: RuntimeError"),
    row("a clone is a view", CELL, CLONE, calling(same_memory),
        "what clone does otherwise: "),
    row("detach copies", CELL, "torch.Tensor.detach",
        calling(lambda original, self: original(self).clone()),
        "what detach does otherwise: memory, what is written"),
    row("detach copies views", CELL, "torch.Tensor.detach",
        calling(lambda original, self: original(self).clone() if self._is_view() else
                original(self)),
        "what detach does otherwise: memory, what is written"),
    row("detach stays attached", CELL, "torch.Tensor.detach",
        calling(lambda _original, self: self.view_as(self)),
        "what detach does otherwise: requires_grad, the derivative"),
    row("a parameter lies elsewhere", CELL, "Parameter.__new__", calling(elsewhere),
        "what a parameter makes of its tensor: memory frozen, "),
    row("a parameter follows the mode", CELL, "Parameter.__new__", calling(as_the_mode),
        "what a parameter makes of its tensor: by default, told to be trainable"),
    row("a tensor is trained with its parameter", CELL, "Parameter.__new__",
        calling(training_both),
        "what a parameter makes of its tensor: its tensor is trained"),
    row("a buffer lies elsewhere", CELL, "Buffer.__new__",
        calling(lambda original, cls, data, **kwargs: original(cls, data.clone(), **kwargs)),
        "what a buffer makes of its tensor: kept: memory, passing: memory"),
    row("a passing buffer is saved", CELL, "Buffer.__new__",
        calling(lambda original, cls, data, **_: original(cls, data)),
        "what a buffer makes of its tensor: what is saved"),
    row("a copy is not made", CELL, "torch.Tensor.to",
        calling(lambda original, self, *args, copy=False: original(self, *args)),
        "entries that copies change: none is made by to"),
    row("setting the global state spoils it", CELL, "torch.set_rng_state",
        calling(lambda original, state: (original(state), state.zero_())[0]),
        "states of generators that are no copies: "),
    row("a cloned generator is the generator", CELL, GENERATOR,
        generator(clone_state=lambda self: self),
        "copies of generators that do otherwise: by clone_state is the original, "),
    row("a cloned generator starts anew", CELL, GENERATOR, generator(clone_state=anew),
        "copies of generators that do otherwise: by clone_state draws otherwise"),
    row("a deepcopy of a generator is the generator", CELL, GENERATOR,
        generator(__deepcopy__=lambda self, _memo: self),
        "copies of generators that do otherwise: by deepcopy is the original, "),
    row("set_state moves on", CELL, GENERATOR, generator(set_state=moved_on),
        "copies of generators that do otherwise: by set_state draws otherwise, "),
    row("a pickled generator starts anew", CELL, GENERATOR,
        generator(__reduce__=lambda self: (seeded, (self.initial_seed(),))),
        "pickles of generators that do otherwise: by pickle draws otherwise, "),
    row("a pickled generator has no seed", CELL, GENERATOR,
        generator(__reduce__=lambda self: (torch._C.Generator, (self.device,))),
        "pickles of generators that do otherwise: by pickle draws otherwise, "),
    row("a generator has one state", CELL, GENERATOR, generator(get_state=one_state),
        "states of generators that are no copies: a draw changes a state that was read"),
    row("the global state is not set", CELL, "torch.set_rng_state", calling(lambda *_: None),
        "states of generators that are no copies: the state of the global stream"),
)  # fmt: skip
