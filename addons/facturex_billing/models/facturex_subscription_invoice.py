"""The invoice of a period, its words, its sending; and the dry run."""

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..engine import schedule
from .facturex_subscription_billing import Planned


def words_of(env, part):
    """What the placeholders of a description become, in the language of `env`.

    :param part: the (first day, last day) that a line bills
    """
    begin, end = part
    return {
        "start": format_date(env, begin),
        "end": format_date(env, end),
        "month": format_date(env, begin, date_format="LLLL yyyy"),
        "quarter": f"{(begin.month + 2) // 3}",
        "year": str(begin.year),
    }


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    # ------------------------------------------------------------------
    # The invoice
    # ------------------------------------------------------------------

    def _prepare_move_vals(self, document):
        """Native create values of one invoice, None when there is nothing to bill."""
        self.ensure_one()
        charges = [
            (period, *charge)
            for period in document.periods
            for charge in self._get_charges(period)
        ]
        if not any(
            quantity * price
            for _period, _line, _part, quantity, price, _discount in charges
        ):
            return None
        if self.mode != "draft":
            self._check_lock_dates(document.date)
        return {
            "move_type": "out_invoice",
            "company_id": self.company_id.id,
            "journal_id": self.journal_id.id,
            "partner_id": self.partner_invoice_id.id,
            "currency_id": self.currency_id.id,
            "invoice_date": document.date,
            "invoice_payment_term_id": self.payment_term_id.id,
            "fiscal_position_id": self.fiscal_position_id.id,
            "invoice_user_id": self.user_id.id,
            "invoice_origin": self.name,
            "ref": self.ref,
            **({"narration": self.note} if self.note else {}),
            "facturex_subscription_id": self.id,
            "invoice_line_ids": [
                Command.create(self._prepare_move_line_vals(*charge))
                for charge in charges
            ],
        }

    def _prepare_move_line_vals(self, period, line, part, quantity, price, discount):
        return {
            "product_id": line.product_id.id,
            **(
                {"product_uom_id": line.product_id.uom_id.id} if line.product_id else {}
            ),
            "name": line._get_invoice_text(period, part),
            "quantity": quantity,
            "price_unit": price,
            "discount": discount,
            "tax_ids": [Command.set(line.tax_ids.ids)],
            "facturex_period_id": period.id,
            "facturex_date_start": part[0],
            "facturex_date_end": part[1],
        }

    def _check_lock_dates(self, date):
        locks = self.company_id._get_violated_lock_dates(
            date, bool(self.line_ids.tax_ids), self.journal_id
        )
        if locks:
            raise UserError(
                self.env._(
                    "The books are locked until %(lock)s, and the invoice would be"
                    " dated %(date)s. Move the billing date of the period, or unlock.",
                    lock=format_date(self.env, locks[-1][0]),
                    date=format_date(self.env, date),
                )
            )

    def _queue_sending(self, moves):
        """Let Odoo's own queue send by each customer's channel, after the commit."""
        for user, invoices in moves.grouped("invoice_user_id").items():
            author = user or self.env.user
            invoices.sending_data = {
                "author_user_id": author.id,
                "author_partner_id": author.partner_id.id,
            }
        if moves:
            self.env.ref("account.ir_cron_account_move_send")._trigger()

    # ------------------------------------------------------------------
    # Dry run
    # ------------------------------------------------------------------

    def _dry_run(self, date, limit):
        """What a run of `date` would do, without a write: a list of `Planned`."""
        Period = self.env["facturex.subscription.period"]
        result = []
        due = self.search(
            self._get_due_domain(date), order="next_date, id", limit=limit
        )
        for subscription in due:
            refusal = subscription._get_refusal()
            if refusal:
                result.append(Planned(subscription, problem=refusal[0]))
                continue
            periods = Period.search(
                [("subscription_id", "=", subscription.id), ("state", "=", "planned")]
            )
            for vals in subscription._plan_vals(until=date):
                if vals["state"] == "planned":
                    periods |= Period.new(vals)
            documents = subscription._group_documents(
                periods.filtered(lambda p: p.date_invoice <= date).sorted(
                    lambda p: (p.date_invoice, p.date_start)
                ),
                date,
            )
            for due_documents in documents.values():
                kept, stop = subscription._bounded(due_documents, date)
                result += [subscription._plan_document(document) for document in kept]
                if stop:
                    result.append(Planned(subscription, problem=stop))
        return result

    def _plan_document(self, document):
        self.ensure_one()
        problem = None
        try:
            self._prepare_move_vals(document)
        except UserError as error:
            problem = str(error)
        return Planned(
            self,
            document.date,
            [(period.date_start, period.date_end) for period in document.periods],
            sum(
                line._untaxed(quantity, price, discount)
                for period in document.periods
                for line, _part, quantity, price, discount in self._get_charges(period)
            ),
            problem,
        )


class FacturexSubscriptionLine(models.Model):
    _inherit = "facturex.subscription.line"

    def _get_invoice_text(self, period, part):
        """The description in the customer's language, with the days it bills."""
        lang = self.subscription_id.partner_id.lang or self.env.lang
        record = self.with_context(lang=lang)
        words = words_of(record.env, part)
        text = self.name or ""
        if schedule.has_placeholder(text):
            text = schedule.fill(text, words)
        else:
            text += "\n" + record.env._(
                "Period from %(start)s to %(end)s",
                start=words["start"],
                end=words["end"],
            )
        return f"{text}\n{period.note}" if period.note else text
