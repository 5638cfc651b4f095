from odoo.tests import new_test_user

from odoo.addons.facturex_billing.tests.common import FacturexCommon


class DossierCommon(FacturexCommon):
    """Three dossiers A, B, C and one person: administrator, accountant, reader.

    `amy` is Administrator of A, Accountant of B and Reader of C in one session; `olga`
    administers all three.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a = cls.company
        cls.company_b = cls.other_company
        cls.company_c = cls._third_company()
        cls.companies = cls.company_a | cls.company_b | cls.company_c
        # the people of the common set-up stay in ordinary life
        for user in (cls.user, cls.accountant, cls.manager, cls.other_user):
            user.company_ids = [(6, 0, user.company_id.ids)]
        # as the system, which opens dossiers; the people's rights are what is tested
        cls.dossiers = (
            cls.env["facturex.dossier"]
            .sudo()
            .create([{"company_id": company.id} for company in cls.companies])
        )
        cls.dossier_a, cls.dossier_b, cls.dossier_c = cls.dossiers
        cls.olga = cls._person("fx_olga")
        cls.amy = cls._person("fx_amy")
        for dossier in cls.dossiers:
            cls._member(dossier, cls.olga, "administrator")
        cls.member_a = cls._member(cls.dossier_a, cls.amy, "administrator")
        cls.member_b = cls._member(cls.dossier_b, cls.amy, "accountant")
        cls.member_c = cls._member(cls.dossier_c, cls.amy, "reader")
        cls.dossiers.write({"state": "active"})

    @classmethod
    def _third_company(cls):
        """The template's French company, with its chart, or a new one."""
        company = cls.env.ref("facturex_test.company_fr_1", raise_if_not_found=False)
        if not company:
            company = cls.setup_other_company(
                name="Third Company", country_id=cls.env.ref("base.fr").id
            )["company"]
        cls.env.user.sudo().company_ids |= company
        return company.with_env(cls.env)

    @classmethod
    def _person(cls, login):
        """An employee of an ordinary company, who gets his rights from roles only."""
        user = new_test_user(
            cls.env,
            login=login,
            name=login,
            email=f"{login}@firm.example",
            lang="en_US",
            groups="base.group_user",
            company_id=cls.company_a.id,
            company_ids=[(6, 0, cls.company_a.ids)],
        )
        user.password = f"{login}-password"
        return user

    @classmethod
    def _member(cls, dossier, user, role):
        return dossier._add_member(user, cls.env.ref(f"facturex_portal.role_{role}"))

    @classmethod
    def _with(cls, record, user, companies=None):
        """The record as the user sees it, these companies ticked."""
        companies = cls.companies if companies is None else companies
        return record.with_user(user).with_context(allowed_company_ids=companies.ids)

    @classmethod
    def _sale(cls, company, **vals):
        """A draft customer invoice of a company."""
        return cls._invoice(
            post=False,
            journal_id=cls.env["account.journal"]
            .search([("company_id", "=", company.id), ("type", "=", "sale")], limit=1)
            .id,
            company_id=company.id,
            **vals,
        )
