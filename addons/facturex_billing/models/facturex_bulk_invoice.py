import logging
from collections import deque
from contextlib import closing, contextmanager
from dataclasses import dataclass

import psycopg2

from odoo import api, models
from odoo.tools import SQL, split_every

from .account_move_bulk import (
    BATCH_NUMBERS,
    CONTEXT_KEY,
    FULL_VALUES,
    RANKS_KEY,
    CustomerRanks,
    NotCovered,
)
from .bulk_builder import InvoiceBuilder

_logger = logging.getLogger(__name__)

CHUNK = 300
MAX_REMEMBERED = 10_000
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
}
NO_SYNC = {"skip_invoice_sync": True, "skip_invoice_line_sync": True}

# Columns that differ between any two documents, made by whatever path.
OWN_COLUMNS = {
    "id",
    "move_id",
    "create_date",
    "write_date",
    "access_token",
    "inalterable_hash",  # it contains the ids of the lines
}

# Odoo's private methods that the path leans on: `test_bulk_invoice` looks for each, and
# the equality tests run through all. Proved on 19.0; look at them again on another.
LEANS_ON = {
    "account.move": (
        "_add_missing_default_values",
        "_check_company",
        "_create",
        "_creation_message",
        "_disable_recursion",
        "_get_invoice_computed_reference",
        "_get_next_sequence_format",
        "_get_sequence_cache",
        "_message_log_batch",
        "_post",
        "_prepare_create_values",
        "_validate_fields",
        "modified",
    ),
    "account.move.line": (
        "_add_missing_default_values",
        "_check_company",
        "_compute_name",
        "_create",
        "_prepare_create_values",
    ),
    "account.tax": (
        "_add_accounting_data_in_base_lines_tax_details",
        "_add_tax_details_in_base_line",
        "_add_tax_details_in_base_lines",
        "_check_company_domain",
        "_filter_taxes_by_company",
        "_prepare_base_line_for_taxes_computation",
        "_prepare_tax_lines",
        "_round_base_lines_tax_details",
    ),
    "account.payment.term": ("_compute_terms",),
    "account.fiscal.position": ("_get_fiscal_position",),
    "account.account": ("_get_most_frequent_account_for_partner",),
    "res.partner": ("_increase_rank",),
    "res.currency": ("_get_conversion_rate",),
}


@dataclass(frozen=True)
class BulkResult:
    """What a call made.

    `moves`: the documents, in the order of the values given. `native`: (rank in that
    order, reason for a person) of those that Odoo's own path made.
    """

    moves: models.BaseModel
    native: tuple[tuple[int, str], ...]


class FacturexBulkInvoice(models.AbstractModel):
    """Customer invoices by the hundred, equal to Odoo's own, for a sixth of the cost.

    The one place where documents are made without Odoo's synchronisation. Never on
    hope: per kind of document (see `InvoiceBuilder._signature`) one is first made both
    ways, compared column by column, and undone. What differs, or what the builder does
    not know, goes Odoo's own way and says why.
    """

    _name = "facturex.bulk.invoice"
    _description = "Invoices in Bulk"

    @api.model
    def _create_invoices(self, vals_list, post=False):
        """The documents of `_make_invoices`, in the order of the values."""
        return self._make_invoices(vals_list, post=post).moves

    @api.model
    def _make_invoices(self, vals_list, post=False):
        """Creates customer invoices from the values of `account.move.create`.

        Each dict names `move_type` ("out_invoice"), `partner_id`, `invoice_date` and
        `invoice_line_ids` (`Command.create`); it may name company, journal, currency,
        payment terms or due date, fiscal position, delivery address, and any plain
        stored field of document and line. `post`: posts them too, last, because the
        number of a journal is locked from the first posting to the commit: call with
        some 300 documents and commit. Returns a BulkResult. Raises what Odoo raises
        for bad values; then nothing of this call is kept by the caller's savepoint.
        Columns equal Odoo's; the history holds the creation message, nobody follows.
        """
        self.env["account.move"].check_access("create")
        builder = InvoiceBuilder(self.env, vals_list)
        documents, reasons = {}, {}
        for rank, vals in enumerate(vals_list):
            try:
                documents[rank] = builder.document(vals)
            except NotCovered as refusal:
                reasons[rank] = str(refusal)
        for rank, document in list(documents.items()):
            reason = self._distrust(document, vals_list[rank], post)
            if reason:
                reasons[rank] = reason
                del documents[rank]
        ids = {}
        for ranks in split_every(CHUNK, documents):
            moves = self._create_bulk([documents[rank] for rank in ranks])
            self._log_creation(moves)
            ids.update(zip(ranks, moves.ids, strict=True))
        for ranks in split_every(CHUNK, reasons):
            moves = self._create_native([vals_list[rank] for rank in ranks])
            ids.update(zip(ranks, moves.ids, strict=True))
        moves = self.env["account.move"].browse(ids[rank] for rank in sorted(ids))
        if post:
            self._post(moves)
        return BulkResult(moves, tuple(sorted(reasons.items())))

    @api.model
    def _post(self, moves):
        """Posts drafts with one look for the last number per journal and day.

        All of Odoo's checks and hooks run (`action_post`); the tracking of the change
        of state is left out. Raises what Odoo raises.
        """
        ranks = CustomerRanks()
        context = {
            "tracking_disable": True,
            CONTEXT_KEY: BATCH_NUMBERS,
            RANKS_KEY: ranks,
        }
        moves.with_context(**context).action_post()
        ranks.settle(self.env)

    # -- the two ways ------------------------------------------------------------------

    def _create_native(self, vals_list):
        return self.env["account.move"].create([dict(vals) for vals in vals_list])

    def _create_bulk(self, documents):
        context = {**QUIET, **NO_SYNC, CONTEXT_KEY: FULL_VALUES}
        Move = self.env["account.move"]
        moves = Move.with_context(**context).create([x.vals for x in documents])
        moves = Move.browse(moves.ids)
        several = Move.union(
            *(move for move, x in zip(moves, documents, strict=True) if x.instalments)
        )
        terms = several.line_ids.filtered(lambda x: x.display_type == "payment_term")
        # Odoo writes "instalment #n" in its own words
        self.env.add_to_compute(terms._fields["name"], terms)
        return moves

    def _log_creation(self, moves):
        moves._message_log_batch(bodies={x.id: x._creation_message() for x in moves})

    # -- trust -------------------------------------------------------------------------

    def _trust(self):
        """What was tried in this process; a new registry, so other add-ons, forgets."""
        registry = self.env.registry
        if not hasattr(registry, "_facturex_bulk_trust"):
            registry._facturex_bulk_trust = {}
        if len(registry._facturex_bulk_trust) > MAX_REMEMBERED:
            registry._facturex_bulk_trust.clear()
        return registry._facturex_bulk_trust

    def _distrust(self, document, vals, post):
        """Why such documents go Odoo's own way; None when the bulk path is proved."""
        trust, key = self._trust(), (document.signature, post)
        if key not in trust:
            reason, lasting = self._try_both(document, vals, post)
            if not lasting:
                return reason
            trust[key] = reason
            if reason:
                _logger.info("Bulk path refused: %s", reason)
        return trust[key]

    def _try_both(self, document, vals, post):
        """The canary: (reason or None, whether it holds for the next one too)."""
        service = self.with_context(**QUIET)
        try:
            with self._undone():
                moves = service._create_native([vals])
                if post:
                    moves.action_post()
                expected = service._columns(moves)
        except psycopg2.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 it is raised again, made in earnest
            return self.env._("Odoo refuses the trial document: %s", error), False
        try:
            with self._undone():
                moves = service._create_bulk([document])
                if post:
                    service._post(moves)
                found = service._columns(moves)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            _logger.warning("The bulk path fails", exc_info=True)
            return self.env._("the bulk path fails: %s", error), True
        different = self._differences(expected, found)
        if different:
            return (
                self.env._("Odoo's own path differs in: %s", ", ".join(different)),
                True,
            )
        return None, True

    @contextmanager
    def _undone(self):
        """A savepoint that is always rolled back, hooks and numbers in memory too."""
        cr = self.env.cr
        queues = (cr.precommit, cr.postcommit, cr.prerollback, cr.postrollback)
        with closing(cr.savepoint()):
            kept = [
                (
                    queue,
                    tuple(queue._funcs),
                    {
                        key: value.copy() if hasattr(value, "copy") else value
                        for key, value in queue.data.items()
                    },
                )
                for queue in queues
            ]
            try:
                yield
            finally:
                for queue, functions, data in kept:
                    queue._funcs = deque(functions)
                    queue.data = data

    # -- comparison --------------------------------------------------------------------

    def _columns(self, moves):
        """Everything stored of documents and lines, as [{column: value}].

        In the order of documents, and within each of its lines' ids. Relations of many
        records count by their records, one-to-many of documents by their number.
        """
        self.env.flush_all()
        moves = moves.sorted("id")
        lines = moves.line_ids.browse(
            line.id for move in moves for line in move.line_ids.sorted("id")
        )
        rows = [self._stored(moves, "move"), self._stored(lines, "line")]
        self._hide_ids(moves, lines, *rows)
        counts = {
            # sudo: counted, never shown
            f"move.{name}": len(moves.sudo()[name])
            for name, field in moves._fields.items()
            if field.type == "one2many"
            and field.store
            and not field.comodel_name.startswith("mail.")
        }
        return [row for part in rows for row in part] + [counts]

    def _hide_ids(self, moves, lines, move_rows, line_rows):
        """A structured reference may hold the document's id: it counts as such."""
        computed = {
            move: move.payment_reference
            for move in moves
            if move.payment_reference
            and move.payment_reference == move._get_invoice_computed_reference()
        }
        for row, move in zip(move_rows, moves, strict=True):
            if move in computed:
                row["move.payment_reference"] = "computed"
        for row, line in zip(line_rows, lines, strict=True):
            if line.move_id in computed and line.name:
                row["line.name"] = line.name.replace(computed[line.move_id], "computed")

    def _stored(self, records, kind):
        self.env.cr.execute(
            SQL(
                "SELECT * FROM %s WHERE id = ANY(%s)",
                SQL.identifier(records._table),
                records.ids,
            )
        )
        by_id = {row["id"]: row for row in self.env.cr.dictfetchall()}
        rows = [
            {
                f"{kind}.{name}": value
                for name, value in by_id[record_id].items()
                if name not in OWN_COLUMNS
            }
            for record_id in records.ids
        ]
        many = [
            f for f in records._fields.values() if f.store and f.type == "many2many"
        ]
        for field in many:
            for row, record in zip(rows, records, strict=True):
                # sudo: compared, never shown
                row[f"{kind}.{field.name}"] = sorted(record.sudo()[field.name].ids)
        return rows

    def _differences(self, expected, found):
        """Names of the columns that differ; the number of lines counts as one."""
        if len(expected) != len(found):
            return [self.env._("number of lines")]
        return sorted(
            {
                name
                for one, other in zip(expected, found, strict=True)
                for name in one.keys() | other.keys()
                if one.get(name) != other.get(name)
            }
        )
