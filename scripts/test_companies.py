"""Two Belgian and two French companies with their charts, for the tests' template.

Run in an Odoo shell. Loading a chart takes longer than most test classes; each class
gives its changes back, so one pair serves all (`FacturexCommon._create_company`).
"""


def make_company(env, country, number):
    nation = env.ref(f"base.{country}")
    company = env["res.company"].create(
        {
            "name": f"Test {country.upper()} {number}",
            "country_id": nation.id,
            "currency_id": nation.currency_id.id,
        }
    )
    template = env["account.chart.template"]
    template.try_loading(
        template._guess_chart_template(nation), company=company, install_demo=False
    )
    env["ir.model.data"].create(
        {
            "module": "facturex_test",
            "name": f"company_{country}_{number}",
            "model": "res.company",
            "res_id": company.id,
            # else an update of all modules deletes what no module declares
            "noupdate": True,
        }
    )


def main(env):
    # install_mode: as under test, a new company installs no module for its country
    env = env(context=dict(env.context, lang="en_US", install_mode=True))
    for country in ("be", "fr"):
        for number in (1, 2):
            make_company(env, country, number)
    env.cr.commit()


main(globals()["env"])
