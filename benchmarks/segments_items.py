"""`GET segments/items` of a signed-in customer on the demo data, as a ratio to `/health/live` of the same server.

Run `make bench`. It needs wrk (apt-get install wrk). Rounds alternate, so that a busy machine hurts both alike; the
ratio is of medians within this one run, and no figure of it is a test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
COTERIE = Path(sys.executable).with_name("coterie")
RESULTS = ROOT / "benchmarks" / "results.md"
ROUNDS, SECONDS = 5, 3


@contextmanager
def served(environ: dict[str, str]) -> Iterator[dict[str, str]]:
    """A server with the demo tenant; yields its logins."""
    server = subprocess.Popen(
        [COTERIE, "serve", "--demo"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{environ['COTERIE_PORT']}/health/ready").close()
                break
            except OSError:
                time.sleep(0.2)
        printed = subprocess.run(
            [COTERIE, "demo", "--json"], env=environ, capture_output=True, check=True
        ).stdout
        yield json.loads(printed)
    finally:
        server.terminate()
        server.wait()


def fetched(url: str, token: str | None = None, body: Any = None) -> Any:
    """The JSON of an answer."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = Request(url, None if body is None else json.dumps(body).encode(), headers)
    with urlopen(request) as answer:
        return json.load(answer)


def rate(url: str, token: str) -> float:
    """Requests per second of one connection pool."""
    command = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "-H", f"Authorization: Bearer {token}", url]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text, text
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert found is not None, text
    return float(found[1])


def measured(environ: dict[str, str]) -> tuple[float, float]:
    """Median rates of `/health/live` and of `segments/items`."""
    with served(environ) as demo:
        url, tenant = demo["url"], demo["tenant"]
        guest = fetched(
            f"{url}/customerlogin/auth/anonymous/login?tenant={tenant}&client_id={demo['storefront_client_id']}"
        )["access_token"]
        login = {"email": demo["customer_email"], "password": demo["customer_password"]}
        token = fetched(f"{url}/customer/{tenant}/login", guest, login)["access_token"]
        items = f"{url}/customer-segment/{tenant}/segments/items"
        assert fetched(items, token)
        rates = [(rate(f"{url}/health/live", token), rate(items, token)) for _ in range(ROUNDS)]
    return statistics.median(each[0] for each in rates), statistics.median(each[1] for each in rates)


def environment(folder: str, **more: str) -> dict[str, str]:
    """The environment of a server of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {**os.environ, "COTERIE_DATA_DIR": folder, "COTERIE_PORT": str(port), **more}


def main() -> None:
    """Measure both engines and write the table."""
    from support.postgres import create_database, dsn, start_postgres
    from support.postgres_binaries import find_postgres

    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk: apt-get install wrk")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        rows.append(("SQLite", *measured(environment(folder))))
        server = start_postgres(find_postgres(os.environ))
        try:
            url = dsn(create_database(server.admin_url))
            environ = environment(folder, COTERIE_DATABASE=url, COTERIE_SECRET="benchmark-" * 4)
            subprocess.run([COTERIE, "migrate"], env=environ, check=True, capture_output=True)
            rows.append(("PostgreSQL", *measured(environ)))
        finally:
            server.stop()
    lines = ["| engine | `segments/items` to `/health/live` |", "|---|---|"]
    lines += [f"| {engine} | {items / live:.2f} |" for engine, live, items in rows]
    text = "# Throughput, as ratios within one run\n\n" + "\n".join(lines) + "\n"
    RESULTS.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
