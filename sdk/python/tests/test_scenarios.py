"""The test kit beside the real host: both come to the same in the scenarios that are written in Python."""

import importlib.util
import re
import sys
import tomllib
import unittest
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

from stepwell import Function, Key, NewEvent, values
from stepwell.testing import NeedsRealHostError, NotMockedError, TestHost
from stepwell.testing.journal import name

SCENARIOS = Path(__file__).parents[3] / "tests/scenarios"

# What the kit leaves to the real host: limits of size, deadlines, flow control, Python's clock, a third plugin, and who
# is faster.
LEFT_OUT = re.compile("a26|a28|b10|a29|b7|c29|c30|c31|c32|d8|e1-|e15|e2-|f8|f11|f20|g(?!1-|3|4|20|24)")

OUTCOME = re.compile(
    r"  \S+ (completed|failed): (?:\[\w+\] )?(.*?)(?: \(code \S+\))?(?: ← .*)?(?: \(code \S+\))?(?: \(step \S+\))?$"
)

Ends = Counter[tuple[str, str]]
"""Runs by function and outcome, and steps by id and result."""


class Scenarios(unittest.TestCase):
    def test_runs_and_steps_come_to_the_same(self):
        if not list(SCENARIOS.glob("*/function.py")):
            self.skipTest("no scenario is written in Python")
        for folder in sorted(SCENARIOS.glob("*/")):
            with self.subTest(folder.name):
                if told := played(folder):
                    expected = folder / "expected.python.txt"
                    text = (expected if expected.exists() else folder / "expected.txt").read_text()
                    self.assertEqual(told, ends_of(text))


def played(folder: Path) -> Ends | None:
    """The kit's result of a scenario; `None` if that is the host's matter."""
    scenario = tomllib.loads((folder / "scenario.toml").read_text())
    deeds = scenario.get("do", [])
    only_sends = all(deed.keys() == {"at_s", "send"} for deed in deeds)
    if LEFT_OUT.match(folder.name) or not only_sends or not (folder / "function.py").exists():
        return None
    host = TestHost(*functions(folder), plugin="app")
    begun = host.now
    try:
        for deed in deeds:
            host.advance(f"{deed['at_s'] - (host.now - begun).total_seconds()}s")
            for event in deed["send"] if isinstance(deed["send"], list) else [deed["send"]]:
                host.send(NewEvent(event["name"], event.get("data", {}), event.get("id")))
        host.advance("400d")
    except (NeedsRealHostError, NotMockedError):
        return None
    ends: Ends = Counter()
    for run in host.runs:
        outcome = f"completed: {compact(run.output)}" if run.status == "completed" else f"failed: {run.error}"
        ends[run.function_id, outcome] += 1
        for step in run.steps:
            if step.kind == "run" and step.error is None:
                ends[f"step {name(Key(step.id, step.n))} attempt {step.attempts - 1}", compact(step.output)] += 1
    return ends


def functions(folder: Path) -> list[Function[Any, Any]]:
    found: list[Function[Any, Any]] = []
    for file in [folder / "function.py", folder / "other.py"]:
        if file.exists():
            found += [value for value in vars(module(file)).values() if isinstance(value, Function)]
    return list(dict.fromkeys(found))


def module(file: Path) -> ModuleType:
    unique = re.sub(r"\W", "_", f"{file.parent.name}_{file.stem}")
    spec = importlib.util.spec_from_file_location(unique, file)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[unique] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def ends_of(expected: str) -> Ends:
    """The same of a history of the real host."""
    ends: Ends = Counter()
    function = ""
    for line in expected.splitlines():
        if of := re.match(r"run \d+ of (?:app|other)-(\S+?),?( |$)", line):
            function = of[1]
        elif end := OUTCOME.match(line):
            ends[function, f"{end[1]}: {end[2]}"] += 1
        elif step := re.match(r"  \S+ (step \S+ attempt \d+) = (.*)", line):
            ends[step[1], step[2]] += 1
    return ends


def compact(value: Any) -> str:
    return values.write(value, "value")
