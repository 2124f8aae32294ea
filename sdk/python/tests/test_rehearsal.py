"""The rehearsal: what a build plays so that executions begin fast."""

import asyncio
import gc
import unittest
from unittest import mock

from stepwell import Context, build, function, registry, rehearsal
from stepwell.function import _data


class Rehearses(unittest.TestCase):
    def setUp(self):
        self.addCleanup(gc.unfreeze)

    def test_it_leaves_no_loop_and_no_function_behind(self):
        with mock.patch.dict(registry.functions, clear=True):
            rehearsal.play()
            self.assertEqual(registry.functions, {})
        with self.assertRaises(RuntimeError):
            asyncio.get_running_loop()

    def test_annotations_are_read_once_before_a_run(self):
        @function(id="typed")
        async def typed(ctx: Context[dict[str, int]]) -> None: ...

        @function(id="broken")
        async def broken(ctx: "Context[Missing]") -> None: ...  # noqa: F821

        with mock.patch.dict(registry.functions, {"broken": broken, "typed": typed}, clear=True):
            rehearsal.play()
        read = _data.cache_info()
        self.assertEqual(_data(typed._handler, Context), dict[str, int])
        self.assertEqual(_data.cache_info().misses, read.misses)
        with self.assertRaises(NameError):
            _data(broken._handler, Context)

    def test_a_build_plays_it_at_the_end(self):
        entry = build._ENTRY_TEXT.format(module="app")
        self.assertTrue(entry.rstrip().endswith("rehearsal.play()"), entry)

    def test_a_rehearsal_that_fails_is_told(self):
        with (
            mock.patch.object(rehearsal._Stage, "next", return_value=None),
            self.assertRaisesRegex(RuntimeError, "has not completed"),
        ):
            rehearsal.play()
