"""Reminding: five overdue invoices of each customer, to one queued mail a customer.

Ours prepares the reminders and queues the mails. OCA's account_credit_control generates
its lines, its communications and their mails; the conversion of its letters to PDF is
left out of the measure, to its advantage (ours attaches the original PDF, if any).
"""

from datetime import date
from unittest.mock import patch

from odoo.fields import Command
from odoo.tools import SQL

SIZES = (500, 5000)
OCA = ("odoo-addon-account-credit-control==19.0.*",)
NEEDS = {"OCA account_credit_control": "odoo-addon-account-credit-control"}
PER_CUSTOMER = 5
DAY = date(2026, 3, 16)


def prepare(env, size):
    """A Belgian company, `size` overdue invoices, one customer for five of them."""
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
        [
            {"name": f"Customer {number}", "email": f"c{number}@client.example"}
            for number in range(size // PER_CUSTOMER)
        ]
    )
    first = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": customers[0].id,
            "invoice_date": "2026-02-01",
            "invoice_date_due": "2026-03-01",
            "invoice_line_ids": [
                Command.create({"name": "Work", "price_unit": 121, "tax_ids": []})
            ],
        }
    )
    first.action_post()
    env.flush_all()
    copy_invoice(env, first, customers, size)
    env.invalidate_all()
    return {"env": env, "company": company, "first": first}


def copy_invoice(env, first, customers, size):
    """Rows for the bench only: posting them one by one is another bench."""
    rank = SQL("generate_series(2, %s) AS n", size)
    partner = SQL("(%s)[n %% %s + 1]", customers.ids, len(customers))
    number = SQL("'BENCH/' || lpad(n::text, 6, '0')")
    # the journal items look their invoice up by its number; gone with the transaction
    env.cr.execute("CREATE INDEX IF NOT EXISTS bench_number ON account_move (name)")
    copy_rows(
        env,
        "account_move",
        SQL("t.id = %s", first.id),
        rank,
        {
            "name": number,
            "payment_reference": number,
            "sequence_prefix": SQL("'BENCH/'"),
            "sequence_number": SQL("n"),
            "partner_id": partner,
            "commercial_partner_id": partner,
            "partner_shipping_id": partner,
            "access_token": SQL("NULL"),
        },
    )
    copy_rows(
        env,
        "account_move_line",
        SQL("t.move_id = %s", first.id),
        rank,
        {
            "move_id": SQL("(SELECT id FROM account_move WHERE name = %s)", number),
            "move_name": number,
            "partner_id": partner,
        },
    )
    env.cr.execute("ANALYZE account_move, account_move_line, res_partner")


def copy_rows(env, table, where, rank, values):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND column_name != 'id'",
        [table],
    )
    columns = [row[0] for row in env.cr.fetchall()]
    given = [values.get(name, SQL("t.%s", SQL.identifier(name))) for name in columns]
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s t, %s WHERE %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(given),
            SQL.identifier(table),
            rank,
            where,
        )
    )


def prepare_variant(env, state, size, variant):
    """A policy is set up once, not each day; OCA's comes with its data."""
    if variant.startswith("Facturex"):
        state["policy"] = state["env"]["facturex.dunning.policy"].create(
            {
                "name": "Bench",
                "mode": "auto",
                "company_id": state["company"].id,
                "daily_cap": size,
            }
        )


def facturex(env, state, size):
    notices = state["policy"]._run(date=DAY)
    check(len(notices), len(notices.mail_mail_id), size)


def facturex_decision(env, state, size):
    """Selection and grouping alone, as the dry run does."""
    [(_policy, plan)] = state["policy"]._run(date=DAY, dry=True)
    check(len(plan.notices), len(plan.notices), size)


def oca_credit_control(env, state, size):
    env = state["env"]
    if "credit.control.run" not in env:
        raise SystemExit("start it with: make bench B=dunning OCA=1")
    policy = env.ref("account_credit_control.credit_control_3_time")
    state["company"].credit_policy_id = policy
    policy.account_ids |= state["first"].line_ids.account_id.filtered(
        lambda account: account.account_type == "asset_receivable"
    )
    run = env["credit.control.run"].create(
        {"date": DAY, "policy_ids": [Command.set(policy.ids)]}
    )
    before = env["mail.mail"].search_count([])
    with patch.object(
        type(env["ir.actions.report"]), "_run_wkhtmltopdf", lambda *_a, **_o: b"%PDF-"
    ):
        run.generate_credit_lines()
        run.set_to_ready_lines()
        run.run_channel_action()
    mails = env["mail.mail"].search_count([]) - before
    check(len(run.line_ids.communication_id), mails, size)


def check(messages, mails, size):
    """A bench of work that was not done measures nothing."""
    expected = size // PER_CUSTOMER
    if (messages, mails) != (expected, expected):
        raise SystemExit(f"{messages} messages, {mails} mails, expected {expected}")


VARIANTS = {
    "Facturex, messages and mails": facturex,
    "Facturex, decision only": facturex_decision,
    "OCA account_credit_control": oca_credit_control,
}
