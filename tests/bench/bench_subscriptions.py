"""Monthly three-line subscriptions: one month generated and posted.

Odoo Community has no subscriptions; its variant makes the same invoices from values, in
batches. OCA's two add-ons generate drafts, which are posted in one batch, as their
automatic validation does. Ours is the run itself: claims, invoices, numbers, periods.
"""

import os

from odoo.fields import Command

from tests.bench import bench_invoices

OCA = ("odoo-addon-contract==19.0.*", "odoo-addon-subscription-oca==19.0.*")
NEEDS = {
    "OCA contract": "odoo-addon-contract",
    "OCA subscription": "odoo-addon-subscription_oca",
}
SIZES = (300, 1000)
CHUNK = 300
DAY = "2026-03-01"


def prepare(env, size):
    """Customers and products of the invoice bench, one customer per subscription."""
    state = bench_invoices.prepare(env, size)
    env = state["env"]
    state["customers"] = env["res.partner"].create(
        [{"name": f"Subscriber {number}"} for number in range(size)]
    )
    income = env["account.account"].search(
        [("account_type", "=", "income"), ("company_ids", "in", env.company.ids)],
        limit=1,
    )
    state["products"].property_account_income_id = income
    return state


def prepare_variant(env, state, size, variant):
    """The subscriptions themselves, and one document of the kind: not measured.

    A server lives for days: what each path looks up once in a process (Odoo's own
    dependencies of fields, our proof of a kind of document) is not the price of a run.
    BENCH_COLD=1 leaves the first document out.
    """
    make = {
        "OCA contract": _contracts,
        "OCA subscription": _oca_subscriptions,
        "Facturex": _subscriptions,
    }.get(variant)
    if not os.environ.get("BENCH_COLD"):
        first = dict(state)
        if make:
            first["records"] = make(state["env"], first, 1)
        VARIANTS[variant](env, first, 1)
        _end_of_batch(state["env"])
    if make:
        state["records"] = make(state["env"], state, size)


def lines(state, number):
    products = state["products"]
    return [
        {
            "product_id": products[(number + rank) % len(products)].id,
            "name": f"Service {rank}",
            "price_unit": 10 + number % 97 + rank,
        }
        for rank in range(3)
    ]


def values(state, number):
    return {
        "move_type": "out_invoice",
        "company_id": state["env"].company.id,
        "partner_id": state["customers"][number].id,
        "invoice_date": DAY,
        "invoice_line_ids": [
            Command.create({**line, "quantity": 1}) for line in lines(state, number)
        ],
    }


def _contracts(env, state, size):
    return env["contract.contract"].create(
        [
            {
                "name": f"Contract {number}",
                "partner_id": state["customers"][number].id,
                "company_id": env.company.id,
                "line_recurrence": False,
                "recurring_rule_type": "monthly",
                "recurring_interval": 1,
                "recurring_invoicing_type": "pre-paid",
                "date_start": DAY,
                "recurring_next_date": DAY,
                "contract_line_ids": [
                    Command.create(
                        {
                            **line,
                            "quantity": 1,
                            "date_start": DAY,
                            "recurring_next_date": DAY,
                        }
                    )
                    for line in lines(state, number)
                ],
            }
            for number in range(size)
        ]
    )


def _oca_subscriptions(env, state, size):
    template = env["sale.subscription.template"].create(
        {"name": "Monthly", "recurring_rule_type": "months", "invoicing_mode": "draft"}
    )
    pricelist = env["product.pricelist"].search([], limit=1) or env[
        "product.pricelist"
    ].create({"name": "Bench"})
    journal = env["account.journal"].search(
        [("type", "=", "sale"), ("company_id", "=", env.company.id)], limit=1
    )
    return env["sale.subscription"].create(
        [
            {
                "partner_id": state["customers"][number].id,
                "company_id": env.company.id,
                "template_id": template.id,
                "pricelist_id": pricelist.id,
                "journal_id": journal.id,
                "date_start": DAY,
                "recurring_next_date": DAY,
                "sale_subscription_line_ids": [
                    Command.create({**line, "product_uom_qty": 1})
                    for line in lines(state, number)
                ],
            }
            for number in range(size)
        ]
    )


def _subscriptions(env, state, size):
    subscriptions = env["facturex.subscription"].create(
        [
            {
                "partner_id": state["customers"][number].id,
                "company_id": env.company.id,
                "currency_id": env.company.currency_id.id,
                "interval_unit": "month",
                "date_start": DAY,
                "mode": "post",
                "line_ids": [
                    Command.create({**line, "quantity": 1})
                    for line in lines(state, number)
                ],
            }
            for number in range(size)
        ]
    )
    subscriptions.action_confirm()
    return subscriptions


def oca_contract(env, state, size):
    moves = state["records"]._recurring_create_invoice()
    _check(moves, size)
    moves.action_post()


def oca_subscription(env, state, size):
    for subscription in state["records"]:
        subscription.generate_invoice()
    moves = state["records"].invoice_ids
    _check(moves, size)
    moves.action_post()


def odoo_batches(env, state, size):
    Move = state["env"]["account.move"]
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        Move.create([values(state, n) for n in range(start, stop)]).action_post()


def facturex_values(env, state, size):
    service = state["env"]["facturex.bulk.invoice"]
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        result = service._make_invoices(
            [values(state, n) for n in range(start, stop)], post=True
        )
        if result.native:
            raise ValueError(result.native[0][1])
        _end_of_batch(state["env"])


def facturex(env, state, size):
    """In pieces, with the memory freed between them as a commit frees it."""
    subscriptions = state["records"]
    for start in range(0, size, CHUNK):
        subscriptions[start : start + CHUNK]._run_due(DAY)
        _end_of_batch(state["env"])
    domain = [("facturex_subscription_id", "in", subscriptions.ids)]
    _check(env["account.move"].search([*domain, ("state", "=", "posted")]), size)


def _end_of_batch(env):
    env.flush_all()
    env.invalidate_all()


def _check(moves, size):
    if len(moves) != size:
        raise ValueError(f"{len(moves)} invoices, {size} expected")


VARIANTS = {
    "OCA contract": oca_contract,
    "OCA subscription": oca_subscription,
    "Odoo, batches": odoo_batches,
    "Facturex, values only": facturex_values,
    "Facturex": facturex,
}
