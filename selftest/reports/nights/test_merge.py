"""Parts of a run join to the whole; nights add up to more power, and to no more false alarms."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from reports.__main__ import main
from reports.commands import replay
from reports.evidence import store
from reports.nights import pool
from reports.nights.merge import merge
from reports.nights.parts import Refused
from selftest.reports import fakes
from verify.checks import bounds
from verify.checks.statistics import (
    Correlation,
    Deviations,
    Largest,
    NormalMoments,
    Rare,
    Signal,
    Tally,
)
from verify.laws import Family
from verify.outcome import schema
from verify.outcome.evidence import Evidence

N = 1 << 16


def _moments(error: float = 0.0, n: int = N, total: float = 0.0) -> Evidence:
    """A normal sample whose scale is off by so much."""
    return Evidence({"moments": NormalMoments(n, total, n * (1 + error) ** 2)})


def _cell(evidence: Evidence, subject: str = "normal_", **entries: object) -> dict:
    """The line of a cell as an item writes it."""
    findings = evidence.findings("cell")
    failed = any(not finding.passed for finding in findings)
    return {
        **fakes.cell_line(subject),
        "schema": schema.SCHEMA,
        "verdict": "fail" if failed else "pass",
        "findings": [finding.to_json() for finding in findings],
        "statistics": evidence.to_json(),
        "decisions": len(findings),
        "n": 1,
        **entries,
    }


def _night(folder: Path, seed: int, *cells: dict, planned: tuple[str, ...] = (), **run: object):
    """A report folder of one night."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {*planned, *(cell["nodeid"] for cell in cells)}
    line = {**fakes.run_line(names), "schema": schema.SCHEMA, "run_seed": seed, **run}
    lines = [line, *sorted(cells, key=lambda cell: cell["nodeid"])]
    text = "".join(f"{store.canonical(each)}\n" for each in lines)
    (folder / store.EVIDENCE).write_text(text, encoding="utf-8")
    return folder


def _read(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def _only(*paths: Path) -> dict:
    _, cell = _read(merge(paths).text)
    return cell


def _kept(folder: Path, *paths: Path) -> Path:
    """A folder with what comes of a merge."""
    folder.mkdir()
    (folder / store.EVIDENCE).write_text(merge(paths).text, encoding="utf-8")
    return folder


class TestOneRun:
    def test_shards_join_to_the_very_bytes_of_the_whole_run(self, tmp_path: Path) -> None:
        cells = [_cell(_moments(), name) for name in ("eye_", "ones_", "zeros_")]
        whole = _night(tmp_path / "whole", 5, *cells)
        shards = [
            _night(tmp_path / f"{part}", 5, *cells[part::2], shard=f"{part + 1}/2")
            for part in (0, 1)
        ]
        expected = (whole / store.EVIDENCE).read_text(encoding="utf-8")
        for given in itertools.permutations(shards):
            assert merge(given).text == expected
        assert '"shard":"1/2"' in merge(shards[:1]).text

    def test_a_part_that_is_given_twice_counts_once(self, tmp_path: Path) -> None:
        part = _night(tmp_path / "a", 5, _cell(_moments(), "eye_"), _cell(_moments(), "ones_"))
        twice = merge([part, part])
        assert twice.text == merge([part]).text
        assert twice.notes == (
            f"2 results in {part / store.EVIDENCE} had been added already, and count once.",
        )

    def test_of_two_accounts_the_worse_verdict_is_kept(self, tmp_path: Path) -> None:
        parts = [
            _night(tmp_path / verdict, 5, _cell(_moments(), verdict=verdict))
            for verdict in ("pass", "fail", "crashed")
        ]
        for given in itertools.permutations(parts):
            merged = merge(given)
            assert _read(merged.text)[1]["verdict"] == "fail"
            assert "Run seed 5 has two accounts of" in merged.notes[0]

    def test_what_was_lost_here_may_be_found_there(self, tmp_path: Path) -> None:
        cell = _cell(_moments())
        parts = [
            _night(tmp_path / "a", 5, store.stand_in(cell["nodeid"], "lost", "Why.")),
            _night(tmp_path / "b", 5, cell),
        ]
        for given in (parts, parts[::-1]):
            merged = merge(given)
            assert _read(merged.text)[1]["verdict"] == "pass" and not merged.notes


class TestNights:
    def test_a_night_may_leave_out_what_says_nothing(self, tmp_path: Path) -> None:
        given = [_night(tmp_path / f"{seed}", seed, _cell(_moments())) for seed in (1, 2)]
        kept = _kept(tmp_path / "kept", *given)
        run, cell = _read((kept / store.EVIDENCE).read_text(encoding="utf-8"))
        cell["nights"]["1"] = {key: cell["nights"]["1"][key] for key in ("verdict", "digest")}
        text = "".join(f"{store.canonical(line)}\n" for line in (run, cell))
        (kept / store.EVIDENCE).write_text(text, encoding="utf-8")
        assert _only(kept)["n"] == cell["n"] - 1

    def test_nights_that_each_pass_find_a_fault_together(self, tmp_path: Path) -> None:
        """An error of half of what one night could have seen."""
        error = bounds.scale_detectable(N) / 2
        nights = [_night(tmp_path / f"{s}", s, _cell(_moments(error))) for s in range(8)]
        verdicts = [_read(merge([night]).text)[1]["verdict"] for night in nights]
        assert verdicts == ["pass"] * 8
        cell = _only(*nights)
        (finding,) = (f for f in cell["findings"] if f["check"] == "scale" and not f["passed"])
        assert cell["verdict"] == "fail" and finding["n"] == 8 * N
        assert cell["reason"] == "8 nights together fail."

    def test_two_halves_see_what_the_whole_sees(self, tmp_path: Path) -> None:
        error = 0.9 * bounds.scale_detectable(N)
        halves = [
            _night(tmp_path / f"{seed}", seed, _cell(_moments(error, N // 2))) for seed in (1, 2)
        ]
        assert [_read(merge([half]).text)[1]["verdict"] for half in halves] == ["pass"] * 2
        assert _only(*halves)["verdict"] == "fail"

    def test_what_could_have_been_seen_is_that_of_the_level(self, tmp_path: Path) -> None:
        cell = _only(*(_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(4)))
        (finding,) = (f for f in cell["findings"] if f["check"] == "scale")
        least = bounds.scale_detectable(4 * N, pool.level(bounds.ALPHA, 4))
        assert finding["detectable"]["size"] == least > bounds.scale_detectable(4 * N)

    def test_the_levels_of_all_looks_add_up_to_alpha(self) -> None:
        spent = math.fsum(pool.level(1e-12, look) for look in range(1, 100_000))
        assert 0.9999e-12 < spent < 1e-12

    def test_looking_every_night_raises_no_more_false_alarms(self) -> None:
        """Under the null, at level 5 %: 20 looks at a growing pool, 500 times over."""
        random = np.random.default_rng(2026)
        squares = random.chisquare(1000, (500, 20)).cumsum(axis=1)
        sizes = 1000 * np.arange(1, 21)
        p_values = np.array(
            [
                [bounds.normal_scale(s, n) for s, n in zip(row, sizes, strict=True)]
                for row in squares
            ]
        )
        levels = np.array([pool.level(0.05, look) for look in range(1, 21)])
        alarms = (p_values < levels).any(axis=1).mean()
        naive = (p_values < 0.05).any(axis=1).mean()
        assert alarms < 0.05 and naive > 0.15
        # The p-value of the sum itself is as good as that of one night.
        ordered = np.sort(p_values[:, -1])
        assert np.abs(ordered - np.arange(1, 501) / 500).max() < bounds.dkw_band(500, 1e-6)

    def test_the_decision_is_made_at_the_level_of_the_look(self) -> None:
        """A p-value between α_2 and α is no alarm for two nights together."""
        cell = _cell(_moments())
        both = pool.Pool.from_line(cell, "1") + pool.Pool.from_line(cell, "2")
        p_value = bounds.normal_scale(2 * N, 2 * N)
        assert both.to_line(p_value)["verdict"] == "pass"
        assert both.to_line(4 * p_value)["verdict"] == "pass"
        assert both.to_line(7 * p_value)["verdict"] == "fail"

    def test_decisions_of_nights_and_of_their_sum_count(self, tmp_path: Path) -> None:
        nights = [_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(3)]
        cell = _only(*nights)
        assert cell["decisions"] == 3 * 2 + 2 and cell["n"] == 3
        run = store.read(_kept(tmp_path / "all", *nights) / store.EVIDENCE).run
        assert run.nights == ("0", "1", "2") and run.run_seed == "0 + 1 + 2"

    @pytest.mark.parametrize("verdict", ["fail", "timed out", "crashed", "error"])
    def test_the_verdict_of_a_night_stays(self, tmp_path: Path, verdict: str) -> None:
        bad = _cell(_moments(), verdict=verdict, reason="Because.", replay="pytest bad")
        nights = [_night(tmp_path / "1", 1, _cell(_moments())), _night(tmp_path / "2", 2, bad)]
        cell = _only(*nights, _night(tmp_path / "3", 3, _cell(_moments())))
        assert (cell["verdict"], cell["replay"]) == (verdict, "pytest bad")
        assert cell["reason"] == f"{verdict} under run seed 2: Because."

    def test_a_finding_that_failed_says_which_night(self, tmp_path: Path) -> None:
        nights = [_night(tmp_path / "1", 1, _cell(_moments()))]
        nights += [_night(tmp_path / "2", 2, _cell(_moments(0.1, 1 << 13)))]
        failed = [f for f in _only(*nights)["findings"] if not f["passed"]]
        assert [f["message"].endswith("(run seed 2)") for f in failed] == [True]
        assert [f["scope"] for f in failed] == ["night"]

    def test_the_sum_says_at_which_level_it_was_decided(self, tmp_path: Path) -> None:
        nights = [_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(3)]
        assert _only(*nights)["alpha"] == pool.level(bounds.ALPHA, 3)

    def test_what_a_night_planned_and_never_saw_is_lost(self, tmp_path: Path) -> None:
        cell = _cell(_moments())
        nights = [
            _night(tmp_path / "1", 1, cell),
            _night(tmp_path / "2", 2, planned=(cell["nodeid"],)),
        ]
        assert _only(*nights)["verdict"] == "lost"
        # Its result may come later: of the sum of both, nothing is lost.
        both = _kept(tmp_path / "both", *nights)
        assert _only(both, _night(tmp_path / "late", 2, cell))["verdict"] == "pass"

    def test_statistics_of_one_sample_keep_their_nearest_finding(self, tmp_path: Path) -> None:
        nights = []
        for seed, exponent in ((1, 2.0), (2, 5.0), (3, 1.0)):
            ones = np.ones(2)
            signal = Evidence({"signal": Signal(ones, ones, 8, 0.1, 0.1, exponent)})
            nights.append(_night(tmp_path / f"{seed}", seed, _cell(signal)))
        (finding,) = _only(*nights)["findings"]
        assert finding["p_value"] == pytest.approx(2 * math.exp(-5))
        assert finding["message"].endswith("(run seed 2)")


def _random(seed: int) -> Evidence:
    """Evidence with every kind of sum, of numbers whose floating sums depend on their order."""
    random = np.random.default_rng(seed)
    lags = {f"lag {lag}": float(value) for lag, value in enumerate(random.normal(size=12))}
    module = {"moments": NormalMoments(9, random.normal(), 9 * random.random() + 1)}
    return Evidence(
        {
            "position": Deviations(random.normal(size=32), np.full(32, 40), np.full(32, 1 / 12)),
            "correlation": Correlation(lags, dict.fromkeys(lags, 10**4)),
            "atoms": Rare(0, float(random.random() * 10.0 ** random.integers(-30, 0)), 9),
            "orthogonality": Largest(4, float(random.random())),
            "zero_rows": Tally(random.random(32)),
        },
        {"weight": Evidence(module, family=Family("truncated normal", (-2.0, seed % 2 + 1.0)))},
        Family("normal", ()),
    )


def _module(seed: int) -> dict:
    evidence = _random(seed)
    tensors = {name: each.to_json() for name, each in evidence.tensors.items()}
    return {**_cell(evidence), "tensors": tensors, "families": evidence.families}


class TestAnyOrder:
    def test_the_same_bytes_in_whatever_order_and_groups(self, tmp_path: Path) -> None:
        a, b, c, d = (_night(tmp_path / f"{s}", s, _module(s)) for s in range(4))
        expected = merge([a, b, c, d]).text
        for given in itertools.permutations([a, b, c, d]):
            assert merge(given).text == expected
        ab, cd = _kept(tmp_path / "ab", b, a), _kept(tmp_path / "cd", c, d)
        abc = _kept(tmp_path / "abc", c, ab)
        for given in ([ab, cd], [cd, ab], [abc, d], [d, abc, b], [a, b, cd, a], [abc, ab, d]):
            assert merge(given).text == expected

    def test_nights_keep_the_families_that_they_share(self, tmp_path: Path) -> None:
        nights = [_night(tmp_path / f"{s}", s, _module(s)) for s in range(3)]
        same, differing = _only(nights[0], nights[2]), _only(*nights)
        assert same["families"] == _module(0)["families"] | {
            "weight": {"name": "truncated normal", "parameters": [-2.0, 1.0]},
            "": {"name": "normal", "parameters": []},
        }
        assert differing["families"] == {
            "": {"name": "normal", "parameters": []},
            "weight": {"name": "truncated normal", "parameters": None},
        }

    def test_floats_alone_would_depend_on_the_order(self) -> None:
        """Else the test above could not fail."""
        a, b, c = (_random(seed) for seed in range(3))
        assert ((a + b) + c).to_json() != (a + (b + c)).to_json()

    def test_what_is_no_number_stays_a_failure(self, tmp_path: Path) -> None:
        nights = []
        for seed, total in enumerate((0.0, math.nan, 1.0)):
            worst = Evidence({"orthogonality": Largest(4, total)}) + _moments(total=total)
            nights.append(_night(tmp_path / f"{seed}", seed, _cell(worst)))
        for given in itertools.permutations(nights):
            cell = _only(*given)
            failed = {
                f["check"]
                for f in cell["findings"]
                if not f["passed"] and "seed" not in f["message"]
            }
            assert cell["verdict"] == "fail" and failed == {"mean", "orthogonality"}


def _joined(value: object) -> object:
    return " + ".join(value) if isinstance(value, list) else value


def _as_texts(line: dict) -> dict:
    """A merged line as it was written when several values stood in one text."""
    if line["kind"] == "cell":
        return {**line, "streams": {k: _joined(v) for k, v in line["streams"].items()}}
    seeds = line["run_seed"]
    nights = {
        seed: {"profile": night["profile"], "shard": _joined(night["shards"])}
        for seed, night in line.get("nights", {}).items()
    }
    return {
        **line,
        "run_seed": f"{len(seeds)} run seeds" if len(nights) > 3 else _joined(seeds),
        **{name: _joined(line[name]) for name in ("profile", "shard")},
        "environment": {name: _joined(value) for name, value in line["environment"].items()},
        "backends": {
            backend: {name: _joined(value) for name, value in own.items()}
            for backend, own in line["backends"].items()
        },
        **({"nights": nights} if nights else {}),
    }


def _several(folder: Path, nights: int, **entries: object) -> list[Path]:
    """Shards of runs on two machines and of two suites, which say different things."""
    found = []
    for seed, part in itertools.product(range(nights), (1, 2)):
        cells = [_cell(_moments(), name, streams={"a": f"{seed}f"}) for name in ("eye_", "ones_")]
        run = {
            "shard": f"{part}/3", "profile": "smoke" if seed < 2 else "deep",
            "environment": {"torch": "2.13.0+cpu", "suite": f"v{seed}"},
            "backends": {"cpu": {"torch": "2.13.0+cpu", "processor": f"EPYC {part}"}},
        }  # fmt: skip
        folders = folder / f"{seed}-{part}"
        found.append(_night(folders, seed, cells[part - 1], **{**run, **entries}))
    return found


class TestSeveralValues:
    @pytest.mark.parametrize("nights", [1, 2, 3, 5])
    def test_a_file_that_joined_them_in_texts_is_read_alike(
        self, tmp_path: Path, nights: int
    ) -> None:
        parts = _several(tmp_path, nights)
        new = _kept(tmp_path / "new", *parts)
        lines = _read((new / store.EVIDENCE).read_text(encoding="utf-8"))
        old = tmp_path / "old"
        old.mkdir()
        texts = [_as_texts(line) for line in lines]
        assert texts[0] != lines[0]
        written = "".join(f"{store.canonical(line)}\n" for line in texts)
        (old / store.EVIDENCE).write_text(written, encoding="utf-8")
        assert store.read(old / store.EVIDENCE) == store.read(new / store.EVIDENCE)
        assert merge([old]).text == merge([new]).text == merge(parts).text
        more = _night(tmp_path / "more", 9, _cell(_moments(), "eye_"))
        assert merge([more, old]).text == merge([new, more]).text == merge([*parts, more]).text

    def test_each_is_an_entry_of_an_array(self, tmp_path: Path) -> None:
        run, cell, _ = _read(merge(_several(tmp_path, 5)).text)
        assert run["run_seed"] == ["0", "1", "2", "3", "4"] and run["profile"] == ["deep", "smoke"]
        assert run["shard"] == run["nights"]["0"]["shards"] == ["1/3", "2/3"]
        assert run["environment"] == {"torch": "2.13.0+cpu", "suite": [f"v{i}" for i in range(5)]}
        assert run["backends"]["cpu"]["processor"] == ["EPYC 1", "EPYC 2"]
        assert cell["streams"] == {"a": [f"{i}f" for i in range(5)]}
        jsonschema.validate(run, schema.json_schema())
        jsonschema.validate(cell, schema.json_schema())

    def test_a_text_is_never_taken_apart(self, tmp_path: Path) -> None:
        """The name of a machine may hold what once stood between two names."""
        backends = {"cpu": {"torch": "2.13.0+cpu", "processor": "Zen + Radeon"}}
        parts = _several(tmp_path, 2, backends=backends)
        first = _kept(tmp_path / "first", *parts[:2])
        for given in (parts, [first, *parts[2:]]):
            (run, *_) = _read(merge(given).text)
            assert run["backends"]["cpu"]["processor"] == "Zen + Radeon"

    def test_a_selection_stays_unless_everything_was_run(self, tmp_path: Path) -> None:
        chosen = {1: [["-k", "eye_"]], 2: [["-m", "slow"], ["-k", "eye_"]], 3: []}
        a, b, c = (
            _night(tmp_path / f"{s}", s, _cell(_moments(), "eye_"), selections=each)
            for s, each in chosen.items()
        )
        run, *_ = _read(merge([b, a]).text)
        assert run["selections"] == [["-k", "eye_"], ["-m", "slow"]]
        assert run["nights"]["1"]["selections"] == [["-k", "eye_"]]
        ab, bc = _kept(tmp_path / "ab", a, b), _kept(tmp_path / "bc", b, c)
        expected = merge([a, b, c]).text
        assert merge([ab, c]).text == merge([bc, a]).text == expected
        assert "selections" not in _read(expected)[0]
        assert store.read(ab / store.EVIDENCE).run.selected == "-k eye_ + -m slow"

    def test_readers_see_them_together(self, tmp_path: Path) -> None:
        few, many = (_several(tmp_path / f"{n}", n) for n in (2, 5))
        runs = [
            store.read(_kept(tmp_path / f"all {len(parts)}", *parts) / store.EVIDENCE).run
            for parts in (few, many)
        ]
        assert [run.run_seed for run in runs] == ["0 + 1", "5 run seeds"]
        assert [run.profile for run in runs] == ["smoke", "deep + smoke"]
        assert runs[0].shard == "1/3 + 2/3"
        assert runs[0].backends["cpu"]["processor"] == "EPYC 1 + EPYC 2"

    def test_a_lost_cell_is_replayed_under_a_seed_of_its_own(self, tmp_path: Path) -> None:
        lost = fakes.nodeid("law", "eye_", "float32")
        nights = [_night(tmp_path / "1", 1, _cell(_moments(), "eye_"))]
        nights += [_night(tmp_path / "2", 2, planned=(lost,), profile="smoke")]
        found = store.read(_kept(tmp_path / "both", *nights) / store.EVIDENCE)
        (cell,) = found.cells
        command = replay.command_of(cell, found.run)
        assert command == [cell.nodeid, "--run-seed", "2", "--profile", "smoke"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("second", "words"),
        [
            ({"environment": {"torch": "2.6.0"}}, "two versions of PyTorch do not add up"),
            ({"environment": {"torch": "2.13.0+cpu", "known defects": "none"}}, "known defects"),
            ({"alpha": 1e-9}, "different levels"),
            ({"run_seed": 1, "profile": "smoke"}, "run seed 1 was run under two profiles"),
        ],
    )
    def test_runs_that_do_not_add_up(self, tmp_path: Path, second: dict, words: str) -> None:
        first = {"environment": {"torch": "2.13.0+cpu", "known defects": "suite"}}
        parts = [_night(tmp_path / "1", 1, _cell(_moments()), **first)]
        parts += [_night(tmp_path / "2", 2, _cell(_moments()), **second)]
        with pytest.raises(Refused, match=words):
            merge(parts)

    @pytest.mark.parametrize(
        "other",
        [
            _cell(_moments(), law={"words": "another"}),
            {**_cell(_moments()), "statistics": {"position": Rare(0, 1.0, 9).to_json()}},
            _cell(Evidence({"position": Deviations(*np.ones((3, 2)))}), findings=[]),
        ],
    )
    def test_suites_that_differ(self, tmp_path: Path, other: dict) -> None:
        own = _moments() + Evidence({"position": Deviations(*np.ones((3, 1)))})
        parts = [_night(tmp_path / "1", 1, _cell(own)), _night(tmp_path / "2", 2, other)]
        with pytest.raises(Refused, match="of different suites"):
            merge(parts)

    def test_two_versions_of_the_suite_with_the_same_laws_are_noted(self, tmp_path: Path) -> None:
        nights = [
            _night(tmp_path / f"{s}", s, _cell(_moments()), environment={"suite": f"v{s}"})
            for s in range(2)
        ]
        (note,) = merge(nights).notes
        assert "different versions of this suite, v0 in " in note and "v1 in " in note
        assert not merge(nights[:1]).notes

    def test_pools_that_share_a_night_among_others(self, tmp_path: Path) -> None:
        a, b, c = (_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(3))
        parts = [_kept(tmp_path / "ab", a, b), _kept(tmp_path / "bc", b, c)]
        with pytest.raises(Refused, match="both hold the night of run seed 1"):
            merge(parts)


class TestCommand:
    def test_nights_are_merged_shown_and_judged(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nights = [_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(2)]
        out = tmp_path / "all"
        assert main(["merge", f"{out}", *map(str, nights)]) == 0
        assert "PASS: The one cell keeps its promise." in capsys.readouterr().out
        assert (out / "index.html").exists() and (out / "summary.md").exists()
        # The sum is a part like any other, and may be the place to write to.
        more = _night(tmp_path / "2", 2, _cell(_moments(0.1)))
        assert main(["merge", f"{out}", f"{out}", f"{more}"]) == 1
        assert "0 + 1 + 2" in (out / "cpu.html").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("damage", "words", "code"),
        [
            (b'{"schema":2,"kind":"cell","nodeid":"x', "truncated or not JSON", 3),
            (b'{"hello":"world"}', "its schema is None", 3),
            (b'{"schema":4,"kind":"cell"}', "its schema is 4", 3),
        ],
    )
    def test_a_bad_line_loses_its_cell_and_no_other(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str],
        damage: bytes, words: str, code: int,
    ) -> None:  # fmt: skip
        nights = [
            _night(tmp_path / f"{s}", s, _cell(_moments()), _cell(_moments(), "eye_"))
            for s in range(2)
        ]
        path = nights[1] / store.EVIDENCE
        path.write_bytes(b"\n".join([*path.read_bytes().splitlines()[:2], damage]))
        assert main(["merge", f"{tmp_path / 'all'}", *map(str, nights)]) == code
        said = capsys.readouterr().out
        assert words in said and f"{path}" in said and "1 lost" in said

    def test_a_part_that_is_no_part_leaves_a_gap(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        part = _night(tmp_path / "1", 1, _cell(_moments()))
        (tmp_path / "empty").mkdir()
        (tmp_path / "notes").write_text("no evidence", encoding="utf-8")
        parts = [str(part), str(tmp_path / "empty"), str(tmp_path / "notes")]
        assert main(["merge", str(tmp_path / "all"), *parts]) == 3
        said = capsys.readouterr().out
        assert "cannot be read (No such file or directory)" in said and "no run line" in said
        with pytest.raises(SystemExit) as stopped:
            main(["merge", str(tmp_path / "all2"), *parts[1:]])
        assert stopped.value.code == 4 and not (tmp_path / "all2").exists()

    def test_evidence_that_is_not_among_the_parts_is_not_overwritten(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        nights = [_night(tmp_path / f"{s}", s, _cell(_moments())) for s in range(2)]
        before = (nights[0] / store.EVIDENCE).read_bytes()
        with pytest.raises(SystemExit) as stopped:
            main(["merge", *map(str, nights)])
        assert stopped.value.code == 4 and "would be lost" in capsys.readouterr().err
        assert (nights[0] / store.EVIDENCE).read_bytes() == before

    def test_a_full_disk_is_one_sentence_and_nothing_half_done(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        night = _night(tmp_path / "1", 1, _cell(_moments()))

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(SystemExit) as stopped:
            main(["merge", str(tmp_path / "all"), str(night)])
        assert stopped.value.code == 4 and "No space left on device" in capsys.readouterr().err
        assert list((tmp_path / "all").iterdir()) == []
