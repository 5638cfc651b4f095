from odoo import api, fields, models
from odoo.fields import Domain


class FacturexDocument(models.Model):
    """A file of a company in one of its folders.

    Everything about it follows the record: the file, searches, exports and RPC. It has
    no followers and no messages, which would go on when a role ends.
    """

    _name = "facturex.document"
    _description = "Filed Document"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    folder_id = fields.Many2one(
        "facturex.folder",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    folder_ids = fields.Many2many(
        "facturex.folder", compute="_compute_folder_ids", string="Folders to choose"
    )
    # decides who sees it: beside the record, so that the rules read one table
    kind = fields.Selection(related="folder_id.kind", store=True, index=True)
    date = fields.Date(required=True, default=fields.Date.context_today)
    partner_id = fields.Many2one("res.partner", string="With", check_company=True)
    file = fields.Binary(attachment=True, required=True)
    file_name = fields.Char()
    note = fields.Text(string="Notes")
    request_id = fields.Many2one(
        "facturex.request", string="Asked for by", readonly=True, copy=False
    )
    source_id = fields.Many2one("ir.attachment", readonly=True, copy=False)
    is_package = fields.Boolean(readonly=True, copy=False)
    active = fields.Boolean(default=True)

    # an answer's file is filed once
    _source_unique = models.UniqueIndex("(source_id) WHERE source_id IS NOT NULL")

    @api.depends("company_id")
    @api.depends_context("uid")
    def _compute_folder_ids(self):
        """Folders in which the user may file: those of his role, without packages."""
        folders = self.env["facturex.folder"].search([("kind", "!=", "package")])
        cut = self.env["ir.rule"]._facturex_domain(self._name, "create")
        for document in self:
            company = document.company_id
            found = folders.filtered(
                lambda one, company=company: (
                    not one.company_id or one.company_id in company.parent_ids
                )
            )
            document.folder_ids = found.filtered(
                lambda one, company=company, cut=cut: self._is_open(cut, one, company)
            )

    @api.model
    def _is_open(self, cut, folder, company):
        """Whether the user's role files documents of this company in the folder."""
        domain = Domain(cut)
        return domain.is_true() or bool(
            self.new({"company_id": company.id, "kind": folder.kind})
            .sudo()  # a draft that is thrown away
            .filtered_domain(domain)
        )

    @api.onchange("file_name")
    def _onchange_file_name(self):
        if self.file_name and not self.name:
            self.name = self.file_name.rpartition(".")[0] or self.file_name

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("name") and vals.get("file_name"):
                vals["name"] = vals["file_name"]
        return super().create(vals_list)

    def _get_attachment(self):
        """The stored file."""
        self.ensure_one()
        return self.env["ir.attachment"].search(
            [
                ("res_model", "=", self._name),
                ("res_field", "=", "file"),
                ("res_id", "=", self.id),
            ]
        )


class FacturexRequest(models.Model):
    _inherit = "facturex.request"

    folder_id = fields.Many2one(
        "facturex.folder",
        string="File the answer in",
        check_company=True,
        domain="[('kind', '!=', 'package')]",
        help="Who may not see the folder does not see the request either.",
    )
    folder_kind = fields.Selection(related="folder_id.kind", store=True)
    document_ids = fields.One2many(
        "facturex.document", "request_id", string="Filed documents"
    )

    def action_accept(self):
        result = super().action_accept()
        for request in self.filtered("folder_id"):
            request._file_answers()
        return result

    def _file_answers(self):
        """The files that the person asked sent become documents, each once."""
        asked = self.user_id.partner_id
        answers = self.message_ids.filtered(
            lambda one: (
                one.author_id == asked and one.message_type in ("comment", "email")
            )
        )
        documents = self.env["facturex.document"]
        for file in answers.attachment_ids.sorted("id") - self.document_ids.source_id:
            documents.create(
                {
                    "name": f"{self.name} · {file.name}",
                    "file_name": file.name,
                    "file": file.datas,
                    "folder_id": self.folder_id.id,
                    "company_id": self.company_id.id,
                    "request_id": self.id,
                    "source_id": file.id,
                }
            )


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    def action_open_documents(self):
        return self._open_list("facturex_portal.facturex_document_action")
