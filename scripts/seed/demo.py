"""Plays the story on a database while its server runs, then says what to look at.

Usage: demo.py CONFIG DATABASE URL SMTP_PORT VOLUME
"""

import logging
import sys

import requests

import odoo.service.server
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from scripts.seed import dataset, office
from scripts.seed.story import Story, StoryError, signature, today


class Portal:
    """The customer's browser: a session of its own, only a link from a mail."""

    def __init__(self, url):
        self.url = url

    def accept_quote(self, order):
        session = requests.Session()
        link = self.url + order.get_portal_url()
        page = session.get(link, timeout=60)
        page.raise_for_status()
        answer = session.post(
            f"{self.url}/my/orders/{order.id}/accept",
            json={
                "jsonrpc": "2.0",
                "params": {
                    "access_token": order.access_token,
                    "name": order.partner_id.name,
                    "signature": signature(),
                },
            },
            timeout=120,
        )
        answer.raise_for_status()
        result = answer.json().get("result") or {}
        if not result.get("force_refresh"):
            raise StoryError(f"the portal refused the acceptance: {answer.text[:300]}")


def main(config_file, database, url, smtp_port, volume):
    config.parse_config(["-c", config_file, "-d", database, "--log-level=warn"])
    logging.getLogger("odoo.addons.base.models.ir_mail_server").setLevel(logging.ERROR)
    odoo.service.server.load_server_wide_modules()
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env = env(user=env.ref("base.user_admin"), su=True)
        env["ir.config_parameter"].set_param("web.base.url", url)
        env["ir.mail_server"].create(
            {
                "name": "Local sink: nothing leaves this machine",
                "smtp_host": "127.0.0.1",
                "smtp_port": int(smtp_port),
                "smtp_encryption": "none",
            }
        )
        story = Story(
            env,
            today(),
            accept_quote=Portal(url).accept_quote,
            commit=cr.commit,
            say=lambda sentence: print(f"    {sentence}", flush=True),
            volume=int(volume),
        )
        facts = story.run()
        cr.commit()
    slowest = sorted(facts.seconds.items(), key=lambda item: -item[1])[:3]
    print(f"    {sum(facts.seconds.values()):.0f} s in all; longest: ", end="")
    print(", ".join(f"{name.replace('_', ' ')} {spent} s" for name, spent in slowest))


def logins():
    """Printed at the end: (who, login, what they see)."""
    owner = dataset.COMPANIES[0].owner
    collaborator = dataset.FIRM.collaborators[0]
    customer = dataset.PORTAL_USERS[0]
    return (
        ("owner of " + dataset.COMPANIES[0].name, owner.login),
        ("accountant, both companies", collaborator.login),
        ("customer, on the portal", customer.login),
    )


def print_logins():
    for who, login in logins():
        print(f"      {login:42} {office.PASSWORD}   ({who})")


if __name__ == "__main__":
    if sys.argv[1:] == ["logins"]:
        print_logins()
    else:
        try:
            main(*sys.argv[1:])
        except StoryError as error:
            sys.exit(f"The story went wrong: {error}")
