"""What the bulk path of facturex.bulk.bank changes in entries, and for it alone.

As for invoices (`account_move_bulk` of billing): each override asks for a context value
that is an object of this process, so nobody outside can switch a check off.
"""

from odoo import api, models

from odoo.addons.facturex_billing.models.account_move_bulk import (
    BATCH_NUMBERS,
    CONTEXT_KEY,
    FULL_VALUES,
    complete_values,
    has_key,
)

BANK_KEY = "facturex_bulk_bank"
# values that a statement line cannot hand to its entry: both have fields so named
OF_THE_ENTRY = ("currency_id", "partner_id")
NO_SYNC = {
    "skip_invoice_sync": True,
    "skip_invoice_line_sync": True,
    "skip_account_move_synchronization": True,
}


def in_bulk(env):
    return env.context.get(BANK_KEY) is FULL_VALUES


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model_create_multi
    def create(self, vals_list):
        if in_bulk(self.env):
            for vals in vals_list:
                liquidity = vals["line_ids"][0][2]
                vals.update({name: liquidity[name] for name in OF_THE_ENTRY})
        return super().create(vals_list)

    def write(self, vals):
        if (
            in_bulk(self.env)
            and vals.keys() == {"statement_line_id", "narration", "name"}
            and not vals["name"]
        ):
            # the creation of a statement line links its entry: one flush for all
            with self.env.protecting([self._fields["statement_line_id"]], self):
                self.statement_line_id = vals["statement_line_id"]
            return True
        return super().write(vals)

    def action_post(self):
        if not in_bulk(self.env):
            return super().action_post()
        # stored relations of the items, in one go
        for name in ("statement_line_id", "statement_id"):
            self.env.add_to_compute(self.line_ids._fields[name], self.line_ids)
        manual = self._fields["is_manually_modified"]
        with self.env.protecting([manual], self):
            self.is_manually_modified = True  # as Odoo's own path leaves it
        # what posting triggers must not inherit the keys
        own = {BANK_KEY, *NO_SYNC}
        context = {k: v for k, v in self.env.context.items() if k not in own}
        context[CONTEXT_KEY] = BATCH_NUMBERS
        moves = self.with_context(context)  # pylint: disable=context-overridden
        return super(AccountMove, moves).action_post()

    def _get_next_sequence_format(self):
        """The last number of a journal and day is asked once for bank entries."""
        if not has_key(self.env, BATCH_NUMBERS) or not self.statement_line_id:
            return super()._get_next_sequence_format()
        cache = self._get_sequence_cache()
        key = "facturex bank", self.journal_id.id, self.date
        if key not in cache:
            text, values = super()._get_next_sequence_format()
            cache[key] = text, dict(values)  # the caller takes `seq` out of its copy
        text, values = cache[key]
        return text, dict(values)


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def _prepare_create_values(self, vals_list):
        if not in_bulk(self.env):
            return super()._prepare_create_values(vals_list)
        return complete_values(self, vals_list)

    def _create(self, data_list):
        if in_bulk(self.env):
            currency = self._fields["currency_id"]
            for data in data_list:
                if "currency_id" in data["stored"]:
                    data["protected"].add(currency)
        return super()._create(data_list)

    def _check_company(self, fnames=None):
        if in_bulk(self.env):
            return  # the builder checked each distinct value once
        super()._check_company(fnames)
