"""Models as their authors published or wrote them, small, with laws written by hand from there."""

import math

import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils import weight_norm as old_weight_norm

from initlaws.laws import (
    Blocks,
    Cast,
    Computed,
    Constant,
    Default,
    Dirac,
    Exactly,
    Eye,
    Haar,
    Instead,
    Normal,
    Parts,
    Rows,
    Same,
    Sparse,
    Transformed,
    TruncatedNormal,
    Uniform,
    depth,
    fan_in_and_fan_out,
)
from selftest.initlaws import describe_models as known
from selftest.initlaws import lawful_models as lawful
from selftest.initlaws import models


def cut(std, reach):
    """A normal cut at ±reach·std."""
    return TruncatedNormal(0.0, std, -reach * std, reach * std)


def fan_in(shape):
    return fan_in_and_fan_out(shape)[0]


def fan_out(shape):
    return fan_in_and_fan_out(shape)[1]


class Documented(nn.Module):
    """That of docs/your-own-model.md, narrower."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(128, 32, padding_idx=0)
        self.layers = nn.ModuleList(nn.Linear(32, 32) for _ in range(2))
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 128)
        self.apply(self.initialize)
        self.head.weight = self.embed.weight

    @staticmethod
    def initialize(part):
        if isinstance(part, nn.Linear | nn.Embedding):
            nn.init.normal_(part.weight, std=0.02)
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)
        if isinstance(part, nn.Embedding):
            with torch.no_grad():
                part.weight[part.padding_idx].zero_()


DOCUMENTED = {
    "embed.weight": Rows(Normal(0.0, 0.02), 0),
    "head.weight": Same("embed.weight"),
    "layers.*.weight": Normal(0.0, 0.02),
    "norm.weight": Constant(1.0),
    "*.bias": Constant(0.0),
}


class Residual(nn.Module):
    """A bottleneck of a ResNet: its last norm starts at zero (Goyal et al. 2017, sec. 5.1)."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(width, width // 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)


class ResNet(nn.Module):
    """As torchvision has it: He et al. 2015 by fan_out, the head by default."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 24, 7, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.layer1 = nn.Sequential(Residual(24), Residual(24))
        self.layer2 = nn.Sequential(nn.Conv2d(24, 40, 1, bias=False), Residual(40))
        self.fc = nn.Linear(40, 30)
        for part in self.modules():
            if isinstance(part, nn.Conv2d):
                nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(part, Residual):
                nn.init.zeros_(part.bn3.weight)


RESNET = {
    nn.Conv2d: lambda shape: Normal(0.0, math.sqrt(2 / fan_out(shape))),
    nn.BatchNorm2d: Default(),
    "*.bn3.weight": Constant(0.0),
    nn.Linear: Default(),
}


class ConvNeXt(nn.Module):
    """Liu et al. 2022, app. A: truncated normals of 0.02, a scale of each layer of 10⁻⁶."""

    def __init__(self):
        super().__init__()
        self.depthwise = nn.Conv2d(48, 48, 7, groups=48)
        self.norm = nn.GroupNorm(1, 48)
        self.up, self.down = nn.Linear(48, 96), nn.Linear(96, 48)
        self.layer_scale = nn.Parameter(1e-6 * torch.ones(48, 1, 1))
        for part in (self.depthwise, self.up, self.down):
            nn.init.trunc_normal_(part.weight, std=0.02, a=-0.04, b=0.04)
            nn.init.zeros_(part.bias)


CONVNEXT = {
    "norm.*": Default(),
    "layer_scale": Constant(1e-6),
    "*.weight": cut(0.02, 2),
    "norm.weight": Instead(Default()),
    "[du]*.bias": Constant(0.0),
}


class Titan(nn.Module):
    """Blocks of torchtitan's Llama 3: projections narrower with the number of the layer."""

    def __init__(self, layers=4):
        super().__init__()
        self.embeddings = nn.Embedding(96, 48)
        self.layers = nn.ModuleList(
            nn.ModuleDict({n: nn.Linear(48, 48, bias=False) for n in ("wq", "wo")})
            for _ in range(layers)
        )
        self.output = nn.Linear(48, 96, bias=False)
        for number, layer in enumerate(self.layers):
            nn.init.trunc_normal_(layer["wq"].weight, std=0.02)
            nn.init.trunc_normal_(layer["wo"].weight, std=0.02 / (2 * (number + 1)) ** 0.5)
        std = 48**-0.5
        nn.init.trunc_normal_(self.output.weight, std=std, a=-3 * std, b=3 * std)


TITAN = {
    "embeddings.weight": Normal(0.0, 1.0),
    "layers.*.wq.weight": TruncatedNormal(0.0, 0.02, -2.0, 2.0),
    "layers.*.wo.weight": lambda shape, module, name: TruncatedNormal(
        0.0, 0.02 / math.sqrt(2 * (depth(name) + 1)), -2.0, 2.0
    ),
    "output.weight": lambda shape: cut(shape[1] ** -0.5, 3),
}


class Mamba(nn.Module):
    """Gu & Dao 2023, their code: outputs by default, divided by √layers; steps are log-uniform."""

    def __init__(self, layers=3):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleDict({"in_proj": nn.Linear(24, 96, bias=False),
                           "dt_proj": nn.Linear(6, 48), "out_proj": nn.Linear(48, 24, bias=False)})
            for _ in range(layers)
        )  # fmt: skip
        for layer in self.layers:
            layer.A_log = nn.Parameter(torch.arange(1.0, 17).repeat(48, 1).log())
            layer.D = nn.Parameter(torch.ones(48))
            step = torch.exp(torch.rand(48) * math.log(100) + math.log(1e-3))
            with torch.no_grad():
                layer["out_proj"].weight /= math.sqrt(layers)
                layer["dt_proj"].bias.copy_(step + torch.log(-torch.expm1(-step)))


MAMBA = {
    "layers.*_proj.weight": Default(),
    "layers.*.out_proj.weight": Instead(
        lambda shape: Uniform.for_variance(bound=1 / math.sqrt(shape[1]) / math.sqrt(3))
    ),
    "layers.*.dt_proj.bias": Transformed(
        Uniform(math.log(1e-3), math.log(0.1)), lambda bias: nn.functional.softplus(bias).log()
    ),
    "layers.*.A_log": Exactly(lambda shape: torch.arange(1.0, 17).log().expand(shape)),
    "layers.*.D": Constant(1.0),
}


class Siren(nn.Module):
    """Sitzmann et al. 2020, sec. 3.2: the first layer by 1/n, the others by √(6/n)/30."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(40, 96)
        self.hidden = nn.Sequential(nn.Linear(96, 48), nn.Linear(48, 24))
        nn.init.uniform_(self.first.weight, -1 / 40, 1 / 40)
        for layer in self.hidden:
            bound = math.sqrt(6 / layer.in_features) / 30
            nn.init.uniform_(layer.weight, -bound, bound)


SIREN = {
    "first.weight": lambda shape: Uniform(-1 / shape[1], 1 / shape[1]),
    "hidden.*.weight": lambda shape: Uniform.for_variance(bound=math.sqrt(6 / shape[1]) / 30),
    "*.bias": Default(),
}


class Gates(nn.Module):
    """Orthogonal gates, and a forget gate that starts open (Jozefowicz et al. 2015, sec. 2.2)."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(24, 16)
        self.gru = nn.GRU(16, 12)
        nn.init.xavier_uniform_(self.lstm.weight_ih_l0)
        for part in self.lstm.weight_hh_l0.detach().chunk(4):
            nn.init.orthogonal_(part)
        for bias in (self.lstm.bias_ih_l0, self.lstm.bias_hh_l0):
            nn.init.zeros_(bias)
        nn.init.ones_(self.lstm.bias_ih_l0.detach()[16:32])
        nn.init.orthogonal_(self.gru.weight_hh_l0)


def by_inputs(shape):
    return Uniform.for_variance(bound=1 / math.sqrt(shape[1]))


def norms(weight):
    return weight.norm(dim=1, keepdim=True)


def glorot(shape):
    return Uniform.for_variance(bound=math.sqrt(6 / sum(fan_in_and_fan_out(shape))))


GATES = {
    "lstm.weight_ih_l0": glorot,
    "lstm.weight_hh_l0": Blocks(Haar(1.0), 4),
    "lstm.bias_ih_l0": Parts((Constant(0.0), Constant(1.0), Constant(0.0), Constant(0.0))),
    "lstm.bias_hh_l0": Constant(0.0),
    nn.GRU: Default(),
    "gru.weight_hh_l0": Haar(1.0),
}


class Policy(nn.Module):
    """Huang et al. 2022 (37 details of PPO), 2: orthogonal, with gains √2, 0.01 and 1."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(24, 64), nn.Linear(64, 64))
        self.actor, self.critic = nn.Linear(64, 6), nn.Linear(64, 1)
        for layer, gain in (*((x, math.sqrt(2)) for x in self.body), (self.actor, 0.01)):
            nn.init.orthogonal_(layer.weight, gain)
        nn.init.orthogonal_(self.critic.weight, 1.0)
        for name, tensor in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(tensor)


POLICY = {
    "body.*.weight": Haar(math.sqrt(2)),
    "actor.weight": Haar(0.01),
    "critic.weight": Haar(1.0),
    "*.bias": Constant(0.0),
}


class Fairseq(nn.Module):
    """Ott et al. 2019, their code: embeddings by width, queries with a gain of 1/√2."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(120, 40, padding_idx=1)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"q_proj": nn.Linear(40, 40), "out_proj": nn.Linear(40, 40),
                           "fc1": nn.Linear(40, 100), "fc2": nn.Linear(100, 40)})
            for _ in range(2)
        )  # fmt: skip
        self.attention = nn.MultiheadAttention(40, 4)
        self.head = nn.Linear(40, 120, bias=False)
        nn.init.normal_(self.embed.weight, std=40**-0.5)
        nn.init.zeros_(self.embed.weight.detach()[1])
        for layer in self.layers:
            for name, part in layer.items():
                nn.init.xavier_uniform_(part.weight, 2**-0.5 if name == "q_proj" else 1.0)
                nn.init.zeros_(part.bias)
        self.head.weight = self.embed.weight


FAIRSEQ = {
    "embed.weight": Rows(Normal(0.0, 40**-0.5), 1),
    "head.weight": Same("embed.weight"),
    "layers.*.weight": glorot,
    "layers.*.q_proj.weight": Instead(
        lambda shape: Uniform.for_variance(bound=math.sqrt(3 / sum(fan_in_and_fan_out(shape))))
    ),
    "layers.*.bias": Constant(0.0),
    "attention.in_proj_*": Default(),
    "attention.out_proj.weight": Default(),
    "attention.out_proj.bias": Constant(0.0),
}


class Experts(nn.Module):
    """Weights of several experts in one tensor, each as that of a linear layer would be."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(32, 6, bias=False)
        self.up = nn.Parameter(torch.empty(6, 32, 80))
        self.down = nn.Parameter(torch.empty(6, 80, 32))
        nn.init.normal_(self.router.weight, std=0.02)
        for part in (self.up, self.down):
            nn.init.uniform_(part, -(part.shape[1] ** -0.5), part.shape[1] ** -0.5)


EXPERTS = {
    "router.weight": Normal(0.0, 0.02),
    "*": lambda shape: Uniform.for_variance(bound=shape[1] ** -0.5),
    "router.*": Instead(Normal(0.0, 0.02)),
}


class Torchvision(nn.Module):
    """Parts as torchvision starts those of ViT, of EfficientNet, of GoogLeNet, of DenseNet."""

    def __init__(self):
        super().__init__()
        self.vit = nn.ModuleDict({"patches": nn.Conv2d(3, 40, 4), "mlp": nn.Linear(40, 96)})
        nn.init.trunc_normal_(self.vit["patches"].weight, std=math.sqrt(1 / 48))
        nn.init.zeros_(self.vit["patches"].bias)
        nn.init.xavier_uniform_(self.vit["mlp"].weight)
        nn.init.normal_(self.vit["mlp"].bias, std=1e-6)
        self.efficient = nn.Linear(96, 60)
        nn.init.uniform_(self.efficient.weight, -(60**-0.5), 60**-0.5)
        nn.init.zeros_(self.efficient.bias)
        self.googlenet = nn.Conv2d(16, 32, 3, bias=False)
        nn.init.trunc_normal_(self.googlenet.weight, std=0.01)
        self.densenet = nn.Conv2d(16, 24, 3, bias=False)
        nn.init.kaiming_normal_(self.densenet.weight)
        self.vgg = nn.Linear(96, 50)
        nn.init.normal_(self.vgg.weight, 0, 0.01)
        nn.init.zeros_(self.vgg.bias)


TORCHVISION = {
    "vit.patches.weight": TruncatedNormal(0.0, math.sqrt(1 / 48), -2.0, 2.0),
    "vit.mlp.weight": glorot,
    "vit.mlp.bias": Normal(0.0, 1e-6),
    "efficient.weight": lambda shape: Uniform.for_variance(bound=shape[0] ** -0.5),
    "googlenet.weight": TruncatedNormal(0.0, 0.01, -2.0, 2.0),
    "densenet.weight": lambda shape: Normal(0.0, math.sqrt(2 / fan_in(shape))),
    "vgg.weight": Normal(0.0, 0.01),
    "*s.bias": Constant(0.0),
    "efficient.bias": Constant(0.0),
    "vgg.bias": Constant(0.0),
}


FILLED = {
    "glorot_normal.*": lambda shape: Normal(0.0, math.sqrt(2 / (shape[0] + shape[1]))),
    "glorot_uniform.*": glorot,
    "he_normal.*": lambda shape: Normal(0.0, math.sqrt(2 / shape[1])),
    "he_uniform.*": lambda shape: Uniform.for_variance(bound=math.sqrt(6 / shape[1])),
    "he_out.*": lambda shape: Normal(0.0, math.sqrt(2 / shape[0])),
    "lecun_uniform.*": lambda shape: Uniform.for_variance(bound=math.sqrt(3 / shape[1])),
    "lecun_cut.*": lambda shape: cut(1 / math.sqrt(shape[1]) / 0.87962566103423978, 2),
    "sparse.*": Sparse(0.1, 0.01),
    "unit.*": Uniform(0.0, 1.0),
    "shifted.*": Normal(1.0, 0.02),
}

STRUCTURED = {
    "plain.weight": Dirac(),
    "grouped.weight": Dirac(groups=2),
    "eye.weight": Eye(),
    "other.weight": Exactly(lambda shape: torch.arange(320.0).view(shape)),
    "other.bias": Uniform(0.0, 0.1),
    "[!o]*.bias": Default(),
}

ORTHOGONAL = {
    "*": Default(),
    "whole.weight_hh_l0": Instead(Haar(math.sqrt(2))),
    "gates.weight_hh_l0": Instead(Blocks(Haar(1.0), 4)),
}

DEEP = {
    "*.weight": lambda shape, module, name: Normal(0.0, 0.02 / math.sqrt(2 * (depth(name) + 1))),
    "*.bias": Default(),
}

CUT = {
    "token": Constant(0.0),
    "position": TruncatedNormal(0.0, 0.02, -2.0, 2.0),
    "blocks.*.weight": cut(0.02, 2),
    "blocks.*.bias": Default(),
}

NARROW = {"[02].*": Cast(Default()), "1.*": Default()}

BASE = {
    nn.Embedding: Default(),
    nn.Linear: Default(),
    nn.LayerNorm: Default(),
    "head.weight": Same("embed.weight"),
    "positions": Exactly(lambda shape: torch.arange(8.0)),
}

ROTARY = {
    "project.*": Default(),
    "inv_freq": Exactly(lambda shape: 10_000 ** (-torch.arange(0, 64, 2.0) / 64), rounding=16),
}

ATTENTION = {"weight": Normal(0.0, 1.0), "bias": Constant(0.0)}

SPARSE = {
    "*": Default(),
    "0.weight": Instead(Haar(1.0)),
    "1.weight": Instead(Sparse(0.9, 0.01)),
    "2.weight": Instead(Dirac()),
}


WEIGHT_NORMS = {
    "*": Default(),
    "0.*original1": Instead(by_inputs),
    "0.*original0": Instead(Computed(norms, ("0.parametrizations.weight.original1",))),
    "1.weight_v": Instead(by_inputs),
    "1.weight_g": Instead(Computed(norms, ("1.weight_v",))),
}


def weight_norms():
    """The two ways to a weight norm (Salimans & Kingma 2016)."""
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(16, 16)), old_weight_norm(nn.Linear(16, 16))
    )


AUTHORED = {
    "the documents' model": (Documented, DOCUMENTED),
    "ResNet": (ResNet, RESNET),
    "ConvNeXt": (ConvNeXt, CONVNEXT),
    "Llama of torchtitan": (Titan, TITAN),
    "Mamba": (Mamba, MAMBA),
    "SIREN": (Siren, SIREN),
    "orthogonal gates": (Gates, GATES),
    "PPO": (Policy, POLICY),
    "fairseq": (Fairseq, FAIRSEQ),
    "experts": (Experts, EXPERTS),
    "torchvision": (Torchvision, TORCHVISION),
    "decoder": (models.Decoder, models.DECODER),
    "convolutions": (models.Convolutions, models.CONVOLUTIONS),
    "vision": (models.Vision, models.VISION),
    "recurrent": (models.Recurrent, models.RECURRENT),
    "initializers": (known.filled, FILLED),
    "structures": (known.structured, STRUCTURED),
    "orthogonal": (known.orthogonal, ORTHOGONAL),
    "by depth": (known.deep, DEEP),
    "truncated": (known.Vision, CUT),
    "cast": (known.narrow, NARROW),
    "tied": (lawful.Base, BASE),
    "rotary": (lawful.Rotary, ROTARY),
    "attention": (lawful.Attention, ATTENTION),
    "sparse and orthogonal": (lawful.sparse_and_orthogonal, SPARSE),
    "weight norms": (weight_norms, WEIGHT_NORMS),
}
"""What builds each model, and its laws."""
