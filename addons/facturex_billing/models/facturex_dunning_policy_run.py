from collections import defaultdict
from decimal import Decimal

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..engine import dunning

# Invoices in these states claim nothing: `in_payment` counts as settled.
SETTLED_STATES = ("in_payment", "paid", "reversed", "invoicing_legacy")


class FacturexDunningPolicy(models.Model):
    """The run: who is reminded of what on a day."""

    _inherit = "facturex.dunning.policy"

    def _run(self, date=None, dry=False):
        """Prepare the messages of one day; in automatic mode also queue them.

        :param date: the day to decide for, default today in the user's time zone
        :param dry: decide only; nothing is written
        :return: `facturex.dunning.notice` records, or with `dry` a list of
            (policy, `engine.dunning.Plan`)
        """
        date = date or fields.Date.context_today(self)
        plans = [(policy, policy._plan(date)) for policy in self]
        if dry:
            return plans
        notices = self.env["facturex.dunning.notice"]
        for policy, plan in plans:
            created = policy._create_notices(plan, date)
            if policy.mode == "auto":
                created._approve_and_queue()
            notices |= created
        return notices

    def _plan(self, date):
        """Translate the open receivables of the company and ask the engine."""
        self.ensure_one()
        policy = self.with_company(self.company_id)
        lines = policy._get_receivable_lines(date)
        return dunning.plan(
            policy._to_engine(),
            policy._to_engine_items(lines),
            policy._to_engine_customers(lines),
            date,
        )

    def _to_engine(self):
        return dunning.Policy(
            steps=tuple(
                dunning.Step(step.id, step.sequence, step.delay_days)
                for step in self.step_ids
            ),
            min_gap_days=self.min_gap_days,
            min_amount=Decimal(str(self.min_amount)),
        )

    def _get_receivable_domain(self, date):
        return Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
                ("move_id.payment_state", "not in", SETTLED_STATES),
                ("amount_residual", ">", 0),
                ("date_maturity", "<", date),
            ]
        )

    def _get_receivable_lines(self, date):
        return self.env["account.move.line"].search_fetch(
            self._get_receivable_domain(date),
            [
                "move_id",
                "partner_id",
                "currency_id",
                "date_maturity",
                "amount_residual_currency",
                "no_followup",
            ],
            order="partner_id, date_maturity, id",
        )

    def _to_engine_items(self, lines):
        done = defaultdict(set)
        for line, step in self.env["facturex.dunning.notice.line"]._read_group(
            [("move_line_id", "in", lines.ids), ("is_void", "=", False)],
            ["move_line_id", "step_id"],
        ):
            done[line.id].add(step.id)
        return [
            dunning.DueItem(
                id=line.id,
                customer=line.partner_id.commercial_partner_id.id,
                currency=line.currency_id.name,
                date_due=line.date_maturity,
                residual=Decimal(str(line.amount_residual_currency)),
                done_steps=frozenset(done[line.id]),
                blocked=line.no_followup or line.move_id.payment_state == "blocked",
            )
            for line in lines
        ]

    def _to_engine_customers(self, lines):
        partners = lines.partner_id.commercial_partner_id
        credits_by_partner = defaultdict(dict)
        for partner, currency, residual in self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "child_of", partners.ids),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("amount_residual", "<", 0),
            ],
            ["partner_id", "currency_id"],
            ["amount_residual_currency:sum"],
        ):
            known = credits_by_partner[partner.commercial_partner_id.id]
            known[currency.name] = known.get(currency.name, Decimal(0)) - Decimal(
                str(residual)
            )
        last, pending = {}, set()
        for partner, state, day in self.env["facturex.dunning.notice"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", partners.ids),
            ],
            ["partner_id", "state"],
            ["date:max"],
        ):
            if state == "sent":
                last[partner.id] = day
            elif state != "cancelled":
                pending.add(partner.id)
        return {
            partner.id: dunning.Customer(
                id=partner.id,
                has_address=bool(partner._facturex_dunning_recipient().email),
                last_message=last.get(partner.id),
                has_pending=partner.id in pending,
                credits=credits_by_partner[partner.id],
            )
            for partner in partners
        }

    def _create_notices(self, plan, date):
        """One draft per customer; a key already in the database means "done"."""
        self.ensure_one()
        Notice = self.env["facturex.dunning.notice"].with_company(self.company_id)
        notices = Notice
        for planned in plan.notices:
            try:
                with self.env.cr.savepoint():
                    notices += Notice.create(self._prepare_notice_vals(planned, date))
            except psycopg2.errors.UniqueViolation:
                continue
        return notices

    def _prepare_notice_vals(self, planned, date):
        return {
            "policy_id": self.id,
            "company_id": self.company_id.id,
            "partner_id": planned.customer,
            "date": date,
            "line_ids": [
                fields.Command.create(
                    {
                        "move_line_id": line.item.id,
                        "step_id": line.step.id,
                        "amount_residual": float(line.item.residual),
                    }
                )
                for line in planned.lines
            ],
        }

    @api.model
    def _cron_run(self):
        """Daily: every company's policy in its turn; one failing stops no other.

        The keys of the notices make a second run of the day harmless, so one
        commit per policy is enough.
        """
        policies = self.search([("mode", "=", "auto")])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(policies))
        for policy in policies:
            try:
                with self.env.cr.savepoint():
                    policy._run()
            except (UserError, ValidationError) as error:
                policy._report_failure(error)
            if not cron._commit_progress(1):
                break

    def _report_failure(self, error):
        """Make a failed run visible: the reason, and one activity until it is done."""
        self.message_post(
            body=self.env._("The reminders of today could not be prepared: %s", error)
        )
        warning = "mail.mail_activity_data_warning"
        if not self.activity_search([warning]):
            self.activity_schedule(
                warning,
                summary=self.env._("Reminders not prepared"),
                note=str(error),
                user_id=self.user_id.id,
            )
