"""Deferred payment in the browser, in French: apply, review, buy at checkout."""

import base64

from odoo import fields
from odoo.tests import new_test_user, tagged

from odoo.addons.facturex_billing.tests.common_deferred import DeferredCommon

from tests.e2e.common import FacturexHttpCase

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@tagged("post_install", "-at_install")
class TestDeferredTours(FacturexHttpCase, DeferredCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._learn("fr_FR")
        cls.second.password = "fx_second-password"
        cls.buyer = new_test_user(
            cls.env,
            login="fx_buyer",
            password="fx_buyer-password",
            groups="base.group_portal",
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )
        cls.buyer.partner_id.write(
            {
                "parent_id": cls.business.id,
                "name": "Ada Beta",
                "email": "ada@client.example",
            }
        )
        for user in (cls.user, cls.manager, cls.second, cls.buyer):
            user.lang = "fr_FR"

    def test_apply(self):
        self.browse_as(self.buyer, "facturex_deferred_apply_tour", url="/my")
        application = self.env["facturex.credit.application"].search([])
        self.assertRecordValues(
            application,
            [
                {
                    "state": "submitted",
                    "partner_id": self.business.id,
                    "registry": "0477472701",
                    "representative": "Ada Beta",
                    "iban_holder": "Business Beta",
                    "terms_method": "portal",
                    "terms_by": self.buyer.id,
                }
            ],
        )
        self.assertEqual(len(application.document_ids), 3)

    def test_review(self):
        application = self.env["facturex.credit.application"].create(
            {
                "company_name": "Business Beta",
                "number": "BE0477472701",
                "street": "Rue Haute 1",
                "zip": "1000",
                "city": "Bruxelles",
                "country_id": self.env.ref("base.be").id,
                "representative": "Ada Beta",
                "birth_date": "1980-05-05",
                "email": "ada@client.example",
                "partner_id": self.business.id,
                "company_id": self.company.id,
                "iban": "BE71 0961 2345 6769",
                "iban_holder": "Business Beta",
            }
        )
        application.action_next()
        for kind in self.env["facturex.credit.document.type"]._get_for(self.company):
            application.document_ids.create(
                {
                    "application_id": application.id,
                    "type_id": kind.id,
                    "name": "scan.pdf",
                    "content": base64.b64encode(PDF),
                }
            )
        application.action_accept_on_paper()
        application.action_submit()
        self.browse_as(self.user, "facturex_deferred_ask_more_tour")
        self.assertRecordValues(
            application,
            [{"state": "more", "decision_reason": "Une copie lisible du RIB"}],
        )
        refused = application.document_ids.filtered(lambda d: d.state == "refused")
        refused.copy({"content": base64.b64encode(PDF), "state": "new"})
        application.action_submit()
        self.browse_as(self.manager, "facturex_deferred_accept_tour")
        line = application.line_id
        self.assertRecordValues(
            line, [{"state": "open", "amount_limit": 150, "iban_verified": False}]
        )
        self.browse_as(self.second, "facturex_deferred_verify_tour")
        self.assertRecordValues(line, [{"amount_limit": 300, "iban_verified": True}])

    def test_checkout(self):
        line = self._line()
        self._as(self.company, self.manager).facturex_credit_online = True
        order = self._order(84, confirm=False, facturex_deferred=False)
        order.write(
            {
                "require_payment": True,
                "require_signature": False,
                "prepayment_percent": 1,
                "state": "sent",
            }
        )
        self.browse_as(
            self.buyer,
            "facturex_deferred_checkout_tour",
            url=order.get_portal_url(),
            timeout=120,
        )
        self.assertRecordValues(order, [{"state": "sale", "facturex_deferred": True}])
        self._assert_line(line, 0, 84, 66)
        self.assertRecordValues(
            order.transaction_ids,
            [{"state": "authorized", "facturex_terms_id": line._get_terms().id}],
        )
