"""How much may each customer still buy: the list of lines, its totals, all its rows.

Ours reads counters that each document moved; OCA's account_financial_risk adds up the
documents whenever it is asked. Two open invoices of each customer for both.
"""

from odoo.fields import Command

from tests.bench.bench_dunning import copy_invoice

SIZES = (1000, 10000)
OCA = ("odoo-addon-account-financial-risk==19.0.*",)
PER_CUSTOMER = 2
# the columns of our list of lines
COLUMNS = (
    "currency_id",
    "use_percent",
    "amount_limit",
    "amount_used",
    "amount_reserved",
    "amount_available",
    "amount_overdue",
    "amount_proposed",
    "date_next",
    "state",
)


def prepare(env, size):
    """A Belgian company, `size` customers, a line and two deferred invoices of each."""
    company = (
        env["res.company"]
        .with_context(chart_template_load=True, tracking_disable=True)
        .create({"name": "Bench", "country_id": env.ref("base.be").id})
    )
    env["account.chart.template"].try_loading(
        "be_comp", company=company, install_demo=False
    )
    env = env(
        context=dict(
            env.context, allowed_company_ids=company.ids, tracking_disable=True
        )
    )
    customers = env["res.partner"].create(
        [{"name": f"Customer {number}", "is_company": True} for number in range(size)]
    )
    lines = env["facturex.credit.line"].create(
        [
            {
                "partner_id": customer.id,
                "company_id": company.id,
                "currency_id": company.currency_id.id,
            }
            for customer in customers
        ]
    )
    lines.write({"state": "open"})
    first = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": customers[0].id,
            "invoice_date": "2026-02-01",
            "invoice_date_due": "2026-03-01",
            "invoice_line_ids": [
                Command.create({"name": "Work", "price_unit": 50, "tax_ids": []})
            ],
        }
    )
    first.action_post()
    env.flush_all()
    copy_invoice(env, first, customers, size * PER_CUSTOMER)
    defer(env, lines)
    env.invalidate_all()
    return {"env": env, "customers": customers.ids, "first": first}


def defer(env, lines):
    """The counters that buying these invoices one by one would have left."""
    env.cr.execute(
        """
        UPDATE account_move move
           SET facturex_deferred = TRUE, facturex_credit_line_id = line.id
          FROM facturex_credit_line line
         WHERE line.id = ANY(%(lines)s) AND line.partner_id = move.partner_id
           AND line.company_id = move.company_id;
        UPDATE facturex_credit_line line
           SET used_cents = 100 * bought.amount, ceiling_cents = 100 * bought.amount,
               limit_cents = 30000, amount_limit = 300, amount_used = bought.amount,
               amount_available = 300 - bought.amount
          FROM (SELECT facturex_credit_line_id AS id, SUM(amount_residual) AS amount
                  FROM account_move
                 WHERE facturex_credit_line_id = ANY(%(lines)s) GROUP BY 1) bought
         WHERE bought.id = line.id;
        ANALYZE facturex_credit_line, account_move
        """,
        {"lines": lines.ids},
    )


def rows_of_list(state, limit, **kwargs):
    specification = {name: {} for name in COLUMNS}
    specification["partner_id"] = {"fields": {"display_name": {}}}
    return state["env"]["facturex.credit.line"].web_search_read(
        [("company_id", "=", state["env"].company.id)],
        specification,
        limit=limit,
        **kwargs,
    )


def facturex_opened(env, state, size):
    """What a click on the menu asks for: the first page, and how many there are."""
    found = rows_of_list(state, 80, count_limit=10001)
    if found["length"] != size or len(found["records"]) != min(size, 80):
        raise SystemExit(f"{found['length']} lines listed, {size} expected")


def facturex_total(env, state, size):
    """The four amounts of all lines, as the foot of a group adds them up."""
    [totals] = state["env"]["facturex.credit.line"]._read_group(
        [("company_id", "=", state["env"].company.id)],
        aggregates=[
            "amount_limit:sum",
            "amount_used:sum",
            "amount_reserved:sum",
            "amount_available:sum",
        ],
    )
    check(totals[1], size)


def facturex(env, state, size):
    """All rows with all columns on one page."""
    found = rows_of_list(state, size)
    check(sum(row["amount_used"] for row in found["records"]), size)


def facturex_counters(env, state, size):
    """What a check of all customers needs: limit, used, reserved, available."""
    lines = state["env"]["facturex.credit.line"].search_fetch(
        [("partner_id", "in", state["customers"])],
        ["amount_limit", "amount_used", "amount_reserved", "amount_available"],
    )
    check(sum(lines.mapped("amount_used")), size)


def oca_financial_risk(env, state, size):
    env = state["env"]
    if "risk_total" not in env["res.partner"]._fields:
        raise SystemExit("start it with: make bench B=credit OCA=1")
    customers = env["res.partner"].browse(state["customers"])
    customers.risk_invoice_unpaid_include = True
    customers.risk_invoice_open_include = True
    env.flush_all()
    env.invalidate_all()
    check(sum(customers.mapped("risk_total")), size)


def check(total, size):
    """A bench that counted nothing measures nothing."""
    if round(total) != 50 * PER_CUSTOMER * size:
        raise SystemExit(f"{total} open, expected {50 * PER_CUSTOMER * size}")


VARIANTS = {
    "Facturex, list opened": facturex_opened,
    "Facturex, totals of all": facturex_total,
    "Facturex, all rows": facturex,
    "Facturex, counters only": facturex_counters,
    "OCA account_financial_risk": oca_financial_risk,
}
NEEDS = {"OCA account_financial_risk": "odoo-addon-account_financial_risk"}
