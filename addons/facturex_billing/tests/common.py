from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.base.tests.common import BaseCommon


class FacturexCommon(AccountTestInvoicingCommon):
    """Two companies, a plain user of the first, one of the second, one date."""

    today = "2026-03-16"  # a Monday; None leaves the clock alone, for browsers
    country = "be"  # chart of both companies
    lean = True  # False: with all that Odoo's bases make, for those that build on it

    @classmethod
    def setUpClass(cls):
        cls.country_code = cls.country.upper()
        if cls.lean:
            super(BaseCommon, cls).setUpClass()  # pylint: disable=bad-super-call
            cls._set_up_office()
        else:
            super().setUpClass()
        # the database has several languages; the tests read English
        cls.env.user.lang = "en_US"
        cls.env = cls.env(context=dict(cls.env.context, lang="en_US"))
        if cls.today:
            cls.startClassPatcher(freeze_time(cls.today))
        cls.company = cls.company_data["company"]
        cls.company.partner_id.email = "billing@one.example"
        cls.other_data = cls.setup_other_company(name="Other Company")
        cls.other_company = cls.other_data["company"]
        cls.user = cls._new_user("fx_user", "user", cls.company)
        cls.accountant = cls._new_user("fx_accountant", "accountant", cls.company)
        cls.manager = cls._new_user("fx_manager", "manager", cls.company)
        cls.other_user = cls._new_user("fx_other", "manager", cls.other_company)
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Client Alpha",
                "email": "alpha@client.example",
                "lang": "en_US",
                "country_id": cls.env.ref("base.be").id,
                "property_payment_term_id": False,
            }
        )

    @classmethod
    def _set_up_office(cls):
        """A company with its chart and the person who sets things up.

        As Odoo's own base does, without the products, taxes, roundings and journals
        that no test here looks at: they took longer than most tests.
        """
        cls.env = cls.env(context={**cls.env.context, **cls.default_env_context()})
        cls.env = cls.env(user=cls._setter_up())
        company = cls.setup_independent_company()
        cls.env.user.write(
            {
                "company_ids": [fields.Command.set(company.ids)],
                "company_id": company.id,
            }
        )
        cls.company_data = cls.collect_company_accounting_data(company)
        methods = cls.company_data[
            "default_journal_bank"
        ].inbound_payment_method_line_ids
        cls.inbound_payment_method_line = methods[0]
        cls.inbound_payment_method_line.payment_account_id = cls.env[
            "account.chart.template"
        ].ref("account_journal_payment_debit_account_id", raise_if_not_found=False)

    @classmethod
    def _setter_up(cls):
        ready = cls._of_template("user_setter_up")
        return cls._wake(ready, "accountman") or cls.setup_independent_user()

    @classmethod
    def _wake(cls, user, login):
        """A user of the template under his login: by SQL, else he is written to."""
        if user:
            cls.env.cr.execute(
                "UPDATE res_users SET active = TRUE, login = %s WHERE id = %s",
                (login, user.id),
            )
            user.invalidate_recordset(["active", "login"])
        return user

    @classmethod
    def _of_template(cls, name):
        """What `scripts/test_template.py` made once for all classes, or nothing."""
        return cls.env.ref(f"facturex_test.{name}", raise_if_not_found=False)

    @classmethod
    def collect_company_accounting_data(cls, company):
        if not cls.lean:
            return super().collect_company_accounting_data(company)
        Account = cls.env["account.account"].with_company(company)
        Journal = cls.env["account.journal"]

        def account(kind):
            domain = Account._check_company_domain(company)
            return Account.search([*domain, ("account_type", "=", kind)], limit=1)

        def journal(kind):
            domain = Journal._check_company_domain(company)
            return Journal.search([*domain, ("type", "=", kind)], limit=1)

        return {
            "company": company,
            "currency": company.currency_id,
            "default_account_revenue": account("income"),
            "default_account_expense": account("expense"),
            "default_account_receivable": account("asset_receivable"),
            "default_tax_sale": company.account_sale_tax_id,
            "default_tax_purchase": company.account_purchase_tax_id,
            "default_journal_sale": journal("sale"),
            "default_journal_bank": journal("bank"),
            "default_journal_misc": journal("general"),
        }

    @classmethod
    def setup_other_company(cls, **kwargs):
        if not cls.lean:
            return super().setup_other_company(**kwargs)
        company = cls._create_company(**{"name": "company_2", **kwargs})
        return cls.collect_company_accounting_data(company)

    @classmethod
    def _create_company(cls, **create_values):
        """One of the companies that the template database holds ready, if it does."""
        country = create_values.get("country_id")
        code = cls.env["res.country"].browse(country).code or cls.country_code
        number = {"company_1_data": 1, "Other Company": 2}.get(create_values["name"])
        company = cls._of_template(f"company_{code.lower()}_{number}")
        if not company or create_values.keys() - {"name", "country_id"}:
            return super()._create_company(**create_values)
        company = company.with_env(cls.env)
        company.name = create_values["name"]
        cls.env.user.company_ids = [fields.Command.link(company.id)]
        return company

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref(
            "facturex_billing.group_facturex_manager"
        )

    @classmethod
    def _new_user(cls, login, group, company):
        ready = cls._of_template(f"user_{cls.country}_{login}")
        if ready and ready.company_id == company:
            return cls._wake(ready, login)
        return new_test_user(
            cls.env,
            login=login,
            name=login,
            email=f"{login}@staff.example",
            lang="en_US",
            groups=f"facturex_billing.group_facturex_{group}",
            company_id=company.id,
            company_ids=[fields.Command.set(company.ids)],
        )

    @classmethod
    def _as(cls, record, user, company=None):
        """The record as `user` sees it, in one company only."""
        company = company or user.company_id
        return record.with_user(user).with_context(allowed_company_ids=company.ids)

    @classmethod
    def _invoice(cls, amount=100.0, due="2026-03-01", partner=None, post=True, **vals):
        """An untaxed invoice of one line, due on `due`."""
        invoice = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or cls.customer).id,
                "invoice_date": min(due, cls.today or due),
                "invoice_date_due": due,
                "invoice_line_ids": [
                    fields.Command.create(
                        {
                            "name": "Work",
                            "quantity": 1,
                            "price_unit": amount,
                            "tax_ids": [fields.Command.clear()],
                        }
                    )
                ],
                **vals,
            }
        )
        if post:
            invoice.action_post()
        return invoice

    @classmethod
    def _receivable(cls, invoice):
        return invoice.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).sorted("date_maturity")

    def _assert_other_company_sees_nothing(self, records):
        """Neither listed nor read by a user of another company."""
        for record in records:
            with self.subTest(model=record._name):
                foreign = self._as(record, self.other_user)
                self.assertFalse(foreign.search([]) & record)
                with self.assertRaises(AccessError):
                    foreign.read(["display_name"])

    def _strangers(self):
        """A customer's portal user, and an employee without a Facturex group."""
        portal = new_test_user(self.env, login="fx_portal", groups="base.group_portal")
        employee = new_test_user(
            self.env,
            login="fx_employee",
            groups="base.group_user",
            company_id=self.company.id,
        )
        return portal, employee

    def _assert_refused_to_read(self, users, records):
        for user in users:
            for record in records:
                with self.subTest(user=user.login, model=record._name):
                    with self.assertRaises(AccessError):
                        record.with_user(user).read(["display_name"])
