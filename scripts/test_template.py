"""What the tests' template has ready: companies with their charts, compiled pages.

Run in an Odoo shell. Two Belgian and two French companies, and the people of each:
loading a chart or creating a user takes longer than most tests; each class gives its
changes back, so one set serves all (`FacturexCommon._of_template`). The scripts and
styles of Odoo's pages: what the browser of a test compiles is rolled back with the
test, and compiled anew by the next.
"""

from passlib.hash import pbkdf2_sha512

# login, group, number of the company
PEOPLE = (
    ("fx_user", "user", 1),
    ("fx_accountant", "accountant", 1),
    ("fx_manager", "manager", 1),
    ("fx_other", "manager", 2),
)
# as `get_default_groups` of the tests' base
SETTER_UP = (
    "account.group_account_manager",
    "account.group_account_user",
    "base.group_system",
    "base.group_user",
    "facturex_billing.group_facturex_manager",
    "product.group_product_manager",
)

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
    name_it(env, company, f"company_{country}_{number}")
    return company


def name_it(env, record, name):
    env["ir.model.data"].create(
        {
            "module": "facturex_test",
            "name": name,
            "model": record._name,
            "res_id": record.id,
            # else an update of all modules deletes what no module declares
            "noupdate": True,
        }
    )


def make_user(env, name, login, company, groups, **vals):
    """A user who sleeps until a class wakes him under his login."""
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": login,
                "login": name,
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
                "group_ids": [(6, 0, [env.ref(group).id for group in groups])],
                **vals,
            }
        )
    )
    # the password of Odoo's test users, hashed as lightly as theirs
    password = login + "x" * (8 - len(login))
    env.flush_all()
    env.cr.execute(
        "UPDATE res_users SET password = %s, active = FALSE WHERE id = %s",
        (pbkdf2_sha512.using(rounds=1).hash(password), user.id),
    )
    name_it(env, user, name)


def make_people(env, country, companies):
    for login, group, number in PEOPLE:
        make_user(
            env,
            f"user_{country}_{login}",
            login,
            companies[number - 1],
            [f"facturex_billing.group_facturex_{group}"],
            email=f"{login}@staff.example",
            lang="en_US",
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
        companies = [make_company(env, country, number) for number in (1, 2)]
        make_people(env, country, companies)
    make_user(
        env,
        "user_setter_up",
        "accountman",
        env.company,
        SETTER_UP,
        email="accountman@test.com",
    )
    compile_pages(env["ir.qweb"])
    env.cr.commit()


main(globals()["env"])
