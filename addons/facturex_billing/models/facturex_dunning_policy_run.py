import uuid
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

import psycopg2.errors

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount

from ..engine import dunning, preflight
from .facturex_dunning_reasons import SETTLED_STATES


class FacturexDunningPolicy(models.Model):
    """The run: who is reminded of what on a day.

    Selection and grouping take a fixed number of queries, however many customers
    there are: facts are read for all of them, decisions are the engine's.
    """

    _inherit = "facturex.dunning.policy"

    def _run(self, date=None, dry=False, partners=None):
        """Prepare the messages of one day; in automatic mode also queue them.

        :param date: the day to decide for, default today in the user's time zone
        :param dry: decide only; nothing is written
        :param partners: commercial partners, to decide for these only
        :return: `facturex.dunning.notice` records, or with `dry` a list of
            (policies of one company, `engine.dunning.Plan`)
        """
        date = date or fields.Date.context_today(self)
        companies = self.grouped("company_id")
        if dry:
            return [(some, some._plan(date, partners)) for some in companies.values()]
        notices = self.env["facturex.dunning.notice"]
        for policies in companies.values():
            policies._claim_run()
            plan = policies._plan(date, partners)
            created = policies._create_notices(plan, date)
            created.filtered("automatic")._approve_and_queue(fresh=True)
            if partners is None:
                policies._report_causes(plan)
            notices |= created
        return notices

    def _claim_run(self):
        """One run of a company at a time: the second one decides on what is new.

        Writing first makes the later of two transactions fail with a serialization
        error and start again in a fresh snapshot; a lock alone would not
        (docs/architecture.md, "Decide in a fresh snapshot").
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE facturex_dunning_policy
                   SET last_run = now() AT TIME ZONE 'UTC'
                 WHERE company_id = %s
                """,
                self.company_id.id,
            )
        )
        self.invalidate_model(["last_run"])

    # ------------------------------------------------------------------
    # Records to engine
    # ------------------------------------------------------------------

    def _plan(self, date, partners=None):
        """Translate the open receivables of the company and ask the engine.

        :param partners: commercial partners, to decide for these only
        """
        self.company_id.ensure_one()
        policies = self.with_company(self.company_id)
        lines = policies._get_receivable_lines(date, partners)
        governed = policies._select_policies(lines)
        ours = {*policies.ids, None, False}
        lines = lines.filtered(lambda line: governed.get(line.id) in ours)
        return dunning.plan(
            {policy.id: policy._to_engine() for policy in policies},
            policies._to_engine_items(lines, governed, date),
            policies._to_engine_customers(lines, date),
            date,
            limit=policies._get_messages_left(date),
        )

    def _to_engine(self):
        return dunning.Policy(
            steps=tuple(
                dunning.Step(
                    step.id,
                    step.sequence,
                    step.delay_days,
                    repeat_days=step.repeat_days,
                    repeat_count=step.repeat_count,
                    channels=step._get_channels(),
                )
                for step in self.step_ids
            ),
            min_gap_days=self.min_gap_days,
            min_amount=Decimal(str(self.min_amount)),
            automatic=self.mode == "auto",
        )

    def _get_receivable_domain(self, date):
        # a courtesy may leave before the due date
        earliest = min(self.step_ids.mapped("delay_days"), default=0)
        return Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("move_id.move_type", "in", ("out_invoice", "out_receipt")),
                ("amount_residual", ">", 0),
                ("date_maturity", "<=", date + timedelta(days=max(-1, -earliest))),
            ]
        )

    def _get_receivable_lines(self, date, partners=None):
        domain = self._get_receivable_domain(date)
        if partners is not None:
            domain &= Domain("partner_id", "child_of", partners.ids)
        lines = self.env["account.move.line"].search_fetch(
            domain,
            [
                "move_id",
                "partner_id",
                "company_id",
                "currency_id",
                "date_maturity",
                "amount_residual",
                "amount_residual_currency",
                "no_followup",
            ],
            order="partner_id, date_maturity, id",
        )
        # paid without an entry, the money is seen on the bank later: `in_payment` is
        # kept, to say why it is left out
        settled = set(SETTLED_STATES) - {"in_payment"}
        return lines.filtered(lambda line: line.move_id.payment_state not in settled)

    def _select_policies(self, lines):
        """{line id: policy id or None}: which policy governs each instalment."""
        return {line: policy.id for line, policy in self._select_for(lines).items()}

    def _to_engine_items(self, lines, governed, date):
        done, last, reached = self._get_history(lines)
        obstacles = lines._facturex_dunning_obstacles(date)
        legal = self._get_legal_dates(lines, governed, done, date)
        broken = self._get_broken_promises(lines, date)
        return [
            dunning.DueItem(
                id=line.id,
                customer=line.partner_id.commercial_partner_id.id,
                currency=line.currency_id.name,
                date_due=line.date_maturity,
                residual=Decimal(str(line.amount_residual_currency)),
                worth=Decimal(str(line.amount_residual)),
                policy=governed.get(line.id) or None,
                done_steps=frozenset(done[line.id]),
                times=dict(done[line.id]),
                last_step_on=last.get(line.id),
                reached_on=reached.get(line.id),
                not_before=legal.get(line.id),
                blocked=line.no_followup or line.move_id.payment_state == "blocked",
                obstacle=obstacles.get(line.id),
                broken_promise=broken.get(line.id),
            )
            for line in lines
        ]

    def _get_history(self, lines):
        """
        :return: {line id: {level sent or waiting: how often}}, {line id: day of the
            last message}, {line id: day on which its last level was sent first}
        """
        done, last, first = defaultdict(Counter), {}, defaultdict(dict)
        told = self.env["facturex.dunning.notice.line"].search_fetch(
            [("move_line_id", "in", lines.ids), ("is_void", "=", False)],
            ["move_line_id", "step_id", "date_told"],
        )
        for line in told:
            item, step, day = line.move_line_id.id, line.step_id.id, line.date_told
            done[item][step] += 1
            if day:
                last[item] = max(last.get(item, day), day)
                first[item][step] = min(first[item].get(step, day), day)
        reached = {item: max(by_step.values()) for item, by_step in first.items()}
        return done, last, reached

    def _get_broken_promises(self, lines, date):
        """{line id: the day the customer had promised to pay by, and did not}"""
        moves, partners = lines.move_id, lines.move_id.commercial_partner_id
        promises = self.env["facturex.dunning.hold"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("kind", "=", "promise"),
                ("state", "in", ("active", "broken")),
                ("date_end", "<", date),
                "|",
                ("move_id", "in", moves.ids),
                "&",
                ("move_id", "=", False),
                ("partner_id", "in", partners.ids),
            ]
        )
        latest = {}
        for promise in promises.sorted("date_end"):
            latest[promise.move_id or promise.partner_id] = promise.date_end
        found = {}
        for line in lines:
            days = [
                latest[key]
                for key in (line.move_id, line.move_id.commercial_partner_id)
                if key in latest
            ]
            if days:
                found[line.id] = max(days)
        return found

    def _to_engine_customers(self, lines, date):
        partners = lines.partner_id.commercial_partner_id
        credits_by_partner, unmatched = self._get_credits(partners)
        last, pending = self._get_contacts(partners)
        recipients = partners._facturex_dunning_recipients()
        unreachable = partners.union(*recipients.values())
        unreachable = unreachable._facturex_unreachable()
        obstacles = self._get_customer_obstacles(partners, unmatched, date)
        return {
            partner.id: dunning.Customer(
                id=partner.id,
                ways=self._get_ways(
                    partner, recipients[partner], recipients[partner] in unreachable
                ),
                last_message=last.get(partner.id),
                has_pending=partner.id in pending,
                credits=credits_by_partner[partner.id],
                obstacles=obstacles[partner.id],
                unreachable=preflight.Obstacle(
                    preflight.BOUNCED, recipients[partner].email or ""
                )
                if recipients[partner] in unreachable
                else None,
            )
            for partner in partners
        }

    def _get_ways(self, partner, recipient, bounced):
        """The channels by which this customer can be reached."""
        ways = set()
        if recipient.email and not bounced:
            ways.add("email")
        if recipient.street and (recipient.zip or recipient.city):
            ways.add("letter")
        if partner.phone or recipient.phone:
            ways |= {"phone", "sms"}
        return frozenset(ways)

    def _get_credit_lines(self, partners):
        """Everything open that we owe these customers: credit notes and payments."""
        return self.env["account.move.line"].search_fetch(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "child_of", partners.ids),
                ("parent_state", "=", "posted"),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("amount_residual", "<", 0),
            ],
            ["partner_id", "move_id", "currency_id", "amount_residual_currency"],
            order="date, id",
        )

    def _get_credits(self, partners):
        """
        :return: {partner id: {currency: amount}} of all open credits, and
            {partner id: amount in words} of the payments among them
        """
        amounts = defaultdict(lambda: defaultdict(Decimal))
        payments = defaultdict(lambda: defaultdict(float))
        for line in self._get_credit_lines(partners):
            partner = line.partner_id.commercial_partner_id.id
            amounts[partner][line.currency_id.name] -= Decimal(
                str(line.amount_residual_currency)
            )
            if line.move_id.move_type != "out_refund":
                payments[partner][line.currency_id] -= line.amount_residual_currency
        words = {
            partner: self._in_words(by_currency)
            for partner, by_currency in payments.items()
        }
        return amounts, words

    def _in_words(self, by_currency):
        return ", ".join(
            format_amount(self.env, amount, currency)
            for currency, amount in by_currency.items()
        )

    def _get_contacts(self, partners):
        """
        :return: {partner id: day of the last message}, {partners with one waiting}
        """
        last, pending = {}, set()
        for partner, state, day in self.env["facturex.dunning.notice"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", partners.ids),
                ("state", "!=", "cancelled"),
            ],
            ["partner_id", "state"],
            ["date_told:max"],
        ):
            if state == "sent":
                last[partner.id] = day
            else:
                pending.add(partner.id)
        return last, pending

    def _get_customer_obstacles(self, partners, unmatched, date):
        """{partner id: what a person must weigh before a message leaves}"""
        bank = self._facturex_dunning_bank_facts(self.company_id, partners)
        drafts = defaultdict(lambda: defaultdict(float))
        for partner, currency, amount in self.env["account.move"]._read_group(
            [
                ("company_id", "=", self.company_id.id),
                ("move_type", "=", "out_refund"),
                ("state", "=", "draft"),
                ("commercial_partner_id", "in", partners.ids),
            ],
            ["commercial_partner_id", "currency_id"],
            ["amount_total:sum"],
        ):
            drafts[partner.id][currency] += amount
        return {
            partner.id: preflight.customer_obstacles(
                preflight.CustomerFacts(
                    unmatched_credit=unmatched.get(partner.id, ""),
                    draft_credit=self._in_words(drafts.get(partner.id, {})),
                    resembling=bank.resembling.get(partner.id, ""),
                ),
                bank.newest,
                date,
                self.company_id.facturex_bank_stale_days,
            )
            for partner in partners
        }

    def _facturex_dunning_bank_facts(self, company, partners):
        """What the bank says; a hook: billing alone sees no bank line.

        :return: `engine.preflight.BankFacts`
        """
        return preflight.BankFacts()

    def _recheck(self, lines, date):
        """What may no longer be claimed of `lines`, between decision and delivery.

        :param lines: `facturex.dunning.notice.line` of one company
        :return: {id of the journal item: code of the reason}
        """
        if not lines:
            return {}
        items = lines.move_line_id
        obstacles = items._facturex_dunning_obstacles(date)
        gone = {item_id: why.code for item_id, why in obstacles.items()}
        for item in items:
            if item._facturex_claims_nothing():
                gone[item.id] = dunning.SKIP_BLOCKED
        partners = items.partner_id.commercial_partner_id
        owed, unmatched = self._get_credits(partners)
        late = defaultdict(list)
        for line in self._get_receivable_lines(date, partners):
            late[line.partner_id.commercial_partner_id.id].append(
                dunning.DueItem(
                    id=line.id,
                    customer=line.partner_id.commercial_partner_id.id,
                    currency=line.currency_id.name,
                    date_due=line.date_maturity,
                    residual=Decimal(str(line.amount_residual_currency)),
                )
            )
        claimed = set(items.ids) - set(gone)
        for partner, due in late.items():
            minimum = Decimal(str(min(lines.notice_id.policy_id.mapped("min_amount"))))
            gone |= dunning.recheck(due, claimed, owed[partner], minimum, date)
        return gone | self._recheck_automatic(lines, partners, unmatched, date)

    def _recheck_automatic(self, lines, partners, unmatched, date):
        """What a person would have to weigh also stops what leaves by itself."""
        lines = lines.filtered("notice_id.automatic")
        if not lines:
            return {}
        obstacles = self._get_customer_obstacles(partners, unmatched, date)
        return {
            line.move_line_id.id: obstacles[line.notice_id.partner_id.id][0].code
            for line in lines
            if obstacles.get(line.notice_id.partner_id.id)
        }

    # ------------------------------------------------------------------
    # Engine to records
    # ------------------------------------------------------------------

    def _create_notices(self, plan, date):
        """One draft per customer; a key already in the database means "done"."""
        self.check_access("read")
        Notice = (
            self.env["facturex.dunning.notice"]
            .with_company(self.company_id)
            .with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
            # nobody writes reminders by hand: they come from a run, which whoever may
            # read the policy may ask for
            .sudo()
        )
        vals_list = self._prepare_notices(plan, date)
        try:
            with self.env.cr.savepoint():
                notices = self._create_at_once(Notice, vals_list)
                notices.flush_recordset()
        except (psycopg2.errors.UniqueViolation, UserError):
            notices = self._create_one_by_one(Notice, vals_list)
        return Notice.sudo(False).browse(notices.ids)  # no right is handed on

    def _create_at_once(self, Notice, vals_list):
        """The messages of a run and, by one query, all their lines."""
        lines = [vals["line_ids"] for vals in vals_list]
        notices = Notice.create(
            [
                {name: value for name, value in vals.items() if name != "line_ids"}
                for vals in vals_list
            ]
        )
        notices.flush_recordset()
        notices.line_ids._create_frozen(
            [
                (notice.id, command[2])
                for notice, commands in zip(notices, lines, strict=True)
                for command in commands
            ]
        )
        return notices

    def _create_one_by_one(self, Notice, vals_list):
        """One of them cannot be made: the others are, and who is left out is told."""
        notices = Notice
        for vals in vals_list:
            try:
                with self.env.cr.savepoint():
                    notice = Notice.create(vals)
                    notice.flush_recordset()
            except psycopg2.errors.UniqueViolation:
                continue
            except UserError as error:
                partner = self.env["res.partner"].browse(vals["partner_id"])
                self[:1]._report_failure(f"{partner.display_name}: {error}")
                continue
            notices += notice
        return notices

    def _prepare_notices(self, plan, date):
        partners = self.env["res.partner"].browse([n.customer for n in plan.notices])
        owed = defaultdict(list)
        for credit in self._get_credit_lines(partners) if partners else ():
            owed[credit.partner_id.commercial_partner_id.id].append(credit)
        return [
            self._prepare_notice_vals(planned, date, owed[planned.customer])
            for planned in plan.notices
        ]

    def _prepare_notice_vals(self, planned, date, owed):
        currencies = {line.item.currency for line in planned.lines}
        return {
            "policy_id": planned.policy,
            "company_id": self.company_id.id,
            "partner_id": planned.customer,
            "date": date,
            "automatic": planned.automatic,
            "channel": planned.channel,
            "score": float(planned.score),
            "warnings": [[why.code, why.detail] for why in planned.warnings],
            "access_token": str(uuid.uuid4()),
            "line_ids": [
                fields.Command.create(self._prepare_notice_line_vals(line))
                for line in planned.lines
            ],
            "credit_ids": [
                fields.Command.create(
                    {
                        "move_line_id": credit.id,
                        "name": credit.move_id.name,
                        "date": credit.date,
                        "currency_id": credit.currency_id.id,
                        "amount": -credit.amount_residual_currency,
                    }
                )
                for credit in owed
                if credit.currency_id.name in currencies
            ],
        }

    def _prepare_notice_line_vals(self, line):
        return {
            "move_line_id": line.item.id,
            "step_id": line.step.id,
            "repeat_no": line.repeat_no,
            "amount_residual": float(line.item.residual),
            "broken_promise": line.broken_promise,
        }
