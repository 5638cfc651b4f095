from odoo import api, fields, models

from ..engine import law


class FacturexDunningNoticeLine(models.Model):
    _inherit = "facturex.dunning.notice.line"

    amount_interest = fields.Monetary(string="Interest", currency_field="currency_id")
    amount_fee = fields.Monetary(
        string="Compensation and Costs", currency_field="currency_id"
    )
    amount_reminder = fields.Monetary(
        string="Cost of the Reminder",
        currency_field="currency_id",
        help="The part of the costs that this message itself costs.",
    )
    amount_interest_company = fields.Monetary(
        string="Interest in Company Currency",
        compute="_compute_amount_charges_company",
        store=True,
        currency_field="company_currency_id",
    )
    amount_fee_company = fields.Monetary(
        string="Costs in Company Currency",
        compute="_compute_amount_charges_company",
        store=True,
        currency_field="company_currency_id",
    )

    @api.depends("amount_interest", "amount_fee", "currency_id")
    def _compute_amount_charges_company(self):
        for line in self:
            for name in ("amount_interest", "amount_fee"):
                amount = line[name]
                if amount and line.currency_id != line.company_currency_id:
                    amount = line.currency_id._convert(
                        amount,
                        line.company_currency_id,
                        line.company_id,
                        line.notice_id.date,
                    )
                line[f"{name}_company"] = amount

    @api.model
    def _prepare_charge_vals(self, charges):
        """:param charges: `engine.law.Charges` of the instalment"""
        return {
            "amount_interest": float(charges.interest),
            "amount_fee": float(charges.indemnity + charges.fee),
            "amount_reminder": float(charges.fee),
        }

    @api.model_create_multi
    def create(self, vals_list):
        """Charges are computed with the line, unless the caller brings them."""
        lines = super().create(vals_list)
        given = [
            line.id
            for line, vals in zip(lines, vals_list, strict=True)
            if "amount_interest" in vals or "amount_fee" in vals
        ]
        lines.filtered(lambda line: line.id not in given)._write_charges()
        return lines

    def _complete(self):
        result = super()._complete()
        self._write_charges()
        return result

    def _get_law_message(self):
        """The written reminder that this was, for the law; None for a call, or for a
        courtesy before the due date.

        The day is the one on which it left, whenever it had been proposed.

        :return: `engine.law.Sent` or None
        """
        self.ensure_one()
        channel = self.notice_id._get_law_channel()
        if not channel or self.date_told <= self.date_maturity:
            return None
        return law.Sent(self.date_told, channel)

    def _write_charges(self):
        """What the law lets these lines claim on the day of their message."""
        # a level that claims nothing costs nothing, whatever the law allows
        claiming = self.filtered(
            lambda line: (
                line.step_id.charge != law.CHARGE_NONE or line.step_id.fee_amount
            )
        )
        for date, lines in claiming.grouped(lambda line: line.notice_id.date).items():
            steps = {line.move_line_id.id: line.step_id for line in lines}
            items = lines.move_line_id
            found = items._facturex_charges(date, steps=steps)
            items._facturex_report_missing_rates(found)
            for line in lines:
                charges = found[line.move_line_id.id]
                if charges.total or line.amount_interest or line.amount_fee:
                    line.write(line._prepare_charge_vals(charges))
