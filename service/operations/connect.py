"""What answers each custom operation: a Python function, a Lambda function, or nothing yet."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from service.catalog.columns import snake_case
from service.catalog.model import Catalog, Operation, Root
from service.errors import SettingsError
from service.operations.call import Call
from service.operations.lambdas import LambdaFunction, Lambdas

Function = Callable[..., Awaitable[Any]]
"""A Python function behind an operation: `async def f(call: Call, purchase_order_id: str, lines: list) -> …`.

It takes each argument of the operation by name, in Python's spelling; one that was not given is not
passed, so an optional argument needs a default.
"""
Answer = Callable[[Call], Awaitable[Any]]
Connected = Mapping[tuple[Root, str], Answer]
"""By root type and operation. Nothing is there for an operation that nothing answers."""


def connect(
    catalog: Catalog,
    functions: Mapping[str, Function],
    lambdas: Mapping[str, str],
    *,
    environment: str | None = None,
) -> dict[tuple[Root, str], Answer]:
    """Connect the operations of a catalog.

    `functions` are Python's by operation; one whose arguments are not those of the schema is left alone. `lambdas`
    are names or ARNs by operation, or by the name in `@function` with `environment` for its `${env}`; they win.
    Errors: SettingsError naming what of `lambdas` no operation is called by.
    """
    used: set[str] = set()
    connected: dict[tuple[Root, str], Answer] = {}
    client = Lambdas()
    for operation in _answerable(catalog):
        key = operation.root, operation.name
        names = _lambda_names(operation, environment)
        name = next((each for each in names if each in lambdas), None)
        used |= names & lambdas.keys()
        if name is not None:
            connected[key] = LambdaFunction(client, _filled(lambdas[name], environment), catalog)
        elif operation.name in functions and fits(functions[operation.name], operation):
            connected[key] = _called(functions[operation.name])
    if strangers := [name for name in lambdas if name not in used]:
        raise SettingsError(
            f"OFFRAMP_FUNCTIONS: no custom operation is called {', '.join(strangers)}, nor is its @function.",
            hint="With ${env} in the schema's names, OFFRAMP_ENV says what to put there.",
        )
    return connected


def unconnected(catalog: Catalog, connected: Connected, functions: Mapping[str, Function]) -> list[str]:
    """The operations that nothing answers, a line each: `Mutation.archive (@function archive-${env})`."""
    lines = []
    for operation in _answerable(catalog):
        if (operation.root, operation.name) not in connected:
            function = f" (@function {operation.function})" if operation.function else ""
            misfit = ": the Python function of this name takes other arguments" if operation.name in functions else ""
            lines.append(f"{operation.root}.{operation.name}{function}{misfit}")
    return lines


def fits(function: Function, operation: Operation) -> bool:
    """Whether a function takes what the operation gives: all of its arguments, and no more without a default."""
    _, *parameters = inspect.signature(function).parameters.values()
    taken = {each.name for each in parameters}
    needed = {each.name for each in parameters if each.default is each.empty}
    always = {python_name(each.name) for each in operation.arguments if each.type.required or each.default is not None}
    return {python_name(each.name) for each in operation.arguments} <= taken and needed <= always


def python_name(argument: str) -> str:
    """`purchaseOrderId` → `purchase_order_id`, `from` → `from_`."""
    name = snake_case(argument)
    return f"{name}_" if keyword.iskeyword(name) else name


def _answerable(catalog: Catalog) -> list[Operation]:
    return [each for each in catalog.operations if each.root is not Root.SUBSCRIPTION]


def _lambda_names(operation: Operation, environment: str | None) -> set[str]:
    function = operation.function
    return {operation.name} if function is None else {operation.name, function, _filled(function, environment)}


def _filled(name: str, environment: str | None) -> str:
    return name if environment is None else name.replace("${env}", environment)


def _called(function: Function) -> Answer:
    async def answer(call: Call) -> Any:
        return await function(call, **{python_name(name): value for name, value in call.arguments.items()})

    return answer
