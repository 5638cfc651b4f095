from odoo import models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def action_confirm(self):
        self._facturex_check_blocked()
        return super().action_confirm()

    def _facturex_check_blocked(self):
        """A level of the reminders may stop new orders until the debt is paid."""
        # whoever sells need not read reminders to be told about one
        told = (
            self.env["facturex.dunning.notice.line"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.company_id.ids),
                    (
                        "notice_id.partner_id",
                        "in",
                        self.partner_id.commercial_partner_id.ids,
                    ),
                    ("notice_id.state", "=", "sent"),
                    ("is_void", "=", False),
                    ("step_id.block_new_orders", "=", True),
                    ("move_line_id.reconciled", "=", False),
                    ("move_id.payment_state", "in", ("not_paid", "partial")),
                ],
                limit=1,
            )
        )
        if told and not self.env.user.has_group(
            "facturex_billing.group_facturex_manager"
        ):
            raise UserError(
                self.env._(
                    "%(customer)s has %(invoice)s open at the level “%(level)s”, which"
                    " stops new orders. A Facturex manager can confirm the order.",
                    customer=told.notice_id.partner_id.display_name,
                    invoice=told.move_id.name,
                    level=told.step_id.name,
                )
            )
