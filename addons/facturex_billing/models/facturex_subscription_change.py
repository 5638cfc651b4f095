from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date, formatLang

from ..engine import proration, schedule
from .facturex_subscription_invoice import words_of
from .facturex_subscription_line import BY_CHANGE

LINE_KINDS = ("lines", "price")
DOCUMENT_KINDS = (*LINE_KINDS, "stop", "restart")


def exact(value):
    """A float of the database as the decimal a person reads."""
    return Decimal(str(value))


def priced(line):
    """What a line costs per period, as it is priced: quantity, price, discount."""
    rebate = 1 - exact(line.discount) / 100
    return exact(line.quantity) * exact(line.price_unit) * rebate


class FacturexSubscriptionChange(models.Model):
    """What changes in a subscription and when: decided once, kept as history.

    Lines are never rewritten: the old one ends the day before, a new one begins. The
    days of a period that is already billed are charged or credited by their share.
    """

    _name = "facturex.subscription.change"
    _description = "Subscription Change"
    _order = "date desc, id desc"
    _check_company_auto = True

    subscription_id = fields.Many2one(
        "facturex.subscription",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True, precompute=True
    )
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    kind = fields.Selection(
        [
            ("start", "Start"),
            ("lines", "Lines, quantities or prices"),
            ("price", "Price revision"),
            ("pause", "Pause"),
            ("resume", "Resume"),
            ("stop", "Stop"),
            ("restart", "Restart"),
            ("transfer", "Another customer"),
        ],
        string="Change",
        required=True,
        default="lines",
    )
    when = fields.Selection(
        [
            ("now", "Today"),
            ("next", "At the next period"),
            ("date", "On a day"),
        ],
        string="From",
        required=True,
        default="now",
    )
    date = fields.Date(
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="First day of the change; for a stop, the last day of the service.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("planned", "Planned"),
            ("done", "Done"),
            ("undone", "Undone"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    reason = fields.Char()
    line_ids = fields.One2many("facturex.subscription.change.line", "change_id")
    extend_term = fields.Boolean(
        string="Lengthen the Term", help="Add the days of the pause to the end."
    )
    with_document = fields.Boolean(
        string="Charge or Credit the Billed Days", default=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="New Customer", check_company=True
    )
    document_amount = fields.Monetary(
        string="Charged Now",
        compute="_compute_preview",
        help="Untaxed; below zero it is credited.",
    )
    preview = fields.Text(compute="_compute_preview")
    move_id = fields.Many2one(
        "account.move", string="Document", readonly=True, copy=False, check_company=True
    )
    mrr_before = fields.Monetary(string="MRR Before", readonly=True)
    mrr_delta = fields.Monetary(string="MRR Movement", readonly=True)
    movement = fields.Selection(
        [
            (proration.NEW, "New"),
            (proration.EXPANSION, "Expansion"),
            (proration.CONTRACTION, "Contraction"),
            (proration.CHURN, "Churn"),
            (proration.REACTIVATION, "Reactivation"),
        ],
        readonly=True,
        index="btree_not_null",
    )

    @api.depends("kind", "subscription_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for change in self:
            change.display_name = " - ".join(
                filter(None, [change.subscription_id.name, kinds.get(change.kind)])
            )

    @api.depends("when", "kind", "subscription_id")
    def _compute_date(self):
        today = fields.Date.context_today(self)
        for change in self:
            if change.when == "now" or not change.date:
                change.date = today
            if change.when == "next":
                following = change.subscription_id._get_next_unbilled() or today
                if change.kind == "stop":  # its day is the last one of the service
                    following -= schedule.ONE_DAY
                change.date = following

    # -- preview -----------------------------------------------------------------------

    @api.depends(
        "kind",
        "date",
        "with_document",
        "extend_term",
        "partner_id",
        "state",
        "line_ids.quantity",
        "line_ids.price_unit",
        "line_ids.discount",
        "line_ids.is_removed",
        "line_ids.product_id",
    )
    def _compute_preview(self):
        for change in self:
            deltas = change._get_deltas() if change.state == "draft" else []
            change.document_amount = sum(float(amount) for *_what, amount in deltas)
            change.preview = "\n".join(change._get_preview_lines(deltas))

    def _get_preview_lines(self, deltas):
        """One sentence per thing that will happen."""
        self.ensure_one()
        day = format_date(self.env, self.date)
        texts = {
            "pause": self.env._("Nothing is billed from %s on.", day),
            "resume": self.env._("Billed again from %s on.", day),
            "stop": self.env._(
                "The service ends on %s. Days after it are not billed any more; what"
                " was billed for them is credited, as listed here.",
                day,
            ),
            "restart": self.env._("Billed again from %s on.", day),
            "transfer": self.env._(
                "Invoices go to %(customer)s from %(day)s on.",
                customer=self.partner_id.display_name or "…",
                day=day,
            ),
        }
        lines = [texts[self.kind]] if self.kind in texts else []
        if self.kind in LINE_KINDS:
            lines.append(self.env._("The new lines are billed from %s on.", day))
        for name, part, amount in deltas:
            lines.append(
                self.env._(
                    "%(name)s, %(start)s to %(end)s: %(amount)s",
                    name=schedule.fill(name, words_of(self.env, part)),
                    start=format_date(self.env, part[0]),
                    end=format_date(self.env, part[1]),
                    amount=formatLang(
                        self.env, float(amount), currency_obj=self.currency_id
                    ),
                )
            )
        return lines

    def _get_deltas(self):
        """[(name, (first day, last day), amount)] for days that are already billed."""
        self.ensure_one()
        return [
            (line.name, part, amount) for line, part, amount in self._get_line_deltas()
        ]

    def _get_line_deltas(self):
        """[(subscription or change line, days, amount untaxed or as priced)]"""
        self.ensure_one()
        if not self.with_document or self.kind not in DOCUMENT_KINDS:
            return []
        first = self._get_first_day()
        if not first:
            return []
        digits = self.currency_id.decimal_places
        result = []
        periods = self.subscription_id.period_ids.filtered(
            lambda p: p.state == "billed" and p.date_end >= first
        )
        if self.kind == "stop" and not self.subscription_id.prorate_last:
            # agreed: the period in which it ends is due in full
            periods = periods.filtered(lambda p: p.date_start >= first)
        for period in periods:
            before, after, owners = self._get_sides(period)
            cycle = (period.cycle_start, period.cycle_end)
            begin = max(first, period.date_start)
            for delta in proration.deltas(before, after, cycle, begin, digits):
                result.append((owners[delta.key], delta.part, delta.amount))
        return result

    def _get_first_day(self):
        """The first day that this change charges or credits; None: there is none."""
        if self.kind == "stop":
            return self.date + schedule.ONE_DAY
        if self.kind != "restart":
            return self.date
        # days that were billed are charged again only if the stop credited them
        stop = self.subscription_id._get_last_stop()
        return max(self.date, stop.date + schedule.ONE_DAY) if stop.move_id else None

    def _get_sides(self, period):
        """(before, after, {key: line}): the lines of a period, keyed alike."""
        before, after, owners = [], [], {}
        changed = self.line_ids.grouped("line_id")
        for line in self.subscription_id.line_ids:
            if line.line_group != period.line_group or not line._billed_part(period):
                continue
            key = line.id
            owners[key] = line
            if self.kind == "restart":
                after.append(proration.Line(key, priced(line)))
                continue
            before.append(proration.Line(key, priced(line)))
            if self.kind == "stop":
                continue
            target = changed.get(line)
            if not target:
                after.append(before[-1])
            elif not target.is_removed:
                after.append(proration.Line(key, priced(target)))
        for number, line in enumerate(self.line_ids.filtered(lambda x: not x.line_id)):
            key = -1 - number
            if self.subscription_id._get_group_key(self.subscription_id) == (
                period.line_group
            ):
                owners[key] = line
                after.append(proration.Line(key, priced(line)))
        return before, after, owners

    # -- applying ----------------------------------------------------------------------

    def action_apply(self):
        """Carry it out, today or when its day comes; it stays as history."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for change in self:
            change._check_possible()
            if change.kind in ("pause", "resume", "transfer") and change.date > today:
                change.state = "planned"
                continue
            change._apply()
        return True

    def _check_possible(self):
        self.ensure_one()
        state = self.subscription_id.state
        allowed = {
            "pause": ("running",),
            "resume": ("paused",),
            "restart": ("stopped",),
            "start": ("draft",),
        }.get(self.kind, ("running", "paused"))
        if self.state == "done":
            raise UserError(self.env._("This change is done already."))
        if state not in allowed:
            states = dict(
                self.subscription_id._fields["state"]._description_selection(self.env)
            )
            raise UserError(
                self.env._(
                    "%(subscription)s is in the state “%(state)s”, which does not allow"
                    " this change.",
                    subscription=self.subscription_id.display_name,
                    state=states[state],
                )
            )
        if self.date < self.subscription_id.date_start:
            raise UserError(
                self.env._(
                    "The change lies before the start of %s: choose a later day.",
                    self.subscription_id.display_name,
                )
            )
        if self.kind == "transfer" and not self.partner_id:
            raise UserError(self.env._("Choose the new customer first."))
        if self.kind in LINE_KINDS:
            self._check_lines()

    def _check_lines(self):
        if not self.line_ids:
            raise UserError(self.env._("Name at least one line that changes."))
        later = [
            line.line_id.date_from
            for line in self.line_ids
            if line.line_id.date_from and line.line_id.date_from > self.date
        ]
        if later:
            raise UserError(
                self.env._(
                    "Another change of these lines is planned for %s: choose that day"
                    " or a later one.",
                    format_date(self.env, max(later)),
                )
            )

    def _apply(self):
        self.ensure_one()
        self._claim()
        subscription = self.subscription_id
        day = self.date + schedule.ONE_DAY if self.kind == "stop" else self.date
        before = subscription._get_mrr(day)
        move = self._create_document()
        getattr(self, f"_apply_{'lines' if self.kind in LINE_KINDS else self.kind}")()
        self.write({"state": "done", "move_id": move.id})
        self._record_movement(before, subscription._get_mrr(day))

    def _claim(self):
        """Of two callers one applies; the other reads that it is done."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE facturex_subscription_change SET state = 'done'"
            " WHERE id = %s AND state != 'done' RETURNING id",
            [self.id],
        )
        if not self.env.cr.fetchone():
            raise UserError(self.env._("This change is done already."))
        self.invalidate_recordset(["state"])

    def _record_movement(self, before, after):
        known = bool(
            self.search_count(
                [
                    ("subscription_id", "=", self.subscription_id.id),
                    ("movement", "!=", False),
                    ("id", "!=", self.id),
                ],
                limit=1,
            )
        )
        moved = proration.movement(exact(before), exact(after), known)
        kind, difference = moved or (False, 0)
        self.write(
            {
                "mrr_before": before,
                "mrr_delta": float(difference),
                "movement": kind,
            }
        )

    def _apply_lines(self):
        for line in self.line_ids:
            line._apply_to_subscription()
        self.subscription_id._after_lines_changed()

    def _apply_pause(self):
        self.subscription_id.write({"state": "paused", "date_paused": self.date})

    def _apply_resume(self):
        subscription = self.subscription_id
        begin = subscription.date_paused or self.date
        last = self.date - schedule.ONE_DAY
        if begin <= last:
            subscription._plan_periods(until=self.date)
            subscription._skip_span(begin, last)
            if self.extend_term and subscription.date_end:
                subscription.date_end = proration.extended_end(
                    subscription.date_end, (begin, last)
                )
        subscription.write({"state": "running", "date_paused": False})
        subscription._refresh_next()

    def _apply_stop(self):
        subscription = self.subscription_id
        vals = {"date_end": self.date}
        if self.date <= fields.Date.context_today(self):
            vals |= {"state": "stopped", "date_paused": False}
            if subscription.state == "paused" and subscription.date_paused:
                subscription._skip_span(subscription.date_paused, self.date)
        subscription.write(vals)
        self._drop_later()

    def _drop_later(self):
        """What was to happen after the end does not happen: neither does its value."""
        later = self.subscription_id.change_ids.filtered(
            lambda change: (
                change.state == "planned"
                or (change.state == "done" and change.date > self.date)
            )
        )
        (later - self).write({"state": "undone", "mrr_delta": 0, "movement": False})

    def _apply_restart(self):
        subscription = self.subscription_id
        last = self.date - schedule.ONE_DAY
        stopped = subscription.date_end
        subscription.write({"state": "running", "date_end": False})
        if stopped and stopped < last:
            subscription._plan_periods(until=self.date)
            subscription._skip_span(stopped + schedule.ONE_DAY, last)
        subscription._refresh_next()

    def _apply_transfer(self):
        address = self.partner_id.address_get(["invoice"])["invoice"]
        subscription = self.subscription_id.with_context(facturex_by_change=BY_CHANGE)
        subscription.write(
            {"partner_id": self.partner_id.id, "partner_invoice_id": address}
        )

    @api.model
    def _cron_apply(self):
        """Planned changes whose day has come; one failure does not stop the others."""
        for change in self.search([("state", "=", "planned")], order="date, id"):
            change = change.with_company(change.company_id)
            if change.date > fields.Date.context_today(change):
                continue
            try:
                with self.env.cr.savepoint():
                    change._check_possible()
                    change._apply()
            except UserError as error:
                change.subscription_id._park(str(error))
            if self.env.context.get("cron_id"):
                self.env["ir.cron"]._commit_progress(1)

    # -- the document ------------------------------------------------------------------

    def _create_document(self):
        """The invoice or credit note of the billed days; none when nothing changes."""
        self.ensure_one()
        deltas = self._get_line_deltas()
        total = sum(amount for _line, _part, amount in deltas)
        if not total:
            return self.env["account.move"]
        sign = 1 if total > 0 else -1
        subscription = self.subscription_id
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice" if total > 0 else "out_refund",
                "company_id": self.company_id.id,
                "journal_id": subscription.journal_id.id,
                "partner_id": subscription.partner_invoice_id.id,
                "currency_id": subscription.currency_id.id,
                "invoice_date": fields.Date.context_today(self),
                "invoice_payment_term_id": subscription.payment_term_id.id,
                "fiscal_position_id": subscription.fiscal_position_id.id,
                "invoice_user_id": subscription.user_id.id,
                "invoice_origin": subscription.name,
                "ref": subscription.ref,
                "facturex_subscription_id": subscription.id,
                "invoice_line_ids": [
                    Command.create(self._prepare_delta_vals(line, part, sign * amount))
                    for line, part, amount in deltas
                ],
            }
        )
        if subscription.mode != "draft":
            move.action_post()
        if subscription.mode == "send":
            subscription._queue_sending(move)
        return move

    def _prepare_delta_vals(self, line, part, amount):
        lang = self.subscription_id.partner_id.lang or self.env.lang
        env = self.with_context(lang=lang).env
        words = words_of(env, part)
        return {
            "product_id": line.product_id.id,
            "name": schedule.fill(line.name or "", words)
            + "\n"
            + env._(
                "Change, %(start)s to %(end)s", start=words["start"], end=words["end"]
            ),
            "facturex_date_start": part[0],
            "facturex_date_end": part[1],
            "quantity": 1.0,
            "price_unit": float(amount),
            "tax_ids": [Command.set(line.tax_ids.ids)],
        }
