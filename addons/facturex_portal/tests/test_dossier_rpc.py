"""The roles as a browser meets them: JSON-RPC, real sessions, hostile contexts."""

import base64
import json
import os
from pathlib import Path

import odoo.http
from odoo import Command
from odoo.tests import HttpCase, tagged
from odoo.tests.common import JsonRpcException

from odoo.addons.facturex_portal.engine.capabilities import FOLDERS

from .common import DossierCommon

GOLDEN = Path(__file__).parent / "golden" / "roles.json"
ROLES = ("administrator", "accountant", "employee", "user", "reader")
MODES = {"read": "r", "write": "w", "create": "c", "unlink": "d"}


class DossierHttpCase(DossierCommon, HttpCase):
    """Calls of one logged-in person."""

    def _call(self, model, method, *args, **kwargs):
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}", params
        )

    def _log_in(self, user):
        self.authenticate(user.login, f"{user.login}-password")

    def _refused(self, model, method, *args, **kwargs):
        try:
            result = self._call(model, method, *args, **kwargs)
        except JsonRpcException as error:
            self.assertIn("odoo.exceptions", str(error))
            return True
        # `load` answers with messages instead of raising
        return result is False or (isinstance(result, dict) and not result.get("ids"))

    def _context(self, companies=None):
        return {"allowed_company_ids": (companies or self.companies).ids}

    @classmethod
    def _records(cls, company):
        """A record of each kind in a company, by model or by kind of entry."""
        env = cls.env(
            su=True,
            context=dict(cls.env.context, allowed_company_ids=company.ids),
        )
        partner = env["res.partner"].create(
            {"name": f"CANARY-{company.id}", "company_id": company.id}
        )
        product = env["product.template"].create(
            {"name": f"CANARY-{company.id}", "company_id": company.id}
        )
        journal = {
            kind: env["account.journal"].search(
                [("type", "=", kind), ("company_id", "=", company.id)], limit=1
            )
            for kind in ("sale", "purchase", "bank", "general")
        }
        records = {}
        for kind, journal_type in (
            ("out_invoice", "sale"),
            ("in_invoice", "purchase"),
            ("entry", "general"),
        ):
            records[f"account.move {kind}"] = env["account.move"].create(
                {
                    "move_type": kind,
                    "journal_id": journal[journal_type].id,
                    "partner_id": partner.id,
                    "ref": f"CANARY-{company.id}",
                    "invoice_date": cls.today,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": f"CANARY-{company.id}", "price_unit": 1}
                        )
                    ]
                    if kind != "entry"
                    else [],
                }
            )
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "client_order_ref": f"CANARY-{company.id}",
            }
        )
        for record in (
            partner,
            product,
            order,
            journal["sale"],
            env["account.payment"].create(
                {
                    "partner_id": partner.id,
                    "amount": 1,
                    "journal_id": journal["bank"].id,
                    "memo": f"CANARY-{company.id}",
                }
            ),
            env["account.bank.statement.line"].create(
                {
                    "journal_id": journal["bank"].id,
                    "amount": 1,
                    "payment_ref": f"CANARY-{company.id}",
                }
            ),
            env["account.tax"].search([("company_id", "=", company.id)], limit=1),
            env["account.account"].search(
                [("company_ids", "in", company.ids)], limit=1
            ),
            env["res.partner.bank"].create(
                {"partner_id": partner.id, "acc_number": f"CANARY-{company.id}"}
            ),
            env["facturex.dunning.policy"].create(
                {"name": f"CANARY-{company.id}", "company_id": company.id}
            ),
            env["facturex.export.batch"].create({"company_id": company.id}),
            env["facturex.dossier.member"].search(
                [("company_id", "=", company.id)], limit=1
            ),
            env["facturex.dossier"].search([("company_id", "=", company.id)]),
            company,
        ):
            records[record._name] = record
        records |= cls._filed(env, company)
        return records

    @classmethod
    def _filed(cls, env, company):
        """A document of each class, and a folder of the company's own."""
        records = {
            f"facturex.document {kind}": env["facturex.document"].create(
                {
                    "name": f"CANARY-{company.id}",
                    "note": f"CANARY-{company.id}",
                    "file": base64.b64encode(f"CANARY-{company.id}".encode()),
                    "folder_id": env["facturex.folder"]._get_standard(kind).id,
                    "company_id": company.id,
                }
            )
            for kind in FOLDERS
        }
        folder = {"name": f"CANARY-{company.id}", "company_id": company.id}
        return records | {"facturex.folder": env["facturex.folder"].create(folder)}


@tagged("post_install", "-at_install")
class TestMatrix(DossierHttpCase):
    maxDiff = None

    def test_role_by_model_by_operation(self):
        """As reviewed, and no role of one company shows in another."""
        mine, foreign = self._records(self.company_b), self._records(self.company_c)
        table = {}
        for role in ROLES:
            user = self._person(f"fx_role_{role}")
            self._member(self.dossier_b, user, role)
            self._member(self.dossier_c, user, "reader")
            # the same widest screens for all: only the role makes the difference
            user.sudo().group_ids |= self.env.ref(
                "facturex_billing.group_facturex_manager"
            )
            self._log_in(user)
            table[role] = self._table(mine)
            table.setdefault("foreign", self._table(foreign))
            self.assertEqual(self._table(foreign), table["foreign"], role)
        self.assertEqual(table.pop("foreign"), table["reader"])
        result = json.dumps(table, indent=2, sort_keys=True) + "\n"
        if os.environ.get("FACTUREX_WRITE_GOLDEN"):
            GOLDEN.parent.mkdir(exist_ok=True)
            GOLDEN.write_text(result)
        self.assertEqual(json.loads(result), json.loads(GOLDEN.read_text()))

    def _table(self, records):
        context = self._context(self.company_b | self.company_c)
        return {
            name: "".join(
                letter if self._may(record, mode, context) else "-"
                for mode, letter in MODES.items()
            )
            for name, record in records.items()
        }

    def _may(self, record, mode, context):
        try:
            return self._call(
                record._name, "has_access", record.ids, mode, context=context
            )
        except JsonRpcException:
            return False

    def test_real_acts_of_a_reader_are_refused(self):
        records = self._records(self.company_c)
        invoice = records["account.move out_invoice"]
        partner = records["res.partner"]
        line = invoice.invoice_line_ids
        context = self._context()
        acts = [
            ("account.move", "action_post", invoice.ids),
            ("account.move", "write", invoice.ids, {"ref": "x"}),
            ("account.move", "copy", invoice.ids),
            ("account.move", "unlink", invoice.ids),
            ("account.move", "button_cancel", invoice.ids),
            ("account.move", "web_save", invoice.ids, {"ref": "x"}, {"ref": {}}),
            ("account.move", "message_post", invoice.ids),
            ("account.move.line", "write", line.ids, {"name": "x"}),
            ("account.payment", "action_post", records["account.payment"].ids),
            ("account.journal", "write", records["account.journal"].ids, {"name": "x"}),
            ("res.partner", "write", partner.ids, {"name": "x"}),
            ("res.partner", "write", partner.ids, {"company_id": self.company_a.id}),
            ("res.company", "write", self.company_c.ids, {"name": "x"}),
            ("sale.order", "action_confirm", records["sale.order"].ids),
            ("facturex.export.batch", "action_export",
             records["facturex.export.batch"].ids),
            ("account.move", "export_data", invoice.ids, ["ref"]),
        ]  # fmt: skip
        self._log_in(self.amy)
        for act in acts:
            with self.subTest(act=act[:2]):
                self.assertTrue(
                    self._refused(*act, context=self._context(self.company_c))
                )
                self.assertTrue(self._refused(*act, context=context))

    def test_an_import_into_a_company_of_the_reader_is_refused(self):
        self._log_in(self.amy)
        rows = (["ref", "move_type"], [["x", "out_invoice"]])
        for company, refused in ((self.company_c, True), (self.company_b, False)):
            context = self._context(company)
            self.assertEqual(
                self._refused("account.move", "load", *rows, context=context), refused
            )

    def test_hostile_contexts_give_nothing(self):
        records = self._records(self.company_c)
        invoice = records["account.move out_invoice"]
        stranger = self._person("fx_only_a")
        self._member(self.dossier_a, stranger, "administrator")
        self._log_in(stranger)
        foreign = (self.company_c).ids
        for context in (
            {"allowed_company_ids": foreign},
            {"allowed_company_ids": foreign + self.company_a.ids},
            {"allowed_company_ids": self.company_a.ids, "su": True, "uid": 1},
            {"force_company": self.company_c.id, "company_id": self.company_c.id},
            {"install_mode": True, "active_test": False},
            {},
        ):
            with self.subTest(context=context):
                for method, args in (("read", [["ref"]]), ("write", [{"ref": "x"}])):
                    self.assertTrue(
                        self._refused(
                            "account.move", method, invoice.ids, *args, context=context
                        )
                    )
        self.opener.cookies["cids"] = str(self.company_c.id)
        self.assertTrue(self._refused("account.move", "read", invoice.ids, ["ref"]))

    def test_live_revocation(self):
        invoice = self._records(self.company_b)["account.move out_invoice"]
        self._log_in(self.amy)
        write = ("account.move", "write", invoice.ids, {"ref": "x"})
        context = self._context(self.company_b)
        self.assertFalse(self._refused(*write, context=context))
        self.member_b.sudo().role_id = self.env.ref("facturex_portal.role_reader")
        self.assertTrue(self._refused(*write, context=context))
        self.assertFalse(
            self._refused("account.move", "read", invoice.ids, ["ref"], context=context)
        )
        self.member_b.sudo()._end()
        self.assertTrue(
            self._refused("account.move", "read", invoice.ids, ["ref"], context=context)
        )
        self.dossier_b.sudo()._add_member(
            self.amy, self.env.ref("facturex_portal.role_accountant")
        )
        self.assertFalse(self._refused(*write, context=context))


@tagged("post_install", "-at_install")
class TestCanary(DossierHttpCase):
    def test_nothing_of_b_reaches_a_member_of_a(self):
        records = self._records(self.company_b)
        canary = f"CANARY-{self.company_b.id}"
        invoice = records["account.move out_invoice"]
        invoice.sudo().message_post(body=canary)
        self.env["ir.attachment"].sudo().create(
            {
                "name": canary,
                "res_model": "account.move",
                "res_id": invoice.id,
                "raw": canary.encode(),
            }
        )
        stranger = self._person("fx_only_a")
        self._member(self.dossier_a, stranger, "administrator")
        self._log_in(stranger)
        leaks, probes = [], 0
        contexts = ({}, self._context(self.company_a), self._context())
        for model in self._models():
            record = records.get(model)
            for number, context in enumerate(contexts):
                for method, args, kwargs in self._probes(model, record, canary):
                    probes += 1
                    try:
                        found = self._call(
                            model, method, *args, context=context, **kwargs
                        )
                    except JsonRpcException as error:
                        found = str(error.__cause__ or "")
                    if canary in json.dumps(found):
                        leaks.append((model, method, number))
        self.assertGreater(probes, 300)
        self.assertEqual(leaks, [])

    def test_pages_and_files_say_nothing_of_b(self):
        records = self._records(self.company_b)
        canary = f"CANARY-{self.company_b.id}"
        invoice = records["account.move out_invoice"]
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .create(
                {
                    "name": canary,
                    "res_model": "account.move",
                    "res_id": invoice.id,
                    "raw": canary.encode(),
                }
            )
        )
        stranger = self._person("fx_only_a")
        self._member(self.dossier_a, stranger, "administrator")
        self._log_in(stranger)
        self.opener.cookies["cids"] = f"{self.company_a.id}-{self.company_b.id}"
        filed = records["facturex.document other"]
        for url in (
            f"/web/content/{attachment.id}",
            f"/web/content/facturex.document/{filed.id}/file",
            f"/web/content/{filed._get_attachment().id}",
            f"/web/image/{attachment.id}",
            f"/web/content/account.move/{invoice.id}/ref",
            f"/my/invoices/{invoice.id}",
            f"/my/orders/{records['sale.order'].id}",
            f"/report/html/account.report_invoice/{invoice.id}",
            f"/report/pdf/account.report_invoice/{invoice.id}",
            f"/mail/view?model=account.move&res_id={invoice.id}",
            "/my/invoices",
            "/my/subscriptions",
        ):
            with self.subTest(url=url):
                self.assertNotIn(canary, self.url_open(url).text)

    def _stranger(self):
        """Administrator of A, with the widest screens; he may export there."""
        stranger = self._person("fx_only_a")
        self._member(self.dossier_a, stranger, "administrator")
        stranger.sudo().group_ids |= self.env.ref("base.group_allow_export")
        self._log_in(stranger)
        return stranger

    def test_wizards_say_nothing_of_b(self):
        """Each wizard, opened on a foreign record and given its id."""
        records = self._records(self.company_b)
        canary = f"CANARY-{self.company_b.id}"
        stranger = self._stranger()
        access = self.env["ir.model.access"].with_user(stranger)
        leaks, probes = [], 0
        for name, model in sorted(self.env.items()):
            if (
                not model._transient
                or model._abstract
                or not access.check(name, "create", raise_exception=False)
            ):
                continue
            for method, args, context in self._wizard_probes(model, records):
                probes += 1
                try:
                    found = self._call(name, method, *args, context=context)
                except JsonRpcException as error:
                    found = str(error.__cause__ or "")
                if canary in json.dumps(found):
                    leaks.append((name, method, context.get("active_model")))
        self.assertGreater(probes, 100)
        self.assertEqual(leaks, [])

    def _wizard_probes(self, model, records):
        names = list(model._fields)
        for record in (
            records["account.move out_invoice"],
            records["res.partner"],
            records["sale.order"],
            records["facturex.dossier"],
        ):
            context = self._context(self.company_a) | {
                "active_model": record._name,
                "active_id": record.id,
                "active_ids": record.ids,
            }
            yield "default_get", (names,), context
            links = [
                field.name
                for field in model._fields.values()
                if field.comodel_name == record._name
                and field.type == "many2one"
                and not field.groups
            ]
            if links:
                values = dict.fromkeys(links, record.id)
                spec = {name: {"fields": {"display_name": {}}} for name in links}
                yield "onchange", ([], values, links, spec), context
                yield "web_save", ([], values, spec), context

    def test_exports_sums_and_own_methods_say_nothing_of_b(self):
        records = self._records(self.company_b)
        canary = f"CANARY-{self.company_b.id}"
        invoice = records["account.move out_invoice"]
        invoice.sudo().invoice_line_ids.price_unit = 987654.0
        # the contact of a company is shared, as Odoo's (docs/decisions.md): its name is
        # asked for apart from the canary
        self.company_b.sudo().name = "Hidden company"
        self._stranger()
        self.opener.cookies["cids"] = f"{self.company_a.id}-{self.company_b.id}"
        answers = [
            self.url_open(f"/facturex/dossiers.xlsx?ids={self.dossier_b.id}").text,
            self.url_open("/my/companies").text,
            self.url_open("/my/requests").text,
        ]
        for kind in ("csv", "xlsx"):
            for context in (self._context(self.company_a), self._context(), {}):
                data = {
                    "model": "account.move",
                    "fields": [{"name": "ref", "label": "ref", "type": "char"}],
                    "ids": invoice.ids,
                    "domain": [],
                    "groupby": [],
                    "import_compat": False,
                    "context": context,
                }
                answers.append(
                    self.url_open(
                        f"/web/export/{kind}",
                        data={
                            "data": json.dumps(data),
                            "csrf_token": odoo.http.Request.csrf_token(self),
                        },
                    ).text
                )
        for context in (self._context(self.company_a), self._context(), {}):
            for model, method, *args in (
                (
                    "account.move",
                    "formatted_read_group",
                    [],
                    ["company_id"],
                    ["amount_total:sum", "amount_total:max"],
                ),
                (
                    "account.move.line",
                    "formatted_read_group",
                    [],
                    [],
                    ["price_subtotal:max"],
                ),
                ("account.move", "web_name_search", canary, {"display_name": {}}),
                ("res.partner", "web_name_search", canary, {"display_name": {}}),
                ("res.company", "web_name_search", "Hidden", {"display_name": {}}),
                ("facturex.dossier", "search_dossiers", "Hidden"),
                ("facturex.dossier.member", "get_matrix"),
                ("facturex.dossier", "search", [["unmatched_count", ">=", 0]]),
            ):
                try:
                    found = self._call(model, method, *args, context=context)
                except JsonRpcException as error:
                    found = str(error.__cause__ or "")
                if method == "search" and isinstance(found, list):
                    self.assertNotIn(self.dossier_b.id, found)
                answers.append(json.dumps(found))
        for number, answer in enumerate(answers):
            with self.subTest(number=number):
                self.assertNotIn(canary, answer)
                self.assertNotIn("987654", answer)
                self.assertNotIn("Hidden company", answer)

    def _models(self):
        """Everything with a company that a manager reads, and what hangs on it."""
        names = {"mail.message", "ir.attachment", "mail.activity", "mail.followers"}
        access = self.env["ir.model.access"].with_user(self.olga)
        for name, model in self.env.items():
            if model._abstract or model._transient or not model._auto:
                continue
            if {"company_id", "company_ids"} & set(model._fields) and access.check(
                name, "read", raise_exception=False
            ):
                names.add(name)
        return sorted(names - {"ir.model.fields"})

    def _probes(self, model, record, canary):
        texts = [
            name
            for name, field in self.env[model]._fields.items()
            if field.store and field.type in ("char", "html", "text")
            and not field.groups and not field.translate
        ]  # fmt: skip
        text = texts[0] if texts else "display_name"
        yield "web_search_read", ([], {"display_name": {}, text: {}}), {}
        yield "name_search", (canary,), {}
        yield "formatted_read_group", ([], [text], ["__count"]), {}
        if record:
            yield "read", (record.ids, ["display_name", text]), {}
            yield "export_data", (record.ids, ["display_name"]), {}


@tagged("post_install", "-at_install")
class TestEscalation(DossierHttpCase):
    """Every road to a right that nobody gave; none of them leads there."""

    def test_twenty_roads(self):
        administrator = self.env.ref("facturex_portal.role_administrator")
        system = self.env.ref("base.group_system")
        plain = self.env["res.company"].sudo().create({"name": "Foreign"})
        role = self.member_b.role_id
        sell = self.env.ref("facturex_portal.capability_sell")
        link, uid = Command.link, self.amy.id
        roads = [
            ("facturex.dossier.member", "create",
             [{"dossier_id": self.dossier_c.id, "user_id": uid,
               "role_id": administrator.id}]),
            ("facturex.dossier.member", "write", self.member_c.ids,
             {"role_id": administrator.id}),
            ("facturex.dossier.member", "write", self.member_b.ids,
             {"role_id": administrator.id}),
            ("facturex.dossier.member", "write", self.member_a.ids,
             {"dossier_id": self.dossier_c.id}),
            ("facturex.dossier.member", "copy", self.member_a.ids,
             {"dossier_id": self.dossier_c.id}),
            ("facturex.dossier", "write", self.dossier_c.ids,
             {"member_ids": [Command.update(self.member_c.id,
                                            {"role_id": administrator.id})]}),
            ("facturex.dossier", "write", self.dossier_a.ids, {"state": "draft"}),
            ("facturex.dossier", "write", self.dossier_a.ids,
             {"owner_user_id": uid}),
            ("facturex.dossier", "write", self.dossier_a.ids,
             {"company_id": plain.id}),
            ("facturex.dossier", "create", [{"company_id": plain.id}]),
            ("facturex.dossier", "unlink", self.dossier_a.ids),
            ("facturex.role", "write", role.ids,
             {"capability_ids": [link(sell.id)]}),
            ("facturex.role", "write", administrator.ids, {"name": "x"}),
            ("facturex.role", "create", [{"name": "x"}]),
            ("facturex.capability", "write", sell.ids, {"code": "manage_users"}),
            ("facturex.capability", "create", [{"name": "x", "code": "x"}]),
            ("res.users", "write", [uid], {"company_ids": [link(plain.id)]}),
            ("res.users", "write", [uid], {"group_ids": [link(system.id)]}),
            ("res.users", "write", [uid], {"facturex_acl_stamp": 0}),
            ("res.users", "write", [uid],
             {"facturex_member_ids": [Command.update(
                 self.member_c.id, {"role_id": administrator.id})]}),
            ("res.users", "create", [{"name": "x", "login": "fx_made"}]),
            ("res.company", "create", [{"name": "Mine"}]),
            ("res.company", "write", self.company_a.ids,
             {"facturex_managed": False}),
            ("res.company", "write", self.company_a.ids,
             {"user_ids": [link(uid)], "parent_id": self.company_c.id}),
            ("res.groups", "write", system.ids, {"user_ids": [link(uid)]}),
            ("ir.rule", "create", [{"name": "x", "model_id": 1}]),
            ("ir.config_parameter", "set_param", "x", "y"),
            ("ir.actions.server", "create",
             [{"name": "x", "model_id": 1, "state": "code"}]),
            ("ir.cron", "create", [{"name": "x"}]),
            ("facturex.firm", "create",
             [{"name": "Mine", "manager_ids": [link(uid)]}]),
            ("res.users", "load", ["login", "name"], [["fx_made", "x"]]),
        ]  # fmt: skip
        before = self._rights()
        self._log_in(self.amy)
        for road in roads:
            with self.subTest(road=road):
                try:
                    result = self._call(*road, context=self._context())
                except JsonRpcException as error:
                    self.assertIn("odoo.exceptions", str(error))
                else:
                    # `load` answers with messages instead of raising
                    self.assertFalse(result.get("ids"), result)
                self.env.invalidate_all()
                self.assertEqual(self._rights(), before)
        self.assertGreaterEqual(len(roads), 20)

    def _rights(self):
        return {
            "codes": [self.amy._facturex_codes(company) for company in self.companies],
            "companies": self.amy.company_ids,
            "groups": self.amy.group_ids,
            "managed": self.companies.mapped("facturex_managed"),
            "states": self.dossiers.mapped("state"),
        }
