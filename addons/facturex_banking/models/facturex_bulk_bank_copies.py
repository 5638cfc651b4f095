"""Most lines of a file are alike: Odoo makes two of a kind, the rest are copies."""

import logging
from dataclasses import replace

from odoo import api, fields, models
from odoo.tools import SQL, date_utils

from .bank_copies import (
    ITEM,
    LINE,
    MOVE,
    TABLES,
    Copies,
    CopyWriter,
    Written,
    differences,
    insert,
    kind_of,
    populated,
    read_rows,
    reserve,
)

_logger = logging.getLogger(__name__)

COPIES_KEY = "facturex_bank_copies"
FEW = 10  # lines of a kind from which on copies are worth their proof
# what may have a say when an entry is made; each was read: none of it concerns a bank
# line beyond its own rows, or it concerns all lines of a company alike
REVIEWED = {
    "account",
    "account_edi_ubl_cii",
    "account_payment",
    "analytic",
    "base",
    "mail",
    "payment",
    "portal",
    "product",
    "sale",
    "sale_management",
}
OURS = "facturex_"
ACTS = ("create", "_create", "write", "_post", "action_post", "_compute_name")


class FacturexBulkBank(models.AbstractModel):
    """Rows written at once, for kinds of lines that were proved in the same call.

    Per kind, two lines are made by `_create_bulk_lines`, so with every hook of every
    add-on, and undone: the second one must equal the copy of the first in every column
    of every row, and no other table may have been touched. Then lines of the kind are
    written as copies. Per batch and month one line is made for good in that way: it
    takes the lock on the numbers, and leaves the company's traces. Whatever is not
    proved is made as before.
    """

    _inherit = "facturex.bulk.bank"

    @api.model
    def _create_lines(self, vals_list, match=True, progress=None, asked=frozenset()):
        service = self
        if len(vals_list) > FEW and not self._unreviewed():
            service = self.with_context(**{COPIES_KEY: Copies()})
        result = super(FacturexBulkBank, service)._create_lines(
            vals_list, match=match, progress=progress, asked=asked
        )
        return replace(
            result,
            lines=result.lines.with_env(self.env),
            matched=result.matched.with_env(self.env),
        )

    @api.model
    def _unreviewed(self):
        """Add-ons that have a say in entries, and were not read for that."""
        registry = self.env.registry
        if not hasattr(registry, "_facturex_bank_unreviewed"):
            found = set()
            for model in (MOVE, LINE, ITEM):
                names = {*ACTS}
                names |= {m.__name__ for m in self.env[model]._constraint_methods}
                for part in type(self.env[model]).mro():
                    if not names.isdisjoint(part.__dict__):
                        found.add(getattr(part, "_module", None) or "base")
            registry._facturex_bank_unreviewed = sorted(
                name for name in found - REVIEWED if not name.startswith(OURS)
            )
            if registry._facturex_bank_unreviewed:
                _logger.info(
                    "Bank lines are not copied beside: %s",
                    ", ".join(registry._facturex_bank_unreviewed),
                )
        return registry._facturex_bank_unreviewed

    # -- what is copied ----------------------------------------------------------------

    def _write_documents(self, documents):
        copies = self.env.context.get(COPIES_KEY)
        if not isinstance(copies, Copies) or len(documents) <= FEW:
            return super()._write_documents(documents)
        order = sorted(documents, key=lambda r: (str(documents[r]["date"]), r))
        kinds = {rank: kind_of(documents[rank]) for rank in order}
        writer = CopyWriter(self.env)
        self._learn(copies, documents, order, kinds, writer)
        locked = self._locked_days(documents)
        ours = {
            rank
            for rank in order
            if kinds[rank] in copies.templates
            and (str(documents[rank]["date"]), documents[rank]["journal_id"])
            not in locked
        }
        ours.discard(order[0])  # it takes the lock on the numbers
        ids = self._write_by_odoo(documents, set(documents) - ours)
        self._copy(copies, documents, kinds, ids, writer)
        return ids

    def _write_by_odoo(self, documents, ranks):
        service = self.with_context(**{COPIES_KEY: None})
        ids = service._write_documents(
            {rank: documents[rank] for rank in sorted(ranks)}
        )
        self.env.flush_all()
        return ids

    @api.model
    def _may_copy(self, document):
        rows = [command[2] for command in document["line_ids"]]
        # an analytic distribution is Odoo's to find, line by line
        return all("analytic_distribution" in row for row in rows)

    def _locked_days(self, documents):
        """Odoo moves what is in a closed period to another day: it shall do so.

        :return: {(day, number of the journal)}
        """
        days = {
            (str(document["date"]), document["journal_id"])
            for document in documents.values()
        }
        locked = set()
        for day, journal_id in days:
            journal = self.env["account.journal"].browse(journal_id)
            company = journal.company_id
            date = fields.Date.to_date(day)
            if company._get_violated_lock_dates(date, False, journal):
                locked.add((day, journal_id))
        return locked

    # -- proof -------------------------------------------------------------------------

    def _written_rows(self):
        """Rows inserted, changed, removed by table, as PostgreSQL counts them."""
        self.env.flush_all()
        return {
            name: numbers
            for name, *numbers in self.env.execute_query(
                SQL(
                    "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del"
                    "  FROM pg_stat_xact_user_tables"
                    " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
                )
            )
        }

    @api.model
    def _touched(self, before, after):
        return {name for name, numbers in after.items() if before.get(name) != numbers}

    def _learn(self, copies, documents, order, kinds, writer):
        """Templates of the kinds whose copy equals what Odoo makes, in all columns."""
        by_kind = {}
        for rank in order:
            if kinds[rank] not in copies.templates | copies.refused:
                by_kind.setdefault(kinds[rank], []).append(rank)
        samples = {
            kind: (ranks[0], self._proof(documents, ranks))
            for kind, ranks in by_kind.items()
            if len(ranks) >= FEW and self._may_copy(documents[ranks[0]])
        }
        if not samples:
            return
        ranks = {rank for pair in samples.values() for rank in pair}
        with self._undone():
            before = self._written_rows()
            ids = self._write_by_odoo(documents, ranks)
            touched = self._touched(before, self._written_rows())
            found = read_rows(self.env, self.env[LINE].browse(ids.values()))
        for kind, (model, proof) in samples.items():
            template = writer.template(found[ids[model]], documents[model])
            if touched != TABLES:
                reason = ", ".join(sorted(touched ^ TABLES))
            elif template is None:
                reason = "amounts"
            else:
                rows = found[ids[proof]]
                own = writer.rows(template, documents[proof], written_of(rows))
                expected = populated(self.env, template, own)
                reason = ", ".join(differences(expected, rows))
            if reason:
                _logger.info("Bank lines are not copied: %s", reason)
                copies.refused[kind] = reason
            else:
                copies.templates[kind] = template

    @api.model
    def _proof(self, documents, ranks):
        """Another line of the kind, as different as there is one."""
        model = documents[ranks[0]]
        return next(
            (r for r in reversed(ranks) if differ(documents[r], model)), ranks[1]
        )

    # -- writing -----------------------------------------------------------------------

    def _copy(self, copies, documents, kinds, ids, writer):
        """Writes what is not in `ids` yet, numbered by day as Odoo does.

        What no series of numbers covers is made by Odoo, which begins another one.
        """
        order = sorted(
            set(documents) - set(ids), key=lambda r: (str(documents[r]["date"]), r)
        )
        series = self._series(ids.values())
        prefixes = self._prefixes(copies, documents, order)
        names = {}
        for rank in order:
            found = self._next_name(documents[rank], series, prefixes)
            if found:
                names[rank] = found
                continue
            ids.update(self._insert(copies, documents, kinds, names, writer))
            names = {}
            made = self._write_by_odoo(documents, {rank})
            ids.update(made)
            series += self._series(made.values())
        ids.update(self._insert(copies, documents, kinds, names, writer))

    @api.model
    def _next_name(self, document, series, prefixes):
        """:return: (name, prefix, number), or None when Odoo has to say it"""
        day = fields.Date.to_date(document["date"])
        there = prefixes[month_of(document)]
        for one in reversed(series):
            # entries of that month numbered otherwise would be followed by Odoo
            if one.covers(document["journal_id"], day) and there <= {one.prefix}:
                return one.next()
        return None

    def _series(self, line_ids):
        moves = self.env[LINE].browse(line_ids).move_id.sorted("date", reverse=True)
        by_prefix = {(move.journal_id.id, move.sequence_prefix): move for move in moves}
        return [Series(move) for move in by_prefix.values()]

    def _prefixes(self, copies, documents, ranks):
        """How the entries of each month were numbered, as this call first saw it."""
        months = {month_of(documents[rank]) for rank in ranks}
        for journal_id, month in sorted(months - copies.prefixes.keys()):
            first = fields.Date.to_date(f"{month}-01")
            rows = self.env.execute_query(
                SQL(
                    "SELECT DISTINCT sequence_prefix FROM account_move"
                    " WHERE journal_id = %s AND date BETWEEN %s AND %s"
                    "   AND name != '/'",
                    journal_id,
                    *date_utils.get_month(first),
                )
            )
            copies.prefixes[journal_id, month] = {prefix for (prefix,) in rows}
        return copies.prefixes

    def _insert(self, copies, documents, kinds, names, writer):
        """:return: {rank: number of its line} of the lines that have a name"""
        ranks = sorted(names)
        if not ranks:
            return {}
        # numbers of rows in the order of the values, as Odoo gives them
        moves = reserve(self.env, MOVE, len(ranks))
        lines = reserve(self.env, LINE, len(ranks))
        sizes = [len(documents[rank]["line_ids"]) for rank in ranks]
        items = iter(reserve(self.env, ITEM, sum(sizes)))
        now = str(self.env.cr.now())
        writer.learn_partners([documents[rank] for rank in ranks])
        by_kind = {}
        for rank, move, line in zip(ranks, moves, lines, strict=True):
            own = tuple(next(items) for _row in documents[rank]["line_ids"])
            written = Written(move, line, own, *names[rank], now=now)
            template = copies.templates[kinds[rank]]
            by_kind.setdefault(kinds[rank], []).append(
                writer.rows(template, documents[rank], written)
            )
        for kind, rows in by_kind.items():
            insert(self.env, copies.templates[kind], rows)
        # what was read before knows nothing of the new rows
        self.env.invalidate_all(flush=False)
        # the rules on records hold for copies, too
        self.env[MOVE].browse(moves).check_access("create")
        self.env[LINE].browse(lines).check_access("create")
        return dict(zip(ranks, lines, strict=True))


class Series:
    """The numbers that follow the one of an entry; Odoo holds the lock on them."""

    def __init__(self, move):
        self.prefix = move.sequence_prefix
        self._move = move
        self._journal_id = move.journal_id.id
        self._text, self._values = move._get_sequence_format_param(move.name)
        reset = move._deduce_sequence_number_reset(move.name)
        self._first, self._last = move._get_sequence_date_range(reset)[:2]
        values = {name: v for name, v in self._values.items() if name != "seq"}
        # as `_locked_increment` names what it holds
        index = move._sequence_index and move[move._sequence_index]
        self._key = self._text.format(**values, seq=0), index
        self._cache = move._get_sequence_cache()

    def covers(self, journal_id, day):
        return (
            journal_id == self._journal_id
            and self._key in self._cache
            and self._first <= day <= self._last
        )

    def next(self):
        """:return: (name, prefix, number)"""
        name = self._move._locked_increment(self._text, dict(self._values))
        return name, self.prefix, self._cache[self._key]


def month_of(document):
    return document["journal_id"], str(document["date"])[:7]


def differ(one, other):
    """Whether two lines differ in all that copies tell apart."""
    names = (
        ("date", "amount", "partner_id") if one["partner_id"] else ("date", "amount")
    )
    return all(one[name] != other[name] for name in names)


def written_of(rows):
    """The numbers of a line that is there."""
    move, line, *items = rows
    return Written(
        move["id"],
        line["id"],
        tuple(item["id"] for item in items),
        move["name"],
        move["sequence_prefix"],
        move["sequence_number"],
        move["create_date"],
    )
