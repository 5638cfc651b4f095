import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError


class FacturexCreditTerms(models.Model):
    """One version of the general conditions; accepted ones are never rewritten."""

    _name = "facturex.credit.terms"
    _description = "Conditions of Deferred Payment"
    _order = "date_from desc, id desc"
    _rec_name = "version"
    _check_company_auto = True

    version = fields.Char(required=True)
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today
    )
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: every company without conditions of its own.",
    )
    body = fields.Html(required=True, translate=True)
    is_accepted = fields.Boolean(compute="_compute_is_accepted")

    _version_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), version)", "There is this version already."
    )

    def _compute_is_accepted(self):
        # accepted by anybody, whoever may see the application
        rows = (
            self.env["facturex.credit.application"]
            .sudo()
            ._read_group(
                [("terms_id", "in", self.ids), ("terms_on", "!=", False)], ["terms_id"]
            )
        )
        accepted = {row[0].id for row in rows}
        for terms in self:
            terms.is_accepted = terms.id in accepted

    def write(self, vals):
        if {"body", "version", "date_from"} & vals.keys() and any(
            terms.is_accepted for terms in self
        ):
            raise UserError(
                self.env._("Customers accepted this version: make a new one instead.")
            )
        return super().write(vals)

    @api.model
    def _current(self, company, day):
        """:return: the version in force, the company's own before the shared one"""
        found = self.sudo().search(  # what is published to every applicant
            [
                ("company_id", "in", (company.id, False)),
                ("date_from", "<=", day),
            ]
        )
        return (found.filtered("company_id") or found)[:1]

    def _sha256(self):
        self.ensure_one()
        return hashlib.sha256(str(self.body).encode()).hexdigest()
