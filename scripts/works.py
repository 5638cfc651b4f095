"""Fed to `odoo shell` by install_check.sh: can this database still post an invoice?"""

from odoo.fields import Command

if not env.company.chart_template:  # noqa: F821 (given by the shell)
    env["account.chart.template"].try_loading(  # noqa: F821
        "generic_coa",
        company=env.company,  # noqa: F821
        install_demo=False,
    )
invoice = env["account.move"].create(  # noqa: F821
    {
        "move_type": "out_invoice",
        "partner_id": env["res.partner"].create({"name": "Works"}).id,  # noqa: F821
        "invoice_line_ids": [Command.create({"name": "Works", "price_unit": 100})],
    }
)
invoice.action_post()
assert invoice.state == "posted" and invoice.payment_state == "not_paid"  # noqa: S101
print("works")
