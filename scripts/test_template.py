"""What the tests' template has ready: companies with their charts, compiled pages.

Run in an Odoo shell. Two Belgian and two French companies: loading a chart takes longer
than most test classes; each class gives its changes back, so one pair serves all
(`FacturexCommon._create_company`). The scripts and styles of Odoo's pages: what the
browser of a test compiles is rolled back with the test, and compiled anew by the next.
"""

# of Odoo's own JavaScript tests, which are not run here
OTHER_TESTS = ("unit_tests", "tests_assets", "qunit")


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


def compile_pages(qweb):
    scripts, styles = qweb._get_bundles_to_pregenarate()
    for bundle in sorted(scripts | styles):
        if any(word in bundle for word in OTHER_TESTS):
            continue
        if bundle in scripts:
            qweb._get_asset_bundle(bundle, css=False, js=True).js()
        if bundle in styles:
            qweb._get_asset_bundle(bundle, css=True, js=False).css()


def main(env):
    # install_mode: as under test, a new company installs no module for its country
    env = env(context=dict(env.context, lang="en_US", install_mode=True))
    for country in ("be", "fr"):
        for number in (1, 2):
            make_company(env, country, number)
    compile_pages(env["ir.qweb"])
    env.cr.commit()


main(globals()["env"])
