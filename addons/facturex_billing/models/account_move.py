from odoo import api, fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    facturex_notice_line_ids = fields.One2many(
        "facturex.dunning.notice.line", "move_id", string="Reminders"
    )
    facturex_notice_count = fields.Integer(compute="_compute_facturex_notice_count")

    @api.depends("facturex_notice_line_ids.is_void")
    def _compute_facturex_notice_count(self):
        counts = dict(
            self.env["facturex.dunning.notice.line"]._read_group(
                [("move_id", "in", self.ids), ("is_void", "=", False)],
                ["move_id"],
                ["notice_id:count_distinct"],
            )
        )
        for move in self:
            move.facturex_notice_count = counts.get(move._origin, 0)

    def _facturex_delivery_failed(self):
        """Whether the customer never got the invoice: no reminder before he has it.

        The state of sending and that of the Peppol network are fields of others: they
        count when they are there.
        """
        self.ensure_one()
        if "facturex_send_state" in self._fields:
            if self.facturex_send_state == "failed":
                return True
        if "peppol_move_state" in self._fields:
            return self.peppol_move_state == "error"
        return False

    def action_facturex_view_notices(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "facturex_billing.facturex_dunning_notice_action"
        )
        action["domain"] = [("line_ids.move_id", "=", self.id)]
        action["context"] = {"create": False}
        return action
