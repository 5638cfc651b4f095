from odoo import api, models
from odoo.exceptions import UserError

from .account_move_lock import OPEN

# fields of an invoice that hold what the customer was given
LEGAL_FIELDS = ("invoice_pdf_report_file", "ubl_cii_xml_file")
CONTENT_FIELDS = {
    "checksum",
    "company_id",
    "datas",
    "db_datas",
    "file_size",
    "index_content",
    "mimetype",
    "name",
    "raw",
    "res_field",
    "res_id",
    "res_model",
    "store_fname",
    "type",
    "url",
}


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    def write(self, vals):
        if CONTENT_FIELDS & vals.keys():
            self._facturex_check_evidence()
        return super().write(vals)

    def unlink(self):
        self._facturex_check_evidence()
        return super().unlink()

    @api.model
    def _facturex_evidence_models(self):
        """Models all of whose attachments are kept as they are."""
        return {"facturex.acceptance"}

    def _facturex_check_evidence(self):
        """Refuse to touch the file of a sent document, or a proof.

        :raise UserError: for anybody, administrators and `sudo()` included
        """
        if self.env.context.get("facturex_open") is OPEN:
            return
        # attachments of records the user cannot read are protected all the same
        found = self.sudo()
        if found.filtered(lambda a: a.res_model in self._facturex_evidence_models()):
            raise UserError(
                self.env._(
                    "This file proves what a customer accepted: it is kept unchanged."
                )
            )
        legal = found.filtered(
            lambda a: a.res_model == "account.move" and a.res_field in LEGAL_FIELDS
        )
        if legal:
            # read with the same right as the attachments above
            moves = self.env["account.move"].sudo().browse(legal.mapped("res_id"))
            moves = moves.exists()
            moves._facturex_refuse(
                moves._facturex_locked(), {"invoice_pdf_report_file"}
            )
