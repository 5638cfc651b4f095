from odoo import fields, models


class FacturexDeferredDocument(models.AbstractModel):
    """What orders and invoices share when they are bought on deferred payment."""

    _name = "facturex.deferred.document"
    _description = "Document on Deferred Payment"

    facturex_deferred = fields.Boolean(
        string="Deferred Payment",
        help="Bought on the customer's deferred payment: it needs room on the line, is"
        " due on its backstop date, and settled before when money of the customer's own"
        " sales comes in.",
    )
    facturex_credit_line_id = fields.Many2one(
        "facturex.credit.line",
        string="Line of Deferred Payment",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    def action_facturex_credit_override(self):
        """Ask to go above the limit for this document, once."""
        self.ensure_one()
        self.check_access("write")
        return self.env["facturex.credit.override.ask"]._open_for(self)

    def _facturex_credit_link(self, line):
        # the line of a document is a fact, not a choice of its writer
        self.sudo().facturex_credit_line_id = line

    def _facturex_credit_concerned(self):
        return self.filtered(
            lambda record: record.facturex_deferred or record.facturex_credit_line_id
        )
