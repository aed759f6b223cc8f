"""Writes `build/lambda.zip`, the service as AWS Lambda runs it, without docker: `python -m service.cli.package`.

The wheel of the checkout and the locked dependencies go into a clean folder, for another machine than this one: wheels
only, nothing is built. What no function imports is left out, and bytecode is put in, because a function recompiles
what has none at every cold start. The same sources give the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from service.cli.shared_objects import cut_to_what_is_loaded, machine_of
from service.errors import CommandError

PYTHON = "3.13"
"""Of the functions' runtime. Bytecode is good for this version alone."""
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}
"""Lambda's name of an architecture → uv's, with the C library of Lambda's image or an older one."""
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
ROOT = Path(__file__).parents[2]
TASK_ROOT = "/var/task"
"""Where Lambda unpacks it: the paths in bytecode, and so in tracebacks."""
LARGEST = 15_000_000
EPOCH = (1980, 1, 1, 0, 0, 0)
UNUSED = (
    "bin",
    "**/tests",
    "**/testing",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.pxi",
    "**/*.c",
    "**/*.cpp",
    "**/*.h",
    "**/py.typed",
    "**/*.dist-info/RECORD",
    "**/*.dist-info/INSTALLER",
    "**/*.dist-info/REQUESTED",
    "**/*.dist-info/direct_url.json",
    "**/*.dist-info/uv_*.json",
    "alembic/templates",
    "cffi",  # `_cffi_backend` is what cryptography needs
    "pycparser",
    "dateutil/zoneinfo/*.tar.gz",
    "service/cli",
    "service/contract",
    "service/demo",
    "service/importer",
    *(f"sqlalchemy/dialects/{name}" for name in ("mssql", "mysql", "oracle", "sqlite")),
    *(f"strawberry/{name}" for name in (
        "aiohttp", "chalice", "channels", "cli", "codegen", "codemods", "django", "fastapi", "flask", "litestar",
        "pydantic", "quart", "sanic",
    )),
)  # fmt: skip
"""Patterns of what no function imports, or what only says where and when it was installed."""


def main() -> int:
    """Write the file; the result is the exit status."""
    parser = argparse.ArgumentParser(prog="make package", description=__doc__)
    parser.add_argument("--architecture", choices=PLATFORMS, default="arm64", help="of the functions (default: arm64)")
    parser.add_argument("--schema", metavar="PATH", help="put its catalog in; then OFFRAMP_SCHEMA=catalog.json")
    parser.add_argument("--output", type=Path, default=Path("build/lambda.zip"), help="(default: build/lambda.zip)")
    parser.add_argument("--python", metavar="PATH", help=f"a Python {PYTHON}, if it is not found")
    parser.add_argument(
        "--without-bytecode", action="store_true", help="for want of one: cold starts take thrice as long"
    )
    asked = parser.parse_args()
    started = time.monotonic()
    try:
        compiler = None if asked.without_bytecode else interpreter(asked.python)
        folder = assembled(asked.output.with_suffix(""), asked.architecture, schema=asked.schema, compiler=compiler)
        write_zip(folder, asked.output)
    except CommandError as error:
        print(f"package: {error.message}", f"  {error.hint}" if error.hint else "", sep="\n", file=sys.stderr)
        return error.status
    size = asked.output.stat().st_size
    print(f"{asked.output}: {size / 1e6:.1f} MB for {asked.architecture}, in {time.monotonic() - started:.0f} s")
    return 0


def interpreter(given: str | None = None) -> str:
    """A Python of the functions' version. Errors: CommandError."""
    pyenv = Path.home() / ".pyenv" / "versions"
    candidates = [given] if given else [f"python{PYTHON}", *map(str, pyenv.glob(f"{PYTHON}.*/bin/python{PYTHON}"))]
    for each in candidates:
        if shutil.which(each) and _version_of(each) == PYTHON:
            return each
    raise CommandError(
        f"There is no Python {PYTHON} here to compile with.",
        hint=f"Install one, or name it: make package ARGS='--python /path/to/python{PYTHON}'.",
    )


def _version_of(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def assembled(folder: Path, architecture: str, *, schema: str | None = None, compiler: str | None = None) -> Path:
    """The folder with everything in it, made anew. `compiler` is a Python of the functions' version, or None."""
    shutil.rmtree(folder, ignore_errors=True)
    wheels = folder.with_name(f"{folder.name}-wheel")
    shutil.rmtree(wheels, ignore_errors=True)
    _uv("build", "--wheel", "--out-dir", str(wheels), str(ROOT))
    there = ("--python-platform", PLATFORMS[architecture], "--python-version", PYTHON, "--only-binary", ":all:")
    into = ("--target", str(folder))
    _uv("pip", "install", *there, *into, "--require-hashes", "-r", str(ROOT / "requirements" / "lambda.lock"))
    _uv("pip", "install", *there, *into, "--no-deps", *map(str, wheels.glob("*.whl")))
    shutil.copytree(ROOT / "alembic", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__", "*.mako"))
    if schema is not None:
        (folder / "catalog.json").write_bytes(_catalog_of(schema))
    for path in unused(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _cut(folder, MACHINES[architecture])
    if compiler is not None:
        _compile(folder, compiler)
    return folder


def _compile(folder: Path, compiler: str) -> None:
    """Put bytecode in the place of each source, but for the migrations, which Alembic reads as they are.

    That of others is without docstrings and assertions: a fifth less to load.
    """
    ours, others = (
        [folder / "service"],
        [each for each in folder.iterdir() if each.name not in {"service", "migrations"}],
    )
    for level, sources in (("0", ours), ("2", others)):
        mode = ("-q", "-b", "-j", "0", "-o", level, "--invalidation-mode", "unchecked-hash")
        _done([compiler, "-m", "compileall", *mode, "-s", str(folder), "-p", TASK_ROOT, *map(str, sources)])
    for source in folder.rglob("*.py"):
        if source.with_suffix(".pyc").exists():
            source.unlink()


def unused(folder: Path) -> list[Path]:
    """What to leave out, nothing of it inside another."""
    found = {path for pattern in UNUSED for path in folder.glob(pattern)}
    return sorted(path for path in found if not found.intersection(path.parents))


def write_zip(folder: Path, output: Path) -> None:
    """Everything in the folder, the same bytes for the same content. Errors: CommandError if it is too large."""
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    if (size := output.stat().st_size) > LARGEST:
        raise CommandError(
            f"{output} has {size:,} bytes, and may have {LARGEST:,}.", hint="UNUSED names what is left out."
        )


def shared_objects(folder: Path) -> Iterator[Path]:
    """The compiled modules and libraries in a folder."""
    return (path for path in sorted(folder.rglob("*.so*")) if path.is_file())


def _cut(folder: Path, machine: str) -> None:
    for path in shared_objects(folder):
        content = path.read_bytes()
        if machine_of(content) != machine:
            raise CommandError(f"{path} is for {machine_of(content)}, not for {machine}.")
        path.write_bytes(cut_to_what_is_loaded(content))


def _catalog_of(schema: str) -> bytes:
    from service.catalog.packaged import dump  # noqa: PLC0415  seldom asked for
    from service.source import catalog_at  # noqa: PLC0415  as above

    return dump(catalog_at(schema)[0])


def _uv(*arguments: str) -> None:
    _done([str(Path(sys.executable).with_name("uv")), *arguments[:1], "--quiet", *arguments[1:]])


def _done(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  uv and Python, found by us
    if done.returncode:
        raise CommandError(f"{' '.join(command[:3])} failed: {(done.stderr or done.stdout).strip()}")


if __name__ == "__main__":
    sys.exit(main())
