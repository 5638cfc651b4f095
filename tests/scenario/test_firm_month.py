"""A firm's first month with 30 clients: from a list to the first disconnection."""

import base64
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from odoo.addons.facturex_portal.tests.test_dossier_life import FirmCommon

CLIENTS = 30
REAL = 2  # so many get their chart; the others' charts are the creation tests' matter


def kbo(number):
    """A Belgian number with its check digits."""
    return f"{number:08}{97 - number % 97:02}"


@tagged("post_install", "-at_install")
class TestFirmMonth(FirmCommon):
    def _run_creation(self, creation):
        charts = type(self.env["account.chart.template"])
        original, loaded = charts.try_loading, []

        def some(model, code, company=None, **options):
            if len(loaded) < REAL:
                loaded.append(company)
                original(model, code, company=company, **options)

        with patch.object(charts, "try_loading", some):
            for line in creation.line_ids.sudo():
                line._run()
            creation.sudo()._finish()

    def _accept(self, invitation):
        """By the link of the mail, logged in as nobody."""
        opened = self.env["facturex.invitation"]._from_token(
            invitation.id, invitation._get_token()
        )
        opened.with_user(self.env.ref("base.public_user")).sudo()._accept(
            self.env.ref("base.public_user")
        )

    def test_first_month(self):
        clients = self._set_up()
        owners = self._invite_owners(clients)
        self._share_out(clients)
        self._ask(clients, owners)
        self._lock(clients)
        self._end_of_trial(clients, owners)

    def _set_up(self):
        """A list with one wrong number and one known company; both are repaired."""
        self.company_b.sudo().vat = "BE0403019261"
        lines = [
            f"Client {n:02};BE;{kbo(5000000 + 101 * n)};owner{n:02}@client.example"
            for n in range(CLIENTS - 1)
        ]
        lines[3] = "Client 03;BE;0403019262;owner03@client.example"
        lines.append("Known;BE;0403.019.261;known@client.example")
        content = "\n".join(["nom;pays;numéro;e-mail", *lines])
        creation = (
            self.env["facturex.dossier.creation"]
            .with_user(self.lea)
            .create({"content": base64.b64encode(content.encode())})
        )
        creation.action_read_list()
        creation.action_start()
        self._run_creation(creation)
        states = creation.line_ids.mapped("state")
        self.assertEqual(states.count("done"), CLIENTS - 2)
        self.assertEqual((states[3], states[-1]), ("failed", "known"))
        self.assertEqual(creation.problems, 2)
        creation.line_ids[3].number = kbo(5000000 + 101 * 3)
        creation.action_retry()
        self._run_creation(creation)
        self.assertEqual(creation.problems, 1)
        creation.line_ids[-1].action_ask_link()
        link = self._waiting(kind="link")
        link.with_user(link._get_deciders()[:1]).action_accept()
        self.assertEqual(self.dossier_b.firm_id, self.firm)
        clients = creation.line_ids.dossier_id | self.dossier_b
        self.assertEqual(len(clients), CLIENTS)
        return clients.with_user(self.lea)

    def _invite_owners(self, clients):
        """29 were invited by the list; 27 accept, one refuses, one lets it expire."""
        waiting = self._waiting(kind="member", firm_id=self.firm.id).sorted("email")
        self.assertEqual(len(waiting), CLIENTS - 1)
        for invitation in waiting[:-2]:
            self._accept(invitation)
        waiting[-2]._refuse()
        with freeze_time("2026-04-01"):
            self.env["facturex.invitation"].sudo()._cron_expire()
        self.assertEqual(waiting[-1].state, "expired")
        waiting[-1].with_user(self.lea).action_resend()
        self._accept(waiting[-1])
        self.assertEqual(set(waiting[:-2].dossier_id.mapped("state")), {"trial"})
        self.assertEqual(waiting[-2].dossier_id.state, "invited")
        owners = waiting.user_id
        self.assertEqual(len(owners), CLIENTS - 2)
        for owner in owners:
            self.assertEqual(len(owner.company_ids), 1)
        return owners

    def _share_out(self, clients):
        act = self._act("responsible", clients[:15], user_id=self.carl.id)
        self.assertEqual(act.done, 15)
        mine = self.env["facturex.dossier"].with_user(self.carl).search([])
        self.assertEqual(mine & clients, clients[:15])

    def _ask(self, clients, owners):
        """Thirty asked in one act; who did not answer is reminded."""
        act = self._act(
            "request",
            clients,
            request_name="Statements of March",
            date_due="2026-04-05",
        )
        self.assertEqual(act.state, "running", "more than 20: in the background")
        self._in_background(act)
        refused = act.line_ids.filtered(lambda line: line.state == "refused")
        # who refused to come cannot be asked
        self.assertEqual(refused.dossier_id.mapped("state"), ["invited"])
        found = self.env["facturex.request"].search(
            [("name", "=", "Statements of March")]
        )
        self.assertEqual(len(found), CLIENTS - 1)
        for request in found[:25]:
            request.with_user(request.user_id).message_post(
                body="Here", message_type="comment"
            )
        with freeze_time("2026-04-06"):
            self.env["facturex.request"].sudo()._cron_remind()
        self.assertEqual(sum(found.mapped("reminders")), len(found) - 25)
        console = self.env["facturex.dossier"].with_user(self.lea)
        asked = console.search([("request_count", ">", 0)])
        self.assertEqual(asked & clients, found.dossier_id)

    def _in_background(self, act):
        """What the job does, in this transaction."""
        for line in act.line_ids:
            line.with_user(line.create_uid)._run()
        act._finish()

    def _lock(self, clients):
        """The month is closed; where the firm's role does not lock, it says so."""
        dossier = clients[0]
        member = dossier.sudo().member_ids.filtered(lambda m: m.user_id == self.lea)
        member.role_id = self.env.ref("facturex_portal.role_reader")
        act = self._act("lock", clients, lock_date="2026-03-31")
        self._in_background(act)
        self.assertEqual((act.done, act.refused), (CLIENTS - 1, 1))
        refused = act.line_ids.filtered(lambda line: line.state == "refused")
        self.assertEqual(refused.dossier_id, dossier)
        self.assertIn("Lock", refused.message)
        locked = clients.sudo().company_id.filtered("fiscalyear_lock_date")
        self.assertEqual(len(locked), CLIENTS - 1)

    def _end_of_trial(self, clients, owners):
        """Ten take a plan, the others are read-only; one client leaves, another stays
        and becomes the master of his own house."""
        trial = clients.filtered(lambda one: one.state == "trial")
        self._act("active", trial[:10])
        with freeze_time("2026-05-10"):
            self.env["facturex.dossier"].sudo()._cron_trials()
        self.assertEqual(set(trial[:10].mapped("state")), {"active"})
        self.assertEqual(set(trial[10:].mapped("state")), {"suspended"})
        leaver, stayer = trial[1], trial[2]
        owner = leaver.sudo().owner_user_id
        self.assertIn(owner, owners)
        leaver.with_user(owner)._leave()
        self.assertEqual(leaver.sudo().state, "disconnected")
        for person in (self.lea, self.carl):
            self.assertFalse(person._facturex_can("member", leaver.sudo().company_id))
        self.assertTrue(owner._facturex_can("sell", leaver.sudo().company_id))
        owner = stayer.sudo().owner_user_id
        stayer.with_user(self.lea)._transfer(owner)
        company = stayer.sudo().company_id
        self.assertFalse(self.lea._facturex_can("manage_users", company))
        self.assertTrue(self.lea._facturex_can("book", company))
        console = self.env["facturex.dossier"].with_user(self.lea)
        console.action_open_console()
        self.assertEqual(len(console.search([]) & clients), CLIENTS - 1)
