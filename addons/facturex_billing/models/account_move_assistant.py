from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_label = fields.Char(
        string="Subject",
        help="What the invoice is about, in a few words. Printed above its lines.",
    )
    # The key of “sent once”: a draft leaves the assistant for one person only.
    facturex_assistant_state = fields.Selection(
        [
            ("draft", "Being written"),
            ("posted", "Posted, to be sent"),
            ("handed", "Handed over to be sent"),
        ],
        string="Assistant",
        copy=False,
        readonly=True,
    )

    def action_facturex_resume(self):
        """Go on with this draft in the assistant."""
        self.ensure_one()
        self.check_access("write")
        return self.env["facturex.invoice.assistant"]._open(move=self)


class AccountJournal(models.Model):
    _inherit = "account.journal"

    def action_facturex_new_invoice(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["facturex.invoice.assistant"]._open(journal=self)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def action_facturex_new_invoice(self):
        self.ensure_one()
        self.check_access("read")
        return self.env["facturex.invoice.assistant"]._open(partner=self)
