"""The time limit: loops are interrupted, native code ends the process, nothing is left behind."""

import contextlib
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from verify.plan import watchdog
from verify.plan.watchdog import Ended, Idleness, TimedOut

pytestmark = pytest.mark.usefixtures("patient")  # Time limits are short here.

ROOT = Path(__file__).resolve().parents[1]


def busy(seconds=20.0):
    """Use so much processor time, which is what the limit counts."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.fixture
def handler():
    """A signal handler of someone else's, who must find it unharmed."""
    calls = []

    def theirs(*_):
        calls.append(1)

    before = {each: signal.signal(each, theirs) for each in (signal.SIGPROF, signal.SIGALRM)}
    yield theirs
    for each, handler in before.items():
        signal.signal(each, handler)
    assert calls == []


def assert_nothing_left(handler):
    assert signal.getsignal(signal.SIGPROF) is signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_busy_loop_is_interrupted(handler):
    start = time.process_time()
    with pytest.raises(TimedOut, match=r"0\.2 s"), watchdog.limit(0.2):
        busy()
    assert time.process_time() - start > 0.15
    assert_nothing_left(handler)


def test_what_ends_in_time_is_left_alone(handler):
    with watchdog.limit(0.15):
        pass
    assert_nothing_left(handler)
    busy(0.3)  # Nothing comes late.


def test_an_error_in_the_block_goes_through(handler):
    with pytest.raises(ZeroDivisionError), watchdog.limit(5):
        1 / 0  # noqa: B018
    assert_nothing_left(handler)


def test_the_code_under_test_cannot_swallow_it(handler):
    def stubborn():
        while True:
            with contextlib.suppress(Exception):
                busy()

    with pytest.raises(TimedOut), watchdog.limit(0.1):
        stubborn()
    assert_nothing_left(handler)


def test_each_call_has_the_whole_limit(handler):
    with watchdog.limit(0.4) as restart:
        for _ in range(5):
            restart()
            busy(0.15)
    assert_nothing_left(handler)


def test_without_a_restart_the_calls_add_up(handler):
    with pytest.raises(TimedOut), watchdog.limit(0.3):
        for _ in range(40):
            busy(0.1)
    assert_nothing_left(handler)


def test_limits_follow_one_another(handler):
    for _ in range(3):
        with pytest.raises(TimedOut), watchdog.limit(0.05):
            busy()
    assert_nothing_left(handler)


WAITING = {
    "asleep": lambda: time.sleep(1e6),
    "a lock": lambda: threading.Event().wait(),
    "a pipe": lambda: os.read(os.pipe()[0], 1),
    "a process": lambda: subprocess.run([sys.executable, "-c", "import time; time.sleep(30)"]),
    "again and again": lambda: [time.sleep(0.05) for _ in range(10**6)],
}


@pytest.mark.parametrize("what", WAITING)
def test_what_waits_for_ever_is_interrupted(what, handler):
    said = r"waited for 0\.4 s and used next to no processor time: it sleeps, or waits for a lock"
    with pytest.raises(TimedOut, match=said), watchdog.limit(0.4):
        WAITING[what]()
    assert_nothing_left(handler)


def test_a_timer_of_someone_elses_goes_on(handler):
    signal.setitimer(signal.ITIMER_REAL, 1000)
    with watchdog.limit(5):
        pass
    remaining, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    assert 900 < remaining <= 1000


@pytest.mark.skipif(not Path("/proc/thread-self/schedstat").exists(), reason="nobody counts it")
def test_time_in_line_is_counted(handler):
    """Of two busy processes on one processor each stands in line for half of the time."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    rival = subprocess.Popen(
        [sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    )
    try:
        rival.stdout.readline()  # Whoever has not begun takes nothing.
        start = watchdog._queued()
        busy(0.5)
        assert watchdog._queued() - start > 0.1
    finally:
        rival.kill()
        rival.communicate()
        os.sched_setaffinity(0, before)


class TestIdleness:
    """By a clock that is told: what share of a processor a call gets, look by look."""

    @pytest.fixture
    def looked(self):
        def looked(shares, queued=0.0):
            used, stood = [0.0], [0.0]
            idleness = Idleness(60.0, lambda: used[0], lambda: stood[0])
            found = []
            for share in shares:
                used[0] += share * idleness.interval
                stood[0] += queued * idleness.interval
                found.append(idleness.look())
            return found

        return looked

    def test_a_call_that_waits_is_told_at_the_last_look(self, looked):
        assert looked([0.0] * 20) == [False] * 19 + [True]
        assert looked([0.005] * 20)[-1]

    def test_the_slowest_share_of_a_busy_machine_is_work(self, looked):
        assert not any(looked([1 / 90] * 10_000))

    def test_who_stands_in_line_for_a_processor_does_not_wait(self, looked):
        assert not any(looked([0.0] * 100, queued=0.9))

    def test_who_is_woken_to_be_looked_at_may_stand_in_line_for_a_moment(self, looked):
        assert looked([0.0] * 20, queued=0.2)[-1]

    def test_a_moment_of_work_begins_anew(self, looked):
        assert not any(looked(([0.0] * 19 + [0.02]) * 50))

    def test_a_process_that_was_stopped_comes_back_to_one_look(self, looked):
        assert not any(looked([0.5, 0.0, 0.5]))

    @pytest.mark.parametrize("seconds", [0.001, 0.1, 0.4, 1.0, 2.0, 60.0, 1e5])
    def test_a_tick_that_each_look_is_charged_is_no_work(self, seconds):
        used = [0.0]
        idleness = Idleness(seconds, lambda: used[0], lambda: 0.0)
        found = []
        while not any(found):
            used[0] += 0.01
            found.append(idleness.look())
        waited = len(found) * idleness.interval
        assert waited == pytest.approx(max(seconds, 0.1)) and len(found) <= 20

    def test_another_call_begins_anew(self):
        idleness = Idleness(60.0, lambda: 0.0, lambda: 0.0)
        for _ in range(3):
            assert not any(idleness.look() for _ in range(19))
            idleness.start()


def test_other_threads_run_without_the_interrupt(handler):
    done = []

    def work():
        with watchdog.limit(5) as restart:
            restart()
            done.append(signal.getsignal(signal.SIGPROF))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [handler]


def script(body):
    """Run Python in a process of its own; exit code, and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(body)],
        cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_native_code_that_hangs_ends_the_process():
    """Blocked signals stand for code that never comes back to Python."""
    code, said = script(
        """
        import os, signal
        from verify.plan import watchdog
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM})
        with watchdog.limit(0.1):
            os.read(os.pipe()[0], 1)
        """
    )
    assert code == 1
    assert 'File "<string>", line 6' in said


def test_where_it_is_told_is_fixed_before_stderr_is_captured():
    code, said = script(
        """
        import os, signal
        from verify.plan import watchdog
        watchdog.tell_where_stderr_leads_now()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF, signal.SIGALRM})
        with watchdog.limit(0.1):
            os.read(os.pipe()[0], 1)
        """
    )
    assert code == 1
    assert 'File "<string>", line 8' in said


def _told(monkeypatch):
    """A clock that is told, and the ends that are set by it."""
    monkeypatch.undo()
    now, ends = [0.0], []
    monkeypatch.setattr(watchdog, "_TIMER", watchdog._Timer())
    monkeypatch.setattr(watchdog, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(watchdog, "faulthandler", SimpleNamespace(
        dump_traceback_later=lambda seconds, **_: ends.append(now[0] + seconds),
        cancel_dump_traceback_later=lambda: ends.append(math.inf),
    ))  # fmt: skip
    return now, ends


def test_the_process_lives_on_after_calls_in_time(monkeypatch):
    """Many restarts, each in time by a clock that is told, and the second guard ends with them."""
    now, ends = _told(monkeypatch)
    guard = watchdog._NativeGuard(1.0)
    for _ in range(240):
        guard.start()
        # A call that is in time ends long before the guard does, and seldom sets it anew.
        now[0] += 0.5
        assert ends[-1] > now[0] + 8
    assert 60 < len(ends) < 120
    now[0] += 9
    guard.start()
    assert ends[-1] == now[0] + 10
    guard.stop()
    assert ends[-1] == math.inf


def test_between_long_limits_a_guard_may_stay_armed(monkeypatch):
    """Each call in time moves its end; only the block of them takes it away."""
    now, ends = _told(monkeypatch)
    long, short = watchdog._NativeGuard(60.0), watchdog._NativeGuard(1.0)
    with watchdog.held():
        for _ in range(50):
            long.start()
            now[0] += 1
            long.stop()
        assert ends == [600.0]
        now[0] += 20
        long.start()
        assert ends == [600.0, 670.0]
        long.stop()
        short.start()
        assert ends[-1] == 80.0
        short.stop()
        assert ends[-1] == math.inf
        long.start()
        long.stop()
    assert ends[-1] == math.inf


def test_a_call_that_would_end_the_process_is_told(monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    before = os._exit
    with pytest.raises(Ended, match=r"os\._exit\(0\)"), watchdog.staying():
        os._exit(0)
    assert os._exit is before


def test_a_process_of_the_call_s_own_may_end(monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with watchdog.staying():
        if (child := os.fork()) == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_worker_may_end(monkeypatch):
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    before = os._exit
    with watchdog.staying():
        assert os._exit is before
