"""Models of transformers from small configurations: what is described passes."""

from __future__ import annotations

import warnings

import pytest

from initlaws.builds import Builds
from initlaws.describing import describe
from initlaws.following import budget, follow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers")


def bert():
    return transformers.BertModel(
        transformers.BertConfig(
            vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=64, max_position_embeddings=40,
        )
    )  # fmt: skip


def gpt2():
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=120, n_embd=32, n_layer=3, n_head=2, n_positions=32)
    )


def vit():
    return transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
            image_size=16, patch_size=4,
        )
    )  # fmt: skip


SAID = {  # What their configurations say: initializer_range is 0.02.
    bert: {
        "embeddings.word_embeddings.weight": "Rows(Normal(0.0, 0.02), 0)",
        "encoder.layer.*.attention.self.query.weight": "Normal(0.0, 0.02)",
        # A star would match attention.output too.
        "encoder.layer.[0-9].output.LayerNorm.weight": "Constant(1.0)",
    },
    gpt2: {
        "transformer.wte.weight": "Normal(0.0, 0.02)",
        "lm_head.weight": 'Same("transformer.wte.weight")',
        "transformer.h.*.attn.c_attn.weight": "Normal(0.0, 0.02)",
        "transformer.h.*.attn.c_proj.weight": "Normal(0.0, 0.02 / math.sqrt(2 * 3))",
        "transformer.h.*.mlp.c_proj.weight": "Normal(0.0, 0.02 / math.sqrt(2 * 3))",
    },
    vit: {"embeddings.patch_embeddings.projection.weight": "Normal(0.0, 0.02)"},
}


@pytest.mark.parametrize("make", SAID, ids=lambda make: make.__name__)
def test_what_is_described_passes(make):
    described = describe(Builds(make))
    said = {pattern: claim for pattern, claim, _ in described.entries}
    for pattern, claim in SAID[make].items():
        assert said.get(pattern) == claim, (pattern, said)
    assert not any(row.law.startswith("Unchecked") for row in described.rows)
    namespace = {}
    exec(described.laws_file(), namespace)
    report = follow(Builds(make, seed=7), namespace["LAWS"], budget(builds=6))
    assert report.passed, (report.problems, report.whole, [r.wrong for r in report.rows if r.wrong])
