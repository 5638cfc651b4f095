"""Leaving: the firm's access ends everywhere, the company's data goes with it."""

import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from ..engine import data_return
from ..engine.capabilities import FOLDERS, see

LISTS = {
    "customers-and-suppliers": (
        "res.partner",
        ("name", "vat", "email", "phone", "street", "zip", "city"),
    ),
    "products": ("product.template", ("name", "default_code", "list_price")),
    "accounts": ("account.account", ("code", "name", "account_type")),
    "invoices": (
        "account.move",
        (
            "name",
            "move_type",
            "state",
            "date",
            "invoice_date",
            "invoice_date_due",
            "amount_untaxed",
            "amount_total",
            "amount_residual",
            "payment_reference",
            "ref",
        ),
    ),
    "bank-lines": (
        "account.bank.statement.line",
        ("date", "payment_ref", "amount", "partner_name", "account_number"),
    ),
    "subscriptions": ("facturex.subscription", ("display_name", "state")),
}


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    date_leave = fields.Date(
        string="Disconnected at the end of",
        readonly=True,
        copy=False,
        help="Day on which the firm's access ends.",
    )

    # ------------------------------------------------------------------
    # Owner
    # ------------------------------------------------------------------

    def _transfer(self, user):
        """The company's own administrator becomes the owner; the firm keeps books.

        The firm's people who administered fall back to the role of their firm.
        """
        self.ensure_one()
        self.check_access("read")
        # who decides: the owner himself, else an administrator
        dossier = self.sudo()
        if self.env.user != dossier.owner_user_id:
            self._check_manages()
        administrators = dossier._get_administrators()
        chosen = administrators.filtered(lambda m: m.user_id == user)
        if not chosen or chosen.is_firm:
            raise UserError(
                self.env._(
                    "The owner is an administrator of the company, not of the firm:"
                    " invite the person as Administrator first."
                )
            )
        dossier.owner_user_id = user
        role = dossier.firm_id.role_id or dossier._role("accountant")
        administrators.filtered("is_firm").write({"role_id": role.id})
        dossier.message_post(body=self.env._("%s is the owner now.", user.name))

    # ------------------------------------------------------------------
    # Disconnection
    # ------------------------------------------------------------------

    def _check_leaves(self):
        """The company's administrators and the leaders of its firm may part."""
        self.check_access("read")
        for dossier in self:
            record = dossier.sudo()  # who leads the firm
            if self.env.su or self.env.user in record.firm_id.manager_ids:
                continue
            dossier._check_manages()

    def _leave(self, day=None):
        """Part from the firm, today or at a later day."""
        self._check_leaves()
        today = fields.Date.context_today(self)
        for dossier in self.sudo():  # checked above
            if not dossier.firm_id:
                raise UserError(self.env._("%s works with no firm.", dossier.name))
            if dossier.state == "disconnected":
                raise UserError(self.env._("%s is disconnected already.", dossier.name))
            dossier._check_somebody_stays()
            if day and day > today:
                dossier.date_leave = day
                dossier.message_post(
                    body=self.env._(
                        "The firm's access ends after %s.", format_date(self.env, day)
                    )
                )
            else:
                dossier._disconnect()

    def _check_somebody_stays(self):
        own = self._get_administrators().filtered(
            lambda m: not m.is_firm and not m.date_end
        )
        if not own:
            raise UserError(
                self.env._(
                    "Nobody of %s could manage it alone: invite the entrepreneur as"
                    " owner first.",
                    self.name,
                )
            )

    @api.model
    def _cron_leave(self):
        """Disconnect what was announced; one that cannot says why and waits."""
        today = fields.Date.context_today(self)
        for dossier in self.search([("date_leave", "<", today)]):
            try:
                with self.env.cr.savepoint():
                    dossier._check_somebody_stays()
                    dossier._disconnect()
            except UserError as error:
                dossier.message_post(body=str(error))

    def _disconnect(self):
        """End the firm's access through every channel; the company goes on.

        Sessions, API keys and spoofed contexts end with the memberships; links with a
        token are renewed; mails of the firm's people are refused at the gateway, as
        they hold no role; followers, activities and invitations are removed.
        """
        for dossier in self:
            firm = dossier.firm_id
            people = firm.user_ids | dossier.member_ids.filtered("is_firm").user_id
            dossier.member_ids.filtered_domain([("user_id", "in", people.ids)])._end()
            dossier._renew_tokens()
            dossier._remove_followers(people.partner_id)
            dossier._remove_activities(people)
            dossier.invitation_ids.filtered_domain(
                [("state", "=", "pending"), ("asker_id", "in", people.ids)]
            ).write({"state": "revoked"})
            dossier._make_package()
            dossier._make_salaries_package()
            own = dossier._get_administrators().user_id
            dossier.write(
                {
                    "state": "disconnected",
                    "firm_id": False,
                    "responsible_id": False,
                    "date_leave": False,
                    "date_disconnected": fields.Date.context_today(self),
                    "owner_user_id": (own & dossier.owner_user_id or own)[:1].id,
                }
            )
            dossier.message_post(
                body=self.env._("%s has no access any more.", firm.name)
            )

    @api.model
    def _get_company_models(self):
        for name, model in self.env.items():
            field = model._fields.get("company_id")
            if (
                not model._abstract
                and not model._transient
                and model._auto
                and field is not None
                and field.store
                and field.comodel_name == "res.company"
            ):
                yield name, model

    def _get_tree(self):
        return self.env["res.company"].search([("id", "child_of", self.company_id.ids)])

    def _renew_tokens(self):
        """Links that the firm's people may have kept open nothing any more."""
        companies = tuple(self._get_tree().ids)
        for _name, model in self._get_company_models():
            field = model._fields.get("access_token")
            if field is not None and field.store:
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET access_token = NULL"
                        " WHERE access_token IS NOT NULL AND company_id IN %s",
                        SQL.identifier(model._table),
                        companies,
                    )
                )
                model.invalidate_model(["access_token"])

    def _remove_followers(self, partners):
        companies = tuple(self._get_tree().ids)
        for name, model in self._get_company_models():
            if "message_follower_ids" in model._fields and partners:
                self.env.cr.execute(
                    SQL(
                        "DELETE FROM mail_followers f USING %s r"
                        " WHERE f.res_model = %s AND f.res_id = r.id"
                        " AND f.partner_id IN %s AND r.company_id IN %s",
                        SQL.identifier(model._table),
                        name,
                        tuple(partners.ids),
                        companies,
                    )
                )
        self.env["mail.followers"].invalidate_model()

    def _remove_activities(self, users):
        companies = self._get_tree()
        activities = self.env["mail.activity"].search([("user_id", "in", users.ids)])
        for name, found in activities.grouped("res_model").items():
            if not name or "company_id" not in self.env[name]._fields:
                continue
            records = self.env[name].browse(found.mapped("res_id")).exists()
            gone = records.filtered_domain([("company_id", "in", companies.ids)])
            found.filtered_domain([("res_id", "in", gone.ids)]).unlink()

    # ------------------------------------------------------------------
    # The company's data
    # ------------------------------------------------------------------

    def action_make_package(self):
        """Make the package of the company's data, and offer it."""
        self.ensure_one()
        for code in FOLDERS["package"]:
            self._facturex_check(see(code))
        self.check_access("read")
        document = self.sudo()._make_package()  # checked above
        self.env["facturex.access.log"]._note(
            "export", self._name, document.company_id.ids
        )
        attachment = document._get_attachment()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "self",
        }

    def _make_package(self):
        """The filed package with documents, ledger and lists; no salaries.

        It lies in a folder of its own, for roles that export everything in it.
        """
        self.ensure_one()
        return self._file_package(
            "package",
            [
                *self._get_lists(),
                self._get_ledger(),
                *self._get_documents(),
                *self._get_filed([("kind", "!=", "payroll")]),
            ],
        )

    def _make_salaries_package(self):
        """The documents of the folder of salaries, filed there; empty without any."""
        self.ensure_one()
        files = [*self._get_filed([("kind", "=", "payroll")])]
        if not files:
            return self.env["facturex.document"]
        return self._file_package("payroll", files)

    def _file_package(self, kind, files):
        content = data_return.package(files, self.env._("File"))
        today = fields.Date.context_today(self)
        name = f"{data_return.safe_path(self.name)}-{today}.zip"
        return self.env["facturex.document"].create(
            {
                "name": name,
                "file_name": name,
                "file": base64.b64encode(content),
                "folder_id": self.env["facturex.folder"]._get_standard(kind).id,
                "company_id": self.company_id.id,
                "date": today,
                "is_package": True,
            }
        )

    def _get_filed(self, domain):
        """The files of the folders; earlier packages are left out."""
        companies = self._get_tree()
        documents = (
            self.env["facturex.document"]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "in", companies.ids),
                    ("is_package", "=", False),
                    *domain,
                ],
                order="id",
            )
        )
        for document in documents:
            attachment = document._get_attachment()
            path = data_return.safe_path(
                "folders", document.folder_id.name, document.file_name or document.name
            )
            yield data_return.File(path, attachment.raw or b"", document.name)
            attachment.invalidate_recordset(["raw", "datas"])

    def _get_lists(self):
        companies = self._get_tree()
        for name, (model_name, names) in LISTS.items():
            model = self.env[model_name].with_context(
                allowed_company_ids=companies.ids, active_test=False
            )
            field = "company_ids" if "company_ids" in model._fields else "company_id"
            domain = [(field, "in", companies.ids)]
            if model_name == "res.partner":
                domain = ["|", *domain, ("id", "in", self._get_partner_ids())]
            names = [one for one in names if one in model._fields]
            records = model.search_read(domain, names, order="id")
            content, rows = data_return.table(
                names, ([row[one] or "" for one in names] for row in records)
            )
            label = self.env["ir.model"]._get(model_name).name
            yield data_return.File(f"lists/{name}.csv", content, label, rows)

    def _get_partner_ids(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT partner_id FROM account_move_line"
                " WHERE company_id IN %s AND partner_id IS NOT NULL",
                tuple(self._get_tree().ids),
            )
        )
        return [partner for (partner,) in rows]

    def _get_ledger(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT j.code, j.name->>'en_US', m.name,
                       to_char(m.date, 'YYYYMMDD'), a.code_store->>%s,
                       a.name->>'en_US', l.partner_id::text, p.name,
                       COALESCE(NULLIF(m.ref, ''), m.name),
                       to_char(COALESCE(m.invoice_date, m.date), 'YYYYMMDD'), l.name,
                       replace(l.debit::text, '.', ','),
                       replace(l.credit::text, '.', ','),
                       l.matching_number, to_char(f.create_date, 'YYYYMMDD'),
                       to_char(m.date, 'YYYYMMDD'),
                       replace(l.amount_currency::text, '.', ','), c.name
                  FROM account_move_line l
                  JOIN account_move m ON m.id = l.move_id
                  JOIN account_journal j ON j.id = l.journal_id
                  JOIN account_account a ON a.id = l.account_id
             LEFT JOIN res_partner p ON p.id = l.partner_id
             LEFT JOIN res_currency c ON c.id = l.currency_id
             LEFT JOIN account_full_reconcile f ON f.id = l.full_reconcile_id
                 WHERE l.company_id IN %s AND m.state = 'posted'
              ORDER BY m.date, m.name, l.id
                """,
                str(self.company_id.id),
                tuple(self._get_tree().ids),
            )
        )
        content, count = data_return.ledger(rows)
        return data_return.File("ledger.txt", content, "FEC", count)

    def _get_documents(self):
        """The files of every posted document: PDF, electronic invoice, bill."""
        moves = self.env["account.move"].search(
            [("company_id", "in", self._get_tree().ids), ("state", "=", "posted")]
        )
        attachments = (
            self.env["ir.attachment"]
            .with_context(skip_res_field_check=True)
            .search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", moves.ids),
                    ("type", "=", "binary"),
                ],
                order="res_id, id",
            )
        )
        names = {move.id: move.name or str(move.id) for move in moves}
        for attachment in attachments:
            number = names[attachment.res_id]
            path = data_return.safe_path("documents", number, attachment.name)
            content = attachment.raw or b""
            yield data_return.File(path, content, number)
            attachment.invalidate_recordset(["raw", "datas"])


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def message_update(self, msg_dict, update_vals=None):
        """A mail of a colleague who has no role left in the dossier files nothing."""
        user, field = self.env.user, self._fields.get("company_id")
        if (
            field is not None
            and field.comodel_name == "res.company"
            and user._is_internal()
        ):
            for company in self.company_id:
                if not user._facturex_can("member", company):
                    raise AccessError(
                        self.env._(
                            "%(person)s has no role in %(company)s.",
                            person=user.name,
                            company=company.name,
                        )
                    )
        return super().message_update(msg_dict, update_vals=update_vals)


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        company = self.env["res.company"].browse(
            (custom_values or {}).get("company_id") or self.env.company.id
        )
        self._facturex_check_sender(company)
        return super().message_new(msg_dict, custom_values=custom_values)

    def message_update(self, msg_dict, update_vals=None):
        for company in self.company_id:
            self._facturex_check_sender(company)
        return super().message_update(msg_dict, update_vals=update_vals)

    @api.model
    def _facturex_check_sender(self, company):
        """Odoo takes mails elevated: a colleague without role in the dossier, such as
        one of a firm that left, files nothing there. Other senders are not users."""
        user = self.env.user
        if user._is_internal() and not user._facturex_can(
            ("sell", "buy", "documents"), company
        ):
            raise AccessError(
                self.env._("%s has no role that sends documents here.", user.name)
            )
