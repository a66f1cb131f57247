"""Where strategies, verify and reports meet: options, cells, and the hand-over of evidence."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shlex
from collections.abc import Callable, Collection, Generator, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from verify.behaviour.promise import Promise
    from verify.outcome.outcome import Outcome
    from verify.plan.run import Cell, Run
    from verify.subjects import Recipe

_LINE = pytest.StashKey[str]()
_RUN = pytest.StashKey["Run"]()
_BACKENDS = pytest.StashKey[tuple[str, ...]]()
_OWN = pytest.StashKey["Recipe | None"]()
_LACKING = pytest.StashKey[list[str]]()

_NOTHING = (None,)  # Of an empty set pytest would make an item too, and skip it.


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the suite's options."""
    group = parser.getgroup("verify", "verification of initializers")
    group.addoption("--backend", metavar="NAME[,NAME]", help="backends; default: all present")
    group.addoption(
        "--backend-file",
        metavar="FILE",
        help="one more backend: a Python file with BACKEND = Backend(…)",
    )
    group.addoption("--profile", default="standard", help="smoke, standard (default) or deep")
    group.addoption("--run-seed", metavar="N", help="decides everything; default: random")
    group.addoption("--report-dir", default="report", metavar="DIR", help="default: report")
    group.addoption(
        "--fill",
        metavar="NAME[,NAME]",
        help="how values reach tensors: eager, compiled, sharded, materialised; default: all",
    )
    group.addoption("--shard", default="1/1", metavar="I/N", help="run part I of N")
    group.addoption(
        "--time-limit",
        default="60",
        metavar="SECONDS",
        help="processor time of one call, or time that it waits idly; default: 60",
    )
    group.addoption(
        "--recipe",
        metavar="PACKAGE.MODULE:FUNCTION",
        help="verify nothing but a model of your own: what builds it",
    )
    group.addoption("--laws", metavar="FILE", help="the laws of --recipe: a file with LAWS = {…}")
    group.addoption(
        "--known-defects",
        default="default",
        metavar="FILE",
        help="a file of known defects in place of the suite's own, or none",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Check the options, fix what is random, and start collecting evidence."""
    from reports.live import streams
    from reports.live.lingering import Lingering

    # Before any plugin of pytest's own asks them for something.
    streams.open_under(config.pluginmanager.get_plugin("capturemanager"))
    lingering = Lingering(says=not hasattr(config, "workerinput"))
    config.pluginmanager.register(lingering, "verify-lingering")
    config.add_cleanup(lingering.watch)
    if importlib.util.find_spec("torch") is None:
        raise pytest.UsageError(
            "PyTorch is not installed here: install the one to verify, for example with "
            "`pip install torch`, or let `tox run -e verify` do it."
        )
    from verify.command_line import options

    try:
        _prepare(config)
    except options.BadOption as problem:
        raise pytest.UsageError(str(problem)) from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker what the controller has fixed: it reads nothing but the command line."""
    run = node.config.stash[_RUN]
    node.workerinput |= {"run_seed": str(run.seed), "day": run.day.isoformat()}


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """As many workers as there are cores, if the devices have room for so many."""
    cores = yield
    if importlib.util.find_spec("torch") is None:
        return cores  # It is said where PyTorch is needed; so are bad options.
    from verify.command_line import options, workers

    try:
        _settle()
        names = options.backend_names(config.option.backend, config.option.backend_file)
    except options.BadOption:
        return cores
    return min(cores, workers.room(names, config.option.profile) or cores)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give items that share an expensive start to one worker, where nothing else is asked."""
    from reports.live.scheduling import Together

    return Together(config, log) if config.getvalue("dist") == "load" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Refuse an environment in which nothing random could be trusted."""
    from verify.command_line import options

    if not hasattr(session.config, "workerinput"):
        try:
            options.unmanaged_generator()
        except options.BadOption as problem:
            raise pytest.UsageError(str(problem)) from None


def _settle() -> None:
    """Choose what computes on the host, before any backend says what it is."""
    import torch

    from verify.command_line import options

    options.supported_torch()
    torch.set_num_threads(1)  # Workers share the cores; more threads only get in each other's way.
    options.choose_kernels(os.environ)


def _prepare(config: pytest.Config) -> None:
    from verify import backends
    from verify.command_line import options, preflight
    from verify.command_line import recipe_option as own
    from verify.defects import known_defects
    from verify.plan import watchdog
    from verify.plan.run import Run

    watchdog.tell_where_stderr_leads_now()  # While nothing is captured.
    _settle()
    limit = options.time_limit(config.option.time_limit)
    if not hasattr(config, "workerinput"):
        own.survived(config.option.recipe, config.option.laws, limit)
    known_defects.choose(options.defects(config.option.known_defects))
    config.stash[_BACKENDS] = tuple(
        options.backend_names(config.option.backend, config.option.backend_file)
    )
    fixed = _fixed(config)
    config.stash[_RUN] = Run(
        seed=options.run_seed(fixed["run_seed"]),
        profile=options.profile(config.option.profile),
        time_limit=limit,
        worker=_worker(config),
        day=date.fromisoformat(fixed["day"]),
    )
    config.stash[_OWN] = own.chosen(config.option.recipe, config.option.laws, limit)
    for warning in own.UNSEEN if config.stash[_OWN] else ():
        config.addinivalue_line("filterwarnings", f"ignore::{warning}")
    options.shard(config.option.shard)
    options.fills(config.option.fill)
    if not hasattr(config, "workerinput"):
        verified = [backends.known()[name] for name in config.stash[_BACKENDS]]
        config.stash[_LACKING] = preflight.inspected(verified, limit)
        _report(config, options.writable(config.option.report_dir))


def _fixed(config: pytest.Config) -> Mapping[str, str]:
    """What one process fixes for all: on a worker, what the controller has told it."""
    told: Mapping[str, str] | None = getattr(config, "workerinput", None)
    if told is not None:
        return told
    # Any text that is given is checked, an empty one too.
    seed, given = str(secrets.randbits(32)), config.option.run_seed
    return {
        "run_seed": seed if given is None else given,
        "day": datetime.now(UTC).date().isoformat(),
    }


def _worker(config: pytest.Config) -> int:
    """Number of this worker among xdist's; 0 without."""
    workerid = getattr(config, "workerinput", {}).get("workerid", "gw0")
    return int(workerid.removeprefix("gw"))


def _report(config: pytest.Config, directory: Path) -> None:
    from reports.live.collect import Collector, in_the_way
    from reports.live.finish import Finish
    from reports.live.output import Outlet
    from reports.live.progress import Progress
    from verify.command_line import options

    verified = config.stash[_BACKENDS]
    for name in in_the_way(directory, verified):
        raise options.BadOption(
            f"{name!r} in the report directory {str(directory)!r} is no file, so that nothing can "
            "be written there: move it away, or choose another directory with --report-dir."
        )
    config.pluginmanager.register(Outlet(), "verify-output")
    config.pluginmanager.register(Finish(), "verify-finish")
    config.pluginmanager.register(Collector(directory, _run_line(config)), "verify-collector")
    config.pluginmanager.register(Progress(config), "verify-progress")


def _run_line(config: pytest.Config) -> Mapping[str, Any]:
    from verify import backends
    from verify.command_line import options
    from verify.command_line import suite_version as source
    from verify.command_line.selection import selection
    from verify.defects import known_defects
    from verify.outcome import schema

    run = config.stash[_RUN]
    environment = {"known defects": options.defects_summary(config.option.known_defects)}
    environment["suite"] = source.digest()
    verified = config.stash[_BACKENDS]
    if left_out := options.backends_left_out(verified):
        environment["backends left out"] = " ".join(left_out)
    if config.option.backend_file:
        environment["backend file"] = options.file_summary(config.option.backend_file)
    if config.stash[_OWN]:
        environment |= {"recipe": config.option.recipe, "laws": config.option.laws}
    chosen = selection(config.option, config.args, config.invocation_params.dir)
    return schema.run_line(
        run_seed=run.seed,
        profile=run.profile.name,
        shard=config.option.shard,
        environment=environment,
        backends={name: backends.known()[name].fingerprint() for name in verified},
        defects={d.id: d.summary() for d in known_defects.in_force() if d.is_current},
        **({"selections": [chosen]} if chosen else {}),
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is verified, and how to run the very same again."""
    import torch

    from verify.backends import cpu
    from verify.behaviour.promises import renamed
    from verify.command_line import options
    from verify.defects.known_defects import in_force

    run, backends = config.stash[_RUN], config.stash[_BACKENDS]
    own = config.stash[_OWN]
    return [
        f"verify: {cpu.kernels_line()}",
        f"verify: torch {torch.__version__} on {', '.join(backends)}; "
        f"profile {run.profile.name}; --run-seed {run.seed}{_outside(config)}{_forgiving(config)}",
        *([f"verify: everything is left out but{_recipe(config)}"] if own else []),
        *(f"verify: {lacking}." for lacking in config.stash.get(_LACKING, ())),
        *(f"verify: {defect.unsaid}." for defect in in_force() if defect.unsaid),
        *(f"verify: {said}." for said in map(renamed, in_force()) if said),
        *(f"verify: warning: {problem}" for problem in options.backends_left_out(backends)),
    ]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name the backends that are left out where ``-q`` hides the header."""
    from verify.command_line import options

    verified = config.stash[_BACKENDS]
    if config.get_verbosity() < 0:
        for problem in options.backends_left_out(verified):
            terminalreporter.write_line(f"verify: warning: {problem}", yellow=True)


def _recipe(config: pytest.Config) -> str:
    """The options that repeat which recipe is verified; nothing for the suite's own tables."""
    if not config.stash[_OWN]:
        return ""
    return f" --recipe {shlex.quote(config.option.recipe)} --laws {shlex.quote(config.option.laws)}"


def _outside(config: pytest.Config) -> str:
    """The option that repeats which file outside the suite defines a backend; or nothing.

    In one word: pytest would take a path by itself for a place to look for tests.
    """
    file = config.option.backend_file
    return f" {shlex.quote(f'--backend-file={file}')}" if file else ""


def _forgiving(config: pytest.Config) -> str:
    """The option that repeats which defects are known; nothing for the suite's own."""
    from verify.command_line import options

    chosen = config.option.known_defects
    return "" if chosen == options.OWN_DEFECTS else f" --known-defects {shlex.quote(chosen)}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item per cell, one per known defect, and one in each cell where it lives."""
    from verify.defects.known_defects import in_force
    from verify.engine.witness import witnesses
    from verify.outcome import promises
    from verify.plan.run import cells

    problem = promises.missing_row(metafunc.definition.nodeid)
    if problem and "conclude" in metafunc.fixturenames:
        pytest.fail(problem, pytrace=False)
    backends = metafunc.config.stash[_BACKENDS]
    own = metafunc.config.stash[_OWN]
    planned = cells(backends, [own]) if own else cells(backends)
    if "cell" in metafunc.fixturenames:
        families = _named(metafunc, "families")
        names = _named(metafunc, "subjects")
        dtypes = _named(metafunc, "dtypes")
        promise = _promise(metafunc)
        asked = [
            cell
            for cell in planned
            if _is_asked(metafunc, cell)
            and (promise is None or promise.is_asked_in(*cell.names))
            and (not families or cell.subject.family in families)
            and (not names or cell.subject.name in names)
            and (not dtypes or cell.dtype_name in dtypes)
        ]
        metafunc.parametrize("cell", asked or _NOTHING, ids=[cell.id for cell in asked] or None)
    if "witnessed" in metafunc.fixturenames:
        shown = {f"{cell.id}-{defect.id}": (cell, defect) for cell, defect in witnesses(planned)}
        metafunc.parametrize("witnessed", shown.values() or _NOTHING, ids=[*shown] or None)
    if "entry" in metafunc.fixturenames:
        entries = {defect.id: defect for defect in in_force()}
        metafunc.parametrize("entry", entries.values() or _NOTHING, ids=[*entries] or None)


def _is_asked(metafunc: pytest.Metafunc, cell: Cell) -> bool:
    """Whether the profile asks a test of a cell; one that is named always is."""
    profile = metafunc.config.stash[_RUN].profile
    named = any(f"[{cell.id}" in each for each in metafunc.config.args)
    if cell.subject.vast and not profile.vast:
        return named
    few = _named(metafunc, "smoke")
    if profile.every_dtype or metafunc.config.stash[_OWN]:
        return True
    if cell.is_usual and (not few or cell.subject.name in few):
        return True
    if next(metafunc.definition.iter_markers("every_dtype"), None):
        return True
    return named


def _named(metafunc: pytest.Metafunc, marker: str) -> set[str]:
    """What the markers of a test restrict its cells to; nothing for all of them."""
    return {name for m in metafunc.definition.iter_markers(marker) for name in m.args}


def _promise(metafunc: pytest.Metafunc) -> Promise[Any] | None:
    """The promise that a test asks and that names its cells; None for one that marks choose."""
    from verify.behaviour.promises import PROMISES
    from verify.outcome.promises import asked_by

    asked = asked_by(metafunc.definition.nodeid)
    return PROMISES.get(asked.promise) if asked else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the items of this shard, and those that are about something."""
    from verify.command_line import options

    items[:] = [item for item in items if not _is_about_nothing(item)]
    part, parts = options.shard(config.option.shard)
    own, fills = config.stash[_OWN], options.fills(config.option.fill)
    kept = [
        item
        for item in items
        if options.in_shard(item.nodeid, part, parts)
        and (own is None or _is_about(own, item))
        and _is_filled(fills, item)
    ]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _is_about(own: Recipe, item: pytest.Item) -> bool:
    """Whether the item verifies the user's own recipe."""
    cell = getattr(getattr(item, "callspec", None), "params", {}).get("cell")
    return getattr(cell, "subject", None) is own


def _is_filled(fills: Collection[str], item: pytest.Item) -> bool:
    """Whether the item is about one of these fill methods; what asks no promise always is."""
    from verify.outcome import promises

    asked = promises.identity(item.nodeid)
    return asked is None or promises.fill(asked.promise) in fills


def _is_about_nothing(item: pytest.Item) -> bool:
    """Whether the item stands for cells or known defects that there are none of."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return any(name in params and params[name] is None for name in ("cell", "witnessed", "entry"))


@pytest.fixture(autouse=True)
def _gradients() -> None:
    """A call that is stopped may leave gradients switched off; no item inherits that."""
    import torch

    torch.set_grad_enabled(True)


@pytest.fixture(autouse=True)
def _guarded() -> Generator[None]:
    """The guard of one call after another is armed once for each item."""
    from verify.plan import watchdog

    with watchdog.held():
        yield


@pytest.fixture
def run(pytestconfig: pytest.Config) -> Run:
    """What is fixed for the whole run."""
    return pytestconfig.stash[_RUN]


@pytest.fixture
def conclude(request: pytest.FixtureRequest) -> Iterator[Callable[[Outcome], None]]:
    """Hand an outcome over to the report, and fail the item unless it passed."""
    from verify.outcome import schema
    from verify.plan import late

    run, troubled = request.config.stash[_RUN], set[str]()

    def hand_over(outcome: Outcome) -> None:
        if told := late.trouble(outcome.backend, run):
            troubled.add(outcome.backend)
            outcome = outcome if outcome.final_verdict.is_wrong else outcome.troubled(told)
        line = schema.cell_line(outcome, request.node.nodeid, _replay(request))
        request.node.stash[_LINE] = json.dumps(line)
        if outcome.final_verdict.is_wrong:
            pytest.fail(f"{outcome.final_verdict}: {outcome.diagnosis}", pytrace=False)

    yield hand_over
    for backend in troubled:  # Its report is on its way: a worker may end.
        if lost := late.leave(backend, run):
            request.session.shouldstop = lost


def _replay(request: pytest.FixtureRequest) -> str:
    run: Run = request.config.stash[_RUN]
    nodeid = shlex.quote(request.node.nodeid)
    options = f"--run-seed {run.seed} --profile {run.profile.name}{_outside(request.config)}"
    options += f"{_forgiving(request.config)}{_recipe(request.config)}"
    return f"pytest {nodeid} {options}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the item's cell line to its report, which carries it to the controller."""
    report = yield
    if call.when == "call" and _LINE in item.stash:
        setattr(report, "cell_json", item.stash[_LINE])  # noqa: B010
    return report
