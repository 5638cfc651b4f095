"""Settling deferred purchases is bookkeeping: sellers propose, accountants confirm."""

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import DossierCommon


@tagged("post_install", "-at_install")
class TestSettlementRoles(DossierCommon):
    def test_the_accountant_confirms(self):
        company = self.company_b
        env = self.env(context=dict(self.env.context, allowed_company_ids=company.ids))
        customer = env["res.partner"].create(
            {"name": "Business Beta", "is_company": True, "vat": "BE0477472701"}
        )
        line = env["facturex.credit.line"].create(
            {"partner_id": customer.id, "company_id": company.id}
        )
        line.action_open()
        invoice = self._sale(company, partner=customer, facturex_deferred=True)
        invoice.with_env(env).action_post()
        seller, reader = self._person("fx_seller"), self._person("fx_reader")
        self._member(self.dossier_b, seller, "user")
        self._member(self.dossier_b, reader, "reader")
        settlements = self._with(env["facturex.credit.settlement"], seller, company)
        settlement = settlements.create({"line_id": line.id, "amount_receipt": 40})
        settlement.action_preview()
        self.assertEqual(settlement.amount_settled, 40)
        for user in (seller, reader):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                self._with(settlement, user, company).action_confirm()
        self.assertEqual(invoice.amount_residual, 100)
        self._with(settlement, self.amy, company).action_confirm()
        self.assertEqual(settlement.state, "done")
        self.assertEqual(invoice.amount_residual, 60)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self._with(settlement, seller, company).action_reverse()
        self._with(settlement, self.amy, company).action_reverse()
        self.assertEqual(invoice.amount_residual, 100)
