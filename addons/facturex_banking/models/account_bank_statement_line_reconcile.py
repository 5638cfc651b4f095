from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.matching import BankLine, habit_keys
from ..engine.texts import name_key


class AccountBankStatementLine(models.Model):
    """Suspense replaced by what explains the money, and back."""

    _inherit = "account.bank.statement.line"

    def _facturex_reconcile(
        self, items, how, close="", extra=(), learn=True, plan=None
    ):
        """Replace the suspense of this line by `items` and reconcile them.

        What is not explained stays on suspense, so nothing is invented.

        :param items: posted, open `account.move.line` of the same company
        :param how: "auto" or "manual"
        :param close: "" leaves a difference open; "fee", "discount" or "exchange"
            settle the items in full and book the difference
        :param extra: values of further journal items (`account_id`, `balance` with
            the sign of a counterpart: negative explains money in, `name`, `tax_ids`)
        :param learn: remember the payer for the next line
        :param plan: a list that takes what is to be reconciled, for a caller that
            reconciles many lines at once
        :raises UserError: when another user was faster, or an account is missing
        """
        self.ensure_one()
        self._facturex_claim(how)
        items = self._facturex_still_open(items, extra)
        # what an earlier match put in the place of suspense stays
        liquidity, suspense, _matched = self._seek_for_lines()
        commands = [fields.Command.delete(line.id) for line in suspense]
        partner = self._facturex_partner_of(items, extra)
        had_partner = self.partner_id
        # with the partner on the journal item: written on the line itself, in the
        # same write, Odoo would drop the commands without a word
        if partner:
            commands.append(
                fields.Command.update(liquidity.id, {"partner_id": partner.id})
            )
        more = [row for vals in extra for row in self._facturex_extra_vals(vals)]
        taken = sum(row["balance"] for row in more)
        counterparts, rest = self._facturex_counterparts(items, close, taken)
        closing = self._facturex_closing_vals(counterparts, close, rest)
        more += closing
        rest -= sum(row["balance"] for row in closing)
        commands += [fields.Command.create(vals) for _item, vals in counterparts]
        commands += [fields.Command.create(vals) for vals in more]
        if not self.company_id.currency_id.is_zero(rest):
            commands.append(fields.Command.create(self._facturex_rest_vals(rest)))
        before = self.line_ids
        self.with_context(
            force_delete=True, skip_readonly_check=True, skip_invoice_sync=bool(more)
        ).write({"line_ids": commands})
        created = (self.line_ids - before).sorted("id")
        for (item, _vals), counterpart in zip(counterparts, created, strict=False):
            if plan is None:
                (item + counterpart).reconcile()
            else:
                plan.append(item + counterpart)
        if partner and not had_partner:
            self.facturex_partner_found = True
        self._facturex_remember_account(partner)
        if learn:
            self._facturex_learn(partner, extra if not items else ())

    def _facturex_still_open(self, items, extra):
        """:return: the items that are open now that they are locked"""
        self._facturex_lock(items)
        open_items = items.filtered(lambda item: not item.reconciled)
        if (items and not open_items) or not (items or extra):
            raise UserError(
                self.env._("These documents were settled in the meantime. Match again.")
            )
        return open_items

    @api.model
    def _facturex_partner_of(self, items, extra):
        """The one partner of everything that explains the line; else none."""
        partners = items.partner_id.commercial_partner_id
        ids = {vals["partner_id"] for vals in extra if vals.get("partner_id")}
        partners |= self.env["res.partner"].browse(sorted(ids)).commercial_partner_id
        return partners if len(partners) == 1 else partners.browse()

    def _facturex_claim(self, how):
        """Write first: a concurrent match of the same line loses here, not later."""
        self.flush_recordset(["facturex_match_state", "is_reconciled"])
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE account_bank_statement_line
                   SET facturex_match_state = %(how)s
                 WHERE id = ANY(%(ids)s) AND is_reconciled IS NOT TRUE
             RETURNING id
                """,
                how=how,
                ids=self.ids,
            )
        )
        self.invalidate_recordset(["facturex_match_state"])
        if len(rows) != len(self):
            raise UserError(self.env._("This transaction is already matched."))

    @api.model
    def _facturex_lock(self, items):
        """Items in a fixed order: who comes second starts again and sees the first."""
        if items:
            self.env["account.move.line"].flush_model(["reconciled"])
            self.env.execute_query(
                SQL(
                    "SELECT id FROM account_move_line WHERE id = ANY(%s)"
                    " ORDER BY id FOR UPDATE",
                    items.ids,
                )
            )

    def _facturex_counterparts(self, items, close="", taken=0.0):
        """:return: ([(item, values of its journal item)], balance left for suspense)

        `taken`: balance that other journal items explain already.
        """
        left = sum(self._seek_for_lines()[1].mapped("balance")) - taken
        values = []
        items = self._facturex_in_order(items, left)
        for rank, item in enumerate(items, start=1):
            if close == "exchange" and rank == len(items):
                # what the bank paid settles it: Odoo books the difference
                balance, amount_currency = left, -item.amount_residual_currency
            elif close:
                balance, amount_currency = self._facturex_whole(item)
            else:
                balance, amount_currency = self._facturex_share(item, left)
            if item.currency_id.is_zero(amount_currency):
                continue  # nothing is left for it
            left -= balance
            values.append((item, self._facturex_item_vals(item, balance)))
            values[-1][1]["amount_currency"] = amount_currency
        return values, self.company_id.currency_id.round(left)

    @api.model
    def _facturex_item_vals(self, item, balance):
        return {
            "account_id": item.account_id.id,
            "partner_id": item.partner_id.id,
            "name": item.move_id.payment_reference or item.name or "/",
            "currency_id": item.currency_id.id,
            "balance": balance,
            "amount_currency": balance,
        }

    @api.model
    def _facturex_in_order(self, items, left):
        """Credits first, for they add to what the others take; then the oldest."""
        return items.sorted(
            lambda item: (
                item.amount_residual * left < 0,
                item.date_maturity or item.date,
                item.id,
            )
        )

    def _facturex_whole(self, item):
        """All of `item`, at the bank's rate when the currency is the bank's."""
        balance, amount_currency = -item.amount_residual, -item.amount_residual_currency
        if item.currency_id == (self.foreign_currency_id or self.currency_id):
            # at the bank's rate: Odoo books the difference of exchange
            amounts = self._prepare_counterpart_amounts_using_st_line_rate(
                item.currency_id, balance, amount_currency
            )
            balance, amount_currency = amounts["balance"], amounts["amount_currency"]
        return balance, amount_currency

    def _facturex_share(self, item, left):
        """What of `item` this line pays: all of it, or what the line still has."""
        balance, amount_currency = self._facturex_whole(item)
        currency = self.company_id.currency_id
        if currency.compare_amounts(abs(balance), abs(left)) <= 0 or not balance:
            return balance, amount_currency
        if balance * left < 0:
            return balance, amount_currency
        ratio = left / balance
        return left, item.currency_id.round(amount_currency * ratio)

    # -- differences, rules, write-offs ----------------------------------------------

    def _facturex_closing_vals(self, counterparts, close, rest):
        """Journal items of the difference that settles the documents in full."""
        if not counterparts or self.company_id.currency_id.is_zero(rest):
            return []
        if close == "discount":
            return self._facturex_discount_vals(counterparts, rest)
        if close == "fee":
            account = self.company_id.facturex_match_fee_account_id
            return [self._facturex_difference_vals(account, rest)]
        return []

    def _facturex_discount_vals(self, counterparts, rest):
        """The early payment discount as Odoo books it, else on the account chosen."""
        agreed = all(
            item.discount_date
            and item.discount_date >= self.date
            and self._facturex_discount(item)
            for item, _vals in counterparts
        )
        if agreed:
            found = self.env[
                "account.move"
            ]._get_invoice_counterpart_amls_for_early_payment_discount(
                [
                    {
                        "aml": item,
                        "amount_currency": vals["amount_currency"],
                        "balance": vals["balance"],
                    }
                    for item, vals in counterparts
                ],
                rest,
            )
            return [vals for group in found.values() for vals in group]
        account = self.company_id.facturex_match_discount_account_id
        partner = counterparts[0][0].partner_id
        return [self._facturex_difference_vals(account, rest, partner)]

    def _facturex_difference_vals(self, account, balance, partner=None):
        if not account:
            raise UserError(
                self.env._(
                    "No account for differences is chosen. A manager sets it under"
                    " Configuration, Company Settings, Bank."
                )
            )
        return {
            "account_id": account.id,
            "partner_id": (partner or self.partner_id).id,
            "name": self.payment_ref,
            "currency_id": self.company_id.currency_id.id,
            "balance": balance,
            "amount_currency": balance,
        }

    def _facturex_extra_vals(self, vals):
        """One line chosen by a person or a rule, with its taxes inside the amount."""
        taxes = self.env["account.tax"].browse(vals.get("tax_ids") or [])
        base = {
            "account_id": vals["account_id"],
            "partner_id": vals.get("partner_id") or self.partner_id.id,
            "name": vals.get("name") or self.payment_ref,
            "currency_id": self.company_id.currency_id.id,
            "reconcile_model_id": vals.get("reconcile_model_id"),
            "analytic_distribution": vals.get("analytic_distribution"),
        }
        balance = self.company_id.currency_id.round(vals["balance"])
        if not taxes:
            return [{**base, "balance": balance, "amount_currency": balance}]
        return self._facturex_taxed_vals(base, balance, taxes)

    def _facturex_taxed_vals(self, base, balance, taxes):
        Tax = self.env["account.tax"]
        company, currency = self.company_id, self.company_id.currency_id
        row = Tax._prepare_base_line_for_taxes_computation(
            None,
            id=0,
            currency_id=currency,
            partner_id=self.env["res.partner"].browse(base["partner_id"]),
            tax_ids=taxes,
            price_unit=balance,
            quantity=1.0,
            sign=1,
            rate=1.0,
            special_mode="total_included",
            account_id=self.env["account.account"].browse(base["account_id"]),
            name=base["name"],
        )
        Tax._add_tax_details_in_base_lines([row], company)
        Tax._round_base_lines_tax_details([row], company)
        Tax._add_accounting_data_in_base_lines_tax_details([row], company)
        found = Tax._prepare_tax_lines([row], company)
        [(_row, changed)] = found["base_lines_to_update"]
        lines = [
            {**base, "name": base["name"], **vals, "partner_id": base["partner_id"]}
            for vals in found["tax_lines_to_add"]
        ]
        for vals in lines:
            vals.pop("id", None)
        net = currency.round(balance - sum(vals["balance"] for vals in lines))
        first = {
            **base,
            "tax_ids": [fields.Command.set(taxes.ids)],
            "tax_tag_ids": changed.get("tax_tag_ids"),
            "balance": net,
            "amount_currency": net,
        }
        return [first, *lines]

    def _facturex_reconcile_rule(self, rule, how, learn=False):
        """Book the line as one of the accountant's rules says."""
        self.ensure_one()
        extra = [
            {
                "account_id": line.account_id.id,
                "balance": -amount,
                "name": line.label or self.payment_ref,
                "partner_id": line.partner_id.id,
                "tax_ids": line.tax_ids.ids,
                "analytic_distribution": line.analytic_distribution,
                "reconcile_model_id": rule.id,
            }
            for line, amount in self._facturex_rule_shares(rule)
        ]
        self._facturex_reconcile(
            self.env["account.move.line"], how, extra=extra, learn=learn
        )
        if rule.next_activity_type_id:
            self.move_id.activity_schedule(
                activity_type_id=rule.next_activity_type_id.id,
                user_id=self.env.uid,
            )

    def _facturex_rest_vals(self, rest):
        currency = self.company_id.currency_id
        foreign = self.foreign_currency_id or self.currency_id
        amount = (
            rest
            if foreign == currency
            else foreign.round(
                -self.amount * rest / -sum(self._seek_for_lines()[0].mapped("balance"))
            )
        )
        return {
            "account_id": self.journal_id.suspense_account_id.id,
            "name": self.payment_ref,
            "currency_id": foreign.id,
            "balance": rest,
            "amount_currency": amount,
        }

    # -- memory ------------------------------------------------------------------------

    def _facturex_remember_account(self, partner):
        """The account that paid is the partner's: the next line is known by it."""
        if self.account_number and len(partner) == 1 and self.partner_id:
            self._find_or_create_bank_account()

    def _facturex_facts(self, partner, extra=()):
        """What a decision on this line teaches: facts for `facturex.match.memory`."""
        self.ensure_one()
        facts = []
        name = name_key(self.partner_name)
        if partner and name:
            facts.append((f"name:{name}", partner.id, None))
        accounts = {vals["account_id"] for vals in extra}
        if len(accounts) == 1 and not any(v.get("reconcile_model_id") for v in extra):
            facts += [
                (key, partner.id or None, *accounts)
                for key in habit_keys(self._facturex_whole_line())
            ]
        return facts

    def _facturex_whole_line(self):
        """The movement as it came, whatever is matched of it."""
        return BankLine(
            id=self.id,
            amount=Decimal(str(self.amount)),
            currency=self.currency_id.name,
            structured_reference=None,
            communication=self.payment_ref or None,
            partner_account=self.account_number or None,
            partner_name=self.partner_name or None,
            date=self.date,
        )

    def _facturex_learn(self, partner, extra=()):
        facts = self._facturex_facts(partner, extra)
        self.env["facturex.match.memory"]._remember(self.company_id, facts)
