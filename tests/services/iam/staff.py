"""A tenant whose employees sign in, as they do it: by the link of a mail, with a password, with their tokens."""

from __future__ import annotations

from typing import Any

from services.iam.world import IAM, World
from support.api import Api, Response
from support.mailbox import Mail, Mailbox

PASSWORD = "correct horse battery"
EVE = "eve@example.com"


class Staff(World):
    """Employees and what they send. `nobody` sends no token."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.mails = Mailbox(api)
        self.nobody = api.as_(None)

    def send(self, path: str, by: Api | None = None, **body: Any) -> Response:
        """A POST to IAM, without a token unless somebody sends it."""
        return (by or self.nobody).post(f"{IAM}/{path}", body)

    def hire(self, email: str = EVE, *groups: str, password: str = PASSWORD) -> str:
        """A new employee, who has set his password; the id."""
        id = self.employee(email, *groups)
        assert self.set_password(self.mails.take()[-1], password).status == 204
        return id

    def set_password(self, mail: Mail, password: str = PASSWORD) -> Response:
        """Use the link of a mail."""
        return self.send("password/reset/update", token=mail.token, password=password)

    def log_in(self, email: str = EVE, password: str = PASSWORD) -> Response:
        return self.send("login", email=email, password=password)

    def tokens(self, email: str = EVE, password: str = PASSWORD) -> Any:
        """The answer to a login that must succeed."""
        response = self.log_in(email, password)
        assert response.status == 200, response.body
        return response.json

    def signed_in(self, email: str = EVE, password: str = PASSWORD) -> Api:
        """An employee with the token of his login."""
        return self.api.as_(self.tokens(email, password)["access_token"])

    def refresh(self, token: str) -> Response:
        return self.send("refresh", refresh_token=token)

    def is_in(self, who: Api) -> bool:
        """Whether an employee's token is good."""
        status = who.get(f"{IAM}/users/me").status
        assert status in (200, 401)
        return status == 200
