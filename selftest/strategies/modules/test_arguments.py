"""What the arguments of every module have in common."""

import dataclasses
import inspect

import pytest
from torch import nn

import strategies
from strategies import (
    AdaptiveSoftmaxArguments,
    Arguments,
    AttentionArguments,
    BatchNormArguments,
    BilinearArguments,
    ClassWeightArguments,
    ConvolutionArguments,
    EmbeddingArguments,
    EmbeddingBagArguments,
    GroupNormArguments,
    InstanceNormArguments,
    LayerNormArguments,
    LinearArguments,
    PReLUArguments,
    RecurrentArguments,
    RecurrentCellArguments,
    RMSNormArguments,
    TransformerArguments,
    TransformerLayerArguments,
    TransformerStackArguments,
    TransposedConvolutionArguments,
)

CONSTRUCTORS = [
    (AdaptiveSoftmaxArguments, nn.AdaptiveLogSoftmaxWithLoss),
    (AttentionArguments, nn.MultiheadAttention),
    (BatchNormArguments, nn.BatchNorm1d),
    (BatchNormArguments, nn.BatchNorm3d),
    (BilinearArguments, nn.Bilinear),
    (ConvolutionArguments, nn.Conv1d),
    (ConvolutionArguments, nn.Conv3d),
    (EmbeddingArguments, nn.Embedding),
    (EmbeddingBagArguments, nn.EmbeddingBag),
    (GroupNormArguments, nn.GroupNorm),
    (InstanceNormArguments, nn.InstanceNorm2d),
    (LayerNormArguments, nn.LayerNorm),
    (LinearArguments, nn.Linear),
    (PReLUArguments, nn.PReLU),
    (RMSNormArguments, nn.RMSNorm),
    (RecurrentArguments, nn.RNNBase),
    (RecurrentCellArguments, nn.RNNCell),
    (TransformerArguments, nn.Transformer),
    (TransformerLayerArguments, nn.TransformerDecoderLayer),
    (TransformerLayerArguments, nn.TransformerEncoderLayer),
    (TransposedConvolutionArguments, nn.ConvTranspose1d),
    (TransposedConvolutionArguments, nn.ConvTranspose3d),
]
OTHERS = {Arguments, ClassWeightArguments, TransformerStackArguments}


@pytest.mark.parametrize(
    ("arguments", "module"), CONSTRUCTORS, ids=[module.__name__ for _, module in CONSTRUCTORS]
)
class TestDocumented:
    def test_names_and_order(self, arguments, module):
        taken = list(inspect.signature(module).parameters)
        names = [field.name for field in dataclasses.fields(arguments)]
        # An older PyTorch has no bias to leave out of a norm; an RNN hides its nonlinearity.
        known = [name for name in names if name in taken]
        assert set(names) - set(known) <= {"bias", "nonlinearity"}
        assert known == sorted(known, key=taken.index)

    def test_defaults(self, arguments, module):
        taken = inspect.signature(module).parameters
        for field in dataclasses.fields(arguments):
            default = field.default
            if field.name in taken and field.name != "activation":
                required = taken[field.name].default is inspect.Parameter.empty
                assert (default is dataclasses.MISSING) == required
                assert required or default == taken[field.name].default


class TestKeywords:
    def test_defaults_are_left_out(self):
        assert LinearArguments(3, 5).keywords() == {"in_features": 3, "out_features": 5}
        assert PReLUArguments().keywords() == {}

    def test_others_are_kept(self):
        assert LinearArguments(3, 5, bias=False).keywords()["bias"] is False
        assert BatchNormArguments(2, momentum=None).keywords()["momentum"] is None
        assert EmbeddingArguments(2, 2, padding_idx=0).keywords()["padding_idx"] == 0

    def test_a_tuple_of_defaults_is_kept(self):
        assert ConvolutionArguments(1, 1, (3, 3), stride=(1, 1)).keywords()["stride"] == (1, 1)

    def test_required_ones_are_kept(self):
        assert RecurrentArguments(1, 1).keywords() == {"input_size": 1, "hidden_size": 1}

    def test_arguments_inside_arguments_stay_whole(self):
        stack = TransformerStackArguments(TransformerLayerArguments(2, 1), 3, norm=False)
        assert stack.keywords() == {"layer": stack.layer, "num_layers": 3, "norm": False}


class TestNames:
    def test_every_dataclass_is_covered(self):
        public = [getattr(strategies, name) for name in strategies.__all__]
        classes = {value for value in public if inspect.isclass(value)}
        classes = {cls for cls in classes if cls.__module__.startswith("strategies.modules.")}
        assert classes == {arguments for arguments, _ in CONSTRUCTORS} | OTHERS

    @pytest.mark.parametrize(
        "arguments", sorted(OTHERS - {Arguments}, key=lambda cls: cls.__name__)
    )
    def test_frozen(self, arguments):
        assert issubclass(arguments, Arguments)
        assert arguments.__dataclass_params__.frozen
