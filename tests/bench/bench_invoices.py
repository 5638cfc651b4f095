"""Creating and posting three-line invoices: Odoo's batch path, and one by one.

The reference that later bulk paths are held against.
"""

from odoo.fields import Command

SIZES = (300, 1000)
CHUNK = 300


def prepare(env, size):
    """A company with the Belgian chart, 100 customers, 10 products at 21 %."""
    company = (
        env["res.company"]
        .with_context(chart_template_load=True, tracking_disable=True)
        .create({"name": "Bench", "country_id": env.ref("base.be").id})
    )
    env["account.chart.template"].try_loading(
        "be_comp", company=company, install_demo=False
    )
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    customers = env["res.partner"].create(
        [{"name": f"Customer {number}"} for number in range(min(size, 100))]
    )
    products = env["product.product"].create(
        [
            {
                "name": f"Product {number}",
                "list_price": 10 + number,
            }
            for number in range(10)
        ]
    )
    # written: a creation adds the taxes of every company, which some add-ons take all
    products.taxes_id = company.account_sale_tax_id
    return {"env": env, "customers": customers, "products": products}


def values(state, number):
    customers, products = state["customers"], state["products"]
    return {
        "move_type": "out_invoice",
        "partner_id": customers[number % len(customers)].id,
        "invoice_date": "2026-03-02",
        "invoice_line_ids": [
            Command.create(
                {
                    "product_id": products[(number + line) % len(products)].id,
                    "quantity": 1 + line,
                    "price_unit": 10 + number % 97 + line,
                }
            )
            for line in range(3)
        ],
    }


def odoo_batches(env, state, size):
    Move = state["env"]["account.move"]
    for start in range(0, size, CHUNK):
        stop = min(start + CHUNK, size)
        Move.create([values(state, n) for n in range(start, stop)]).action_post()


def odoo_batches_untracked(env, state, size):
    state = dict(state, env=state["env"](context=dict(
        state["env"].context, tracking_disable=True
    )))  # fmt: skip
    odoo_batches(env, state, size)


def odoo_one_by_one(env, state, size):
    Move = state["env"]["account.move"]
    for number in range(size):
        Move.create(values(state, number)).action_post()


VARIANTS = {
    "Odoo, batches": odoo_batches,
    "Odoo, batches, no tracking": odoo_batches_untracked,
    "Odoo, one by one": odoo_one_by_one,
}
