"""Complete values of bank lines on what they pay, without a virtual record."""

from odoo import Command

from odoo.addons.facturex_billing.models.account_move_bulk import NotCovered

# what an import gives; other fields go Odoo's own way
KNOWN = {
    "journal_id",
    "date",
    "amount",
    "payment_ref",
    "partner_id",
    "partner_name",
    "account_number",
    "transaction_type",
    "transaction_details",
    "statement_id",
    "sequence",
    "import_key",
    "company_id",
}
OWN = ("facturex_", "import_")  # fields of this suite are plain
BANK_TYPES = ("asset_cash", "liability_credit_card")
ITEM = {
    "is_storno": False,
    "date_maturity": False,
    "tax_line_id": False,
    "tax_group_id": False,
    "product_id": False,
    "product_uom_id": False,
    "price_unit": 0.0,
    "quantity": 1.0,
    "tax_ids": [],
    "display_type": "product",
    "sequence": 100,
    "parent_state": "draft",
    "move_name": False,
    "invoice_date": False,
    "ref": False,
    "payment_id": False,
    "no_followup": False,
    "analytic_distribution": False,
    "reconciled": False,
    "amount_residual": 0.0,
    "amount_residual_currency": 0.0,
}
ENTRY = {
    "delivery_date": False,
    "taxable_supply_date": False,
    "invoice_currency_rate": 0.0,
    "invoice_payment_term_id": False,
    "partner_shipping_id": False,
}


class BankLineBuilder:
    """From the values of an import to complete values; refuses what it does not know.

    One builder serves one call: it remembers journals and partners.
    """

    def __init__(self, env, vals_list=()):
        self.env = env
        ids = {vals.get("partner_id") for vals in vals_list} - {None, False}
        self._partners = sorted(ids)  # read together
        self._journals = {}
        self._positions = {}
        self._distributions = None

    def document(self, vals, items, partner):
        """Complete values of one line.

        :param vals: as for `account.bank.statement.line.create`
        :param items: open items that it pays exactly, oldest first; else none
        :param partner: the partner of the items
        :raises NotCovered: with the reason, for a person
        """
        unknown = [
            name for name in vals if name not in KNOWN and not name.startswith(OWN)
        ]
        if unknown:
            raise NotCovered(self.env._("the field %s", ", ".join(sorted(unknown))))
        journal = self._journal(vals.get("journal_id"))
        currency = journal.company_id.currency_id
        amount = currency.round(vals.get("amount") or 0.0)
        if not amount:
            raise NotCovered(self.env._("an amount of zero"))
        own = self.env["res.partner"].browse(vals.get("partner_id") or [])
        own = own.with_prefetch(self._partners)
        partner = partner or own
        entry = {
            **ENTRY,
            **vals,
            "company_id": journal.company_id.id,
            "amount": amount,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "fiscal_position_id": self._position(journal.company_id, partner),
        }
        rows = [self._row(journal, vals, journal.default_account_id, amount, partner)]
        rows += [self._counterpart(journal, vals, item) for item in items]
        if not items:
            account = journal.suspense_account_id
            rows.append(self._row(journal, vals, account, -amount, partner))
        entry["line_ids"] = [Command.create(row) for row in rows]
        return entry

    def signature(self, vals, items):
        """What decides how such a line is built: tried once, then trusted."""
        journal = self._journal(vals.get("journal_id"))
        kinds = tuple((item.account_id.id, item.move_id.move_type) for item in items)
        return (
            self.env.uid,
            journal.id,
            frozenset(vals),
            kinds[:2],
            len(items) > 1,
            bool(vals.get("partner_id")),
        )

    def _journal(self, journal_id):
        if journal_id not in self._journals:
            journal = self.env["account.journal"].browse(journal_id)
            company = journal.company_id
            foreign = journal.currency_id and journal.currency_id != company.currency_id
            reasons = {
                self.env._("a journal without suspense or bank account"): not (
                    journal.suspense_account_id and journal.default_account_id
                ),
                self.env._("a journal in another currency"): foreign,
                self.env._("a journal with locked entries"): (
                    journal.restrict_mode_hash_table
                ),
                self.env._("a company with storno entries"): company.account_storno,
            }
            refusal = next((text for text, holds in reasons.items() if holds), None)
            self._journals[journal_id] = journal, refusal
        journal, refusal = self._journals[journal_id]
        if refusal:
            raise NotCovered(refusal)
        return journal

    def _counterpart(self, journal, vals, item):
        row = self._row(
            journal, vals, item.account_id, -item.amount_residual, item.partner_id
        )
        row["name"] = item.move_id.payment_reference or item.name or "/"
        return row

    def _row(self, journal, vals, account, balance, partner):
        row = {
            **ITEM,
            "company_id": journal.company_id.id,
            "company_currency_id": journal.company_id.currency_id.id,
            "journal_id": journal.id,
            "currency_id": journal.company_id.currency_id.id,
            "partner_id": partner.id,
            "name": vals.get("payment_ref"),
            "date": vals.get("date"),
            "account_id": account.id,
            "balance": balance,
            "amount_currency": balance,
            "price_subtotal": balance,
            "price_total": balance,
        }
        if self._distribution_models():
            del row["analytic_distribution"]  # Odoo computes it
        if account.reconcile or account.account_type in BANK_TYPES:
            row["amount_residual"] = row["amount_residual_currency"] = balance
        return row

    def _distribution_models(self):
        if self._distributions is None:
            Model = self.env["account.analytic.distribution.model"]
            # sudo: whether there is one at all, not which
            self._distributions = bool(Model.sudo().search_count([], limit=1))
        return self._distributions

    def _position(self, company, partner):
        """As Odoo's own path leaves it on the entry of a partner."""
        if not partner:
            return False
        shipping = partner
        if partner.child_ids:
            shipping = partner.browse(partner.address_get(["delivery"])["delivery"])
        parties = (partner, shipping)
        key = (
            company.id,
            *(
                (
                    party.country_id.id,
                    party.state_id.id,
                    party.zip,
                    party.vat,
                    party.with_company(company).property_account_position_id.id,
                )
                for party in parties
            ),
        )
        if key not in self._positions:
            # Odoo's choice, asked once per set of what it depends on
            Position = self.env["account.fiscal.position"].with_company(company)
            found = Position._get_fiscal_position(partner, delivery=shipping)
            self._positions[key] = found.id
        return self._positions[key]
