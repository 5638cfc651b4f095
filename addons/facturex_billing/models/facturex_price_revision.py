from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import format_date

from ..engine import price_index


class FacturexSubscription(models.Model):
    _inherit = "facturex.subscription"

    price_formula_id = fields.Many2one(
        "facturex.price.formula",
        string="Price Revision",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    price_base_month = fields.Date(
        string="Base Month",
        help="The month of the index that the agreed prices belong to; empty: that of"
        " the start.",
    )


class FacturexSubscriptionLine(models.Model):
    _inherit = "facturex.subscription.line"

    price_base = fields.Float(
        string="Base Price",
        digits="Product Price",
        help="The price at the base month; empty: the present price.",
    )


class FacturexPriceRevision(models.Model):
    """One revision of many subscriptions: looked at, applied, told, or undone."""

    _name = "facturex.price.revision"
    _description = "Price Revision"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    date = fields.Date(
        string="From", required=True, help="From the first period on or after this day."
    )
    notice_days = fields.Integer(
        string="Notice (Days)",
        default=30,
        help="The letter leaves at least so many days before the new price.",
    )
    formula_ids = fields.Many2many(
        "facturex.price.formula",
        string="Formulas",
        check_company=True,
        help="Empty: every subscription with a formula.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("applied", "Applied"), ("undone", "Undone")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    line_ids = fields.One2many("facturex.price.revision.line", "revision_id")
    problem_count = fields.Integer(compute="_compute_counts")
    notified_count = fields.Integer(compute="_compute_counts")
    post_count = fields.Integer(
        string="Letters for the Post",
        compute="_compute_counts",
        help="Customers without an e-mail address: print their letters.",
    )

    @api.depends("line_ids.problem", "line_ids.date_notified")
    def _compute_counts(self):
        for revision in self:
            revision.problem_count = len(revision.line_ids.filtered("problem"))
            revision.notified_count = len(revision.line_ids.filtered("date_notified"))
            revision.post_count = len(revision._get_letters_by_post())

    # -- dry run -----------------------------------------------------------------------

    def action_compute(self):
        """Every line with its new price, or why it has none; changes nothing else."""
        self.check_access("write")
        for revision in self:
            revision._check_draft()
            revision.line_ids.unlink()
            revision.line_ids = [
                Command.create(vals)
                for subscription in revision._get_subscriptions()
                for vals in revision._prepare_lines(subscription)
            ]
        return True

    def _check_draft(self):
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("This revision was applied: make another one."))

    def _get_subscriptions(self):
        self.ensure_one()
        formulas = self.formula_ids
        return self.env["facturex.subscription"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "in", ("running", "paused")),
                (
                    ("price_formula_id", "in", formulas.ids)
                    if formulas
                    else ("price_formula_id", "!=", False)
                ),
            ]
        )

    def _prepare_lines(self, subscription):
        formula = subscription.price_formula_id
        ahead = subscription.period_ids.filtered(
            lambda p: p.state == "planned" and p.date_start >= self.date
        )
        day = min(ahead.mapped("date_start"), default=self.date)
        digits = self.env["decimal.precision"].precision_get("Product Price")
        engine = formula._to_engine(
            subscription.price_base_month or subscription.date_start, min(digits, 2)
        )
        values = formula.index_id._to_values()
        for line in subscription.line_ids:
            if line.date_to or (line.date_from and line.date_from >= day):
                continue
            base = line.price_base or line.price_unit
            vals = {
                "line_id": line.id,
                "date": day,
                "price_base": base,
                "price_old": line.price_unit,
            }
            try:
                result = price_index.revise(
                    price_index.Decimal(str(base)), engine, values, self.date
                )
            except price_index.PriceIndexError as error:
                yield {**vals, "problem": self._say_problem(error, formula)}
                continue
            yield {
                **vals,
                "price_new": float(result.price_new),
                "index_base": float(result.base_value),
                "index_value": float(result.value),
                "index_month": result.month,
                "limited": result.limited,
            }

    def _say_problem(self, error, formula):
        return self.env._(
            "%(index)s has no value for %(month)s: enter it, then compute again.",
            index=formula.index_id.name,
            month=format_date(self.env, error.month, date_format="MMMM yyyy"),
        )

    # -- apply and undo ----------------------------------------------------------------

    def action_apply(self):
        """Dated lines at the new price; one that refuses stops no other."""
        self.check_access("write")
        for revision in self:
            revision._check_draft()
            lines = revision.line_ids.filtered(lambda x: not x.problem and x.is_changed)
            if not lines:
                raise UserError(
                    self.env._("There is no new price to apply: compute first.")
                )
            revision._claim("draft", "applied")
            for subscription, group in lines.grouped("subscription_id").items():
                try:
                    with self.env.cr.savepoint():
                        group._apply(subscription)
                except UserError as error:
                    group.problem = str(error)
        return True

    def _claim(self, before, after):
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE facturex_price_revision SET state = %s"
            " WHERE id = %s AND state = %s RETURNING id",
            [after, self.id, before],
        )
        if not self.env.cr.fetchone():
            raise UserError(self.env._("Somebody else was faster: reload the page."))
        self.invalidate_recordset(["state"])

    def action_undo(self):
        """Back to the old prices, as long as no invoice was made at a new one."""
        self.check_access("write")
        for revision in self:
            billed = revision.line_ids.change_id.filtered(
                lambda change: any(
                    period.state == "billed" and period.date_start >= change.date
                    for period in change.subscription_id.period_ids
                )
            )
            if billed:
                raise UserError(
                    self.env._(
                        "Invoices at the new price exist for %s: revise these prices"
                        " by a change of the subscription.",
                        ", ".join(billed.subscription_id.mapped("display_name")),
                    )
                )
            revision._claim("applied", "undone")
            revision.line_ids.change_id._undo_prices()
        return True

    # -- letters -----------------------------------------------------------------------

    def action_notify(self):
        """One letter per subscription; who has it gets no second one."""
        self.check_access("write")
        for revision in self:
            if revision.state != "applied":
                raise UserError(
                    self.env._("Apply the revision before you announce it.")
                )
            revision._notify(revision.line_ids.filtered("change_id"))
        return True

    def _get_letters_by_post(self):
        """One line per subscription whose customer has no e-mail address."""
        self.ensure_one()
        waiting = self.line_ids.filtered(
            lambda x: x.change_id and not x.date_notified and not x.partner_id.email
        )
        first = [group[0].id for group in waiting.grouped("subscription_id").values()]
        return waiting.browse(first)

    def action_print_letters(self):
        """The letters of who has no e-mail address, to be put in the mail."""
        self.ensure_one()
        self.check_access("read")
        letters = self._get_letters_by_post()
        if not letters:
            raise UserError(self.env._("Every customer has an e-mail address."))
        return self.env.ref(
            "facturex_billing.action_report_price_letter"
        ).report_action(letters)

    def action_sent_by_post(self):
        self.check_access("write")
        today = fields.Date.context_today(self)
        for revision in self:
            posted = revision._get_letters_by_post().subscription_id
            revision.line_ids.filtered(
                lambda x, posted=posted: (
                    x.change_id and not x.date_notified and x.subscription_id in posted
                )
            ).write({"date_notified": today, "problem": False})
        return True

    def _notify(self, lines):
        template = self.env.ref("facturex_billing.mail_template_price_revision")
        today = fields.Date.context_today(self)
        for subscription, group in lines.grouped("subscription_id").items():
            if group.filtered("date_notified"):
                continue
            if not subscription.partner_id.email:
                group.problem = self.env._(
                    "%s has no e-mail address: send the letter by post.",
                    subscription.partner_id.display_name,
                )
                continue
            self.env.cr.execute(
                "UPDATE facturex_price_revision_line SET date_notified = %s"
                " WHERE id IN %s AND date_notified IS NULL RETURNING id",
                [today, tuple(group.ids)],
            )
            if self.env.cr.fetchall():
                group.invalidate_recordset(["date_notified"])
                group.revision_id.invalidate_recordset(["notified_count"])
                template.send_mail(group[0].id)

    @api.model
    def _cron_notify(self):
        """Letters whose day has come: the notice before the first new price."""
        for revision in self.search([("state", "=", "applied")]):
            revision = revision.with_company(revision.company_id)
            last = fields.Date.add(
                fields.Date.context_today(revision), days=revision.notice_days
            )
            revision._notify(
                revision.line_ids.filtered(
                    lambda x, last=last: (
                        x.change_id and not x.date_notified and x.date <= last
                    )
                )
            )
            if self.env.context.get("cron_id"):
                self.env["ir.cron"]._commit_progress(1)


class FacturexPriceRevisionLine(models.Model):
    _name = "facturex.price.revision.line"
    _description = "Price Revision Line"
    _order = "revision_id, id"
    _check_company_auto = True

    revision_id = fields.Many2one(
        "facturex.price.revision", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="revision_id.company_id", store=True, index=True, precompute=True
    )
    line_id = fields.Many2one(
        "facturex.subscription.line", required=True, index=True, ondelete="cascade"
    )
    subscription_id = fields.Many2one(related="line_id.subscription_id", store=True)
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    date = fields.Date(string="From", required=True)
    price_base = fields.Float(string="Base Price", digits="Product Price")
    price_old = fields.Float(string="Old Price", digits="Product Price")
    price_new = fields.Float(string="New Price", digits="Product Price")
    index_base = fields.Float(string="Base Index", digits=(12, 4))
    index_value = fields.Float(string="New Index", digits=(12, 4))
    index_month = fields.Date(string="Month of the Index")
    limited = fields.Selection([("cap", "Ceiling reached"), ("floor", "Floor reached")])
    is_changed = fields.Boolean(compute="_compute_is_changed", store=True)
    problem = fields.Char()
    change_id = fields.Many2one(
        "facturex.subscription.change", readonly=True, ondelete="set null"
    )
    date_notified = fields.Date(string="Letter Sent On", readonly=True)
    letter_line_ids = fields.Many2many(
        "facturex.price.revision.line",
        compute="_compute_letter_line_ids",
        help="What one letter tells: the lines of the same subscription.",
    )

    # a line is revised once per revision
    _line_uniq = models.UniqueIndex(
        "(revision_id, line_id)", "This line is in the revision already."
    )

    @api.depends("price_old", "price_new", "currency_id")
    def _compute_is_changed(self):
        for line in self:
            line.is_changed = bool(
                not line.problem and round(line.price_new - line.price_old, 6)
            )

    @api.depends("revision_id.line_ids.subscription_id")
    def _compute_letter_line_ids(self):
        for line in self:
            line.letter_line_ids = line.revision_id.line_ids.filtered(
                lambda x, line=line: (
                    x.subscription_id == line.subscription_id and x.change_id
                )
            )

    def _get_letter_day(self):
        return format_date(self.env, fields.Date.context_today(self))

    def _apply(self, subscription):
        """One dated change of a subscription for its lines of a revision."""
        for line in self.line_id.filtered(lambda x: not x.price_base):
            line.price_base = line.price_unit
        change = self.env["facturex.subscription.change"].create(
            {
                "subscription_id": subscription.id,
                "kind": "price",
                "when": "date",
                "date": self[0].date,
                "with_document": False,
                "reason": self.revision_id.name,
                "line_ids": [
                    Command.create({"line_id": x.line_id.id, "price_unit": x.price_new})
                    for x in self
                ],
            }
        )
        change.action_apply()
        self.change_id = change


class FacturexSubscriptionChange(models.Model):
    _inherit = "facturex.subscription.change"

    def _undo_prices(self):
        """Drop the new lines and let the old ones go on. Nothing was billed of them."""
        for change in self:
            before = change.subscription_id._get_mrr()
            for line in change.line_ids:
                if line.new_line_id:
                    line.new_line_id._by_change().unlink()
                line.line_id._by_change().date_to = False
            change.state = "undone"
            change._record_undone(before)

    def _record_undone(self, before):
        """The movement of an undone change is taken back: sums of movements add up."""
        self.write({"mrr_delta": 0.0, "movement": False})
