"""Reading Python source for the rules of the house: what a module offers, what a call does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from tests.architecture.trees import Source

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_CALLED_BY_NAME: Final = frozenset({"get", "post", "put", "patch", "delete", "websocket", "command", "group"})
_RUNS_STATEMENTS: Final = frozenset({"execute", "executemany", "copy", "stream", "cursor"})
_OF_THE_DATABASE: Final = re.compile(r"(?<![a-z])(conn|connection|tx|cursor|cur|database|db)\b")
_CLOCK_CALLS: Final = frozenset({"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns", "urandom"})
_IMPURE_MODULES: Final = frozenset(
    {
        *("asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess"),
        *("sys", "threading", "time", "uuid"),
    }
)
_IMPURE_NAMES: Final = frozenset({"SystemClock", "open", "print", "input", "environ", "getenv"})


def at(source: Source, node: ast.AST, message: str) -> str:
    return f"{source.path}:{getattr(node, 'lineno', 1)}: {message}"


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imported(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield every import with the full name of the module; relative ones do not occur here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module or "."


def length(function: Function) -> int:
    first = function.body[0]
    said = (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if said else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def public_things(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Yield what the module offers: what `__all__` lists where there is one, else what has no underscore."""
    offered = _offered(tree)
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name in offered if offered is not None else not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, Function) and not method.name.startswith("_"):
                        yield method


def _offered(tree: ast.Module) -> set[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return {str(name) for name in ast.literal_eval(node.value)}
    return None


def public_functions(tree: ast.Module) -> Iterator[Function]:
    return (thing for thing in public_things(tree) if not isinstance(thing, ast.ClassDef))


def _decorators(node: Function | ast.ClassDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def is_called_by_name(function: Function) -> bool:
    """Tell whether a framework calls the function by the names of its parameters: a route, a command."""
    return bool(_CALLED_BY_NAME & set(_decorators(function)))


def is_overload(node: Function | ast.ClassDef) -> bool:
    return "overload" in set(_decorators(node)) or "override" in set(_decorators(node))


def impure(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] in _IMPURE_MODULES)
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _IMPURE_MODULES:
        yield str(node.module)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        receiver = node.func.value
        if node.func.attr in _CLOCK_CALLS and isinstance(receiver, ast.Name) and receiver.id != "book":
            yield f"{receiver.id}.{node.func.attr}()"
    elif isinstance(node, ast.Name) and node.id in _IMPURE_NAMES:
        yield node.id


def floating(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the float {node.value}"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "a division with `/`"
    if isinstance(node, ast.Name) and node.id in {"float", "round"}:
        return f"`{node.id}`"
    return None


def texts(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    """Yield every string of a tree that is no docstring, f-strings whole with `?` for what is put in."""
    seen: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            seen.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            seen.update(ast.walk(node))
            yield (
                node,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in seen:
            yield node, node.value


def constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module gives names to; those of a table of texts are run together."""
    constants: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            constants[getattr(target, "id", "")] = " ".join(text for _, text in texts(node.value))
    return constants


def resolved(node: ast.AST, constants: dict[str, str]) -> str:
    """Return the text an expression comes to, as far as it is made of texts and the module's constants."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return constants.get(node.id, "")
    return " ".join(resolved(child, constants) for child in ast.iter_child_nodes(node))


def runs_statement(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return node.func.attr in _RUNS_STATEMENTS and bool(_OF_THE_DATABASE.search(ast.unparse(node.func.value)))
