"""What an applicant hands in: kinds of document, and the documents themselves."""

import base64
import binascii
import hashlib

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.mimetypes import guess_mimetype

from .account_move_lock import OPEN

# an application that its applicant does not end
ABANDONED = relativedelta(months=6)
MEGABYTE = 1024 * 1024


class FacturexCreditDocumentType(models.Model):
    _name = "facturex.credit.document.type"
    _description = "Document for Deferred Payment"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    help_text = fields.Char(
        string="Explanation", translate=True, help="The applicant reads it."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: every company.",
    )
    required = fields.Boolean(default=True)
    max_mb = fields.Integer(string="Largest Size (MB)", default=5, required=True)
    mimetypes = fields.Char(
        string="Kinds of File",
        default="application/pdf,image/jpeg,image/png",
        required=True,
    )
    retention_years = fields.Integer(
        string="Kept for (Years)",
        default=5,
        required=True,
        help="After the refusal of the application, or the closing of the line.",
    )

    _check_numbers = models.Constraint(
        "CHECK(max_mb BETWEEN 1 AND 25 AND retention_years BETWEEN 0 AND 30)",
        "A file has 1 to 25 MB and is kept for 0 to 30 years.",
    )

    @api.model
    def _get_for(self, company):
        return self.search([("company_id", "in", (company.id, False))])

    def _accept(self):
        """What a browser's file dialog offers."""
        self.ensure_one()
        return self.mimetypes.replace(" ", "")

    def _check_file(self, content):
        """:param content: bytes
        :return: its kind, read from the bytes and never from the name
        :raise UserError: empty, too large, another kind of file
        """
        self.ensure_one()
        if not content:
            raise UserError(self.env._("%s: the file is empty.", self.name))
        if len(content) > self.max_mb * MEGABYTE:
            raise UserError(
                self.env._(
                    "%(document)s: the file has %(size)s MB, at most %(max)s are"
                    " accepted.",
                    document=self.name,
                    size=round(len(content) / MEGABYTE, 1),
                    max=self.max_mb,
                )
            )
        kind = guess_mimetype(content)
        if kind not in self._accept().split(","):
            raise UserError(
                self.env._(
                    "%(document)s: this kind of file (%(kind)s) is not accepted. Send"
                    " one of: %(kinds)s.",
                    document=self.name,
                    kind=kind,
                    kinds=self._accept().replace(",", ", "),
                )
            )
        return kind


class FacturexCreditDocument(models.Model):
    """Private: only who may read the application reads the file."""

    _name = "facturex.credit.document"
    _description = "Document of an Application"
    _order = "type_id, id desc"
    _check_company_auto = True

    application_id = fields.Many2one(
        "facturex.credit.application",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="application_id.company_id", store=True, index=True
    )
    type_id = fields.Many2one(
        "facturex.credit.document.type",
        string="Document",
        required=True,
        ondelete="restrict",
    )
    name = fields.Char(string="File Name", required=True)
    content = fields.Binary(string="File", attachment=True)
    # the same bytes, for a widget of its own beside the file to download
    picture = fields.Binary(related="content", string="Picture")
    mimetype = fields.Char(readonly=True)
    size = fields.Integer(readonly=True)
    sha256 = fields.Char(string="SHA-256", readonly=True)
    state = fields.Selection(
        [("new", "To check"), ("accepted", "Accepted"), ("refused", "Refused")],
        required=True,
        default="new",
        readonly=True,
    )
    keep_until = fields.Date(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._read_file(vals, vals.get("type_id"))
        return super().create(vals_list)

    def write(self, vals):
        erased = self.env.context.get("facturex_open") is OPEN
        if {"content", "type_id"} & vals.keys() and not erased:
            if any(document.state != "new" for document in self):
                raise UserError(
                    self.env._("This document was checked: add another one instead.")
                )
            for document in self:
                kind = vals.get("type_id") or document.type_id.id
                content = vals.get("content") or document.content
                document._read_file(vals | {"content": content}, kind, vals)
        return super().write(vals)

    @api.model
    def _read_file(self, vals, type_id, target=None):
        """Check the bytes; what is known of them is kept beside them."""
        target = vals if target is None else target
        kind = self.env["facturex.credit.document.type"].browse(type_id)
        try:
            content = base64.b64decode(vals.get("content") or b"", validate=False)
        except (binascii.Error, ValueError, TypeError):
            content = b""
        target["mimetype"] = kind._check_file(content)
        target["size"] = len(content)
        target["sha256"] = hashlib.sha256(content).hexdigest()

    def action_accept(self):
        self.application_id.check_access("write")
        self.sudo().state = "accepted"  # the state is decided by its buttons only

    def action_refuse(self):
        self.application_id.check_access("write")
        self.sudo().state = "refused"  # see action_accept

    def _keep_from(self, day):
        """The relation ended: the years of keeping begin."""
        for document in self:
            document.keep_until = day + relativedelta(
                years=document.type_id.retention_years
            )

    @api.autovacuum
    def _gc_expired(self):
        """What was kept long enough is deleted, its trace is not."""
        today = fields.Date.context_today(self)
        expired = self.sudo().search(  # a duty, whoever runs the cleaning
            [("keep_until", "<", today), ("size", ">", 0)]
        )
        expired.with_context(facturex_open=OPEN).write({"content": False, "size": 0})

    @api.autovacuum
    def _gc_abandoned(self):
        """An application left alone for half a year: its files are nobody's business.

        They count as refused, so the applicant who comes back is asked for them again.
        """
        since = fields.Datetime.now() - ABANDONED
        left = self.sudo().search(  # a duty, whoever runs the cleaning
            [
                ("application_id.state", "in", ("draft", "documents", "more")),
                ("application_id.write_date", "<", since),
                ("write_date", "<", since),
                ("size", ">", 0),
            ]
        )
        left.with_context(facturex_open=OPEN).write(
            {"content": False, "size": 0, "state": "refused"}
        )
