"""Bank lines that pay invoices: created, matched and reconciled.

Every line carries the reference of one open invoice and its amount. Odoo Community
decides nothing: its best form is given the answer, creates the lines directly on the
counterpart account, and reconciles with one plan per batch. Its other form replaces the
suspense item and reconciles line by line, as a screen does. OCA's add-on decides by a
rule of its own when the line is created. Ours finds, creates and reconciles.
"""

from datetime import date

from odoo.fields import Command

from tests.bench import bench_invoices

OCA = (
    "odoo-addon-account-statement-base==19.0.*",
    "odoo-addon-account-reconcile-oca==19.0.*",
)
NEEDS = {"OCA, reconcile by rule": "odoo-addon-account-reconcile-oca"}
SIZES = (300, 1000)
CHUNK = 300
DAY = date(2026, 3, 20)


def prepare(env, size):
    """Open invoices of one line each, amounts all different, and a bank journal."""
    state = bench_invoices.prepare(env, size)
    env = state["env"]
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )
    invoices = env["facturex.bulk.invoice"]._create_invoices(
        [
            {
                "move_type": "out_invoice",
                "partner_id": state["customers"][number % len(state["customers"])].id,
                "invoice_date": "2026-03-02",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": state["products"][0].id,
                            "price_unit": 100 + number,
                        }
                    )
                ],
            }
            for number in range(size)
        ],
        post=True,
    )
    terms = invoices.line_ids.filtered(lambda x: x.display_type == "payment_term")
    state |= {"journal": journal, "items": terms.sorted("id"), "invoices": invoices}
    # read together: what a bank says is not part of any variant
    terms.fetch(["amount_residual", "move_id", "partner_id"])
    invoices.fetch(["payment_reference", "name"])
    state["values"] = [_values(state, item) for item in state["items"]]
    # the canary tries each kind of line once per process, not once per import
    _create_ours(state, range(2), undo=True)
    return state


def values(state, number):
    return dict(state["values"][number])


def _values(state, item):
    reference = item.move_id.payment_reference or item.move_id.name
    return {
        "journal_id": state["journal"].id,
        "date": DAY,
        "amount": item.amount_residual,
        "payment_ref": reference,
        "partner_name": item.partner_id.name,
        "transaction_details": {},
    }


def _create_ours(state, numbers, undo=False):
    service = state["env"]["facturex.bulk.bank"]
    vals_list = [values(state, number) for number in numbers]
    if not undo:
        return service._create_lines(vals_list)
    with service._undone():
        return service._create_lines(vals_list)


def ours(env, state, size):
    result = _create_ours(state, range(size))
    if len(result.matched) != size or result.native:
        raise ValueError(f"{len(result.matched)} of {size}: {result.native[:1]}")


def odoo_best(env, state, size):
    env = state["env"](context=dict(state["env"].context, tracking_disable=True))
    Line, Item = env["account.bank.statement.line"], env["account.move.line"]
    for first in range(0, size, CHUNK):
        numbers = range(first, min(first + CHUNK, size))
        items = state["items"].with_env(env)
        lines = Line.create(
            [
                {
                    **values(state, n),
                    "partner_id": items[n].partner_id.id,
                    "counterpart_account_id": items[n].account_id.id,
                }
                for n in numbers
            ]
        )
        plan = []
        for n, line in zip(numbers, lines, strict=True):
            own = line._seek_for_lines()[2]
            plan.append(Item.browse([items[n].id, own.id]))
        Item._reconcile_plan(plan)
    _check(state)


def odoo_one_by_one(env, state, size):
    Line = state["env"]["account.bank.statement.line"]
    for number in range(size):
        line = Line.create(values(state, number))
        item = state["items"][number]
        liquidity, suspense, _other = line._seek_for_lines()
        line.with_context(force_delete=True, skip_readonly_check=True).write(
            {
                "line_ids": [
                    Command.update(liquidity.id, {"partner_id": item.partner_id.id}),
                    Command.delete(suspense.id),
                    Command.create(
                        {
                            "account_id": item.account_id.id,
                            "partner_id": item.partner_id.id,
                            "name": item.name,
                            "balance": -item.amount_residual,
                        }
                    ),
                ]
            }
        )
        (item + line._seek_for_lines()[2]).reconcile()
    _check(state)


def _check(state):
    state["invoices"].invalidate_recordset()
    left = state["invoices"].filtered(lambda x: x.amount_residual)
    if left:
        raise ValueError(f"{len(left)} invoices are still open")


def oca(env, state, size):
    """OCA's own automatic matching, run as its add-on runs it on creation."""
    env = state["env"]
    lines = env["account.bank.statement.line"].create(
        [values(state, number) for number in range(size)]
    )
    env.flush_all()
    matched = len(lines.filtered("is_reconciled"))
    if matched != size:
        raise ValueError(f"OCA matched {matched} of {size}")


def decide(env, state, size):
    """What ours needs to decide alone, lines not in the database yet."""
    service = state["env"]["facturex.bulk.bank"]
    specs = service._decide([values(state, number) for number in range(size)], True)
    if not all(spec.items for spec in specs):
        raise ValueError("a line was not decided")


VARIANTS = {
    "Facturex": ours,
    "Facturex, decision only": decide,
    "Odoo, best form": odoo_best,
    "Odoo, one by one": odoo_one_by_one,
    "OCA, reconcile by rule": oca,
}
