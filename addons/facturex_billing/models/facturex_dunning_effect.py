from odoo import fields, models
from odoo.tools import SQL

# the effect of a message is what comes within a week of it
DAYS = 7


class FacturexDunningEffect(models.Model):
    """Which level makes customers pay: one row per instalment and message sent."""

    _name = "facturex.dunning.effect"
    _description = "Effect of Reminders"
    _auto = False
    _order = "date desc, id desc"
    # what is written before the table is read
    _depends = {
        "facturex.dunning.notice": ["state", "policy_id", "partner_id", "date_told"],
        "facturex.dunning.notice.line": [
            "notice_id",
            "move_line_id",
            "move_id",
            "step_id",
            "company_id",
            "amount_company",
            "is_void",
        ],
        "account.move.line": ["reconciled"],
        "account.partial.reconcile": ["debit_move_id", "max_date"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    policy_id = fields.Many2one("facturex.dunning.policy", readonly=True)
    step_id = fields.Many2one("facturex.dunning.step", string="Level", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    date = fields.Date(string="Sent On", readonly=True)
    date_paid = fields.Date(string="Paid On", readonly=True)
    days_to_pay = fields.Integer(
        string="Days to Payment", aggregator="avg", readonly=True
    )
    paid_in_week = fields.Float(
        string="Paid within 7 Days", aggregator="avg", readonly=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    amount = fields.Monetary(string="Claimed", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT line.id, line.company_id, notice.policy_id, line.step_id,
                   notice.partner_id, line.move_id, notice.date_told AS date,
                   line.amount_company AS amount, paid.day AS date_paid,
                   paid.day - notice.date_told AS days_to_pay,
                   CASE WHEN paid.day <= notice.date_told + %(days)s THEN 1.0
                        ELSE 0.0 END AS paid_in_week
              FROM facturex_dunning_notice_line line
              JOIN facturex_dunning_notice notice ON notice.id = line.notice_id
              JOIN account_move_line item ON item.id = line.move_line_id
         LEFT JOIN LATERAL (
                   SELECT max(part.max_date) AS day
                     FROM account_partial_reconcile part
                    WHERE part.debit_move_id = item.id AND item.reconciled
                   ) paid ON TRUE
             WHERE notice.state = 'sent' AND line.is_void IS NOT TRUE
            """,
            days=DAYS,
        )
