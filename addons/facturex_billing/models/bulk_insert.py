"""Rows whose every value is known, inserted without a look at each of them alone.

Odoo's ORM asks for the currency of every amount with a virtual record of its own, and
fills its cache value by value: a third of what a complete document costs. Here the
currency is looked up once per distinct one, the cache is filled a field at a time.
What follows an insertion (inverses, dependencies, relations, constraints, access) is
the ORM's own. Only for values that `account_move_bulk.complete_values` completed.
"""

from collections import defaultdict
from itertools import repeat
from operator import attrgetter

from psycopg2.extensions import AsIs

from odoo.tools import SQL, float_repr, split_every
from odoo.tools.misc import clean_context

ROWS = 100
DEFAULT = AsIs("DEFAULT")
MANY = ("one2many", "many2many")
ONE = ("many2one", "many2one_reference")
# written by the database or by the ORM's own columns
OWN = {"id", "parent_path", "create_uid", "create_date", "write_uid", "write_date"}


class Amounts:
    """Amounts as columns and as cached values, rounded to the currency of their row."""

    def __init__(self, model):
        self.model = model
        self._sources = {}
        self._currencies = {}
        self._rounded = {}

    def of(self, field, value, row):
        """:return: (float rounded, its text for the database)"""
        value = float(value or 0.0)
        currency = self._currency(field, row)
        key = currency.id, value
        if key not in self._rounded:
            rounded = currency.round(value) if currency else value
            text = float_repr(rounded, currency.decimal_places) if currency else value
            self._rounded[key] = rounded, text
        return self._rounded[key]

    def _currency(self, field, row):
        if field not in self._sources:
            self._sources[field] = self._source(field, row)
        name, path = self._sources[field]
        key = name, path, row.get(name)
        if key not in self._currencies:
            comodel = self.model._fields[name].comodel_name
            record = self.model.env[comodel].browse(row.get(name) or ())
            # sudo: whoever writes an amount may read how it is rounded
            self._currencies[key] = record.sudo().mapped(path) if path else record
        return self._currencies[key]

    def _source(self, field, row):
        """The given field that leads to the currency, and the way from it."""
        name = field.get_currency_field(self.model)
        related = self.model._fields[name].related
        if name in row or not related:
            return name, ""
        first, _dot, path = related.partition(".")
        return first, path


def insert_complete(model, data_list):
    """Does what the ORM's `_create` does, for rows prepared as it prepares them.

    :param data_list: dicts of `BaseModel.create`: stored, inherited, protected
    :return: the records, in the order of the list
    """
    rows = [data["stored"] for data in data_list]
    names = sorted({name for row in rows for name in row})
    fields = [model._fields[name] for name in names]
    amounts = Amounts(model)
    records = model.browse(_insert(model, fields, rows, amounts))
    for data, record in zip(data_list, records, strict=True):
        data["record"] = record
    _fill_cache(records, data_list, amounts)
    relations = sorted(
        (field for field in fields if not field.column_type),
        key=attrgetter("_sequence"),
    )
    protected = [(data["protected"], data["record"]) for data in data_list]
    with model.env.protecting(protected):
        records.modified(model._fields, create=True)
        _relate(records, rows, relations)
    records._validate_fields(names)
    records.check_access("create")
    return records


def _insert(model, fields, rows, amounts):
    columns = [field for field in fields if field.column_type]

    def column(field, row):
        if field.name not in row:
            return DEFAULT
        if field.type == "monetary":
            return amounts.of(field, row[field.name], row)[1]
        return field.convert_to_column_insert(row[field.name], model, row)

    ids = []
    for part in split_every(ROWS, rows):
        model.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES %s RETURNING id",
                SQL.identifier(model._table),
                SQL(", ").join(SQL.identifier(field.name) for field in columns),
                SQL(", ").join(
                    tuple(column(field, row) for field in columns) for row in part
                ),
            )
        )
        ids += [record_id for (record_id,) in model.env.cr.fetchall()]
    return ids


def _fill_cache(records, data_list, amounts):
    """What was inserted is known: a field at a time, and nothing for the rest."""
    given = defaultdict(list)  # name -> [(id, value, row)]
    for record_id, data in zip(records._ids, data_list, strict=True):
        row = data["stored"]
        for inherited in data["inherited"].values():
            for name, value in inherited.items():
                if name not in row:
                    given[name].append((record_id, value, row))
        for name, value in row.items():
            given[name].append((record_id, value, row))
    known = records.with_context(bin_size=False)
    for name, cells in given.items():
        field = records._fields[name]
        if field.type not in MANY and field.type != "html":
            _cache_field(known, field, cells, amounts)
    for field in records._fields.values():
        if not field.store:
            continue
        if field.type in MANY:
            field._insert_cache(records, repeat(()))
        elif field.name not in OWN and not (
            field.type == "html" and field.name in given
        ):
            field._insert_cache(records, repeat(None))


def _cache_field(records, field, cells, amounts):
    if getattr(field, "translate", False):
        for record_id, value, _row in cells:
            record = records.browse(record_id)
            field._update_cache(record, field.convert_to_cache(value, record))
        return
    ids = [record_id for record_id, _value, _row in cells]
    if field.type == "monetary" and not field.inherited:
        values = [amounts.of(field, value, row)[0] for _id, value, row in cells]
    else:
        values = [
            field.convert_to_cache(value, records.browse(record_id))
            for record_id, value, _row in cells
        ]
    field._insert_cache(records.browse(ids), values)
    if field.type in ONE and records.pool.field_inverses[field]:
        groups = defaultdict(list)
        for record_id, value in zip(ids, values, strict=True):
            groups[value].append(record_id)
        for value, members in groups.items():
            field._update_inverses(records.browse(members), value)


def _relate(records, rows, relations):
    """Lines and other relations, created by the ORM."""
    if not relations:
        return
    others = records.with_env(records.env(context=clean_context(records.env.context)))
    for field in relations:
        pairs = [
            (record, row[field.name])
            for record, row in zip(others, rows, strict=True)
            if field.name in row
        ]
        field.create(pairs)
    records.modified([field.name for field in relations], create=True)
