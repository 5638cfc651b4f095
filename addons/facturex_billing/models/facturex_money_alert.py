import logging
from datetime import datetime

import psycopg2
import pytz

from odoo import api, fields, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

DIGEST_HOUR = 7  # in the morning of the reader
MONEY_JOURNALS = ("bank", "cash", "credit")


class FacturexMoneyAlert(models.Model):
    """Money came in on an invoice, to be told to one of its followers.

    The row is the key: written in the transaction that sees the money, told by a cron.
    So nobody waits for mails, what is undone at once is never told, and what was told
    is not told again.
    """

    _name = "facturex.money.alert"
    _description = "Money Alert"
    _order = "id desc"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    # where the money was seen: the entry of a bank line or of a payment ...
    source_move_id = fields.Many2one(
        "account.move", string="Seen In", ondelete="cascade", index="btree_not_null"
    )
    # ... or a payment that has no entry before the bank shows it
    payment_id = fields.Many2one(
        "account.payment", ondelete="cascade", index="btree_not_null"
    )
    # the bank showed what the payment announced: no second alert
    confirmed_move_id = fields.Many2one(
        "account.move",
        string="Confirmed By",
        ondelete="set null",
        index="btree_not_null",
    )
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary()
    state = fields.Selection(
        [("waiting", "To tell"), ("told", "Told"), ("void", "Undone")],
        required=True,
        default="waiting",
    )

    _source_uniq = models.UniqueIndex(
        "(user_id, move_id, source_move_id) WHERE source_move_id IS NOT NULL",
        "This money was already told.",
    )
    _payment_uniq = models.UniqueIndex(
        "(user_id, move_id, payment_id) WHERE payment_id IS NOT NULL",
        "This payment was already told.",
    )
    _waiting_idx = models.Index("(user_id) WHERE state = 'waiting'")

    # ------------------------------------------------------------------
    # Seeing money
    # ------------------------------------------------------------------

    @api.model
    def _see_partials(self, partials):
        """Note the money of new reconciliations; credit notes are no money."""
        seen = {}
        for partial in partials:
            invoice = partial.debit_move_id.move_id
            source = partial.credit_move_id.move_id
            if (
                invoice.move_type in ("out_invoice", "out_receipt")
                and source.move_type == "entry"
                and source.journal_id.type in MONEY_JOURNALS
            ):
                key = (invoice.id, source.id)
                seen[key] = seen.get(key, 0) + partial.debit_amount_currency
        if seen:
            self._insert(
                [
                    (invoice, source, None, amount)
                    for (invoice, source), amount in seen.items()
                ]
            )

    @api.model
    def _see_payments(self, payments):
        """Note registered or online payments that make no entry of their own."""
        rows = []
        for payment in payments:
            if (
                payment.payment_type != "inbound"
                or payment.move_id
                or payment.state not in ("in_process", "paid")
            ):
                continue
            left = payment.amount
            for invoice in payment.invoice_ids.sorted("invoice_date_due"):
                if invoice.move_type not in ("out_invoice", "out_receipt"):
                    continue
                amount = payment.currency_id._convert(
                    left, invoice.currency_id, payment.company_id, payment.date
                )
                amount = min(amount, invoice.amount_residual or amount)
                left -= invoice.currency_id._convert(
                    amount, payment.currency_id, payment.company_id, payment.date
                )
                if invoice.currency_id.compare_amounts(amount, 0) > 0:
                    rows.append((invoice.id, None, payment.id, amount))
        if rows:
            self._insert(rows)

    @api.model
    def _insert(self, rows):
        """One row per follower who wants it; what is known is left alone.

        :param rows: [(invoice id, source entry id, payment id, amount)]
        """
        wanted = self._followers({row[0] for row in rows})
        rows = [row for row in rows if row[0] in wanted]
        if not rows:
            return
        values = []
        for invoice_id, source_id, payment_id, amount in rows:
            invoice = self.env["account.move"].browse(invoice_id)
            for user_id in wanted[invoice_id]:
                values.append(
                    SQL(
                        "(%s, %s, %s, %s::int, %s::int, %s, %s::numeric, 'waiting',"
                        " %s, %s, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc')",
                        invoice.company_id.id,
                        user_id,
                        invoice_id,
                        source_id,
                        payment_id,
                        invoice.currency_id.id,
                        invoice.currency_id.round(amount),
                        self.env.uid,
                        self.env.uid,
                    )
                )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO facturex_money_alert
                       (company_id, user_id, move_id, source_move_id, payment_id,
                        currency_id, amount, state, create_uid, write_uid,
                        create_date, write_date)
                VALUES %s
                ON CONFLICT DO NOTHING
             RETURNING id
                """,
                SQL(", ").join(values),
            )
        )
        new = self.browse(row[0] for row in self.env.cr.fetchall())
        new._confirm_payments()
        if new:
            cron = self.env.ref("facturex_billing.ir_cron_money_alert")
            cron.sudo()._trigger()  # crons are the administrators'

    @api.model
    def _followers(self, invoice_ids):
        """:return: invoice id -> ids of the users who follow it and want to know"""
        self.env["res.users"].flush_model(["facturex_money_alert", "active"])
        self.env["account.move"].flush_model(["invoice_user_id", "company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT move.id, reader.id
                  FROM account_move move
                  JOIN res_users reader
                    ON reader.active AND reader.share IS NOT TRUE
                   AND reader.facturex_money_alert IN ('each', 'daily')
                   AND (reader.id = move.invoice_user_id OR EXISTS (
                       SELECT FROM mail_followers follower
                        WHERE follower.res_model = 'account.move'
                          AND follower.res_id = move.id
                          AND follower.partner_id = reader.partner_id))
                   AND EXISTS (
                       SELECT FROM res_company_users_rel rel
                        WHERE rel.user_id = reader.id AND rel.cid = move.company_id)
                 WHERE move.id IN %s
                """,
                tuple(invoice_ids),
            )
        )
        found = {}
        for move_id, user_id in rows:
            found.setdefault(move_id, []).append(user_id)
        return found

    def _confirm_payments(self):
        """The bank shows a payment that was told: the same money, no second alert."""
        if not self:
            return
        announced = self.env.execute_query(
            SQL(
                """
                WITH pair AS (
                    SELECT DISTINCT ON (told.id) told.id AS told, seen.id AS seen,
                           seen.source_move_id AS source
                      FROM facturex_money_alert seen
                      JOIN facturex_money_alert told
                        ON told.user_id = seen.user_id AND told.move_id = seen.move_id
                       AND told.payment_id IS NOT NULL
                       AND told.confirmed_move_id IS NULL
                       AND told.state != 'void' AND told.amount = seen.amount
                     WHERE seen.id IN %s AND seen.source_move_id IS NOT NULL
                  ORDER BY told.id, seen.id
                ), confirmed AS (
                    UPDATE facturex_money_alert SET confirmed_move_id = pair.source
                      FROM pair WHERE facturex_money_alert.id = pair.told
                )
                UPDATE facturex_money_alert SET state = 'told'
                  FROM pair WHERE facturex_money_alert.id = pair.seen
                RETURNING facturex_money_alert.id
                """,
                tuple(self.ids),
            )
        )
        if announced:
            self.invalidate_model(["state", "confirmed_move_id"])

    # ------------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------------

    @api.model
    def _cron_run(self):
        """Tell what is due: at once, or in the morning; one message per reader."""
        readers = self.search([("state", "=", "waiting")]).user_id
        due = [(user, self._due(user)) for user in readers]
        due = [(user, rows) for user, rows in due if rows]
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(due))
        for user, rows in due:
            try:
                with self.env.cr.savepoint():
                    rows._tell(user)
            except psycopg2.OperationalError:
                raise  # another run tells it; the cron comes again
            except Exception:
                # the next reader is told all the same; this one next hour
                _logger.warning("Money alerts of %s wait", user.login, exc_info=True)
            if not progress._commit_progress(1):
                break

    @api.model
    def _due(self, user, now=None):
        """The rows to tell this user now.

        :param now: UTC, default the clock; the digest holds what came before today
        """
        waiting = self.search([("user_id", "=", user.id), ("state", "=", "waiting")])
        if not user.active or user.facturex_money_alert not in ("each", "daily"):
            waiting.state = "void"  # changed his mind, or left
            return self
        if user.facturex_money_alert == "each":
            return waiting
        zone = pytz.timezone(user.tz or "UTC")
        local = pytz.utc.localize(now or fields.Datetime.now()).astimezone(zone)
        if local.hour < DIGEST_HOUR:
            return self
        midnight = zone.localize(datetime.combine(local.date(), datetime.min.time()))
        before = midnight.astimezone(pytz.utc).replace(tzinfo=None)
        return waiting.filtered(lambda row: row.create_date < before)

    def _tell(self, user):
        """Claim, look again, and leave one message; mails go to the queue."""
        rows = self._claim()._look_again(user)
        if not rows:
            return
        rows = rows.with_context(lang=user.lang, tz=user.tz)
        env = rows.env
        values = {
            "lines": [row._words() for row in rows],
            "total": ", ".join(rows._totals()) if len(rows) > 1 else "",
        }
        body = env["ir.qweb"]._render("facturex_billing.money_alert_body", values)
        if len(rows) == 1:
            thread, names = rows.move_id, rows.move_id.name
            subject = env._("Payment received: %s", names)
        else:
            thread = env["mail.thread"]
            subject = env._("Payments received: %s", len(rows))
        thread.message_notify(
            partner_ids=user.partner_id.ids,
            subject=subject,
            body=body,
            email_layout_xmlid="mail.mail_notification_layout",
            force_send=False,  # the queue sends, not this transaction
        )

    def _claim(self):
        if not self:
            return self
        self.flush_recordset(["state"])
        claimed = self.env.execute_query(
            SQL(
                """
                UPDATE facturex_money_alert SET state = 'told'
                 WHERE id IN %s AND state = 'waiting' RETURNING id
                """,
                tuple(self.ids),
            )
        )
        self.invalidate_recordset(["state"])
        return self.browse(row[0] for row in claimed)

    def _look_again(self, user):
        """Take out what was undone meanwhile, and take the amounts of now."""
        amounts = self._matched_amounts()
        kept = self.browse()
        for row in self.sorted("id"):
            if row.payment_id:
                valid = row.payment_id.state in ("in_process", "paid")
            else:
                amount = amounts.get((row.move_id.id, row.source_move_id.id), 0)
                valid = row.currency_id.compare_amounts(amount, 0) > 0
                if valid:
                    row.amount = amount
            if valid and row.company_id in user.company_ids:
                kept |= row
        (self - kept).state = "void"
        return kept

    def _matched_amounts(self):
        """:return: (invoice id, entry id) -> amount, in the invoice's currency"""
        sources = self.source_move_id
        if not sources:
            return {}
        partials = self.env["account.partial.reconcile"]
        partials.flush_model(["debit_move_id", "credit_move_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.move_id, money.move_id, SUM(part.debit_amount_currency)
                  FROM account_partial_reconcile part
                  JOIN account_move_line item ON item.id = part.debit_move_id
                  JOIN account_move_line money ON money.id = part.credit_move_id
                 WHERE item.move_id IN %s AND money.move_id IN %s
              GROUP BY item.move_id, money.move_id
                """,
                tuple(self.move_id.ids),
                tuple(sources.ids),
            )
        )
        return {(row[0], row[1]): float(row[2]) for row in rows}

    def _words(self):
        """One line of the message: whole sentences, so that they can be translated."""
        self.ensure_one()
        invoice, currency = self.move_id, self.currency_id
        if self.payment_id or invoice.payment_state == "in_payment":
            note = self.env._("Announced, not yet seen on the bank.")
        elif currency.is_zero(invoice.amount_residual):
            note = self.env._("The invoice is paid.")
        else:
            note = self.env._(
                "Still open: %s", currency.format(invoice.amount_residual)
            )
        text = self.env._(
            "%(amount)s from %(customer)s.",
            amount=currency.format(self.amount),
            customer=invoice.partner_id.display_name,
        )
        return {
            "url": f"/odoo/account.move/{invoice.id}",
            "name": invoice.name,
            "text": text,
            "note": note,
        }

    def _totals(self):
        """Amounts to read, one per currency."""
        return [
            currency.format(sum(rows.mapped("amount")))
            for currency, rows in self.grouped("currency_id").items()
        ]

    @api.autovacuum
    def _gc_told(self):
        """A year is enough to know that something was told."""
        old = fields.Datetime.subtract(fields.Datetime.now(), days=400)
        self.search(
            [("state", "!=", "waiting"), ("create_date", "<", old)], limit=10_000
        ).unlink()
