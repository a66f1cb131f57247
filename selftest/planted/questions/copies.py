"""Copies and pickles that lose something, or share something with their original."""

from __future__ import annotations

import functools

import torch
from torch import nn

from selftest.planted.fault import calling, table
from selftest.planted.module import after, question


def thawed(original, self, memo):
    return original(self, memo).requires_grad_()


def frozen(original, self, memo):
    return original(self, memo).requires_grad_(False)


def contiguous(original, self, memo):
    copied = original(self, memo)
    copied.data = copied.data.contiguous()
    return copied


def without_signs(original, self, memo):
    copied = original(self, memo)
    copied.data += 0.0
    return copied


def over_one_memory(_original, self, memo):
    return memo.setdefault(id(self), nn.Parameter(self.data, self.requires_grad))


def alike_is_one(made):
    def deepcopy(original, self, memo):
        return made.setdefault(self.detach().numpy().tobytes(), original(self, memo))

    return deepcopy


def itself(_original, self, _memo):
    return self


def drawing(original, *args, **kwargs):
    torch.rand(())
    return original(*args, **kwargs)


def hookless(module):
    module._forward_hooks.clear()


def persistent(module):
    module._non_persistent_buffers_set.clear()


def of_own_memory(module):
    module._parameters = {
        name: p if p is None else nn.Parameter(p.detach().clone(), p.requires_grad)
        for name, p in module._parameters.items()
    }


def of_own_buffers(module):
    module._buffers = {name: b if b is None else b.clone() for name, b in module._buffers.items()}


def of_own_attributes(module):
    if "note" in vars(module):
        module.note = dict(module.note)


def kept_by_heart(module):
    module._flat_weights = [weight.detach().clone() for weight in module._flat_weights]


def by_old_protocol(original, self, protocol):
    rebuild, (data, flag, *more) = original(self, protocol)
    return rebuild, (data, flag or protocol == 2, *more)


def rebuilt_thawed(original, data, _flag, hooks):
    return original(data, True, hooks)


def rebuilt_elsewhere(original, data, flag, hooks):
    return original(data.clone(), flag, hooks)


def loaded_in_half(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    return loaded.half().float() if isinstance(loaded, nn.Module) else loaded


def loaded_resting(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    return loaded.eval() if isinstance(loaded, nn.Module) else loaded


def rounded_state(original, *args, **kwargs):
    loaded = original(*args, **kwargs)
    if isinstance(loaded, dict):
        loaded |= {name: tensor.half().float() for name, tensor in loaded.items()}
    return loaded


def loaded_bare(original, *args, weights_only, **kwargs):
    loaded = original(*args, weights_only=weights_only, **kwargs)
    is_state = weights_only and isinstance(loaded, dict)
    return {name: tensor.detach() for name, tensor in loaded.items()} if is_state else loaded


def read_once(read):
    def load(original, file, **kwargs):
        return read.setdefault(file.getvalue(), original(file, **kwargs))

    return load


def without_pre_hooks(module):
    module._forward_pre_hooks.clear()


def taking_gradients(original, self, memo):
    copied = original(self, memo)
    self.grad = None
    return copied


def without_steps(original, data, flag, hooks, state):
    return original(data, flag, hooks, {name: {} for name in state})


def with_attributes(original, self, memo):
    copied = original(self, memo)
    vars(copied).update(vars(self))
    return copied


def with_gradients(original, self, memo):
    copied = original(self, memo)
    copied.grad = None if self.grad is None else self.grad.clone()
    return copied


def as_tensor(_original, self, memo):
    tensor = memo.setdefault((id(self),), self.detach())  # Whose identity must stay its own.
    return nn.Parameter(torch.Tensor.__deepcopy__(tensor, memo), self.requires_grad)


def one_layer(_original, module, n):
    return nn.ModuleList([module] * n)


def redrawn_layers(original, module, n):
    layers = original(module, n)
    for layer in layers:
        layer.linear1.reset_parameters()
    return layers


PARAMETER = "Parameter.__deepcopy__"
TENSOR = "torch.Tensor.__deepcopy__"
STATE = "Module.__setstate__"
REBUILD = "torch._utils._rebuild_parameter"
CLONES = "modules.transformer._get_clones"

row = functools.partial(question, "copies", "copying")

FAULTS = table(
    row("a deepcopy thaws", "float32-Linear", PARAMETER, calling(thawed),
        "what a deepcopy holds otherwise: turned.requires_grad, weight.requires_grad"),
    row("a deepcopy turns memory", "float32-Embedding", PARAMETER, calling(contiguous),
        "what a deepcopy holds otherwise: last.strides, turned.strides"),
    row("a deepcopy loses signs", "float32-LSTM", PARAMETER, calling(without_signs),
        "what a deepcopy holds otherwise: bits of odd"),
    row("a deepcopy forgets hooks", "float32-BatchNorm1d", STATE, after(hookless),
        "what a deepcopy holds otherwise: hooks"),
    row("a deepcopy trains", "float32-TransformerEncoder", STATE,
        after(lambda module: module.train()),
        "what a deepcopy holds otherwise: rested: mode"),
    row("a pickle thaws", "float32-Linear", REBUILD, calling(rebuilt_thawed),
        "what a pickle holds otherwise: turned.requires_grad by protocol 2, "),
    row("an old pickle thaws", "float32-LSTM", "Parameter.__reduce_ex__",
        calling(by_old_protocol),
        "what a pickle holds otherwise: bias_ih_l0.requires_grad by protocol 2, "),
    row("a pickle stores what is passing", "float32-Embedding", STATE, after(persistent),
        "what a pickle holds otherwise: names in the state by protocol 2"),
    row("a file rounds", "float32-BatchNorm1d", "torch.load", calling(loaded_in_half),
        "what a file of a module holds otherwise: bits of "),
    row("a file rests", "float32-Linear", "torch.load", calling(loaded_resting),
        "what a file of a module holds otherwise: the module: mode"),
    row("a deepcopy shares memory", "float32-Linear", PARAMETER, calling(over_one_memory),
        "what copies of modules share with their original: weight of the original by deepcopy"),
    row("a deepcopy shares buffers", "float32-LSTM", TENSOR, calling(itself),
        "what copies of modules share with their original: kept of the original by deepcopy"),
    row("a deepcopy is erased", "float32-Embedding", PARAMETER, calling(over_one_memory),
        "what is computed from another's parameters: the copy by deepcopy"),
    row("a copy knows its weights by heart", "float32-LSTM", "LSTM.__setstate__",
        after(kept_by_heart),
        "what is computed from another's parameters: the copy by deepcopy keeps what is erased"),
    row("statistics are counted along", "float32-BatchNorm1d", TENSOR, calling(itself),
        "what training one of two copies moves: running_mean of the original by deepcopy"),
    row("a deepcopy does not learn", "float32-Linear", PARAMETER, calling(frozen),
        "what training one of two copies moves: the copy by deepcopy does not learn"),
    row("a deepcopy unties", "float32-Linear", STATE, after(of_own_memory),
        "ties that copies lose: weight by deepcopy"),
    row("a deepcopy unties buffers", "float32-BatchNorm1d", STATE, after(of_own_buffers),
        "ties that copies lose: kept by deepcopy"),
    row("what is alike is one in a deepcopy", "float32-Linear", PARAMETER,
        calling(alike_is_one({})), "ties that copies lose: two alike parameters by deepcopy"),
    row("a parameter is its own copy", "float32-LSTM", PARAMETER, calling(itself),
        "ties that copies lose: a parameter by itself by deepcopy"),
    row("a copy has parameters of its own", "float32-Linear", STATE, after(of_own_memory),
        "what copy.copy does not share: weight, bias, odd, turned"),
    row("a copy has attributes of its own", "float32-Embedding", STATE,
        after(of_own_attributes), "what copy.copy does not share: an attribute"),
    row("a copy has memory of its own", "float32-LSTM", REBUILD, calling(rebuilt_elsewhere),
        "what copy.copy does not share: memory"),
    row("a copy draws", "float32-Linear", STATE, after(lambda _: torch.rand(())),
        "what copies draw from: the global stream by deepcopy, the global stream by pickle, "),
    row("a file draws", "float32-BatchNorm1d", "torch.load", calling(drawing),
        "what copies draw from: the global stream by pickle, the global stream by file"),
    row("a deepcopy keeps attributes", "float32-Linear", PARAMETER, calling(with_attributes),
        "fixed upstream: attributes of parameters that a deepcopy loses: "),
    row("a deepcopy keeps gradients", "float32-LSTM", PARAMETER, calling(with_gradients),
        "fixed upstream: gradients of parameters that a deepcopy loses: "),
    row("a deepcopy keeps views", "float32-Embedding", PARAMETER, calling(as_tensor),
        "fixed upstream: parameters over one memory that a deepcopy parts: "),
    row("a stack of one layer", "float32-TransformerEncoder", CLONES, calling(one_layer),
        "what layers of a stack do otherwise: "),
    row("layers drawn apart", "float32-TransformerEncoder", CLONES, calling(redrawn_layers),
        "what layers of a stack do otherwise: linear1.bias of the encoder start apart"),
    row("a deepcopy forgets hooks of loading", "float32-MultiheadAttention", STATE,
        after(lambda module: module._load_state_dict_pre_hooks.clear()),
        "what a deepcopy holds otherwise: hooks"),
    row("a deepcopy pads otherwise", "float32-Conv2d", "Conv2d.__setstate__",
        after(lambda module: setattr(module, "padding_mode", "reflect")),
        "what a deepcopy holds otherwise: the module: attributes"),
    row("a deepcopy takes batches first", "float32-MultiheadAttention",
        "MultiheadAttention.__setstate__",
        after(lambda module: setattr(module, "batch_first", True)),
        "what a deepcopy holds otherwise: the module: attributes"),
    row("weights in a file are no parameters", "float32-Conv2d", "torch.load",
        calling(loaded_bare),
        "what a file of a module holds otherwise: weight.class, weights only"),
    row("a file is read once", "float32-Linear", "torch.load", calling(read_once({})),
        "what copies of modules share with their original: weight of the copy by pickle, "),
    row("parametrised copies share memory", "float32-Linear", PARAMETER,
        calling(over_one_memory),
        "what a deepcopy of a parametrised module does otherwise: what is shared by orthogonal"),
    row("parametrised copies are frozen", "float32-Linear", PARAMETER, calling(frozen),
        "what a deepcopy of a parametrised module does otherwise: bias.requires_grad by "),
    row("a copy of a gradient takes it", "float32-Embedding", PARAMETER, calling(taking_gradients),
        "what a deepcopy holds otherwise: weight.grad of the original, "),
    row("a deepcopy forgets keywords", "float32-Conv2d", STATE,
        after(lambda module: module._forward_hooks_with_kwargs.clear()),
        "what a deepcopy holds otherwise: hooks"),
    row("a pickle forgets attributes of parameters", "float32-Linear",
        "torch._utils._rebuild_parameter_with_state",
        calling(lambda original, data, flag, hooks, _: original(data, flag, hooks, {})),
        "attributes of parameters that a pickle loses: weight by pickle, bias by pickle, "),
    row("a pickle forgets lists in attributes", "float32-LSTM",
        "torch._utils._rebuild_parameter_with_state", calling(without_steps),
        "attributes of parameters that a pickle loses: weight_ih_l0 by pickle, "),
    row("layers of a stack rest", "float32-TransformerEncoder", CLONES,
        calling(lambda original, module, n: original(module, n).eval()),
        "what layers of a stack do otherwise: a layer that does not train"),
    row("a pickle keeps classes", "float32-BatchNorm1d", "Parameter.__reduce_ex__",
        calling(lambda _original, self, _: (type(self), (self.data, self.requires_grad))),
        "fixed upstream: classes of parameters that copies lose: "),
    row("a copied state is the state", "float32-Linear", TENSOR, calling(itself),
        "what a copied state does not bring back: weight by deepcopy, "),
    row("a state in a file is rounded", "float32-LSTM", "torch.load", calling(rounded_state),
        "what a copied state does not bring back: weight_ih_l0 by file, "),
    row("a lazy parameter is its own copy", "float32-LazyLinear",
        "UninitializedParameter.__deepcopy__", calling(itself),
        "what a deepcopy of a lazy module does otherwise: the original takes the copy's sizes"),
    row("a lazy copy waits for nothing", "float32-LazyLinear", STATE, after(without_pre_hooks),
        "what a deepcopy of a lazy module does otherwise: ValueError"),
    row("a lazy pickle has a size", "float32-LazyLinear",
        "UninitializedParameter.__reduce_ex__",
        calling(lambda *_: (nn.Parameter, (torch.ones(2),))),
        "what a pickle of a lazy module does otherwise: what has no size by pickle"),
    row("a lazy pickle waits for nothing", "float32-LazyBatchNorm1d", STATE,
        after(without_pre_hooks),
        "what a pickle of a lazy module does otherwise: ValueError"),
    row("lazy buffers are copied", "float32-LazyBatchNorm1d", "UninitializedBuffer.__deepcopy__",
        calling(lambda _original, self, memo: memo.setdefault(id(self), nn.UninitializedBuffer())),
        "fixed upstream: what a deepcopy of a lazy module does otherwise: "),
)  # fmt: skip
