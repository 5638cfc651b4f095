"""A request answered from Odoo, the portal and by mail; by nobody else."""

import re

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged

from odoo.addons.mail.tests.common import MockEmail

from .test_dossier_life import FirmCommon

MAIL = """\
From: {sender}
To: reply@company.example
Subject: Re: Invoice of the garage
Message-ID: <answer-{number}@client.example>
In-Reply-To: {reference}
References: {reference}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: text/plain; charset=utf-8

Here it is.
--x
Content-Type: application/pdf; name="garage.pdf"
Content-Disposition: attachment; filename="garage.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--x--
"""


class RequestCommon(FirmCommon, HttpCase, MockEmail):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dossier_a.sudo().owner_user_id = cls.amy

    def _request(self, user=None, **vals):
        return (
            self.env["facturex.request"]
            .with_user(user or self.lea)
            .create(
                {
                    "name": "Invoice of the garage",
                    "dossier_id": self.dossier_a.id,
                    "user_id": self.amy.id,
                    "date_due": "2026-03-20",
                    **vals,
                }
            )
        )

    def _last(self, request):
        """What was written last, changes of state apart."""
        written = request.sudo().message_ids.filtered("body")
        return written.sorted("id")[-1]

    def _url(self, request, suffix="", token=True):
        request = request.sudo()
        token = f"?access_token={request.access_token}" if token else ""
        return f"/my/requests/{request.id}{suffix}{token}"

    def _answer(self, request, text="Here it is", files=(), page=None, **form):
        page = page or self.url_open(self._url(request))
        csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        return self.url_open(
            self._url(request, "/answer", token=False),
            data={"csrf_token": csrf[1] if csrf else "", "answer": text, **form},
            files=[("files", file) for file in files] or None,
        )


@tagged("post_install", "-at_install")
class TestAnswerOnline(RequestCommon):
    def test_by_the_button_of_the_mail_without_login(self):
        with self.mock_mail_gateway():
            request = self._request()
            self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()
        request = request.sudo()
        mails = [
            mail
            for mail in self._mails
            if self.amy.email in str(mail["email_to"])
            and mail["subject"] == request.name
        ]
        self.assertEqual(len(mails), 1)
        self.assertIn(request.access_token, mails[0]["body"])
        page = self._answer(
            request,
            files=[("garage.pdf", b"%PDF-1.4", "application/pdf")],
            access_token=request.access_token,
        )
        self.assertIn("Your answer has been sent", page.text)
        self.assertEqual(request.state, "answered")
        answer = self._last(request)
        self.assertEqual(answer.author_id, self.amy.partner_id)
        self.assertEqual(answer.attachment_ids.name, "garage.pdf")
        request.with_user(self.lea).action_accept()
        page = self._answer(request, access_token=request.access_token)
        self.assertEqual(request.state, "accepted", "settled is settled")

    def test_by_the_person_logged_in(self):
        request = self._request()
        self.authenticate("fx_amy", "fx_amy-password")
        self.assertIn("Invoice of the garage", self.url_open("/my/requests").text)
        page = self.url_open(self._url(request, token=False))
        self._answer(request, page=page)
        self.assertEqual(request.sudo().state, "answered")

    def test_nothing_is_no_answer(self):
        request = self._request()
        page = self._answer(
            request, text="  ", access_token=request.sudo().access_token
        )
        self.assertIn("Write an answer", page.text)
        self.assertEqual(request.sudo().state, "requested")

    def test_markup_stays_text(self):
        request = self._request()
        self._answer(
            request,
            text="<img src=x onerror=alert(1)>",
            access_token=request.sudo().access_token,
        )
        body = self._last(request).body
        self.assertNotIn("<img", body)
        self.assertIn("&lt;img", body)

    def test_nobody_else(self):
        """No token, a wrong one, another request's, another person: the same."""
        request, other = self._request(), self._request(name="Other")
        wrong = [
            self._url(request, token=False),
            self._url(request, token=False) + "?access_token=",
            self._url(request, token=False) + "?access_token=guess",
            self._url(request, token=False)
            + f"?access_token={other.sudo().access_token}",
            "/my/requests/2147483646?access_token=x",
            f"/my/requests/{10**30}?access_token=x",
        ]
        for login in (None, "fx_olga"):
            self.authenticate(login, login and f"{login}-password")
            for url in wrong:
                with self.subTest(login=login, url=url):
                    answer = self.url_open(url, allow_redirects=False)
                    self.assertIn(answer.status_code, (303, 404))

    def test_who_asks_does_not_read_the_link(self):
        request = self._request()
        with self.assertRaises(AccessError):
            request.read(["access_token"])
        self.assertNotIn("access_token", request.fields_get())

    def test_a_link_does_not_outlive_the_role(self):
        request = self._request()
        url = self._url(request)
        self.assertIn("garage", self.url_open(url).text)
        self.member_a.sudo()._end()
        answer = self.url_open(url, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)

    def test_the_link_of_a_firm_that_left(self):
        request = self._request(user=self.amy, user_id=self.lea.id)
        url = self._url(request)
        self.assertIn("garage", self.url_open(url).text)
        self.dossier_a.with_user(self.amy)._leave()
        self.env.invalidate_all()
        answer = self.url_open(url, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)


@tagged("post_install", "-at_install")
class TestAnswerByMail(RequestCommon):
    def _receive(self, request, sender, number=1):
        request = request.sudo()
        mail = MAIL.format(
            sender=sender,
            number=number,
            reference=request.message_ids.sorted("id")[0].message_id,
        )
        with self.mock_mail_gateway():
            return (
                self.env["mail.thread"]
                .sudo()
                .message_process("facturex.request", mail.encode())
            )

    def test_the_answer_comes_by_mail_with_its_file(self):
        request = self._request()
        self._receive(request, "fx_amy@firm.example")
        request = request.sudo()
        self.assertEqual(request.state, "answered")
        answer = self._last(request)
        self.assertEqual(answer.author_id, self.amy.partner_id)
        self.assertEqual(answer.attachment_ids.name, "garage.pdf")

    def test_a_mail_of_somebody_else_answers_nothing(self):
        request = self._request()
        self._receive(request, "somebody@else.example", 2)
        self.assertEqual(request.sudo().state, "requested")

    def test_a_colleague_without_role_writes_nothing(self):
        request = self._request()
        count = len(request.sudo().message_ids)
        with self.assertRaises(AccessError):
            self._receive(request, "fx_carl@office.example", 3)
        self.assertEqual(len(request.sudo().message_ids), count)


@tagged("post_install", "-at_install")
class TestAsking(RequestCommon):
    def test_from_a_document_to_its_owner(self):
        invoice = self._invoice()
        defaults = (
            self._with(self.env["facturex.request"], self.lea, self.company_a)
            .with_context(default_move_id=invoice.id)
            .default_get(["move_id", "dossier_id", "user_id", "kind"])
        )
        self.assertEqual(defaults["dossier_id"], self.dossier_a.id)
        self.assertEqual(defaults["user_id"], self.amy.id)

    def test_a_client_asks_the_firm_and_settles(self):
        self.dossier_a.sudo().responsible_id = self.lea
        self.assertEqual(self.dossier_a.with_user(self.amy)._get_answerer(), self.lea)
        request = self._request(user=self.amy, user_id=self.lea.id)
        request.with_user(self.lea).message_post(body="Yes", message_type="comment")
        self.assertEqual(request.state, "answered")
        self.assertFalse(request.with_user(self.lea).may_settle)
        with self.assertRaises(UserError):
            request.with_user(self.lea).action_accept()
        request.with_user(self.amy).action_accept()
        self.assertEqual(request.state, "accepted")

    def test_many_dossiers_at_once(self):
        self.dossier_b.sudo().write({"firm_id": self.firm.id})
        self._member(self.dossier_b, self.lea, "accountant")
        act = self._act(
            "request",
            self.dossier_a | self.dossier_b,
            request_name="Statements of March",
            date_due="2026-04-05",
        )
        self.assertEqual(set(act.line_ids.mapped("state")), {"done"})
        found = self.env["facturex.request"].search(
            [("name", "=", "Statements of March")]
        )
        self.assertEqual(found.dossier_id, self.dossier_a | self.dossier_b)
        self.assertNotIn(self.lea, found.user_id)
        with self.assertRaises(UserError):
            self._act("request", self.dossier_a)

    def test_a_period_of_many_dossiers_is_exported(self):
        self._invoice(amount=100, due="2026-02-10", invoice_date="2026-02-05")
        self._member(self.dossier_c, self.lea, "reader")
        act = self._act("export", self.dossier_a | self.dossier_c)
        states = {line.dossier_id: line.state for line in act.line_ids}
        self.assertEqual(states[self.dossier_a], "done", act.line_ids.mapped("message"))
        self.assertEqual(states[self.dossier_c], "refused")
        batch = self.env["facturex.export.batch"].search(
            [("company_id", "=", self.company_a.id)], limit=1
        )
        self.assertEqual((batch.state, batch.item_count), ("done", 1))
        self.env.cr.precommit.run()
        self.assertTrue(
            self.env["facturex.access.log"]
            .sudo()
            .search_count([("kind", "=", "export"), ("user_id", "=", self.lea.id)])
        )


@tagged("post_install", "-at_install")
class TestCompaniesPage(RequestCommon):
    def test_an_owner_reads_his_companies_and_nobody_elses(self):
        self.env["facturex.access.log"].with_user(self.lea)._note(
            "enter", "facturex.dossier", self.company_a.ids
        )
        self.env.cr.precommit.run()
        self.authenticate("fx_amy", "fx_amy-password")
        page = self.url_open("/my/companies").text
        for text in (self.dossier_a.name, self.dossier_c.name, "Office", "fx_lea"):
            self.assertIn(text, page)
        self.assertEqual(page.count("What the firm did"), 1, "only where she manages")
        only = self._person("fx_only")
        self._member(self.dossier_a, only, "reader")
        self.authenticate("fx_only", "fx_only-password")
        page = self.url_open("/my/companies").text
        self.assertIn(self.dossier_a.name, page)
        self.assertNotIn(self.dossier_b.name, page)
        self.assertNotIn("What the firm did", page)

    def test_a_link_is_accepted_there_by_who_binds_the_company(self):
        self.dossier_b.sudo().firm_id = False
        self.firm.with_user(self.lea)._ask_link(self.company_b)
        invitation = self._waiting(kind="link")
        for login, seen in (("fx_amy", False), ("fx_olga", True)):
            self.authenticate(login, f"{login}-password")
            page = self.url_open("/my/companies").text
            self.assertEqual(f"/invitation/{invitation.id}" in page, seen)
            csrf = re.search(r'csrf_token: "([^"]+)"', page)[1]
            self.url_open(
                f"/my/companies/invitation/{invitation.id}",
                data={"csrf_token": csrf, "answer": "accept"},
            )
            self.assertEqual(invitation.state, "accepted" if seen else "pending")
        self.assertEqual(self.dossier_b.firm_id, self.firm)
        self.assertTrue(self.lea._facturex_can("book", self.company_b))
