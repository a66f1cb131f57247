"""Real modules take what is drawn, and never have more entries than asked for."""

import inspect
import warnings
from dataclasses import dataclass, field

import pytest
import torch
from hypothesis.errors import InvalidArgument
from torch import nn

import strategies

#: An older PyTorch has no bias to leave out of a norm.
BIAS_ARGUMENT = {"bias_argument": "bias" in inspect.signature(nn.BatchNorm1d).parameters}


@dataclass(frozen=True)
class Family:
    """A strategy, what its values build, and the smallest `max_numel` that it takes."""

    name: str
    make: object
    options: dict = field(default_factory=dict)
    smallest: int = 1

    def strategy(self, **options):
        return getattr(strategies, self.name)(**self.options, **options)

    def entries(self, arguments):
        """The entries of all parameters and buffers of the module."""
        make = self.make
        module = (
            make(**arguments.keywords(), device="meta")
            if inspect.isclass(make) and issubclass(make, nn.Module)
            else make(arguments)
        )
        return sum(entry.numel() for entry in [*module.parameters(), *module.buffers()])

    def __str__(self):
        return self.name if inspect.isfunction(self.make) else self.make.__name__


def encoder(arguments):
    layer = nn.TransformerEncoderLayer(**arguments.layer.keywords(), device="meta")
    norm = nn.LayerNorm(arguments.layer.d_model, device="meta") if arguments.norm else None
    return nn.TransformerEncoder(layer, arguments.num_layers, norm, enable_nested_tensor=False)


def decoder(arguments):
    layer = nn.TransformerDecoderLayer(**arguments.layer.keywords(), device="meta")
    norm = nn.LayerNorm(arguments.layer.d_model, device="meta") if arguments.norm else None
    return nn.TransformerDecoder(layer, arguments.num_layers, norm)


def transformer(arguments):
    with warnings.catch_warnings():  # Of nested tensors that it will not use.
        warnings.simplefilter("ignore")
        return nn.Transformer(**arguments.keywords(), device="meta")


def loss(arguments):
    return nn.CrossEntropyLoss(torch.full((arguments.classes,), arguments.value, device="meta"))


FAMILIES = [
    Family("linears", nn.Linear),
    Family("bilinears", nn.Bilinear),
    *(
        Family(name, make, {"dims": dims, "lazy": lazy})
        for lazy in (False, True)
        for name, makes in [
            ("convolutions", [nn.Conv1d, nn.Conv2d, nn.Conv3d]),
            (
                "transposed_convolutions",
                [nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d],
            ),
        ]
        for dims, make in enumerate(makes, start=1)
    ),
    Family("batch_norms", nn.BatchNorm1d, BIAS_ARGUMENT),
    Family("batch_norms", nn.SyncBatchNorm, {"bias_argument": False}),
    Family("instance_norms", nn.InstanceNorm3d, BIAS_ARGUMENT),
    Family("group_norms", nn.GroupNorm, BIAS_ARGUMENT),
    Family("layer_norms", nn.LayerNorm),
    Family("rms_norms", nn.RMSNorm),
    Family("recurrents", nn.RNN, {"gates": 1}, 2),
    Family("recurrents", nn.GRU, {"gates": 3}, 6),
    Family("recurrents", nn.LSTM, {"gates": 4, "projections": True}, 8),
    Family("recurrent_cells", nn.RNNCell, {"gates": 1}, 2),
    Family("recurrent_cells", nn.GRUCell, {"gates": 3}, 6),
    Family("recurrent_cells", nn.LSTMCell, {"gates": 4}, 8),
    Family("embeddings", nn.Embedding),
    Family("embedding_bags", nn.EmbeddingBag),
    Family("prelus", nn.PReLU),
    Family("attentions", nn.MultiheadAttention, {}, 4),
    Family("transformer_layers", nn.TransformerEncoderLayer, {"attentions": 1}, 8),
    Family("transformer_layers", nn.TransformerDecoderLayer, {"attentions": 2}, 13),
    Family("transformer_stacks", encoder, {"attentions": 1}, 8),
    Family("transformer_stacks", decoder, {"attentions": 2}, 13),
    Family("transformers", transformer, {}, 23),
    Family("adaptive_softmaxes", nn.AdaptiveLogSoftmaxWithLoss, {}, 4),
    Family("class_weights", loss),
]
NORMS = {"group_norms", "layer_norms", "rms_norms"}


@pytest.mark.parametrize("family", FAMILIES, ids=str)
class TestEntries:
    def test_big_and_small(self, family, draws, share):
        found = draws(family.strategy(), 200)
        assert len(set(found)) >= 140
        entries = [family.entries(arguments) for arguments in found]
        assert max(entries) <= 2**16
        # Half of the norms have no parameters at all.
        least = 0.09 if family.name in NORMS else 0.2
        assert share(entries, lambda numel: numel >= 2**15) >= least
        assert share(entries, lambda numel: numel <= 2**13) >= 0.2

    @pytest.mark.parametrize("above", [0, 1, 3, 30, 400])
    def test_never_more(self, family, draws, above):
        max_numel = family.smallest + above
        found = draws(family.strategy(max_numel=max_numel), 40)
        assert max(map(family.entries, found)) <= max_numel

    def test_too_little_room(self, family):
        below = family.smallest - 1
        with pytest.raises(InvalidArgument) as error:
            family.strategy(max_numel=below)
        assert str(error.value) == f"max_numel must be at least {family.smallest}, got {below}"

    def test_room_must_be_an_integer(self, family):
        with pytest.raises(InvalidArgument, match=r"max_numel must be an integer, got 1000\.0"):
            family.strategy(max_numel=1e3)
