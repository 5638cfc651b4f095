import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class FacturexCreditEntry(models.Model):
    """One movement of a line: written once, by what happened, never changed.

    The sum of the entries of a line is its counters, on any day.
    """

    _name = "facturex.credit.entry"
    _description = "Movement of a Deferred Payment"
    _order = "id desc"
    _rec_name = "document"
    _check_company_auto = True

    line_id = fields.Many2one(
        "facturex.credit.line",
        string="Deferred Payment",
        required=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True)
    date = fields.Date(required=True)
    kind = fields.Selection(
        [
            ("reserve", "Reserved"),
            ("draw", "Invoiced"),
            ("release", "Released"),
            ("settle", "Settled"),
            ("adjust", "Adjusted"),
        ],
        required=True,
    )
    used_cents = fields.Integer(required=True, readonly=True)
    reserved_cents = fields.Integer(required=True, readonly=True)
    amount_used = fields.Monetary(string="Used")
    amount_reserved = fields.Monetary(string="Reserved")
    res_model = fields.Char(string="Kind of Document")
    res_id = fields.Many2oneReference(model_field="res_model")
    document = fields.Char()
    key = fields.Char(required=True)
    note = fields.Char(string="Why")

    _key_uniq = models.UniqueIndex(
        "(line_id, key)", "This movement was already recorded."
    )
    _document_idx = models.Index("(res_model, res_id)")

    def write(self, vals):
        self._refuse()
        return super().write(vals)

    def unlink(self):
        self._refuse()
        return super().unlink()

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        # a movement without its counters would be a drift
        raise UserError(
            self.env._("Movements follow from orders, invoices and payments.")
        )

    def _refuse(self):
        if self:
            raise UserError(
                self.env._(
                    "A movement can neither be changed nor deleted: a new one"
                    " corrects it."
                )
            )

    @api.model
    def _insert(self, line, kind, document, used, reserved, key, note=False):
        """Take the key; whoever comes second, now or later, does nothing.

        :param line: locked by nobody yet; its counters move after this
        :return: whether the key was free
        """
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO facturex_credit_entry
                    (line_id, company_id, currency_id, date, kind, used_cents,
                     reserved_cents, amount_used, amount_reserved, res_model, res_id,
                     document, key, note,
                     create_uid, write_uid, create_date, write_date)
                VALUES (%(line)s, %(company)s, %(currency)s, %(date)s, %(kind)s,
                        %(used)s, %(reserved)s, %(used)s / 100.0,
                        %(reserved)s / 100.0, %(model)s, %(id)s, %(name)s, %(key)s,
                        %(note)s, %(uid)s, %(uid)s,
                        now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')
                ON CONFLICT (line_id, key) DO NOTHING
                RETURNING id
                """,
                line=line.id,
                company=line.company_id.id,
                currency=line.currency_id.id,
                date=fields.Date.context_today(line),
                kind=kind,
                used=used,
                reserved=reserved,
                model=document._name if document else None,
                id=document.id if document else None,
                name=document.display_name if document else None,
                key=key or uuid.uuid4().hex,
                note=note or None,
                uid=self.env.uid,
            )
        )
        line.invalidate_recordset(["entry_ids"], flush=False)
        return bool(rows)

    def action_open_document(self):
        self.ensure_one()
        if not self.res_model:
            return False
        document = self.env[self.res_model].browse(self.res_id).exists()
        if not document:
            raise UserError(self.env._("This document no longer exists."))
        document.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": document._name,
            "res_id": document.id,
            "view_mode": "form",
        }
