from odoo import api, fields, models
from odoo.tools import format_date

from ..engine import schedule

ONCE = "none"
RHYTHMS = ("week", "month", "quarter", "year")


class AccountMove(models.Model):
    """An invoice that was asked to come again: posting it starts its subscription."""

    _inherit = "account.move"

    facturex_recurrence = fields.Selection(
        selection="_selection_facturex_recurrence",
        string="Comes Again",
        copy=False,
        readonly=True,
    )
    facturex_recurrence_note = fields.Char(
        string="What Follows", compute="_compute_facturex_recurrence_note"
    )
    facturex_made_subscription_ids = fields.One2many(
        "facturex.subscription", "origin_move_id", string="Subscriptions Made from It"
    )

    @api.model
    def _selection_facturex_recurrence(self):
        """The codes are units of `engine/schedule.py`."""
        # apart from their labels: Odoo's extractor takes a string beside a `_()`
        labels = [
            self.env._("Every week"),
            self.env._("Every month"),
            self.env._("Every quarter"),
            self.env._("Every year"),
        ]
        return list(zip(RHYTHMS, labels, strict=True))

    @api.depends("facturex_recurrence", "invoice_date", "state")
    @api.depends_context("lang")
    def _compute_facturex_recurrence_note(self):
        labels = dict(self._selection_facturex_recurrence())
        for move in self:
            move.facturex_recurrence_note = False
            if move.facturex_recurrence and move.state == "draft":
                move.facturex_recurrence_note = self.env._(
                    "Once confirmed, this invoice starts a subscription (%(rhythm)s):"
                    " the next one leaves by itself on %(day)s.",
                    rhythm=labels[move.facturex_recurrence].lower(),
                    day=move._facturex_recurrence_next(),
                )

    def _facturex_recurrence_next(self):
        """The day of the second invoice, as a person reads it."""
        self.ensure_one()
        day = self.invoice_date or fields.Date.context_today(self)
        next_day = schedule.start(day, self.facturex_recurrence, 1, 1)
        return format_date(self.env, next_day)

    def _post(self, soft=True):
        posted = super()._post(soft)
        # a look ahead is undone: it starts nothing
        if not self.env.context.get("facturex_look_ahead"):
            posted.filtered("facturex_recurrence")._facturex_start_recurrence()
        return posted

    def _facturex_start_recurrence(self):
        """The subscription that this invoice is the first of, once per invoice.

        In the transaction that posts: the row of the invoice is written by one
        transaction only, so a second posting finds the subscription made.
        """
        # what was chosen in the assistant holds, whoever posts the invoice
        for move in self.sudo():
            if move.move_type != "out_invoice" or move.facturex_made_subscription_ids:
                continue
            subscription = move.env["facturex.subscription"].create(
                move._prepare_facturex_subscription_vals()
                | {"interval_unit": move.facturex_recurrence, "interval_count": 1}
            )
            subscription.action_confirm()
            move.message_post(
                body=self.env._(
                    "Starts the subscription %s.", subscription._get_html_link()
                )
            )
