"""What the bulk path of facturex.bulk.invoice changes in documents, and for it alone.

Each override asks for a context value that is one of the two objects below. A caller by
RPC can only send JSON, so nobody outside this process can switch a check off.
"""

from collections import defaultdict

from odoo import models

from .bulk_insert import insert_complete


class _Key:
    """A context value that compares equal to itself only."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


class CustomerRanks:
    """Ranks that a batch raises, kept to be written together when it is posted."""

    def __init__(self):
        self.raised = defaultdict(int)

    def add(self, field, partners, count):
        for partner_id in partners.ids:
            self.raised[field, partner_id] += count

    def settle(self, env):
        """One write for all first documents of a kind; Odoo's own way for the rest."""
        groups = defaultdict(list)
        for (field, partner_id), count in self.raised.items():
            groups[field, count].append(partner_id)
        self.raised.clear()
        for (field, count), ids in groups.items():
            # as Odoo does: who may post an invoice need not edit its customer
            partners = env["res.partner"].sudo().browse(ids)
            fresh = partners.filtered(lambda partner, field=field: not partner[field])
            fresh.write({field: count})
            (partners - fresh)._increase_rank(field, count)


FULL_VALUES = _Key("facturex full values")
BATCH_NUMBERS = _Key("facturex batch numbers")
CONTEXT_KEY = "facturex_bulk"
RANKS_KEY = "facturex_ranks"

# given values that Odoo would compute again although they are right
GIVEN = {
    "account.move": (
        "amount_untaxed",
        "amount_tax",
        "amount_total",
        "amount_residual",
        "amount_untaxed_signed",
        "amount_untaxed_in_currency_signed",
        "amount_tax_signed",
        "amount_total_signed",
        "amount_total_in_currency_signed",
        "amount_residual_signed",
        "payment_state",
        "commercial_partner_id",
    ),
    "account.move.line": (
        "price_subtotal",
        "price_total",
        "amount_residual",
        "amount_residual_currency",
        "reconciled",
        "parent_state",
        "move_name",
        "date",
        "invoice_date",
        "ref",
        "payment_id",
        "statement_line_id",
        "statement_id",
        "no_followup",
    ),
}


class NotCovered(Exception):
    """The bulk path does not know this case; the message is the reason for a person."""


def has_key(env, key):
    return env.context.get(CONTEXT_KEY) is key


def complete_values(model, vals_list):
    """Create values with defaults and log columns, without virtual records.

    Replaces the ORM's preparation: defaults are read once per set of field names, and
    every precomputed field must be there, else NotCovered.
    """
    cr, uid = model.env.cr, model.env.uid
    log = dict.fromkeys(("create_uid", "write_uid"), uid)
    log.update(dict.fromkeys(("create_date", "write_date"), cr.now()))
    fields = model._fields
    required = [name for name, field in fields.items() if field.precompute]
    settled = {field for field in fields.values() if field.inverse}
    defaults, result = {}, []
    for vals in vals_list:
        names = frozenset(vals)
        if names not in defaults:
            missing = [name for name in required if name not in names]
            if missing:
                raise NotCovered(f"{model._name}: {', '.join(missing)}")
            full = model._add_missing_default_values(dict.fromkeys(names, False))
            defaults[names] = {k: v for k, v in full.items() if k not in names}
        # `__precomputed__` is the ORM's mark for values that need no inverse
        result.append({**defaults[names], **vals, **log, "__precomputed__": settled})
    return result


def protect_given(model, data_list):
    """Marks what the builder gave, so that the ORM does not compute it again."""
    given = [model._fields[name] for name in GIVEN[model._name]]
    for data in data_list:
        data["protected"].update(f for f in given if f.name in data["stored"])


class AccountMove(models.Model):
    _inherit = "account.move"

    def _prepare_create_values(self, vals_list):
        if not has_key(self.env, FULL_VALUES):
            return super()._prepare_create_values(vals_list)
        return complete_values(self, vals_list)

    def _create(self, data_list):
        if not has_key(self.env, FULL_VALUES):
            return super()._create(data_list)
        protect_given(self, data_list)
        if super()._create.__func__ is not models.BaseModel._create:
            return super()._create(data_list)  # an add-on below has its own say
        return insert_complete(self, data_list)

    def _check_company(self, fnames=None):
        if has_key(self.env, FULL_VALUES):
            return  # the builder checked each distinct value once
        super()._check_company(fnames)

    def write(self, vals):
        if (
            has_key(self.env, BATCH_NUMBERS)
            and vals.get("state") == "posted"
            and set(vals) <= {"state", "posted_before", "is_manually_modified"}
        ):
            # posting changes neither lines nor amounts: nothing to synchronise
            with self._disable_recursion({"records": self}, "skip_invoice_sync"):
                return super().write(vals)
        return super().write(vals)

    def _get_next_sequence_format(self):
        """Asks for the last number once per journal, kind and day, not per document.

        Kept in Odoo's own cache of numbers: a rename, a commit, a rollback empty it.
        """
        if not has_key(self.env, BATCH_NUMBERS) or self.move_type != "out_invoice":
            return super()._get_next_sequence_format()
        cache = self._get_sequence_cache()
        journal = self.journal_id
        key = (
            "facturex",
            journal.id,
            self.date,
            bool(self.origin_payment_id),
            journal.is_self_billing and self.commercial_partner_id.id,
        )
        if key not in cache:
            text, values = super()._get_next_sequence_format()
            cache[key] = text, dict(values)  # the caller takes `seq` out of its copy
        text, values = cache[key]
        return text, dict(values)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _prepare_create_values(self, vals_list):
        if not has_key(self.env, FULL_VALUES):
            return super()._prepare_create_values(vals_list)
        # the line's own `create` has taken debit and credit out of the values
        return complete_values(
            self,
            [
                {
                    **vals,
                    "debit": max(vals["balance"], 0.0),
                    "credit": max(-vals["balance"], 0.0),
                }
                for vals in vals_list
            ],
        )

    def _create(self, data_list):
        if not has_key(self.env, FULL_VALUES):
            return super()._create(data_list)
        protect_given(self, data_list)
        if super()._create.__func__ is not models.BaseModel._create:
            return super()._create(data_list)  # an add-on below has its own say
        return insert_complete(self, data_list)

    def _check_company(self, fnames=None):
        if has_key(self.env, FULL_VALUES):
            return
        super()._check_company(fnames)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _increase_rank(self, field, n=1):
        """In a batch: later and together, a write per customer costs as an invoice."""
        ranks = self.env.context.get(RANKS_KEY)
        if not isinstance(ranks, CustomerRanks):
            return super()._increase_rank(field, n)
        ranks.add(field, self, n)
        return None
