"""The demo tenant, a tools retailer: it is filled through the API, and its credentials are derived, never stored."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import asdict, dataclass
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from coterie.app import App
from coterie.cli import CommandError
from coterie.cli.demo_data.people import BUYER, BUYER_COMPANIES, SHOPPER, people
from coterie.cli.demo_data.plan import Step, plan
from coterie.cli.employees import invited
from coterie.kit import clients
from coterie.kit.clock import iso
from coterie.kit.errors import AlreadyExists
from coterie.kit.keys import Vault
from coterie.kit.observe import quiet
from coterie.kit.runtime import Runtime
from coterie.kit.tenants import Tenant
from coterie.settings import Settings

TENANT = "demo"
_LANGUAGES = ("en", "de")
_ADMINISTRATOR = "ada@werkzeug.example"
# The tenant's setting that tells how far the filling got; another tenant of the same name has none.
_PROGRESS = "demo"
_DONE = frozenset({200, 201, 204, 409})
_PICK_TOKEN = r"""sed 's/.*"access_token":"\([^"]*\)".*/\1/'"""  # noqa: S105 - a command


@dataclass(frozen=True)
class Demo:
    """The demo tenant's credentials: two API clients, a private customer, a contact of two companies, and an
    employee, who is its administrator."""

    client_id: str
    client_secret: str
    storefront_client_id: str
    customer_email: str
    customer_password: str
    contact_email: str
    contact_password: str
    employee_email: str
    employee_password: str

    def greeting(self, settings: Settings) -> str:
        """The credentials for a person, and a first request to paste into a shell."""
        return f"""
The demo tenant is {TENANT}, a tools retailer.

  Backend     client id   {self.client_id}
              secret      {self.client_secret}
  Storefront  client id   {self.storefront_client_id}
  Customer    e-mail      {self.customer_email}
              password    {self.customer_password}
  Contact     e-mail      {self.contact_email}
              password    {self.contact_password}
              acts for    {" and ".join(BUYER_COMPANIES)}
  Employee    e-mail      {self.employee_email}
              password    {self.employee_password}

Paste this to list its customer segments:

{self.first_request(settings)}

"""

    def first_request(self, settings: Settings) -> str:
        """One shell command that gets a token and lists the segments."""
        url = settings.base_url
        return (
            f'curl -s {url}/customer-segment/{TENANT}/segments -H "Authorization: Bearer $(\n'
            f"  curl -s {url}/oauth/token -d grant_type=client_credentials \\\n"
            f"    -d client_id={self.client_id} \\\n"
            f"    -d client_secret={self.client_secret} |\n"
            f'    {_PICK_TOKEN})"'
        )

    def as_json(self, settings: Settings) -> dict[str, Any]:
        """The credentials for a script."""
        return {"url": settings.base_url, "tenant": TENANT, **asdict(self)}

    def as_shell(self, settings: Settings) -> str:
        """The credentials as variables for `eval`."""
        values = {"COTERIE_URL": settings.base_url, "TENANT": TENANT}
        values |= {name.upper(): value for name, value in asdict(self).items()}
        return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items())


async def fill(app: App) -> Demo:
    """Fill the demo tenant, or go on where an earlier start was ended; what is there already is left alone.

    Once it is filled only the API clients are made sure of: they are what is printed. Raises CommandError.
    """
    runtime = app.runtime
    demo = _derived(runtime.vault)
    tenant = await _ensure_tenant(runtime)
    await _ensure_clients(runtime, demo)
    if tenant.settings[_PROGRESS] != "complete":
        await _load(app, demo)
        async with runtime.database.writing() as session:
            await runtime.tenants.change(session, TENANT, _PROGRESS, "complete")
    return demo


def _derived(vault: Vault) -> Demo:
    """Credentials that only the master secret tells, and tells again at every start."""

    def derived(purpose: str, digits: int) -> str:
        return vault.derive(f"demo {purpose}").hex()[:digits]

    emails = {person.id: person.body["contactEmail"] for person in people()}
    return Demo(
        client_id=f"{TENANT}-{derived('client id', 24)}",
        client_secret=derived("client secret", 64),
        storefront_client_id=f"{TENANT}-{derived('storefront client id', 24)}",
        customer_email=emails[SHOPPER],
        customer_password=derived("customer password", 16),
        contact_email=emails[BUYER],
        contact_password=derived("contact password", 16),
        employee_email=_ADMINISTRATOR,
        employee_password=derived("employee password", 16),
    )


async def _ensure_tenant(runtime: Runtime) -> Tenant:
    tenant = await runtime.tenants.get(TENANT)
    if tenant is None:
        try:
            async with runtime.database.writing() as session:
                await runtime.tenants.create(
                    session, TENANT, languages=_LANGUAGES, currency="EUR", settings={_PROGRESS: "begun"}
                )
        except AlreadyExists:
            pass  # another process started at the same time; both send the same requests
        tenant = await runtime.tenants.get(TENANT)
    assert tenant is not None
    if _PROGRESS not in tenant.settings:
        raise CommandError(
            f"there is a tenant {TENANT} that is not the demo's; use another database for the demo, "
            "with --data-dir or --database."
        )
    return tenant


async def _ensure_clients(runtime: Runtime, demo: Demo) -> None:
    at = iso(runtime.clock.now())
    async with runtime.database.writing() as session:
        if await clients.find(session, demo.client_id) is None:
            await clients.create(session, TENANT, "api", at=at, id=demo.client_id, secret=demo.client_secret)
        if await clients.find(session, demo.storefront_client_id) is None:
            await clients.create(session, TENANT, "storefront", at=at, id=demo.storefront_client_id)


async def _load(app: App, demo: Demo) -> None:
    """Send every request of the plan to the app, as a client with the backend's token."""
    passwords = {SHOPPER: demo.customer_password, BUYER: demo.contact_password}
    steps = plan(TENANT, passwords, app.runtime.settings.bulk_max)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://demo", trust_env=False) as client:
        with quiet(), _progress() as bar:
            form = {
                "grant_type": "client_credentials",
                "client_id": demo.client_id,
                "client_secret": demo.client_secret,
            }
            answer = await client.post("/oauth/token", data=form)
            client.headers["Content-Language"] = "*"
            client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
            task = bar.add_task("", total=len(steps))
            for step in steps:
                bar.update(task, description=step.what)
                await _send(client, step)
                bar.advance(task)
            made = await invited(app.runtime, TENANT, demo.employee_email, "Ada", "Winter")
            body = {"token": made.token, "password": demo.employee_password}
            await _send(client, Step("employee", "POST", f"/iam/{TENANT}/password/reset/update", body))


def _progress() -> Progress:
    """A bar on standard error, on a terminal only."""
    return Progress(
        TextColumn("Filling the demo tenant"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


async def _send(client: httpx2.AsyncClient, step: Step) -> None:
    """One request; what exists already (409) stays as it is. Raises CommandError when it is refused."""
    if step.file is None:
        answer = await client.request(step.method, step.path, json=step.body)
    else:
        body = (None, json.dumps(step.body).encode(), "application/json")
        form = {"body": body, "file": ("file", step.file, None)}
        answer = await client.request(step.method, step.path, files=form)
    codes = {answer.status_code}
    if answer.status_code == 207:
        codes = {entry["code"] for entry in answer.json()}
    if not codes <= _DONE:
        refused = answer.text
        if answer.status_code == 207:
            refused = str([entry for entry in answer.json() if entry["code"] not in _DONE][:3])
        raise CommandError(
            f"the demo data could not be loaded: {step.method} {step.path} answered {answer.status_code}: "
            f"{refused[:500]}"
        )
