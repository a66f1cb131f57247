"""The command line's values: good ones are understood, bad ones refused in one sentence."""

import contextlib
import dataclasses
import itertools

import hypothesis
import pytest
import torch

from verify import backends, torch_api
from verify.command_line import options
from verify.command_line.options import BadOption
from verify.plan.profiles import PROFILES

BAD = [  # Parser, value, what the sentence must hold: the value and how to mend it.
    (options.profile, "fast", ["'fast'", "smoke", "standard", "deep"]),
    (options.profile, "", ["''", "smoke"]),
    (options.profile, "Smoke", ["'Smoke'", "smoke"]),
    *(
        (options.run_seed, text, [repr(text), "whole number from 0 to 2^64 - 1"])
        for text in ["-1", "1.5", "1e3", "", "seed", " 7", "0x10", "٣", "1_000", str(2**64)]
    ),
    *(
        (options.time_limit, text, [repr(text), "positive number of seconds"])
        for text in ["0", "-1", "nan", "inf", "-inf", "a minute", "", "60s", "1e300"]
    ),
    *(
        (options.shard, text, [repr(text), "I/N", "2/4"])
        for text in ["", "1", "0/4", "5/4", "1/0", "0/0", "-1/4", "1/-4", "a/b", "1/2/3", " 1/2"]
    ),
    *(
        (options.backend_names, text, [f"unknown backend {name!r}", "cpu"])
        for text, name in [("tpu", "tpu"), ("", ""), ("cpu,", ""), ("cpu,tpu", "tpu")]
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "text", "parts"), BAD, ids=[f"{parse.__name__}-{text!r}" for parse, text, _ in BAD]
)
def test_bad_values_are_refused_in_one_sentence(parse, text, parts):
    with pytest.raises(BadOption) as refusal:
        parse(text)
    sentence = str(refusal.value)
    assert all(part in sentence for part in parts), sentence
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(
    ("parse", "text"), [(options.run_seed, "9" * 5000), (options.shard, "1/" + "9" * 5000)]
)
def test_numbers_beyond_all_bounds_are_no_traceback(parse, text):
    """Python refuses to parse more than 4300 digits with a ValueError of its own."""
    with contextlib.suppress(BadOption):
        parse(text)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (options.run_seed, "0", 0),
        (options.run_seed, "007", 7),
        (options.run_seed, str(2**64 - 1), 2**64 - 1),
        (options.time_limit, "60", 60.0),
        (options.time_limit, "0.5", 0.5),
        (options.time_limit, "1e3", 1000.0),
        (options.shard, "1/1", (1, 1)),
        (options.shard, "4/4", (4, 4)),
        (options.shard, "10/12", (10, 12)),
        (options.backend_names, "cpu", ["cpu"]),
        (options.backend_names, " cpu , cpu", ["cpu"]),
    ],
)
def test_good_values_are_understood(parse, text, value):
    assert parse(text) == value


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_are_found_by_name(name):
    assert options.profile(name) is PROFILES[name]


@pytest.mark.parametrize("family", ["initializer", "module", "operation"])
def test_profiles_grow(family):
    """Samples do; no more cases are drawn in deep, for each of them costs decisions."""
    sizes = [dataclasses.astuple(p.of(family)) for p in PROFILES.values()]
    assert list(PROFILES) == ["smoke", "standard", "deep"]
    for (few, *smaller), (many, *larger) in itertools.pairwise(sizes):
        assert few <= many and all(a < b for a, b in zip(smaller, larger, strict=True))


@pytest.mark.parametrize("name", PROFILES)
def test_a_lean_extent_is_smaller_but_never_empty(name):
    full = PROFILES[name].of("module")
    lean = dataclasses.astuple(full.lean())
    assert all(0 < a <= b for a, b in zip(lean, dataclasses.astuple(full), strict=True))


def test_all_present_backends_by_default():
    assert options.backend_names(None) == backends.present()
    assert "cpu" in options.backend_names(None)


def test_backends_without_a_device_are_refused(monkeypatch):
    monkeypatch.setattr(backends, "present", lambda: ["cpu"])
    with pytest.raises(BadOption, match="'cuda' has no device here: this machine has cpu"):
        options.backend_names("cpu,cuda")


def test_backends_are_the_same_in_every_process():
    assert list(backends.known()) == sorted(backends.known())
    assert {"cpu", "cuda"} <= set(backends.known())


class TestShards:
    IDS = [f"verify/test_laws.py::test_law[cpu-float32-subject{i}_]" for i in range(600)]  # noqa: RUF012

    @pytest.mark.parametrize("parts", [1, 2, 3, 7, 16])
    def test_every_item_is_in_exactly_one(self, parts):
        shards = [
            {i for i in self.IDS if options.in_shard(i, part, parts)}
            for part in range(1, parts + 1)
        ]
        assert set().union(*shards) == set(self.IDS)
        assert sum(map(len, shards)) == len(self.IDS)
        assert min(map(len, shards)) > len(self.IDS) / parts / 2

    def test_the_choice_is_the_same_everywhere(self):
        """By a hash that no process salts."""
        kept = [i for i in range(20) if options.in_shard(f"item {i}", 1, 3)]
        assert kept == [i for i in range(20) if options.in_shard(f"item {i}", 1, 3)]
        assert options.in_shard("item", 1, 1)


class TestDirectory:
    def test_is_made_with_its_parents(self, tmp_path):
        wanted = tmp_path / "a" / "b"
        assert options.writable(str(wanted)) == wanted
        assert wanted.is_dir() and not list(wanted.iterdir())

    def test_existing_contents_are_left_alone(self, tmp_path):
        (tmp_path / "evidence.jsonl").write_text("kept")
        options.writable(str(tmp_path))
        assert (tmp_path / "evidence.jsonl").read_text() == "kept"

    @pytest.mark.parametrize("below", ["", "sub", "sub/sub"])
    def test_a_file_in_the_way_is_named(self, tmp_path, below):
        (tmp_path / "file").write_text("")
        with pytest.raises(BadOption) as refusal:
            options.writable(str(tmp_path / "file" / below))
        sentence = str(refusal.value)
        assert str(tmp_path / "file") in sentence
        assert sentence.endswith("choose another with --report-dir.")

    def test_what_cannot_be_written_is_named(self, tmp_path, monkeypatch):
        def refuse(dir):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(options.tempfile, "TemporaryFile", refuse)
        with pytest.raises(BadOption, match=r"cannot be written \(Permission denied\)"):
            options.writable(str(tmp_path))


class TestTorch:
    @pytest.mark.parametrize("version", ["1.13.1", "2.0.0", "2.5.1+cu121"])
    def test_old_versions_are_refused(self, version, monkeypatch):
        monkeypatch.setattr(torch, "__version__", version)
        with pytest.raises(BadOption) as refusal:
            options.supported_torch()
        assert version in str(refusal.value)
        assert "install 2.6 or newer" in str(refusal.value)

    @pytest.mark.parametrize(
        ("version", "parsed"),
        [("2.6.0", (2, 6)), ("2.13.0+cpu", (2, 13)), ("2.14.0a0+git123", (2, 14)), ("3.0", (3, 0))],
    )
    def test_newer_versions_are_taken(self, version, parsed, monkeypatch):
        monkeypatch.setattr(torch, "__version__", version)
        options.supported_torch()
        assert torch_api.version() == parsed

    def test_a_generator_of_ones_own_is_fine(self):
        options.unmanaged_generator()

    def test_a_generator_under_hypothesis_management_is_refused(self):
        class Managed:
            seed = staticmethod(torch.manual_seed)
            getstate = staticmethod(torch.get_rng_state)
            setstate = staticmethod(torch.set_rng_state)

        torch.manual_seed(12345)
        managed = [Managed()]  # Hypothesis holds it weakly.
        hypothesis.register_random(managed[0])
        try:
            with pytest.raises(BadOption, match="uninstall the plugin"):
                options.unmanaged_generator()
        finally:
            managed.clear()
        options.unmanaged_generator()
