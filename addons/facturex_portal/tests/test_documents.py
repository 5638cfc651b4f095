"""Folders by class: who sees what, through every door."""

import base64
import io
import json
import zipfile

from psycopg2 import IntegrityError

import odoo.http
from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from odoo.addons.facturex_portal.engine import capabilities

from .common import DossierCommon
from .test_dossier_life import FirmCommon
from .test_dossier_rpc import DossierHttpCase

PAY = "PAYSLIP-CANARY"


class DocumentMixin:
    @classmethod
    def _folder(cls, kind):
        return cls.env["facturex.folder"]._get_standard(kind)

    @classmethod
    def _file(cls, kind, company, **vals):
        return (
            cls.env["facturex.document"]
            .sudo()
            .create(
                {
                    "name": f"{kind} of {company.id}",
                    "file": base64.b64encode(b"content"),
                    "file_name": f"{kind}.txt",
                    "folder_id": cls._folder(kind).id,
                    "company_id": company.id,
                    **vals,
                }
            )
        )

    @classmethod
    def _role_with(cls, dossier, *codes):
        """A role of the dossier with these capabilities only."""
        found = cls.env["facturex.capability"].search([("code", "in", codes)])
        return (
            cls.env["facturex.role"]
            .sudo()
            .create(
                {
                    "name": "/".join(codes),
                    "dossier_id": dossier.id,
                    "capability_ids": [Command.set(found.ids)],
                }
            )
        )


@tagged("post_install", "-at_install")
class TestFolders(DocumentMixin, DossierCommon):
    def _as(self, record, user, company=None):
        return self._with(record, user, company or self.company_a)

    def _seen(self, user, company=None):
        company = company or self.company_a
        documents = self._as(self.env["facturex.document"], user, company)
        return set(documents.search([("company_id", "=", company.id)]).mapped("kind"))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kinds = list(capabilities.FOLDERS)
        cls.documents = {kind: cls._file(kind, cls.company_a) for kind in cls.kinds}

    def test_every_class_has_capabilities_and_a_standard_folder(self):
        field = self.env["facturex.folder"]._fields["kind"]
        self.assertEqual([kind for kind, _label in field.selection], self.kinds)
        for kind in self.kinds:
            folder = self._folder(kind)
            self.assertRecordValues(folder, [{"kind": kind, "company_id": False}])

    def test_each_role_its_folders(self):
        every = set(self.kinds)
        table = [
            ("administrator", every),
            ("accountant", every - {"payroll"}),
            ("employee", every - {"payroll", "package"}),
            ("user", every - {"payroll", "package"}),
            ("reader", set()),
        ]
        for role, expected in table:
            with self.subTest(role=role):
                user = self._person(f"fx_{role}_doc")
                self._member(self.dossier_a, user, role)
                self.assertEqual(self._seen(user), expected)

    def test_one_class_alone(self):
        for number, (code, kind) in enumerate(
            (
                ("documents_sales", "sales"),
                ("documents_purchases", "purchases"),
                ("documents_bank", "bank"),
                ("documents_contracts", "contracts"),
                ("payroll", "payroll"),
            )
        ):
            with self.subTest(code=code):
                user = self._person(f"fx_class{number}")
                self.dossier_a._add_member(user, self._role_with(self.dossier_a, code))
                self.assertEqual(self._seen(user), {kind})
                mine = self._as(self.documents[kind], user)
                mine.name = "Renamed"
                other = "sales" if kind != "sales" else "bank"
                with self.assertRaises(AccessError):
                    self._as(self.documents[other], user).check_access("read")
                with self.assertRaises(AccessError):
                    mine.folder_id = self._folder(other)

    def test_the_same_person_elsewhere(self):
        """Administrator of A, accountant of B, reader of C, in one session."""
        for company in (self.company_b, self.company_c):
            for kind in self.kinds:
                self._file(kind, company)
        every = set(self.kinds)
        self.assertEqual(self._seen(self.amy), every)
        self.assertEqual(self._seen(self.amy, self.company_b), every - {"payroll"})
        self.assertEqual(self._seen(self.amy, self.company_c), set())

    def test_a_document_is_not_carried_over(self):
        mine = self._as(self.documents["sales"], self.amy)
        with self.assertRaises(AccessError):
            mine.company_id = self.company_c
        accountant = self._person("fx_accountant_doc")
        self._member(self.dossier_a, accountant, "accountant")
        theirs = self._as(self.documents["sales"], accountant)
        with self.assertRaises(AccessError):
            theirs.folder_id = self._folder("payroll")
        with self.assertRaises(AccessError):
            theirs.create(
                {
                    "name": "x",
                    "file": base64.b64encode(b"x"),
                    "folder_id": self._folder("payroll").id,
                    "company_id": self.company_a.id,
                }
            )

    def test_folders_to_choose_are_those_of_the_role(self):
        user = self._person("fx_user_doc")
        self._member(self.dossier_a, user, "user")
        draft = self._as(self.env["facturex.document"], user)
        kinds = set(
            draft.new({"company_id": self.company_a.id}).folder_ids.mapped("kind")
        )
        self.assertEqual(kinds, set(self.kinds) - {"payroll", "package"})
        draft = self._as(self.env["facturex.document"], self.amy)
        kinds = set(
            draft.new({"company_id": self.company_a.id}).folder_ids.mapped("kind")
        )
        self.assertEqual(kinds, set(self.kinds) - {"package"})

    def test_what_decides_about_a_folder_is_fixed(self):
        own = self.env["facturex.folder"].sudo().create(
            {"name": "Own", "kind": "payroll", "company_id": self.company_a.id}
        )  # fmt: skip
        for vals in ({"kind": "other"}, {"company_id": self.company_b.id}):
            with self.assertRaises(UserError):
                own.write(vals)
        own.write({"kind": "payroll", "name": "Own salaries"})
        with self.assertRaises(AccessError):
            self._as(self._folder("payroll"), self.amy).name = "x"
        accountant = self._person("fx_accountant_doc")
        self._member(self.dossier_a, accountant, "accountant")
        folders = self._as(self.env["facturex.folder"], accountant)
        self.assertNotIn(own.id, folders.search([]).ids)
        self.assertIn(own.id, self._as(folders, self.amy).search([]).ids)

    def test_suspended_is_read_and_not_written(self):
        self.dossier_a.state = "suspended"
        self.assertEqual(self._seen(self.amy), set(self.kinds))
        with self.assertRaises(AccessError):
            self._as(self.documents["sales"], self.amy).name = "x"
        lines = self._as(self.env["account.bank.statement.line"], self.amy)
        lines.check_access("read")
        self.assertFalse(
            self.env["ir.rule"]
            .with_user(self.amy)
            ._facturex_domain("account.bank.statement.line", "read")
            .is_false()
        )
        self._as(self.dossier_a, self.amy).action_make_package()

    def test_without_dossier_salaries_are_the_managers(self):
        plain = self.env["res.company"].sudo().create({"name": "Ordinary"})
        for kind in self.kinds:
            self._file(kind, plain)
        for user, expected in (
            (self.user, set(self.kinds) - {"payroll"}),
            (self.manager, set(self.kinds)),
        ):
            user.sudo().company_ids |= plain
            documents = self._as(self.env["facturex.document"], user, plain)
            self.assertEqual(set(documents.search([]).mapped("kind")), expected)

    def test_a_whole_right_holds_its_parts(self):
        held = self._as(self.dossier_a, self.amy).env.user._facturex_codes(
            self.company_b
        )
        self.assertLess(set(capabilities.IMPLIED["documents"]), held)
        self.assertNotIn("payroll", held)
        role = self._role_with(self.dossier_a, "documents")
        self.assertEqual(
            role._get_codes(), {"documents", *capabilities.IMPLIED["documents"]}
        )

    def test_the_name_comes_from_the_file(self):
        document = self._as(self.env["facturex.document"], self.amy).create(
            {
                "file": base64.b64encode(b"x"),
                "file_name": "lease.pdf",
                "folder_id": self._folder("contracts").id,
                "company_id": self.company_a.id,
            }
        )
        self.assertEqual(document.name, "lease.pdf")


@tagged("post_install", "-at_install")
class TestSalariesOverRpc(DocumentMixin, DossierHttpCase):
    """A role without the right sees nothing of the folder by any channel."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.slip = cls._file(
            "payroll",
            cls.company_a,
            name=PAY,
            note=PAY,
            file_name=f"{PAY}.txt",
            file=base64.b64encode(PAY.encode()),
        )
        cls.attachment = cls.slip._get_attachment()
        cls.env["facturex.folder"].sudo().create(
            {"name": PAY, "kind": "payroll", "company_id": cls.company_a.id}
        )
        cls.accountant_a = cls._person("fx_accountant_a")
        cls._member(cls.dossier_a, cls.accountant_a, "accountant")
        cls.accountant_a.sudo().group_ids |= cls.env.ref(
            "facturex_billing.group_facturex_manager"
        ) | cls.env.ref("base.group_allow_export")

    def _answers(self):
        slip, file = self.slip.ids, self.attachment.ids
        context = self._context(self.company_a)
        document, attachment = "facturex.document", "ir.attachment"
        spec = {"display_name": {}, "name": {}, "note": {}, "file_name": {}}
        for model, method, *args in (
            (document, "read", slip, ["name", "note", "file"]),
            (document, "web_read", slip, spec),
            (document, "search_read", [], ["name"]),
            (document, "web_search_read", [["id", "in", slip]], spec),
            (document, "name_search", PAY),
            (document, "search", [["note", "ilike", PAY]]),
            (document, "search_count", [["note", "ilike", PAY]]),
            (document, "formatted_read_group", [], ["name"], ["__count"]),
            (document, "export_data", slip, ["name", "file"]),
            (document, "copy", slip),
            (document, "search_panel_select_range", "folder_id"),
            (document, "onchange", slip, {}, [], spec),
            ("facturex.folder", "search_read", [], ["name"]),
            ("facturex.folder", "name_search", PAY),
            (attachment, "read", file, ["name", "datas", "res_name"]),
            (attachment, "search_read", [["res_model", "=", document],
                                         ["res_field", "!=", False]], ["name"]),
            (attachment, "search_read", [["id", "in", file]], ["name", "datas"]),
            (attachment, "copy", file),
            (attachment, "generate_access_token", file),
        ):  # fmt: skip
            try:
                found = self._call(model, method, *args, context=context)
            except JsonRpcException as error:
                found = str(error.__cause__ or "")
            if method == "search_count" and found:
                found = PAY
            if method == "search" and isinstance(found, list) and slip[0] in found:
                found = PAY
            yield (model, method), json.dumps(found)
        for url in (
            f"/web/content/{file[0]}",
            f"/web/image/{file[0]}",
            f"/web/content/facturex.document/{slip[0]}/file",
            f"/web/content?model=facturex.document&id={slip[0]}&field=file",
        ):
            yield url, self.url_open(url).text
        for kind in ("csv", "xlsx"):
            data = {
                "model": document,
                "fields": [{"name": "name", "label": "name", "type": "char"}],
                "ids": slip,
                "domain": [],
                "groupby": [],
                "import_compat": False,
                "context": context,
            }
            yield (
                kind,
                self.url_open(
                    f"/web/export/{kind}",
                    data={
                        "data": json.dumps(data),
                        "csrf_token": odoo.http.Request.csrf_token(self),
                    },
                ).text,
            )

    def test_nothing_without_the_right(self):
        self._log_in(self.accountant_a)
        leaks = [
            where
            for where, answer in self._answers()
            # a search answers with what was asked
            if PAY in answer.replace(f'"name_search", "{PAY}"', "")
        ]
        self.assertEqual(leaks, [])
        self.assertTrue(self.slip.exists())

    def test_the_probes_find_it_with_the_right(self):
        """Otherwise the test above would prove nothing."""
        self._log_in(self.olga)
        found = [where for where, answer in self._answers() if PAY in answer]
        self.assertGreaterEqual(len(found), 12, found)

    def test_nobody_else_writes_there(self):
        self._log_in(self.accountant_a)
        context = self._context(self.company_a)
        payroll = self._folder("payroll").id
        other = self._file("other", self.company_a)
        model = "facturex.document"
        for road in (
            (model, "write", self.slip.ids, {"name": "x"}),
            (model, "write", self.slip.ids, {"folder_id": self._folder("other").id}),
            (model, "write", other.ids, {"folder_id": payroll}),
            (model, "unlink", self.slip.ids),
            (model, "create", [{"name": "x", "file": "eA==", "folder_id": payroll}]),
            (model, "web_save", [], {"name": "x", "file": "eA==",
                                     "folder_id": payroll}, {}),
            ("ir.attachment", "create", [{"name": "x", "res_model": model,
                                          "res_id": self.slip.id, "raw": "x"}]),
            ("ir.attachment", "write", self.attachment.ids, {"res_model": False}),
            ("facturex.folder", "write", self._folder("payroll").ids,
             {"kind": "other"}),
            ("mail.activity", "create", [{"res_model": model,
                                          "res_id": self.slip.id}]),
        ):  # fmt: skip
            with self.subTest(road=road[:2]):
                self.assertTrue(self._refused(*road, context=context))
        self.assertEqual(self.slip.kind, "payroll")

    def test_the_portal_and_the_public_see_nothing(self):
        portal = self.env["res.users"].sudo().create(
            {
                "name": "Portal",
                "login": "fx_portal_doc",
                "password": "fx_portal_doc-password",
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
                "company_id": self.company_a.id,
                "company_ids": [Command.set(self.company_a.ids)],
            }
        )  # fmt: skip
        for user in (portal, None):
            if user:
                self._log_in(user)
            else:
                self.authenticate(None, None)
            for url in (
                f"/web/content/{self.attachment.id}",
                f"/web/content/facturex.document/{self.slip.id}/file",
                "/my/requests",
                "/my/companies",
                "/my/home",
            ):
                self.assertNotIn(PAY, self.url_open(url).text)

    def test_it_ends_with_the_role(self):
        self._log_in(self.amy)
        call = ("facturex.document", "read", self.slip.ids, ["name"])
        context = self._context(self.company_a)
        self.assertFalse(self._refused(*call, context=context))
        self.member_a.sudo().role_id = self.env.ref("facturex_portal.role_accountant")
        self.assertTrue(self._refused(*call, context=context))


@tagged("post_install", "-at_install")
class TestFilingAndPackages(DocumentMixin, FirmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dossier_a.sudo().owner_user_id = cls.amy

    def _request(self, user, **vals):
        return (
            self.env["facturex.request"]
            .with_user(user)
            .create(
                {
                    "name": "Contract",
                    "dossier_id": self.dossier_a.id,
                    "user_id": self.amy.id,
                    **vals,
                }
            )
        )

    def test_an_accepted_answer_is_filed_once(self):
        request = self._request(self.lea, folder_id=self._folder("contracts").id)
        request.with_user(self.amy).message_post(
            body="Here", attachments=[("lease.pdf", b"%PDF-1.4"), ("b.txt", b"b")],
            message_type="comment", subtype_xmlid="mail.mt_comment",
        )  # fmt: skip
        request.action_accept()
        documents = self.env["facturex.document"].sudo().search(
            [("request_id", "=", request.id)], order="id"
        )  # fmt: skip
        self.assertRecordValues(
            documents,
            [
                {"file_name": "lease.pdf", "kind": "contracts",
                 "company_id": self.company_a.id},
                {"file_name": "b.txt", "kind": "contracts",
                 "company_id": self.company_a.id},
            ],
        )  # fmt: skip
        self.assertEqual(documents[0]._get_attachment().raw, b"%PDF-1.4")
        request.sudo()._file_answers()
        self.assertEqual(len(request.sudo().document_ids), 2)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            documents[0].copy({"source_id": documents[0].source_id.id})

    def test_a_request_for_salaries_is_seen_by_whom_they_are_open_to(self):
        with self.assertRaises(AccessError):
            # who asks must see the folder himself
            self._request(self.carl, folder_id=self._folder("payroll").id)
        request = self._request(self.amy, folder_id=self._folder("payroll").id,
                                user_id=self.olga.id)  # fmt: skip
        reader = self._person("fx_reader_doc")
        self._member(self.dossier_a, reader, "accountant")
        self.assertFalse(
            self._with(self.env["facturex.request"], reader, self.company_a).search(
                [("id", "=", request.id)]
            )
        )
        request.with_user(self.olga).check_access("write")

    def test_packages_keep_the_salaries_apart(self):
        for kind in ("contracts", "payroll", "package"):
            self._file(kind, self.company_a)
        dossier = self.dossier_a.sudo()
        package = dossier._make_package()
        self.assertRecordValues(package, [{"kind": "package", "is_package": True}])
        names = zipfile.ZipFile(
            io.BytesIO(package._get_attachment().raw)
        ).namelist()  # fmt: skip
        self.assertIn("folders/Contracts/contracts.txt", names)
        self.assertFalse([name for name in names if "payroll" in name])
        salaries = dossier._make_salaries_package()
        self.assertEqual(salaries.kind, "payroll")
        names = zipfile.ZipFile(
            io.BytesIO(salaries._get_attachment().raw)
        ).namelist()  # fmt: skip
        self.assertIn("folders/Salaries/payroll.txt", names)
        # packages hold no packages
        again = dossier._make_salaries_package()
        self.assertEqual(
            zipfile.ZipFile(io.BytesIO(again._get_attachment().raw)).namelist(), names
        )

    def test_a_package_is_for_roles_that_see_all_of_it(self):
        package = self.dossier_a.sudo()._make_package()
        for role, allowed in (("administrator", True), ("accountant", True),
                              ("employee", False), ("reader", False)):  # fmt: skip
            user = self._person(f"fx_{role}_pack")
            self._member(self.dossier_a, user, role)
            attachment = self._with(package._get_attachment(), user, self.company_a)
            self.assertEqual(attachment.has_access("read"), allowed, role)
            if not allowed:
                with self.assertRaises(AccessError):
                    self._with(
                        self.dossier_a, user, self.company_a
                    ).action_make_package()
