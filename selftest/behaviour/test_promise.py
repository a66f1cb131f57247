"""How questions are asked: drawn cases, the smallest failure, gaps, time, known defects."""

import dataclasses
import time

import pytest
import torch

from selftest.behaviour.support import RUN, ask, cell
from verify.behaviour import promise as behaviour
from verify.behaviour.promise import Promise, Question, Trial, verify_behaviour
from verify.behaviour.tensors import copied, differing, identical, off
from verify.defects import known_defects
from verify.defects.known_defects import KnownDefect

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.


def promise(**questions):
    asked = {
        name: question if isinstance(question, Question) else Question(name, question)
        for name, question in questions.items()
    }
    return Promise("construction", "construction", asked, "words", "formula", "source")


def trial(seed=1):
    linear = cell("Linear")
    return Trial(linear, linear.subject.anchors[0], torch.device("cpu"), seed)


def defect(*calls):
    return KnownDefect(
        id="a-defect", subjects=("Linear",), symptom="", check="construction", calls=calls,
        promises=("construction",),
    )  # fmt: skip


class TestAsking:
    def test_drawn_cases_and_anchors(self):
        seen = []
        outcome = ask(promise(a=lambda t: seen.append(t.case) or []), "Linear")
        assert outcome.final_verdict == "pass"
        assert set(cell("Linear").subject.anchors) <= set(seen)
        assert outcome.cases == len(set(seen)) and outcome.decisions == len(seen)

    def test_the_smallest_failure_is_shown_alone(self):
        def wide(t):
            return ["too wide"] if t.case.arguments.out_features > 2 else []

        outcome = ask(promise(a=lambda _: [], b=wide), "Linear")
        (finding,) = [f for f in outcome.findings if f.scope == "case"]
        assert finding.message == "b: too wide"
        assert "in_features=1" in finding.case

    def test_only_where_a_question_arises(self):
        never = Question("a", lambda _: ["wrong"], lambda _: False)
        outcome = ask(promise(a=never), "Linear")
        assert (outcome.final_verdict, outcome.decisions) == ("pass", 0)

    def test_an_exception_is_an_answer(self):
        def broken(_):
            raise TypeError("no such thing\nand more")

        assert "a: TypeError (no such thing)" in ask(promise(a=broken), "Linear").diagnosis

    def test_what_is_not_implemented_is_no_failure(self):
        def gap(_):
            raise NotImplementedError("no kernel")

        outcome = ask(promise(a=gap, b=lambda _: []), "Linear")
        assert (outcome.final_verdict, outcome.reason) == (
            "pass", "not implemented for a: no kernel",
        )  # fmt: skip
        assert ask(promise(a=gap), "Linear").final_verdict == "unsupported"

    def test_an_endless_question_times_out(self):
        def endless(_):
            while True:
                pass

        run = dataclasses.replace(RUN, time_limit=1.0)
        outcome = verify_behaviour(cell("Linear"), run, promise(a=endless))
        assert outcome.final_verdict == "timed out"
        assert outcome.findings[0].check == "time_limit"

    def test_the_same_again(self):
        def answers():
            drawn = []
            ask(promise(a=lambda t: drawn.append((t.case, t.seed)) or []), "Linear")
            return drawn

        assert answers() == answers()

    def test_a_cell_of_an_initializer_is_refused(self):
        outcome = dataclasses.replace(trial(), cell=cell("normal_"))
        with pytest.raises(TypeError, match="normal_ is no module"):
            _ = outcome.row


class TestKnownDefects:
    def test_are_left_out(self, monkeypatch):
        monkeypatch.setattr(known_defects, "in_force", lambda: (defect("a"),))
        outcome = ask(promise(a=lambda _: ["wrong"], b=lambda _: []), "Linear")
        assert (outcome.final_verdict, outcome.excluded) == ("pass", ("a-defect",))

    @pytest.mark.parametrize("call", ["an-id", "its words"])
    def test_name_a_question_by_its_id_or_its_words(self, call, monkeypatch):
        monkeypatch.setattr(known_defects, "in_force", lambda: (defect(call),))
        asked = {"an-id": Question("its words", lambda _: ["wrong"])}
        outcome = ask(dataclasses.replace(promise(), questions=asked), "Linear")
        assert outcome.excluded == ("a-defect",)
        mended = {"an-id": Question("its words", lambda _: [])}
        outcome = ask(dataclasses.replace(promise(), questions=mended), "Linear")
        assert "fixed upstream: its words: nothing is wrong" in outcome.diagnosis

    def test_of_a_question_that_never_arises_are_red(self, monkeypatch):
        monkeypatch.setattr(known_defects, "in_force", lambda: (defect("a", "b"),))
        never = Question("a", lambda _: ["wrong"], lambda _: False)
        outcome = ask(promise(a=never, b=lambda _: ["wrong"]), "Linear")
        assert outcome.final_verdict == "fail"
        assert "'a-defect' matches nothing: 'a' is never asked here" in outcome.diagnosis
        assert "'b' is never asked" not in outcome.diagnosis

    def test_of_a_question_that_seldom_arises_are_waited_for(self, monkeypatch):
        monkeypatch.setattr(known_defects, "in_force", lambda: (defect("a"),))
        asked = []

        def seldom(t):
            return t.case.arguments.in_features % 7 == 5

        question = Question("a", lambda t: asked.append(t.case) or ["wrong"], seldom)
        outcome = ask(promise(a=question, b=lambda _: []), "Linear")
        assert (outcome.final_verdict, outcome.excluded) == ("pass", ("a-defect",))
        assert len(set(asked)) <= 2, "no more cases than one are sought"

    def test_of_a_question_without_an_answer_are_no_failure(self, monkeypatch):
        def gap(_):
            raise NotImplementedError("no kernel")

        monkeypatch.setattr(known_defects, "in_force", lambda: (defect("a"),))
        assert ask(promise(a=gap, b=lambda _: []), "Linear").final_verdict == "pass"

    def test_of_no_question_are_an_error(self, monkeypatch):
        monkeypatch.setattr(known_defects, "in_force", lambda: (defect("c"),))
        with pytest.raises(ValueError, match="'a-defect': 'c' is no comparison"):
            ask(promise(a=lambda _: []), "Linear")


class TestTrial:
    def test_modules_are_the_same_every_time(self):
        one, other = trial().build(), trial().build()
        assert identical(one.weight, other.weight)
        assert not identical(one.weight, trial(seed=2).build().weight)

    def test_each_use_has_a_stream_of_its_own(self):
        streams = []
        for of in ("", "", "reset"):
            trial().target(of=of)
            streams.append(torch.rand(4))
        assert torch.equal(streams[0], streams[1])
        assert not torch.equal(streams[0], streams[2])

    def test_inputs(self):
        one, same, other = (trial().normals(50, 40, of=of) for of in ("x", "x", "y"))
        assert torch.equal(one, same) and not torch.equal(one, other)
        assert one.dtype is torch.float32 and abs(float(one.mean())) < 0.2

    def test_inputs_leave_the_global_stream_alone(self):
        before = torch.get_rng_state()
        trial().normals(3, of="x")
        assert torch.equal(before, torch.get_rng_state())


NAN = torch.tensor([1.0, torch.nan])
ONE = torch.tensor([1.0, 2.0])


class TestIdentical:
    @pytest.mark.parametrize("tensor", [ONE, torch.tensor(3), torch.empty(0, 4), ONE[::2]])
    def test_a_tensor_and_its_copy(self, tensor):
        assert identical(tensor, tensor.clone())

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (ONE, ONE + 1),
            (ONE, ONE.nextafter(2 * ONE)),
            (ONE, ONE.double()),
            (ONE, ONE[None]),
            (ONE, ONE.to("meta")),
            (torch.zeros(1), -torch.zeros(1)),
            (NAN, NAN),
            (torch.tensor([torch.inf]), torch.tensor([torch.inf])),
        ],
    )
    def test_others(self, one, other):
        assert not identical(one, other)


class TestDiffering:
    def test_names(self):
        before = {"same": ONE, "moved": ONE, "gone": ONE, "nan": NAN}
        after = {"same": ONE, "moved": ONE + 1, "new": ONE, "nan": NAN}
        assert differing(before, after) == ["gone", "moved", "nan", "new"]

    def test_copies_stay_what_they_are(self):
        tensor = torch.zeros(2)
        kept = copied({"a": tensor})
        tensor.add_(1)
        assert kept["a"].tolist() == [0, 0]


class TestOff:
    @pytest.mark.parametrize(
        ("values", "bound", "found"),
        [
            (ONE, 0.5, []),
            (ONE + 0.5, 0.5, []),
            (ONE + 0.75, 0.5, ["x by 1.5 times the rounding"]),
            (NAN, 0.5, ["x by nan times the rounding"]),
            (ONE + 1, torch.tensor([1.0, 0.25], dtype=torch.float64),
             ["x by 4 times the rounding"]),
        ],
    )  # fmt: skip
    def test_by_how_much(self, values, bound, found):
        assert off("x", values, ONE.double(), bound) == found


def test_the_first_anchor_is_asked_whatever_its_size(monkeypatch):
    """Else questions that hang on no case would silently be asked of nothing."""
    monkeypatch.setitem(behaviour._MAX_ANCHOR, "initializer", 0)
    here = cell("normal_")
    first, *others = here.subject.anchors
    assert [*behaviour._asked_of(here)] == [first] and others


def test_smaller_cases_are_asked_where_each_shape_is_compiled():
    here = cell("normal_")
    lazy = dataclasses.replace(here.backend, lacks=("cheap shapes",))
    asked = behaviour._asked_of(dataclasses.replace(here, backend=lazy))
    sizes = [here.subject.numel(case) for case in asked]
    assert max(sizes[1:]) <= 1 << 10  # What hangs on no case is asked of the first.


@pytest.mark.parametrize(("lacks", "verdict"), [((), "timed out"), (("cheap shapes",), "pass")])
def test_a_question_may_take_longer_where_each_shape_is_compiled(lacks, verdict):
    def compiling(_):
        started = time.process_time()
        while time.process_time() < started + 0.1:
            pass
        return []

    run = dataclasses.replace(RUN, time_limit=0.05)
    here = cell("Linear")
    backend = dataclasses.replace(here.backend, lacks=lacks)
    outcome = verify_behaviour(
        dataclasses.replace(here, backend=backend), run, promise(a=compiling)
    )
    assert outcome.final_verdict == verdict
