"""Gives packages another name in the source of those who import them.

Positions come from the syntax tree and from the tokens: comments, docstrings and layout stay as
they are, line by line, so that a traceback shows the same numbers.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

_IMPORTERS = {"import_module", "__import__", "find_spec", "run_module"}
"""Functions whose first argument is the name of a module, whatever module it is."""


class Immovable(Exception):
    """A module is named in a way that cannot be rewritten; the sentence says where."""


@dataclass(frozen=True)
class Relocation:
    """Packages that move into another.

    Attributes
    ----------
    inside : str
        The package that they move into.
    packages : collection of str
        Those that move.
    modules : collection of str
        All of their modules, by their full names.
    left : collection of str
        Packages that do not come along: nobody may import them.
    """

    inside: str
    packages: Collection[str]
    modules: Collection[str]
    left: Collection[str] = ()

    def moved(self, name: str, text: str) -> str:
        """The source of a module, as it must be once the packages have moved.

        Parameters
        ----------
        name : str
            Of the file, for those who must mend it.
        text : str

        Raises
        ------
        Immovable
            If it imports what does not come along, or names a module in a way that is not seen
            through: in pieces, or in code that is itself a text.
        """
        source = _Source(name, text)
        insertions = [each for node in source.nodes for each in self._of(source, node)]
        lines = [*source.lines]
        for line, column, added in sorted(insertions, reverse=True):
            old = lines[line - 1]
            lines[line - 1] = f"{old[:column]}{added}{old[column:]}"
        return "".join(lines)

    def _of(self, source: _Source, node: ast.AST) -> Iterator[_Insertion]:
        work: Mapping[type[ast.AST], Callable[[_Source, ast.AST], Iterator[_Insertion]]] = {
            ast.ImportFrom: self._of_from,
            ast.Import: self._of_import,
            ast.Call: self._of_call,
            ast.Constant: self._of_constant,
        }
        yield from work.get(type(node), _nothing)(source, node)

    def _moves(self, source: _Source, node: ast.AST, module: str) -> bool:
        top = module.partition(".")[0]
        if top in self.left:
            raise source.immovable(node, f"imports {module}, which does not come along")
        return top in self.packages

    def _of_from(self, source: _Source, node: ast.AST) -> Iterator[_Insertion]:
        """``from a.b import c``."""
        assert isinstance(node, ast.ImportFrom)
        if not node.level and self._moves(source, node, node.module or ""):
            yield (*source.after(node, "from"), f"{self.inside}.")

    def _of_import(self, source: _Source, node: ast.AST) -> Iterator[_Insertion]:
        """``import a.b as c``; without ``as`` the name of the package must be bound besides."""
        assert isinstance(node, ast.Import)
        for alias in node.names:
            if not self._moves(source, node, alias.name):
                continue
            yield (*source.start(alias), f"{self.inside}.")
            top, _, rest = alias.name.partition(".")
            bound = f", {self.inside}.{top} as {top}" if rest else f" as {top}"
            if alias.asname is None:
                yield (*source.end(alias), bound)

    def _of_call(self, source: _Source, node: ast.AST) -> Iterator[_Insertion]:
        """``import_module("a")``: a name of which `_of_constant` could not know what it is."""
        assert isinstance(node, ast.Call)
        function = ast.unparse(node.func).rpartition(".")[2]
        given = node.args[0] if node.args else None
        if function not in _IMPORTERS or not isinstance(given, ast.Constant):
            return
        module = given.value
        if isinstance(module, str) and self._moves(source, node, module):
            if module not in self.modules:
                raise source.immovable(node, f"imports {module!r}, which is no module")
            if "." not in module:
                yield (*source.within(given), f"{self.inside}.")

    def _of_constant(self, source: _Source, node: ast.AST) -> Iterator[_Insertion]:
        """``"a.b"``, a text that is the name of a module and nothing else."""
        assert isinstance(node, ast.Constant)
        value = node.value
        if not isinstance(value, str) or node in source.docstrings:
            return
        if value in self.modules and "." in value:
            yield (*source.within(node), f"{self.inside}.")
        elif self._begins.match(value) or self._code.search(value):
            raise source.immovable(node, f"names a module within the text {value[:60]!r}")

    @cached_property
    def _begins(self) -> re.Pattern[str]:
        """A name that goes on elsewhere."""
        return re.compile(rf"(?:{'|'.join(self.packages)})\.(?:\w+\.)*$")

    @cached_property
    def _code(self) -> re.Pattern[str]:
        """A text that is code itself."""
        names = "|".join((*self.packages, *self.left))
        return re.compile(
            rf"(?:^|;)\s*(?:from\s+(?:{names})(?:\.\w+)*\s+import|import\s+(?:{names}))\b",
            re.MULTILINE,
        )


_Insertion = tuple[int, int, str]
"""The number of a line, a column, and what is added there."""


def _nothing(_source: _Source, _node: ast.AST) -> Iterator[_Insertion]:
    return iter(())


class _Source:
    """A module's source: its nodes, its tokens, and where they stand."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.lines = io.StringIO(text).readlines()  # As Python counts them: by \n alone.
        self.nodes = tuple(ast.walk(ast.parse(text)))
        self.docstrings = {
            node.body[0].value
            for node in self.nodes
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        self.tokens = [*tokenize.generate_tokens(io.StringIO(text).readline)]
        self.at = {token.start: number for number, token in enumerate(self.tokens)}

    def immovable(self, node: ast.AST, what: str) -> Immovable:
        """The exception that says what a node does."""
        return Immovable(f"{self.name}, line {getattr(node, 'lineno', 0)}, {what}.")

    def start(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins, in characters; trees count bytes."""
        return self._place(getattr(node, "lineno", 0), getattr(node, "col_offset", 0))

    def end(self, node: ast.AST) -> tuple[int, int]:
        """Where a node ends, in characters."""
        return self._place(getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0))

    def _place(self, line: int, column: int) -> tuple[int, int]:
        return line, len(self.lines[line - 1].encode()[:column].decode())

    def after(self, node: ast.AST, keyword: str) -> tuple[int, int]:
        """Where the first name after a node's keyword begins."""
        number = self.at[self.start(node)]
        assert self.tokens[number].string == keyword
        return next(t.start for t in self.tokens[number + 1 :] if t.type == tokenize.NAME)

    def within(self, node: ast.Constant) -> tuple[int, int]:
        """Where the text of a string begins, behind its quotes."""
        token = self.tokens[self.at.get(self.start(node), 0)]
        if token.type != tokenize.STRING or ast.literal_eval(token.string) != node.value:
            raise self.immovable(node, f"puts together the name of the module {node.value!r}")
        line, column = token.start
        return line, column + token.string.index(str(node.value))
