"""`python -m bench.startup`: what a start costs, in CPU time of a fresh process, as `offramp serve` starts.

Imports, the packaged catalog, the schema that documents are checked against, and everything composed. A Lambda
function does the same, without a server. Medians of five; the first run is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from service.catalog.packaged import dump
from service.importer import catalog_from_sdl

CASES = Path(__file__).parents[1] / "tests" / "importer" / "cases"
RUNS = 5
CHILD = """
import resource, sys, time
from pathlib import Path
from service.loading import loading
from service.settings import Settings
settings = Settings.from_environ({"DATABASE_URL": "postgresql://a@b/c", "OFFRAMP_ISSUER": "https://a.example",
    "OFFRAMP_CLIENT_IDS": "a", "OFFRAMP_CURSOR_KEY": "0" * 32})
with loading():
    import service.app
    from service.catalog.packaged import load
    from service.db.connections.engine import Database
    imported = time.process_time()
    catalog = load(Path(sys.argv[1]).read_bytes())
    loaded = time.process_time()
    service.app.compose(settings, catalog=catalog, database=Database.connect(settings.database_url))
done = time.process_time()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
assert "strawberry" not in sys.modules
print(1000 * imported, 1000 * (loaded - imported), 1000 * (done - loaded), 1000 * done, memory)
"""


def main() -> None:
    """Print the report."""
    print("| models | interpreter and imports ms | catalog ms | compose ms | all ms | MiB |")
    print("|---|" + "--:|" * 5)
    for name in ("inventory", "erp"):
        catalog = catalog_from_sdl((CASES / name / "in.graphql").read_text())
        with tempfile.NamedTemporaryFile() as file:
            Path(file.name).write_bytes(dump(catalog))
            runs = [_run(file.name) for _ in range(RUNS + 1)][1:]
        cells = (f"{median(column):.0f}" for column in zip(*runs, strict=True))
        print(f"| {len(catalog.models)} | {' | '.join(cells)} |")


def _run(catalog: str) -> list[float]:
    done = subprocess.run([sys.executable, "-c", CHILD, catalog], check=True, capture_output=True, text=True)
    return [float(each) for each in done.stdout.split()]


if __name__ == "__main__":
    main()
