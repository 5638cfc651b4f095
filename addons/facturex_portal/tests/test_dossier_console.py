"""The console: figures kept and found again, the list taken away, who may do what."""

import io
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time
from lxml import etree
from openpyxl import load_workbook

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools.safe_eval import safe_eval

from .test_dossier_life import BELGIAN, FirmCommon


@tagged("post_install", "-at_install")
class TestFigures(FirmCommon):
    def _bank_line(self, company=None, **vals):
        company = company or self.company_a
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
        )
        return self.env["account.bank.statement.line"].create(
            {
                "journal_id": journal.id,
                "amount": 5,
                "payment_ref": "x",
                "date": "2026-01-10",
                **vals,
            }
        )

    def _overdue(self, user=None):
        self.env.invalidate_all()
        return self.dossier_a.with_user(user or self.lea).amount_overdue

    def test_figures_are_kept_until_a_document_changes(self):
        dossiers = self.env["facturex.dossier"].with_user(self.lea)
        dossiers.action_open_console()
        self.env.cr.precommit.run()
        dossiers.action_open_console()
        with patch.object(
            type(dossiers), "_query_moves", side_effect=AssertionError("counted again")
        ):
            self.assertEqual(self._overdue(), 0.0)
        invoice = self._invoice(amount=100, due="2026-03-01")
        self.assertEqual(self._overdue(), 100.0, "in the same transaction")
        self.env.cr.precommit.run()
        self.assertEqual(self._overdue(), 100.0, "before anybody kept it")
        traces = self.env["facturex.dossier.trace"].sudo()
        self.assertIn(self.company_a, traces.search([]).company_id)
        dossiers.action_open_console()
        self.assertNotIn(self.company_a, traces.search([]).company_id)
        self._pay(invoice, 40)
        self.assertEqual(self._overdue(), 60.0)
        self.env.cr.precommit.run()
        dossiers._cron_figures()
        self.assertEqual(self._overdue(), 60.0)

    def _pay(self, invoice, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"amount": amount})._create_payments()

    def test_a_new_day_is_counted_anew(self):
        self._invoice(amount=100, due="2026-03-20")
        dossiers = self.env["facturex.dossier"].with_user(self.lea)
        dossiers.action_open_console()
        self.env.cr.precommit.run()
        dossiers.action_open_console()
        self.assertEqual(self._overdue(), 0.0)
        with freeze_time("2026-03-21"):
            self.assertEqual(self._overdue(), 100.0)
            dossiers.action_open_console()
            self.assertEqual(self._overdue(), 100.0)

    def test_a_company_without_dossier_leaves_no_trace(self):
        plain = self.env["res.company"].sudo().create({"name": "Plain"})
        traces = self.env["facturex.dossier.trace"].sudo()
        traces._leave((plain | self.company_a).ids)
        self.env.cr.precommit.run()
        self.assertEqual(traces.search([]).company_id, self.company_a)

    def test_every_filter_of_the_console(self):
        self._bank_line()
        self._invoice(amount=100, due="2026-03-01")
        dossiers = self.env["facturex.dossier"].with_user(self.lea)
        dossiers.action_open_console()
        view = dossiers.get_view(
            self.env.ref("facturex_portal.facturex_dossier_view_search").id, "search"
        )
        context = {
            "uid": self.lea.id,
            "context_today": lambda: fields.Date.context_today(dossiers),
            "relativedelta": relativedelta,
        }
        found = {}
        for node in etree.fromstring(view["arch"]).iter("filter"):
            if node.get("domain"):
                domain = safe_eval(node.get("domain"), context)
                found[node.get("name")] = self.dossier_a in dossiers.search(domain)
        for name in (
            *("unmatched", "overdue", "bank_old", "to_export", "unlocked", "ill"),
            *("open", "nobody"),
        ):
            self.assertTrue(found.pop(name), name)
        found.pop("idle")
        self.assertEqual(set(found.values()), {False}, found)
        self.assertGreaterEqual(len(found), 5)

    def test_a_filter_shows_no_more_than_the_list(self):
        self._bank_line(self.company_c)
        reader = self.env["facturex.dossier"].with_user(self.amy)
        self.assertNotIn(self.dossier_c, reader.search([("unmatched_count", ">", 0)]))
        olga = self.env["facturex.dossier"].with_user(self.olga)
        self.assertIn(self.dossier_c, olga.search([("unmatched_count", ">", 0)]))

    def test_every_figure_opens_what_it_counts(self):
        self._bank_line()
        self._invoice(amount=100, due="2026-03-01")
        self._sale(self.company_b)
        dossier = self.dossier_a.with_user(self.lea)
        for name, figure in (
            ("check", "check_count"),
            ("unmatched", "unmatched_count"),
            ("to_export", "export_count"),
        ):
            with self.subTest(name=name):
                action = getattr(dossier, f"action_open_{name}")()
                model = self.env[action["res_model"]].with_user(self.lea)
                found = model.with_context(**action["context"]).search(action["domain"])
                self.assertEqual(len(found), dossier[figure])
        self.assertEqual(dossier.export_count, 1)
        stranger = self.dossier_b.with_user(self.lea)
        with self.assertRaises(AccessError):
            stranger.action_open_unmatched()

    def test_found_by_name_or_number(self):
        self.company_a.sudo().vat = BELGIAN
        dossiers = self.env["facturex.dossier"].with_user(self.lea)
        for text in ("0403.019", "BE 0403 019 261", "403019261", self.dossier_a.name):
            with self.subTest(text=text):
                found = dossiers.search_dossiers(text)
                self.assertEqual([one["company"] for one in found], self.company_a.ids)
        for text in ("", "  ", "04", "999888777", self.dossier_b.name):
            with self.subTest(text=text):
                self.assertFalse(dossiers.search_dossiers(text))

    def test_the_native_switcher_enters_too(self):
        dossiers = self.env["facturex.dossier"].with_user(self.lea)
        dossiers.note_entry(self.company_a.id)
        dossiers.note_entry(self.company_b.id)
        self.env.cr.precommit.run()
        logs = self.env["facturex.access.log"].sudo().search([("kind", "=", "enter")])
        self.assertRecordValues(
            logs, [{"company_id": self.company_a.id, "user_id": self.lea.id}]
        )

    def test_a_lock_says_what_it_closes_and_leads_to_what_is_in_the_way(self):
        self._bank_line()
        draft = self._sale(self.company_a, invoice_date="2026-01-15")
        self._invoice(amount=100, due="2026-01-20")
        act = (
            self.env["facturex.bulk.act"]
            .with_user(self.lea)
            .with_context(
                active_model="facturex.dossier", active_ids=self.dossier_a.ids
            )
            .create({"kind": "lock", "lock_date": "2026-02-28"})
        )
        line = act.line_ids
        self.assertIn("1 unmatched", line.obstacle)
        self.assertIn("1 drafts", line.obstacle)
        self.assertIn("2 entries", line.effect)
        for method in ("action_open_drafts", "action_open_unmatched"):
            action = getattr(line, method)()
            model = self.env[action["res_model"]].with_user(self.lea)
            found = model.with_context(**action["context"]).search(action["domain"])
            self.assertEqual(len(found), 1)
            if method == "action_open_drafts":
                self.assertEqual(found, draft)
        act.lock_field = "purchase_lock_date"
        self.assertFalse(act.line_ids.obstacle, "sales are no matter of this lock")


@tagged("post_install", "-at_install")
class TestList(FirmCommon, HttpCase):
    def test_the_list_holds_what_the_role_exports(self):
        self.authenticate("fx_amy", "fx_amy-password")
        ids = ",".join(map(str, [*self.dossiers.ids, 2**31 - 1, 10**12]))
        answer = self.url_open(f"/facturex/dossiers.xlsx?ids={ids},x,-1")
        self.assertEqual(answer.status_code, 200)
        sheet = load_workbook(io.BytesIO(answer.content)).active
        names = {row[0].value for row in sheet.iter_rows(min_row=2)}
        self.assertEqual(names, {self.dossier_a.name, self.dossier_b.name})
        self.assertEqual(sheet["A1"].value, "Company Name")
        answer = self.url_open(f"/facturex/dossiers.xlsx?ids={self.dossier_c.id}")
        self.assertEqual(answer.status_code, 404)

    def test_a_stranger_gets_nothing(self):
        self._person("fx_stranger").sudo().group_ids |= self.env.ref(
            "facturex_billing.group_facturex_user"
        )
        self.authenticate("fx_stranger", "fx_stranger-password")
        answer = self.url_open(f"/facturex/dossiers.xlsx?ids={self.dossier_a.id}")
        self.assertEqual(answer.status_code, 404)

    def test_the_button(self):
        action = self.dossiers.with_user(self.amy).action_export_list()
        self.assertNotIn(str(self.dossier_c.id), action["url"].split("=")[1].split(","))
        with self.assertRaises(UserError):
            self.dossier_c.with_user(self.amy).action_export_list()

    def test_who_still_has_a_place(self):
        self.authenticate("fx_amy", "fx_amy-password")
        running = self.make_jsonrpc_request("/facturex/companies")
        self.assertEqual(set(running), set(self.companies.ids))
        self.member_b.sudo()._end()
        running = self.make_jsonrpc_request("/facturex/companies")
        self.assertEqual(set(running), set((self.company_a | self.company_c).ids))


@tagged("post_install", "-at_install")
class TestMatrixPage(FirmCommon):
    def test_who_sees_and_changes_what(self):
        matrix = self.env["facturex.dossier.member"].with_user(self.amy).get_matrix()
        rows = {row["id"]: row["cells"] for row in matrix["dossiers"]}
        self.assertEqual(set(rows), set(self.dossiers.ids))
        for dossier, opened in (
            (self.dossier_a, True),
            (self.dossier_b, False),
            (self.dossier_c, False),
        ):
            cells = {cell["user"]: cell for cell in rows[dossier.id]}
            self.assertEqual({cell["open"] for cell in cells.values()}, {opened})
            self.assertIn(self.olga.id, cells)
        cell = next(c for c in rows[self.dossier_c.id] if c["user"] == self.amy.id)
        self.assertEqual((cell["codes"], cell["role_name"]), ([], "Reader"))
        stranger = self._person("fx_stranger")
        stranger.sudo().group_ids |= self.env.ref(
            "facturex_billing.group_facturex_user"
        )
        matrix = self.env["facturex.dossier.member"].with_user(stranger).get_matrix()
        self.assertEqual((matrix["dossiers"], matrix["people"]), ([], []))

    def test_a_change_leaves_a_trace_in_the_dossier(self):
        other = self._member(self.dossier_a, self._person("fx_new"), "reader")
        before = self.dossier_a.sudo().message_ids
        role = self.env.ref("facturex_portal.role_user")
        other.with_user(self.amy).set_role(role.id)
        self.assertEqual(other.role_id, role)
        note = self.dossier_a.sudo().message_ids - before
        self.assertEqual(note.author_id, self.amy.partner_id)
        self.assertIn("Reader → User", note.body)
        with self.assertRaises(AccessError):
            self.member_c.with_user(self.amy).set_role(role.id)
        self.assertEqual(self.member_c.role_id.code, "reader")

    def test_many_people_share_a_column(self):
        for number in range(13):
            self._member(self.dossier_a, self._person(f"fx_p{number}"), "reader")
        matrix = self.env["facturex.dossier.member"].with_user(self.amy).get_matrix()
        people = {one["id"] for one in matrix["people"]}
        self.assertEqual(people, {self.amy.id, self.olga.id})
