"""Rows of bank lines written as copies of one that Odoo made.

What a kind of line has in common is read from a line of that kind; what differs from
one line to the next is told here, column by column. Nothing is trusted: a second line
of the kind, made by Odoo as well, must come out of the copy equal in every column.
"""

import json
from dataclasses import dataclass, field

from odoo.tools import SQL, float_compare

MOVE, LINE, ITEM = (
    "account.move",
    "account.bank.statement.line",
    "account.move.line",
)
TABLES = {"account_move", "account_bank_statement_line", "account_move_line"}
SEQUENCE_TOP = 2147483647  # as `internal_index` of a bank line counts down from it
FACTORS = (0.0, 1.0, -1.0)


@dataclass(frozen=True)
class Written:
    """Numbers of the rows of one line, and the name of its entry."""

    move: int
    line: int
    items: tuple[int, ...]
    name: str
    prefix: str
    number: int
    now: str


@dataclass(frozen=True)
class Template:
    """The rows of a line, as JSON objects, and what their amounts are made of.

    `factors`: per row, column -> what the amount of the row is multiplied by.
    """

    rows: tuple[dict, ...]  # entry, line, items in the order of their numbers
    factors: tuple[dict, ...]


@dataclass
class Copies:
    """What one call knows.

    `templates` by kind; `refused`: kind -> why; `prefixes`: (journal, month) -> how the
    entries were numbered that were there before.
    """

    templates: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)
    prefixes: dict = field(default_factory=dict)


def amounts_of(document):
    """What the amounts of each row are made of: entry, line, then its items."""
    rows = [command[2] for command in document["line_ids"]]
    amount = document["amount"]
    return (amount, amount, *(row["balance"] for row in rows))


def kind_of(document):
    """What lines must have in common to be copies of each other."""
    rows = [command[2] for command in document["line_ids"]]
    return (
        document["journal_id"],
        frozenset(document),
        document["amount"] > 0,
        bool(document["partner_id"]),
        tuple(
            (row["account_id"], row["balance"] > 0, bool(row["partner_id"]))
            for row in rows
        ),
        all("analytic_distribution" in row for row in rows),
    )


def read_rows(env, lines):
    """:return: {line id: its rows, as JSON objects: entry, line, items}"""
    found = {}
    for line_id, *texts in env.execute_query(
        SQL(
            """
            SELECT line.id, to_jsonb(move)::text, to_jsonb(line)::text,
                   (SELECT jsonb_agg(to_jsonb(item) ORDER BY item.id)::text
                      FROM account_move_line item WHERE item.move_id = move.id)
              FROM account_bank_statement_line line
              JOIN account_move move ON move.id = line.move_id
             WHERE line.id = ANY(%s)
            """,
            lines.ids,
        )
    ):
        move, line, items = map(json.loads, texts)
        found[line_id] = (move, line, *items)
    return found


class CopyWriter:
    """Turns complete values of lines into rows, beside a template."""

    def __init__(self, env):
        self.env = env
        self._partners = {}
        self._money = {
            model: [
                name
                for name, field in env[model]._fields.items()
                if field.store
                # Odoo declares what is left of a bank line as a plain float
                and (field.type == "monetary" or name == "amount_residual")
            ]
            for model in (MOVE, LINE, ITEM)
        }
        registry = env.registry
        # columns of an entry that its partner decides, whatever add-on has them
        self._of_partner = [
            name
            for name, field in env[MOVE]._fields.items()
            if field.store and field.compute and self._depends(registry, field)
        ]

    def _depends(self, registry, field, seen=()):
        names = {path.split(".")[0] for path in registry.field_depends.get(field, ())}
        if names & {"partner_id", "commercial_partner_id"}:
            return True
        fields = self.env[field.model_name]._fields
        return any(
            self._depends(registry, fields[name], {*seen, field.name})
            for name in names - {*seen, field.name}
            if name in fields and fields[name].compute and not fields[name].store
        )

    def template(self, rows, document):
        """:return: Template, or None when an amount is not one of the line's"""
        models = (MOVE, LINE, *[ITEM] * (len(rows) - 2))
        amounts = amounts_of(document)
        if len(amounts) != len(rows):
            return None
        factors = []
        for model, row, amount in zip(models, rows, amounts, strict=True):
            found = {}
            for name in self._money[model]:
                if row.get(name) is None:
                    continue
                factor = next((f for f in FACTORS if same(row[name], f * amount)), None)
                if factor is None:
                    return None
                found[name] = factor
            factors.append(found)
        return Template(tuple(rows), tuple(factors))

    def rows(self, template, document, written):
        """The columns of one line that differ from its template.

        :return: (of the entry, of the line, of each item)
        """
        amounts = [
            {name: factor * amount if factor else 0.0 for name, factor in own.items()}
            for own, amount in zip(template.factors, amounts_of(document), strict=True)
        ]
        stamp = {"create_date": written.now, "write_date": written.now}
        links = {"move_id": written.move, "statement_line_id": written.line}
        move = {
            **amounts[0],
            **self._given(document, True),
            **self._partner_facts(document),
            **stamp,
            "id": written.move,
            "statement_line_id": written.line,
            "name": written.name,
            "sequence_prefix": written.prefix,
            "sequence_number": written.number,
            "date": str(document["date"]),
            "fiscal_position_id": document["fiscal_position_id"] or None,
        }
        line = {
            **self._given(document, False),
            **amounts[1],
            **stamp,
            "id": written.line,
            "move_id": written.move,
            "partner_id": document["partner_id"] or None,
            "internal_index": self._index(template, document, written),
        }
        line["facturex_reference"] = reference_of(document.get("transaction_details"))
        items = [
            {
                **own,
                **stamp,
                **links,
                "id": number,
                "move_name": written.name,
                "date": str(document["date"]),
                "name": command[2]["name"],
                "partner_id": command[2]["partner_id"] or None,
            }
            for own, number, command in zip(
                amounts[2:], written.items, document["line_ids"], strict=True
            )
        ]
        return move, line, *items

    def _given(self, document, inherited):
        """Plain values of an import; what the other columns tell is left out."""
        fields = self.env[LINE]._fields
        return {
            name: plain(fields[name], value)
            for name, value in document.items()
            if name not in TOLD and bool(fields[name].inherited) is inherited
        }

    def _index(self, template, document, written):
        sequence = document.get("sequence", template.rows[1]["sequence"])
        day = str(document["date"]).replace("-", "")
        return f"{day}{SEQUENCE_TOP - sequence:0>10}{written.line:0>10}"

    def _partner_facts(self, document):
        if not document["partner_id"]:
            return {"partner_id": None}
        key = document["journal_id"], document["partner_id"]
        if key not in self._partners:
            self.learn_partners([document])
        return self._partners[key]

    def learn_partners(self, documents):
        """What the partners of entries decide, found by Odoo, for all at once."""
        by_key = {
            (document["journal_id"], document["partner_id"]): document
            for document in documents
            if document["partner_id"]
        }
        new = {key: by_key[key] for key in by_key.keys() - self._partners.keys()}
        partners = self.env["res.partner"].browse(sorted({key[1] for key in new}))
        partners.mapped("commercial_partner_id.bank_ids.active")
        moves = self.env[MOVE].union(
            *(
                self.env[MOVE].new(
                    {
                        "move_type": "entry",
                        "journal_id": document["journal_id"],
                        "company_id": document["company_id"],
                        "currency_id": document["currency_id"],
                        "date": document["date"],
                        "partner_id": document["partner_id"],
                    }
                )
                for document in new.values()
            )
        )
        fields = self.env[MOVE]._fields
        for (key, document), move in zip(new.items(), moves, strict=True):
            facts = self._partners[key] = {"partner_id": key[1]}
            for name in self._of_partner:
                if name not in document:
                    value = fields[name].convert_to_write(move[name], move)
                    facts[name] = plain(fields[name], value)


# columns whose value another rule of this file gives
TOLD = {
    "line_ids",
    "date",
    "amount",
    "partner_id",
    "journal_id",
    "company_id",
    "currency_id",
    "fiscal_position_id",
}


def plain(field, value):
    """The value of a column as JSON has it; empty is null, as for Odoo."""
    if field.type == "boolean":
        return bool(value)
    if value is None or value is False or (field.type == "json" and not value):
        return None
    return str(value) if field.type in ("date", "datetime") else value


def reference_of(details):
    """The payer's structured reference, else his identifier of the payment."""
    details = details or {}
    names = ("structured_reference", "end_to_end_id")
    return next((details[name] for name in names if details.get(name)), None)


def same(one, other):
    return not float_compare(float(one), float(other), precision_digits=6)


def differences(expected, found):
    """Names of the columns that differ."""
    return sorted(
        {
            name
            for one, other in zip(expected, found, strict=True)
            for name in one.keys() | other.keys()
            if one.get(name) != other.get(name)
        }
    )


def populated(env, template, rows):
    """What the rows of one line would be, as JSON objects; nothing is written."""
    models = (MOVE, LINE, *[ITEM] * (len(rows) - 2))
    return tuple(
        json.loads(
            env.execute_query(
                SQL(
                    "SELECT to_jsonb(jsonb_populate_record(NULL::%s, %s::jsonb"
                    " || %s::jsonb))::text",
                    SQL.identifier(env[model]._table),
                    json.dumps(base),
                    json.dumps(row),
                )
            )[0][0]
        )
        for model, base, row in zip(models, template.rows, rows, strict=True)
    )


def reserve(env, model, count):
    """:return: that many new numbers of a table, ascending"""
    sequence = f"{env[model]._table}_id_seq"
    rows = env.execute_query(
        SQL("SELECT nextval(%s) FROM generate_series(1, %s)", sequence, count)
    )
    return sorted(number for (number,) in rows)


def insert(env, template, copies):
    """Writes the rows of many lines of one kind, in one statement.

    In one, because entry and line name each other: the database compares them at its
    end. :param copies: [rows of a line, as `CopyWriter.rows` gives them]
    """
    models = (MOVE, LINE, *[ITEM] * (len(template.rows) - 2))
    parts = []
    for position, (model, base) in enumerate(zip(models, template.rows, strict=True)):
        table = SQL.identifier(env[model]._table)
        parts.append(
            SQL(
                """
                %(base)s AS MATERIALIZED (
                    SELECT jsonb_populate_record(NULL::%(table)s, %(row)s::jsonb) AS row
                ),
                %(name)s AS (
                    INSERT INTO %(table)s
                    SELECT made.*
                      FROM %(base)s base,
                           jsonb_array_elements(%(rows)s::jsonb) AS own,
                           jsonb_populate_record(base.row, own) AS made
                 RETURNING 1
                )
                """,
                base=SQL.identifier(f"base{position}"),
                name=SQL.identifier(f"made{position}"),
                table=table,
                row=json.dumps(base),
                rows=json.dumps([rows[position] for rows in copies]),
            )
        )
    env.cr.execute(SQL("WITH %s SELECT 1", SQL(", ").join(parts)))
