from odoo import fields, models


# one file per feature
class ResCompany(models.Model):  # pylint: disable=R8180
    _inherit = "res.company"

    facturex_forbid_reset = fields.Boolean(
        string="Sent Invoices Cannot Be Changed",
        default=True,
        help="An invoice that was sent can neither be reset to draft, changed, "
        "cancelled nor deleted: it is cancelled with a credit note.",
    )

    def write(self, vals):
        # who opened the lock, and when, stays known
        if "facturex_forbid_reset" in vals:
            for company in self:
                if company.facturex_forbid_reset != bool(vals["facturex_forbid_reset"]):
                    company._facturex_log_switch(bool(vals["facturex_forbid_reset"]))
        return super().write(vals)

    def _facturex_log_switch(self, forbidden):
        self.ensure_one()
        # a manager may not write on the company's contact, the trace does
        self.sudo().partner_id._message_log(
            body=self.env._("Sent invoices are locked again.")
            if forbidden
            else self.env._("Sent invoices can be changed: the lock was switched off."),
            author_id=self.env.user.partner_id.id,
        )
