"""Saved means of payment, charged on the due date, tried again by the reason."""

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import collecting

# charges per call of the cron: each one waits for a provider
BATCH = 200


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    payment_token_id = fields.Many2one(
        "payment.token",
        string="Charged To",
        check_company=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        domain="[('partner_id', 'child_of', partner_id),"
        " ('company_id', '=', company_id)]",
        help="A means of payment that the customer saved. Invoices are charged to it on"
        " their due date; empty: the customer pays himself.",
    )

    @api.constrains("payment_token_id", "partner_id")
    def _check_payment_token(self):
        for subscription in self:
            # the owner of a token is compared, nothing of it is shown
            owner = subscription.payment_token_id.sudo().partner_id
            customer = subscription.partner_id.commercial_partner_id
            if owner and owner.commercial_partner_id != customer:
                raise ValidationError(
                    self.env._("This means of payment is another customer's.")
                )


class FacturexTokenCharge(models.Model):
    """One instalment of one invoice that is charged to a saved means of payment."""

    _name = "facturex.token.charge"
    _description = "Automatic Payment"
    _order = "date_next, id"
    _rec_name = "move_id"
    _check_company_auto = True

    line_id = fields.Many2one(
        "account.move.line",
        string="Instalment",
        required=True,
        readonly=True,
        ondelete="cascade",
        check_company=True,
    )
    move_id = fields.Many2one(related="line_id.move_id", store=True, string="Invoice")
    company_id = fields.Many2one(
        related="line_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(related="move_id.partner_id")
    subscription_id = fields.Many2one(
        related="move_id.facturex_subscription_id", store=True, index=True
    )
    date_next = fields.Date(string="Next Try", readonly=True)
    attempts = fields.Integer(string="Tries", readonly=True)
    failures = fields.Integer(readonly=True)
    state = fields.Selection(
        [
            ("waiting", "To charge"),
            ("pending", "At the provider"),
            ("retry", "Tried again"),
            ("done", "Paid"),
            ("failed", "Given up"),
            ("settled", "Settled otherwise"),
        ],
        required=True,
        readonly=True,
        default="waiting",
        index=True,
    )
    reason = fields.Char(string="Why Not", readonly=True)
    transaction_id = fields.Many2one(
        "payment.transaction", string="Last Transaction", readonly=True
    )

    # an instalment is collected by one row, whatever runs twice
    _line_uniq = models.UniqueIndex(
        "(line_id)", "This instalment is collected already."
    )

    # ------------------------------------------------------------------
    # Which ones
    # ------------------------------------------------------------------

    @api.model
    def _open_due(self, company, today):
        """A row for every instalment of a subscription with a token that is due."""
        lines = self.env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("amount_residual", ">", 0),
                ("date_maturity", "<=", today),
                ("move_id.move_type", "=", "out_invoice"),
                ("move_id.facturex_subscription_id.payment_token_id", "!=", False),
            ]
        )
        known = self.search([("line_id", "in", lines.ids)]).line_id
        for line in lines - known:
            try:
                with self.env.cr.savepoint():
                    self.create({"line_id": line.id, "date_next": today})
            except psycopg2.errors.UniqueViolation:
                continue

    @api.model
    def _cron_charge(self):
        """Every day: what is due, and what is tried again today."""
        cron = self.env["ir.cron"]
        tokens = self.env["facturex.subscription"]._read_group(
            [("payment_token_id", "!=", False)], ["company_id"]
        )
        for (company,) in tokens:
            own = self.with_company(company).with_context(
                allowed_company_ids=company.ids,
                tz=company.partner_id.tz or self.env.user.tz or "Europe/Brussels",
            )
            today = fields.Date.context_today(own)
            own._open_due(company, today)
            own._refresh_pending()
            due = own.search(
                [
                    ("company_id", "=", company.id),
                    ("state", "in", ("waiting", "retry")),
                    ("date_next", "<=", today),
                ],
                limit=BATCH,
            )
            for charge in due:
                charge._charge(today)
                if self.env.context.get("cron_id"):
                    cron._commit_progress(1)

    # ------------------------------------------------------------------
    # One try
    # ------------------------------------------------------------------

    def _claim(self, today):
        """Of two workers one tries; its claim is in the database before the money.

        The transaction of the try before is let go: its answer is not this try's.
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_token_charge
                   SET state = 'pending', attempts = COALESCE(attempts, 0) + 1,
                       transaction_id = NULL, write_date = %s
                 WHERE id = %s AND state IN ('waiting', 'retry') AND date_next <= %s
             RETURNING id
                """,
                fields.Datetime.now(),
                self.id,
                today,
            )
        )
        claimed = bool(self.env.cr.fetchone())
        self.invalidate_recordset(["state", "attempts", "transaction_id", "write_date"])
        return claimed

    def _is_on_hold(self, today):
        """A dispute, a promise, a plan: who talks to us is not charged meanwhile."""
        move = self.move_id
        Hold = self.env["facturex.dunning.hold"]
        return bool(
            Hold.search_count(
                Hold._active_domain(self.company_id, today)
                & Domain("partner_id", "=", move.commercial_partner_id.id)
                & Domain("move_id", "in", (move.id, False)),
                limit=1,
            )
        )

    def _charge(self, today):
        """One try. Nothing happens while it is disputed, nor when it is settled."""
        self.ensure_one()
        if self._is_on_hold(today):
            return
        line, token = self.line_id, self.subscription_id.payment_token_id
        settled = line.reconciled or self.move_id.payment_state in (
            "in_payment",
            "paid",
            "reversed",
        )
        if settled or not token or not token.active:
            self.write(
                {
                    "state": "settled" if settled else "failed",
                    "reason": False
                    if settled
                    else self.env._("The saved means of payment was removed."),
                }
            )
            return
        if not self._claim(today):
            return
        if self.env.context.get("cron_id"):
            # the claim stays whatever happens: money is never asked for twice
            self.env["ir.cron"]._commit_progress()
        # providers and transactions are the administrator's; access to the invoice
        # was the caller's
        transaction = self.sudo()._create_transaction(token.sudo())
        self.transaction_id = transaction
        if self.env.context.get("cron_id"):
            self.env["ir.cron"]._commit_progress()
        transaction._charge_with_token()
        self._read_result(today)

    def _create_transaction(self, token):
        """Odoo's own transaction for what is open of the instalment."""
        Transaction = self.env["payment.transaction"]
        move = self.move_id
        return Transaction.create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "reference": Transaction._compute_reference(
                    token.provider_id.code, prefix=f"{move.name}-{self.attempts}"
                ),
                "amount": abs(self.line_id.amount_residual_currency),
                "currency_id": self.line_id.currency_id.id,
                "partner_id": token.partner_id.id,
                "token_id": token.id,
                "operation": "offline",
                "invoice_ids": [fields.Command.set(move.ids)],
            }
        )

    def _refresh_pending(self):
        """What providers answered since: a transfer or a mandate takes days."""
        today = fields.Date.context_today(self)
        since = fields.Datetime.subtract(fields.Datetime.now(), days=1)
        for charge in self.search([("state", "=", "pending")]):
            transaction = charge.transaction_id.sudo()  # see _charge
            if transaction and transaction.state != "draft":
                charge._read_result(today)
            elif charge.write_date < since:
                # the process ended between the claim and the answer
                charge.write(
                    {
                        "state": "failed",
                        "date_next": False,
                        "reason": self.env._(
                            "The try was interrupted: look at the provider's site"
                            " whether it was paid, then try again."
                        ),
                    }
                )

    def _read_result(self, today):
        """Write what became of the last transaction."""
        self.ensure_one()
        transaction = self.transaction_id.sudo()  # see _charge
        if transaction.state == "done":
            self.write({"state": "done", "date_next": False, "reason": False})
            if not transaction.is_post_processed:
                self._register_payment(transaction)
        elif transaction.state in ("error", "cancel"):
            self._fail(transaction.state_message, today)

    def _register_payment(self, transaction):
        """Odoo's payment for it; what refuses is left to Odoo's own task, and said."""
        try:
            with self.env.cr.savepoint():
                transaction._post_process()
        except (UserError, ValidationError) as error:
            self.reason = str(error)

    def _fail(self, message, today):
        kind = collecting.classify(message)
        failures = self.failures + 1
        day = collecting.next_try(kind, failures, today)
        self.write(
            {
                "failures": failures,
                "state": "retry" if day else "failed",
                "date_next": day,
                "reason": message or self.env._("The provider gave no reason."),
            }
        )
        if day:
            return
        subscription = self.subscription_id
        user = subscription.user_id if subscription.user_id.active else self.env.user
        subscription.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=subscription._in_words().env._(
                "%s could not be charged: the reminders take over", self.move_id.name
            ),
            note=self.reason,
            user_id=user.id,
        )

    def action_retry(self):
        """The customer has a new card: try once more at the next run."""
        self.check_access("write")
        if any(charge.state != "failed" for charge in self):
            raise UserError(self.env._("Only what was given up can be tried again."))
        self.write(
            {
                "state": "retry",
                "failures": 0,
                "date_next": fields.Date.context_today(self),
            }
        )
