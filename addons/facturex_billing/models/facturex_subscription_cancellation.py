"""A customer's cancellation: received on a day, effective on another, confirmed."""

import uuid

import psycopg2.errors

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

MAX_NOTE = 2000
MAX_NAME = 200


class FacturexSubscriptionCancellation(models.Model):
    _name = "facturex.subscription.cancellation"
    _description = "Subscription Cancellation"
    _order = "id desc"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "facturex.subscription",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True, precompute=True
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    date_received = fields.Datetime(
        string="Received", required=True, readonly=True, default=fields.Datetime.now
    )
    date_end = fields.Date(string="Last Day of the Service", required=True)
    why_then = fields.Char(string="Why That Day", readonly=True)
    name = fields.Char(string="Cancelled By", readonly=True)
    email = fields.Char(readonly=True)
    note = fields.Text(string="What the Customer Says", readonly=True)
    origin = fields.Selection(
        [
            ("portal", "The customer, logged in"),
            ("online", "Online, without login"),
        ],
        required=True,
        readonly=True,
        default="portal",
    )
    state = fields.Selection(
        [
            ("received", "To confirm"),
            ("confirmed", "Accepted"),
            ("refused", "Not from the customer"),
        ],
        required=True,
        readonly=True,
        default="received",
    )
    change_id = fields.Many2one("facturex.subscription.change", readonly=True)
    access_token = fields.Char(
        default=lambda self: str(uuid.uuid4()),
        copy=False,
        groups="base.group_system",
    )

    # the same end is cancelled once, however often the button is pressed
    _end_uniq = models.UniqueIndex(
        "(subscription_id, date_end) WHERE state != 'refused'",
        "This cancellation was received already.",
    )

    @api.depends("subscription_id", "date_end")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for one in self:
            one.display_name = self.env._(
                "Cancellation of %(subscription)s on %(day)s",
                subscription=one.subscription_id.name,
                day=format_date(self.env, one.date_end),
            )

    @api.model
    def _receive(self, subscription, name, email, note, origin="portal"):
        """Record a cancellation for its earliest lawful day; confirm it by e-mail.

        Of a customer who is logged in it takes effect; without login it waits for the
        link in the e-mail to the address of the contract, or for us.

        :return: the cancellation, the first one if it was received before
        :raise UserError: the subscription is not running, or ends already
        """
        if subscription.state not in ("running", "paused") or subscription.date_end:
            raise UserError(self.env._("This contract has ended or is ending already."))
        way = subscription._get_earliest_exit(fields.Date.context_today(self))
        if way is None:
            raise UserError(self.env._("The term of this contract is not known."))
        try:
            with self.env.cr.savepoint():
                received = self.create(
                    {
                        "subscription_id": subscription.id,
                        "date_end": way.last_day,
                        "why_then": subscription._say_exit(way),
                        "name": (name or "")[:MAX_NAME],
                        "email": (email or "")[:MAX_NAME],
                        "note": (note or "")[:MAX_NOTE],
                        "origin": origin,
                    }
                )
        except psycopg2.errors.UniqueViolation:
            return self.search(
                [
                    ("subscription_id", "=", subscription.id),
                    ("date_end", "=", way.last_day),
                    ("state", "!=", "refused"),
                ],
                limit=1,
            )
        if origin == "portal":
            received._confirm()
        received._acknowledge()
        return received

    def _acknowledge(self):
        """To the customer on a durable medium; to the responsible as a task."""
        self.ensure_one()
        template = self.env.ref("facturex_billing.mail_template_cancellation")
        template.send_mail(self.id)
        subscription = self.subscription_id
        subscription.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=subscription._in_words().env._(
                "Cancelled by the customer for %s",
                format_date(subscription._in_words().env, self.date_end),
            ),
            note=self.note or False,
            user_id=(
                subscription.user_id if subscription.user_id.active else self.env.user
            ).id,
        )

    def _confirm(self):
        """Carry it out, once: the stop and the credit of what is billed beyond."""
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE facturex_subscription_cancellation SET state = 'confirmed'"
            " WHERE id = %s AND state = 'received' RETURNING id",
            [self.id],
        )
        if not self.env.cr.fetchone():
            return
        self.invalidate_recordset(["state"])
        change = self.env["facturex.subscription.change"].create(
            {
                "subscription_id": self.subscription_id.id,
                "kind": "stop",
                "when": "date",
                "date": max(self.date_end, self.subscription_id.date_start),
                "reason": self.env._("Cancelled by the customer"),
            }
        )
        change.action_apply()
        self.change_id = change

    def action_confirm(self):
        """It is the customer's: the contract ends on the day that was told."""
        self.check_access("write")
        for one in self:
            if one.state != "received":
                raise UserError(self.env._("This cancellation is settled already."))
            one._confirm()

    def action_refuse(self):
        """It is not the customer's: nothing ends."""
        self.check_access("write")
        if any(one.state != "received" for one in self):
            raise UserError(self.env._("This cancellation is settled already."))
        self.write({"state": "refused"})

    def _get_link(self):
        """Where the customer confirms what was sent without login."""
        self.ensure_one()
        token = self.sudo().access_token  # for the e-mail to the contract's address
        path = f"/subscriptions/cancel/{self.id}?access_token={token}"
        return self.get_base_url() + path
