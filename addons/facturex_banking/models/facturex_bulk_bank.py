import logging
from dataclasses import dataclass, replace
from decimal import Decimal

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from odoo.addons.facturex_billing.models.account_move_bulk import (
    CONTEXT_KEY,
    FULL_VALUES,
    NotCovered,
)

from .account_move_bank_bulk import BANK_KEY, NO_SYNC
from .bank_builder import BankLineBuilder

_logger = logging.getLogger(__name__)

CHUNK = 300
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}

# Odoo's private methods that the path leans on, proved on 19.0.
LEANS_ON = {
    "account.move": ("_get_sequence_cache", "_get_next_sequence_format", "_post"),
    "account.move.line": ("_reconcile_plan", "_prepare_create_values", "_create"),
    "account.bank.statement.line": (
        "_prepare_create_values",
        "_create",
        "_check_company",
        "_seek_for_lines",
    ),
    "account.fiscal.position": ("_get_fiscal_position",),
}


@dataclass(frozen=True)
class _Line:
    """A line to create: what was given, and what it pays for certain."""

    vals: dict
    items: models.BaseModel
    partner: models.BaseModel
    proposals: tuple
    alone: bool = True

    @property
    def certain(self):
        return self.proposals[0] if self.items else None


@dataclass(frozen=True)
class BankResult:
    """The lines in the order of the values, those matched, and what went natively."""

    lines: models.BaseModel
    matched: models.BaseModel
    native: tuple[tuple[int, str], ...]


class FacturexBulkBank(models.AbstractModel):
    """Bank lines by the hundred, already on their counterpart.

    Match first, create each line on what it pays, number in batches, reconcile once
    per batch. As for invoices, nothing is trusted before one line of its kind was made
    both ways and compared, column by column (see `facturex.bulk.invoice`).
    """

    _name = "facturex.bulk.bank"
    _description = "Bank Lines in Bulk"
    _inherit = "facturex.bulk.invoice"

    @api.model
    def _create_lines(self, vals_list, match=True, progress=None, asked=frozenset()):
        """Creates bank lines of one company from the values of an import.

        :param vals_list: as for `account.bank.statement.line.create`; fields other
            than those of an import go Odoo's own way
        :param match: look for documents first; False leaves all on suspense
        :param progress: called after each batch with (lines done, lines in all); the
            caller commits in it, if it may
        :param asked: positions of values that nothing but a person may match
        :return: BankResult
        """
        Line = self.env["account.bank.statement.line"]
        Line.check_access("create")
        specs = self._decide(vals_list, match, asked)
        ids, native, matched = [], [], []
        for ranks in split_every(CHUNK, range(len(specs))):
            batch = self._together([specs[rank] for rank in ranks])
            made, reasons = self._create_batch(batch)
            ids += made.ids
            native += [(ranks[i], reason) for i, reason in reasons.items()]
            matched += self._finish(made, batch, reasons).ids
            if len(specs) > CHUNK:
                # what is written need not be remembered: the cache stays small
                self.env.flush_all()
                self.env.invalidate_all(flush=False)
            if progress:
                progress(len(ids), len(specs))
        return BankResult(Line.browse(ids), Line.browse(matched), tuple(native))

    # -- deciding ----------------------------------------------------------------------

    def _decide(self, vals_list, match, asked=frozenset()):
        """The lines with their proposals; exactly one document's items when certain."""
        Line, Item = (
            self.env["account.bank.statement.line"],
            self.env["account.move.line"],
        )
        found = {}
        if match and vals_list:
            company = (
                self.env["account.journal"]
                .browse(vals_list[0]["journal_id"])
                .company_id
            )
            rules = Line._facturex_rules(company)
            values = [
                self._to_engine(rank, vals, rules)
                for rank, vals in enumerate(vals_list)
            ]
            lines = [value for value in values if value]
            found = Line._facturex_decide_values(company, lines, rules)
        closed = self._incomplete_statements(vals_list)
        specs = []
        for rank, vals in enumerate(vals_list):
            proposals = found.get(rank, ())
            items = Item.browse()
            best = proposals[0] if proposals else None
            if best and best.certain and best.item_ids and not best.close:
                if vals.get("statement_id") not in closed and rank not in asked:
                    items = Item.browse(best.item_ids)
            partner = items.partner_id.commercial_partner_id
            items = Line._facturex_in_order(items, -vals.get("amount", 0.0))
            specs.append(
                _Line(
                    vals,
                    items,
                    partner if len(partner) == 1 else partner[:0],
                    proposals,
                    rank not in asked,
                )
            )
        return specs

    @api.model
    def _together(self, batch):
        """The same lines, their records read together and not one by one."""
        items = [number for spec in batch for number in spec.items.ids]
        partners = [number for spec in batch for number in spec.partner.ids]
        return [
            replace(
                spec,
                items=spec.items.with_prefetch(items),
                partner=spec.partner.with_prefetch(partners),
            )
            for spec in batch
        ]

    def _to_engine(self, rank, vals, rules):
        """The engine's value of a line that does not exist yet; None: not ours."""
        if vals.get("foreign_currency_id") or not vals.get("amount"):
            return None
        Line = self.env["account.bank.statement.line"]
        journal = self.env["account.journal"].browse(vals["journal_id"])
        currency = self._currency(journal.id)
        if currency != journal.company_id.currency_id:
            return None
        amount = Decimal(str(currency.round(vals["amount"])))
        partner = self.env["res.partner"].browse(vals.get("partner_id") or [])
        values = {
            **vals,
            "amount": amount,
            "company_amount": amount,
            "full_amount": amount,
            "currency": currency.name,
            "date": fields.Date.to_date(vals["date"]),
            "partner_id": partner.commercial_partner_id.id or None,
        }
        details = vals.get("transaction_details") or {}
        return Line._facturex_engine_line(rank, values, details, rules)

    def _incomplete_statements(self, vals_list):
        """Statements whose sums do not add up: left to a person."""
        added, journals = {}, {}
        for vals in vals_list:
            if vals.get("statement_id"):
                added.setdefault(vals["statement_id"], 0.0)
                added[vals["statement_id"]] += vals.get("amount") or 0.0
                journals[vals["statement_id"]] = vals["journal_id"]
        statements = self.env["account.bank.statement"].browse(added)
        return {
            statement.id
            for statement in statements
            if self._currency(journals[statement.id]).compare_amounts(
                statement.balance_start
                + sum(statement.line_ids.mapped("amount"))
                + added[statement.id],
                statement.balance_end_real,
            )
        }

    def _currency(self, journal_id):
        journal = self.env["account.journal"].browse(journal_id)
        return journal.currency_id or journal.company_id.currency_id

    # -- creating ----------------------------------------------------------------------

    def _create_batch(self, batch):
        """:return: (lines in the order of the batch, {rank: why it went natively})"""
        Line = self.env["account.bank.statement.line"]
        self._check_once(batch)
        builder = BankLineBuilder(self.env, [spec.vals for spec in batch])
        documents, reasons = {}, {}
        for rank, spec in enumerate(batch):
            try:
                document = builder.document(spec.vals, spec.items, spec.partner)
                signature = builder.signature(spec.vals, spec.items)
            except NotCovered as refusal:
                reasons[rank] = str(refusal)
                continue
            reason = self._distrust_line(signature, spec, document)
            if reason:
                reasons[rank] = reason
            else:
                documents[rank] = document
        ids = self._write_documents(documents)
        for rank in reasons:
            ids[rank] = Line.create([dict(batch[rank].vals)]).id
        return Line.browse(ids[rank] for rank in range(len(batch))), reasons

    def _write_documents(self, documents):
        """:return: {rank: number of the line made of the complete values}"""
        made = self._create_bulk_lines(list(documents.values()))
        return dict(zip(documents, made.ids, strict=True))

    def _create_bulk_lines(self, documents):
        Line = self.env["account.bank.statement.line"]
        if not documents:
            return Line
        context = {**QUIET, **NO_SYNC, CONTEXT_KEY: FULL_VALUES, BANK_KEY: FULL_VALUES}
        return Line.browse(Line.with_context(**context).create(documents).ids)

    def _check_once(self, batch):
        """The company check that the bulk creation leaves out, per distinct value."""
        companies = (
            self.env["account.journal"]
            .browse({spec.vals["journal_id"] for spec in batch})
            .company_id
        )
        company = companies.ensure_one()
        company.check_access("read")
        partners = {spec.vals.get("partner_id") for spec in batch} - {None, False}
        for partner in self.env["res.partner"].browse(sorted(partners)):
            if partner.company_id and partner.company_id != company:
                raise NotCovered(partner.display_name)
        statements = {spec.vals.get("statement_id") for spec in batch} - {None, False}
        for statement in self.env["account.bank.statement"].browse(sorted(statements)):
            journals = {
                spec.vals["journal_id"]
                for spec in batch
                if spec.vals.get("statement_id") == statement.id
            }
            if statement.journal_id and journals != {statement.journal_id.id}:
                raise NotCovered(statement.display_name)

    # -- matching ----------------------------------------------------------------------

    def _finish(self, lines, batch, reasons):
        """Reconcile what is on its counterpart; tell states, reasons and proposals."""
        Line = self.env["account.bank.statement.line"]
        direct = Line.browse(
            line.id
            for rank, (line, spec) in enumerate(zip(lines, batch, strict=True))
            if spec.items and rank not in reasons
        )
        specs = dict(zip(lines.ids, batch, strict=True))
        self._reconcile([(line, specs[line.id].items) for line in direct])
        facts = []
        found = direct.filtered(lambda line: not specs[line.id].vals.get("partner_id"))
        found.facturex_partner_found = True
        (direct - found).facturex_partner_found = False
        for line in direct:
            spec = specs[line.id]
            line._facturex_remember_account(spec.partner)
            facts += line._facturex_facts(spec.partner)
        if direct:
            company = direct.company_id
            self.env["facturex.match.memory"]._remember(company, facts)
        direct.facturex_match_state = "auto"
        direct._facturex_log("match_auto", self.env._("matched by itself"))
        proposals = {line_id: spec.proposals for line_id, spec in specs.items()}
        by_line = direct._facturex_create_proposals(proposals)
        for line in direct:
            line.facturex_match_reason = by_line[line.id].reason
            by_line[line.id].state = "accepted"
        # a new line of which nothing is known is as it shall be
        others = (lines - direct).filtered(lambda line: proposals[line.id])
        mine = {
            line.id: tuple(replace(p, line_id=line.id) for p in proposals[line.id])
            for line in others
        }
        asked = others.filtered(lambda line: not specs[line.id].alone)
        asked._facturex_apply(mine, alone=False)
        return direct | (others - asked)._facturex_apply(mine)

    def _reconcile(self, pairs):
        """One plan for the batch; locks the items first, in a fixed order.

        :param pairs: [(bank line, items it pays)], the items of its entry created in
            the order of `items`
        """
        Item = self.env["account.move.line"].with_context(
            skip_invoice_sync=True, tracking_disable=True
        )
        lines = self.env["account.bank.statement.line"].union(*(p[0] for p in pairs))
        items = Item.union(*(pair[1] for pair in pairs))
        if not items:
            return
        lines._facturex_lock(items)
        own = {}
        for item in Item.search_fetch(
            [("statement_line_id", "in", lines.ids)],
            ["statement_line_id", "account_id"],
            order="id",
        ):
            own.setdefault(item.statement_line_id.id, []).append(item.id)
        together = [*items.ids, *(number for ids in own.values() for number in ids)]
        plan = [
            Item.browse([open_item.id, own[line.id][position]]).with_prefetch(together)
            for line, paid in pairs
            for position, open_item in enumerate(paid, start=1)
        ]
        involved = (items.move_id | lines.move_id).line_ids
        taxes = (involved.tax_ids | involved.tax_line_id).flatten_taxes_hierarchy()
        on_payment = "on_payment" in taxes.mapped("tax_exigibility")
        Item.with_context(no_cash_basis=not on_payment)._reconcile_plan(plan)
        manual = self.env["account.move"]._fields["is_manually_modified"]
        with self.env.protecting([manual], items.move_id):
            items.move_id.is_manually_modified = True  # as Odoo's own path leaves it

    # -- trust -------------------------------------------------------------------------

    def _distrust_line(self, signature, spec, document):
        """Why such lines go Odoo's own way; None when the bulk path is proved."""
        trust, key = self._trust(), ("bank", *signature)
        if key not in trust:
            reason, lasting = self._try_line(spec, document)
            if not lasting:
                return reason
            trust[key] = reason
            if reason:
                _logger.info("Bulk path of bank lines refused: %s", reason)
        return trust[key]

    def _try_line(self, spec, document):
        """The canary: one line made both ways; (reason or None, whether it lasts)."""
        service = self.with_context(**QUIET)
        try:
            with self._undone():
                line = service.env["account.bank.statement.line"].create(
                    [dict(spec.vals)]
                )
                if spec.items:
                    line._facturex_reconcile(spec.items, "auto")
                expected = service._line_columns(line, spec.items)
        except psycopg2.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 it is raised again, made in earnest
            return self.env._("Odoo refuses the trial line: %s", error), False
        try:
            with self._undone():
                line = service._create_bulk_lines([document])
                if spec.items:
                    service._reconcile([(line, spec.items)])
                found = service._line_columns(line, spec.items)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.warning("The bulk path of bank lines fails", exc_info=True)
            return self.env._("the bulk path fails: %s", error), True
        different = self._differences(expected, found)
        if different:
            names = ", ".join(different)
            return self.env._("Odoo's own path differs in: %s", names), True
        return None, True

    def _line_columns(self, lines, items):
        """Everything stored of lines, their entries and what they paid."""
        self.env.flush_all()
        moves = lines.move_id
        entries = moves.line_ids.sorted("id")
        rows = [
            *self._plain(lines, "line", {"internal_index", "running_balance"}),
            *self._plain(moves, "move", set()),
            *self._plain(entries, "item", {"matching_number", "full_reconcile_id"}),
            *self._plain(items.sorted("id"), "paid", {"matching_number"}),
            *self._plain(items.move_id.sorted("id"), "document", set()),
        ]
        partials = entries.matched_debit_ids | entries.matched_credit_ids
        # links of one entry to another count by their number
        return [*rows, *self._plain(partials.sorted("id"), "partial", set())]

    def _plain(self, records, kind, left_out):
        """Columns that are not numbers of rows made here."""
        hidden = left_out | {
            f"{name}"
            for name in (
                "statement_line_id",
                "full_reconcile_id",
                "debit_move_id",
                "credit_move_id",
                "exchange_move_id",
                "facturex_match_state",
                "facturex_match_reason",
                "facturex_partner_found",
                "write_uid",  # of whoever's turn it was to compute
            )
        }
        hidden |= {"move_id"}
        names = {f"{kind}.{name}" for name in hidden}
        if not records:
            return []
        if kind == "partial":
            rows = self._simple(records, kind)
        else:
            rows = self._stored(records, kind)
        return [
            {name: value for name, value in row.items() if name not in names}
            for row in rows
        ]

    def _simple(self, records, kind):
        self.env.cr.execute(
            SQL(
                "SELECT * FROM %s WHERE id = ANY(%s) ORDER BY id",
                SQL.identifier(records._table),
                records.ids,
            )
        )
        drop = {"id", "create_date", "write_date"}
        return [
            {f"{kind}.{n}": v for n, v in row.items() if n not in drop}
            for row in self.env.cr.dictfetchall()
        ]
