"""Opening in two steps: checked, private, decided by people, told by mail."""

import base64
import io

from dateutil.relativedelta import relativedelta
from PIL import Image

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.mail.tests.common import MockEmail

from .common_deferred import DeferredCommon

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def png():
    file = io.BytesIO()
    Image.new("RGB", (2, 2)).save(file, "PNG")
    return file.getvalue()


class ApplicationCommon(DeferredCommon):
    company_step = {
        "company_name": "Business Beta",
        "legal_form": "SRL",
        "number": "BE0477472701",
        "street": "Rue Haute 1",
        "zip": "1000",
        "city": "Bruxelles",
        "representative": "Ada Beta",
        "role": "Administrator",
        "birth_date": "1980-05-05",
        "email": "ada@client.example",
    }
    account_step = {"iban": "BE71 0961 2345 6769", "iban_holder": "Business Beta"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.types = cls.env["facturex.credit.document.type"]._get_for(cls.company)

    def _application(self, user=None, **vals):
        return self._as(
            self.env["facturex.credit.application"], user or self.user
        ).create(
            {
                **self.company_step,
                "country_id": self.env.ref("base.be").id,
                "partner_id": self.business.id,
                "company_id": self.company.id,
                **vals,
            }
        )

    def _complete(self, application):
        application.action_next()
        application.write(self.account_step)
        for kind in self.types:
            self._document(application, kind)
        application.action_accept_on_paper()

    def _document(self, application, kind, content=PDF):
        return application.document_ids.create(
            {
                "application_id": application.id,
                "type_id": kind.id,
                "name": "scan.pdf",
                "content": base64.b64encode(content),
            }
        )


@tagged("post_install", "-at_install")
class TestCreditApplication(ApplicationCommon, MockEmail):
    def test_opening(self):
        """Refused, then completed, opened at 150, account verified: 300."""
        with self.mock_mail_gateway():
            first = self._application()
            self._complete(first)
            first.action_submit()
            decide = Form.from_action(self.env(user=self.user), first.action_refuse())
            decide.reason = "The extract is older than three months"
            decide.save().action_confirm()
        self.assertEqual(first.state, "refused")
        self.assertIn("older than three", self._new_mails[-1].body_html)
        self.assertEqual(
            first.document_ids[0].keep_until, fields.Date.to_date("2031-03-16")
        )
        second = self._application()
        self._complete(second)
        with self.mock_mail_gateway():
            second.action_submit()
            more = Form.from_action(self.env(user=self.user), second.action_ask_more())
            more.reason = "Both sides, please"
            more.save().action_confirm()
            self.assertEqual(second.state, "more")
            second.action_submit()
            with self.assertRaisesRegex(UserError, "manager"):
                second.action_accept()
            self._as(second, self.manager).action_accept()
        told = self._new_mails.filtered(
            lambda mail: mail.email_to == "ada@client.example"
        )
        self.assertEqual(len(told), 4)
        line = second.line_id
        self.assertRecordValues(
            line, [{"state": "open", "amount_limit": 150, "iban_verified": False}]
        )
        self.assertEqual(line.bank_id.sanitized_acc_number, "BE71096123456769")
        with self.assertRaisesRegex(UserError, "another manager"):
            self._as(line, self.manager).action_verify_iban()
        with self.mock_mail_gateway():
            self._as(line, self.second).action_verify_iban()
        self.assertEqual(line.amount_limit, 300)
        bodies = " ".join(map(str, self._new_mails.mapped("body_html")))
        self.assertIn("is verified", bodies)

    def test_checks(self):
        application = self._application(email=False)
        for vals, why in (
            ({"number": "BE0477472702"}, "check digits"),
            ({"number": "hello"}, "check digits"),
            ({"iban": "BE71096123456768"}, "IBAN"),
            ({"bic": "XX"}, "BIC"),
            ({"birth_date": "2010-01-01"}, "of age"),
        ):
            with (
                self.subTest(vals=vals),
                self.assertRaisesRegex(ValidationError, why),
                self.env.cr.savepoint(),
            ):
                application.write(vals)
        with self.assertRaisesRegex(UserError, "Still missing: E-?mail|Still missing"):
            application.action_next()
        application.email = "ada@client.example"
        application.action_next()
        with self.assertRaisesRegex(UserError, "Acceptance of the conditions"):
            application.action_submit()
        self.assertRecordValues(
            application, [{"vat": "BE0477472701", "registry": "0477472701"}]
        )

    def test_files(self):
        application = self._application()
        kind = self.types[0]
        for content, why in (
            (b"", "empty"),
            (b"<html><script>alert(1)</script></html>", "not accepted"),
            (b"MZ" + b"\0" * 100, "not accepted"),
            (PDF + b"\0" * (5 * 1024 * 1024), "at most 5"),
        ):
            with self.subTest(why=why), self.assertRaisesRegex(UserError, why):
                self._document(application, kind, content)
        document = self._document(application, kind, png())
        self.assertEqual(document.mimetype, "image/png")
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", document._name),
                ("res_id", "=", document.id),
                ("res_field", "=", "content"),
            ]
        )
        self.assertFalse(attachment.public)
        portal, employee = self._strangers()
        for user in (portal, employee, self.other_user):
            with self.assertRaises(AccessError):
                attachment.with_user(user).read(["datas"])

    def test_kept_then_deleted(self):
        application = self._application()
        document = self._document(application, self.types[0])
        document._keep_from(fields.Date.to_date("2020-01-01"))
        self.env["facturex.credit.document"]._gc_expired()
        self.assertRecordValues(document, [{"content": False, "size": 0}])
        self.assertTrue(document.sha256)

    def _age(self, months):
        """Nobody touched an application or a document for so long."""
        self.env.flush_all()
        for table in ("facturex_credit_application", "facturex_credit_document"):
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET write_date = %s",
                    SQL.identifier(table),
                    fields.Datetime.now() - relativedelta(months=months),
                )
            )
        self.env.invalidate_all()

    def test_abandoned(self):
        """Half a year without a word: the files go, and are asked for again."""
        application = self._application()
        document = self._document(application, self.types[0])
        missing = application.missing
        self._age(5)
        self.env["facturex.credit.document"]._gc_abandoned()
        self.assertTrue(document.content, "five months are not half a year")
        self._age(7)
        self.env["facturex.credit.document"]._gc_abandoned()
        self.assertRecordValues(
            document, [{"content": False, "size": 0, "state": "refused"}]
        )
        self.assertTrue(document.sha256)
        self.assertNotEqual(application.missing, missing, "asked for again")

    def test_proofs_are_not_typed(self):
        application = self._application()
        for vals in ({"state": "accepted"}, {"terms_ip": "1.2.3.4"}):
            with self.assertRaises(UserError):
                application.write(vals)
        self._complete(application)
        terms = application.terms_id
        with self.assertRaisesRegex(UserError, "accepted this version"):
            terms.body = "<p>Other</p>"
        self.assertEqual(application.terms_sha256, terms._sha256())
        self._assert_other_company_sees_nothing([application, application.document_ids])
        self._assert_refused_to_read(
            self._strangers(), [application, application.document_ids[0]]
        )


@tagged("post_install", "-at_install")
class TestApplicationPortal(ApplicationCommon, HttpCase):
    today = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = new_test_user(
            cls.env,
            login="fx_buyer",
            password="fx_buyer-password",
            groups="base.group_portal",
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )
        cls.buyer.partner_id.parent_id = cls.business
        cls.thief = new_test_user(
            cls.env,
            login="fx_thief",
            password="fx_thief-password",
            groups="base.group_portal",
        )

    def _csrf(self, url):
        page = self.url_open(url)
        self.assertEqual(page.status_code, 200)
        return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]

    def test_two_steps(self):
        self.authenticate("fx_buyer", "fx_buyer-password")
        self.assertIn("Apply for deferred payment", self.url_open("/my/deferred").text)
        token = self._csrf("/my/deferred/apply")
        data = {
            **self.company_step,
            "csrf_token": token,
            "country_id": str(self.env.ref("base.be").id),
            "state": "accepted",
            "partner_id": str(self.customer.id),
        }
        wrong = self.url_open("/my/deferred/apply", data={**data, "number": "123"})
        self.assertIn("check digits", wrong.text)
        page = self.url_open("/my/deferred/apply", data=data)
        application = self.env["facturex.credit.application"].search([], limit=1)
        self.assertRecordValues(
            application, [{"partner_id": self.business.id, "state": "documents"}]
        )
        url = f"/my/deferred/application/{application.id}"
        self.assertTrue(page.url.endswith(url), page.url)
        files = {
            f"document_{kind.id}": ("scan.pdf", PDF, "application/pdf")
            for kind in self.types
        }
        form = {**self.account_step, "csrf_token": token, "accept": "1"}
        bad = self.url_open(
            url,
            data=form,
            files={**files, next(iter(files)): ("x.pdf", b"MZ..", "x/y")},
        )
        self.assertIn("is not accepted", bad.text)
        self.assertFalse(application.document_ids)
        done = self.url_open(url, data=form, files=files)
        self.assertIn("was submitted", done.text)
        self.assertRecordValues(
            application,
            [
                {
                    "state": "submitted",
                    "terms_method": "portal",
                    "terms_by": self.buyer.id,
                }
            ],
        )
        self.assertTrue(application.terms_ip)
        # its own, read again; decided ones show what was decided
        self.assertIn("Ada Beta", self.url_open(url).text)
        # somebody else's does not exist
        self.authenticate("fx_thief", "fx_thief-password")
        foreign = self.url_open(url)
        self.assertTrue(foreign.url.endswith("/my/deferred"))
        self.assertNotIn("Ada Beta", foreign.text)

    def test_synthesis(self):
        """Purchases, sums collected, movements and statements; nobody else's."""
        account = self.env["account.account"].create(
            {
                "code": "489FX",
                "name": "Collected for customers",
                "account_type": "liability_current",
                "reconcile": True,
                "company_ids": [fields.Command.set(self.company.ids)],
            }
        )
        self.company.facturex_credit_collect_account_id = account
        day = fields.Date.to_string(fields.Date.context_today(self.buyer))
        line = self._line()
        invoice = self._invoice(
            100, due=day, partner=self.business, facturex_deferred=True
        )
        settlement = self.env["facturex.credit.settlement"].create(
            {"line_id": line.id, "amount_receipt": 37.5}
        )
        settlement.action_preview()
        settlement.action_confirm()
        self.assertEqual(
            [row[:4] for row in line._portal_rows()],
            [("Your purchases", 62.5, 0, 37.5), ("Collected for you", 0, None, 0)],
        )
        self.authenticate("fx_buyer", "fx_buyer-password")
        page = self.url_open("/my/deferred").text
        statement = f"/my/deferred/settlement/{settlement.id}"
        for words in (invoice.name, "62.50", "37.50", "Collected for you", statement):
            self.assertIn(words, page)
        self.authenticate("fx_thief", "fx_thief-password")
        foreign = self.url_open(statement)
        self.assertTrue(foreign.url.endswith("/my/deferred"), foreign.url)
        self.assertNotIn(invoice.name, foreign.text)
