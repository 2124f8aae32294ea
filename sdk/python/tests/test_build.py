"""Builds, as far as they go without componentize-py."""

import os
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from stepwell import build
from stepwell.build import BuildError

PLUGIN = """
    from stepwell import Context, function, plugin

    @function(id="hello", trigger="demo/hello")
    async def hello(ctx: Context) -> None: ...

    plugin(hello)
"""


class Builds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()

    def write(self, **modules: str):
        for name, text in modules.items():
            file = self.folder / f"{name.replace('__in__', '/')}.py"
            file.parent.mkdir(exist_ok=True)
            file.write_text(textwrap.dedent(text))

    def refused(self, name: str = "app.py") -> str:
        with mock.patch("shutil.which", return_value=None), self.assertRaises(BuildError) as caught:
            build.build(self.folder / name, self.folder / "out.wasm")
        return str(caught.exception)

    def inspected(self) -> dict:
        return build._inspect(self.folder, "app")

    def test_it_says_what_is_not_there(self):
        self.assertIn("failed to find", self.refused())
        self.assertIn("failed to find", self.refused(""))
        self.write(app=PLUGIN)
        self.assertIn('-m pip install "stepwell[build]"', self.refused())
        self.assertIn('-m pip install "stepwell[build]"', self.refused(""), "of a folder it is app.py")

    def test_it_says_what_is_wrong_with_the_module(self):
        self.write(app="from stepwell import plugin")
        self.assertIn("app makes no plugin", self.refused())
        self.write(app="def f():\n    1 / 0\nf()\n")
        first, second, third, *_ = self.refused().splitlines()
        self.assertEqual((first, second), ("failed to import app:", "Traceback (most recent call last):"))
        self.assertIn('app.py", line 3', third)
        self.write(**{"a-b": PLUGIN})
        self.assertIn("no name that Python can import", self.refused("a-b.py"))

    def test_there_are_no_variables_and_reading_them_is_told(self):
        reads = "import os\nprint('printed')\nassert not any([os.environ.get('TOKEN'), os.getenv('TOKEN')])\n"
        self.write(app=reads + textwrap.dedent(PLUGIN))
        with mock.patch.dict(os.environ, {"TOKEN": "secret"}):
            inspected = self.inspected()
        file = str(self.folder / "app.py")
        self.assertEqual(inspected["reads"], [["TOKEN", file, 3], ["TOKEN", file, 3]])
        [warning, _] = build._warnings(inspected, self.folder)
        self.assertTrue(warning.startswith("app.py:3 reads the variable TOKEN when the plugin is built"), warning)

    def test_what_is_imported_is_gathered_and_nothing_else(self):
        self.write(
            app="import shop.images\nimport prices\n" + textwrap.dedent(PLUGIN),
            shop__in____init__="",
            shop__in__images="",
            prices="",
            other="",
        )
        inspected = self.inspected()
        self.assertEqual(inspected["functions"], [{"id": "hello", "has_failure_handler": False}])
        build._gather(self.folder / "sources", inspected["sources"])
        gathered = {file.name for file in (self.folder / "sources").iterdir()}
        self.assertEqual(gathered, {"app.py", "shop", "prices.py", "stepwell"})
        self.assertTrue((self.folder / "sources/stepwell/component.py").exists())
        self.assertFalse((self.folder / "sources/stepwell/testing").exists(), "tests are none of a plugin's")
