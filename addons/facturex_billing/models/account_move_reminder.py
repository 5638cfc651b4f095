from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models

from ..engine import dunning


class AccountMove(models.Model):
    """Where an invoice stands: the last level, the next one and its day."""

    _inherit = "account.move"

    facturex_hold_ids = fields.One2many(
        "facturex.dunning.hold", "move_id", string="Holds"
    )
    facturex_level_id = fields.Many2one(
        "facturex.dunning.step",
        string="Last Level",
        compute="_compute_facturex_reminder",
    )
    facturex_next_step_id = fields.Many2one(
        "facturex.dunning.step",
        string="Next Level",
        compute="_compute_facturex_reminder",
    )
    facturex_next_reminder = fields.Date(
        string="Next Reminder", compute="_compute_facturex_reminder"
    )

    @api.depends(
        "payment_state",
        "facturex_notice_line_ids.is_void",
        "facturex_hold_ids.state",
        "facturex_hold_ids.date_end",
        "line_ids",
    )
    def _compute_facturex_reminder(self):
        """One pass of the engine for all of them; what is paid has no next level."""
        self.facturex_level_id = self.facturex_next_step_id = False
        self.facturex_next_reminder = False
        lines = self.line_ids.filtered(
            lambda line: (
                line.account_type == "asset_receivable"
                and line.move_id.move_type == "out_invoice"
                and not line._facturex_claims_nothing()
            )
        )
        Policy = self.env["facturex.dunning.policy"]
        if not lines or not Policy.has_access("read"):
            return
        times, last, reached = Policy._get_history(lines)
        governed = Policy._select_for(lines)
        waits = lines._facturex_waits(governed, times)
        for move, items in lines.grouped("move_id").items():
            found = [
                self._facturex_next(
                    governed[i.id],
                    i,
                    done_steps=frozenset(times[i.id]),
                    last_step_on=last.get(i.id),
                    reached_on=reached.get(i.id),
                    not_before=waits.get(i.id),
                )
                for i in items
                if governed[i.id]
            ]
            sent = Policy.step_ids.browse({s for i in items for s in times[i.id]})
            move.facturex_level_id = sent.sorted("delay_days")[-1:]
            if dates := sorted(day for day in found if day):
                move.facturex_next_reminder = dates[0][0]
                move.facturex_next_step_id = dates[0][1]

    def _facturex_next(self, policy, item, **history):
        """(first day, id of the level) of the next message, or None after the last."""
        engine = policy._to_engine()
        step = dunning.next_step(engine, history["done_steps"])
        if step is None:
            return None
        due = dunning.DueItem(
            id=item.id,
            customer=item.partner_id.id,
            currency=item.currency_id.name,
            date_due=item.date_maturity,
            residual=Decimal(str(item.amount_residual_currency)),
            **history,
        )
        today = fields.Date.context_today(self)
        return max(dunning.next_date(engine, due, step), today), step.id

    def action_facturex_hold(self):
        """Put this invoice on hold: why, and until when."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Put on hold"),
            "res_model": "facturex.dunning.hold",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_move_id": self.id,
                "default_partner_id": self.commercial_partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _facturex_waits(self, governed, times):
        """{line id: the first day after its holds and the delays of the law}

        :param governed: {line id: policy}
        :param times: {line id: {level: how often it was sent}}
        """
        today = fields.Date.context_today(self)
        holds = self._facturex_holds(today)
        found = {}
        for company, lines in self.grouped("company_id").items():
            own = {line.id: governed[line.id] for line in lines}
            policies = self.env["facturex.dunning.policy"].union(*own.values())
            ids = {line: policy.id for line, policy in own.items()}
            found |= policies.with_company(company)._get_legal_dates(
                lines, ids, times, today
            )
            for line in lines:
                move = line.move_id
                partner = (company.id, move.commercial_partner_id.id)
                if active := holds[move.id] + holds[partner]:
                    free = max(hold.date_end for hold in active) + timedelta(days=1)
                    found[line.id] = max(free, found.get(line.id, free))
        return found


class ResPartner(models.Model):
    _inherit = "res.partner"

    facturex_partner_notice_count = fields.Integer(
        string="Reminders Sent", compute="_compute_facturex_reminders"
    )
    facturex_partner_hold_count = fields.Integer(
        string="Active Holds", compute="_compute_facturex_reminders"
    )

    def _compute_facturex_reminders(self):
        """Two counts for all customers shown."""
        notices = dict(
            self.env["facturex.dunning.notice"]._read_group(
                [("partner_id", "in", self.ids), ("state", "!=", "cancelled")],
                ["partner_id"],
                ["__count"],
            )
        )
        holds = dict(
            self.env["facturex.dunning.hold"]._read_group(
                [("partner_id", "in", self.ids), ("state", "=", "active")],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.facturex_partner_notice_count = notices.get(partner._origin, 0)
            partner.facturex_partner_hold_count = holds.get(partner._origin, 0)

    def _facturex_open_of(self, xmlid):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_facturex_view_notices(self):
        """The timeline: what this customer was told, newest first."""
        return self._facturex_open_of("facturex_billing.facturex_dunning_notice_action")

    def action_facturex_view_holds(self):
        return self._facturex_open_of("facturex_billing.facturex_dunning_hold_action")
