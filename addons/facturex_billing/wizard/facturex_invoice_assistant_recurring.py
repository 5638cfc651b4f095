from odoo import api, fields, models

from ..models.account_move_recurrence import ONCE


class FacturexInvoiceAssistant(models.TransientModel):
    _inherit = "facturex.invoice.assistant"

    recurrence = fields.Selection(
        selection="_selection_recurrence",
        string="Repeats",
        required=True,
        default=ONCE,
    )
    recurrence_note = fields.Char(related="move_id.facturex_recurrence_note")
    subscription_id = fields.Many2one(
        "facturex.subscription", compute="_compute_subscription_id"
    )
    subscription_next = fields.Date(
        related="subscription_id.next_date", string="Next Invoice"
    )

    @api.model
    def _selection_recurrence(self):
        return [
            (ONCE, self.env._("Only once")),
            *self.env["account.move"]._selection_facturex_recurrence(),
        ]

    @api.depends("step", "move_id.facturex_made_subscription_ids")
    def _compute_subscription_id(self):
        for assistant in self:
            made = assistant.move_id.facturex_made_subscription_ids
            assistant.subscription_id = made[:1]

    def _draft_values(self):
        recurrence = self.recurrence
        return super()._draft_values() | {
            "facturex_recurrence": recurrence != ONCE and recurrence
        }

    def _read_draft(self):
        result = super()._read_draft()
        self.with_context(facturex_reading=True).recurrence = (
            self.move_id.facturex_recurrence or ONCE
        )
        return result

    def action_make_recurring(self):
        """The invoice that was just sent is the first of many."""
        self.ensure_one()
        self.check_access("write")
        return self.move_id.action_facturex_make_recurring()

    def action_show_subscription(self):
        self.ensure_one()
        self.check_access("read")
        return self.subscription_id._get_form_action()
