import hashlib

from odoo import api, fields, models
from odoo.exceptions import UserError

from .account_move_lock import OPEN


class FacturexAcceptance(models.Model):
    """The proof that a customer accepted a quote: written once, never changed."""

    _name = "facturex.acceptance"
    _description = "Acceptance of a Quote"
    _order = "accepted_at desc, id desc"
    _rec_name = "signer"
    _check_company_auto = True

    order_id = fields.Many2one(
        "sale.order", string="Quote", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    method = fields.Selection(
        [("signature", "Signed online"), ("payment", "Paid online")], required=True
    )
    accepted_at = fields.Datetime(string="When", required=True)
    signer = fields.Char(string="Who", required=True)
    partner_id = fields.Many2one("res.partner", string="Contact", required=True)
    user_id = fields.Many2one("res.users", string="Logged In As")
    ip = fields.Char(string="IP Address")
    user_agent = fields.Char(string="Browser")
    currency_id = fields.Many2one("res.currency", required=True)
    amount_total = fields.Monetary(string="Amount Accepted")
    attachment_id = fields.Many2one(
        "ir.attachment", string="Document", ondelete="restrict"
    )
    pdf_sha256 = fields.Char(string="SHA-256 of the Document")
    terms = fields.Html(string="Terms and Conditions", sanitize=False)
    terms_sha256 = fields.Char(string="SHA-256 of the Terms", required=True)
    transaction_id = fields.Many2one("payment.transaction", index="btree_not_null")
    key = fields.Char(required=True)
    is_intact = fields.Boolean(
        string="Document Unchanged",
        compute="_compute_is_intact",
        help="The kept document still has the SHA-256 of the day it was accepted.",
    )

    _key_uniq = models.UniqueIndex("(key)", "This acceptance was already recorded.")

    @api.depends("attachment_id", "pdf_sha256")
    def _compute_is_intact(self):
        for proof in self:
            content = proof.attachment_id.raw or b""
            proof.is_intact = bool(content) and self._hash(content) == proof.pdf_sha256

    @api.model
    def _hash(self, content):
        if isinstance(content, str):
            content = content.encode()
        return hashlib.sha256(content).hexdigest()

    def write(self, vals):
        self._refuse()
        return super().write(vals)

    def unlink(self):
        self._refuse()
        return super().unlink()

    def _refuse(self):
        if self and self.env.context.get("facturex_open") is not OPEN:
            raise UserError(
                self.env._(
                    "The proof of an acceptance can neither be changed nor deleted."
                )
            )

    @api.model
    def _record(self, order, document, **vals):
        """Keep the proof of one acceptance; twice the same key keeps the first.

        :param order: the quote, after it was accepted
        :param document: bytes of the PDF accepted, or None when it cannot be printed
        :param vals: method, signer, accepted_at, key; partner, user, ip, user agent
        """
        # nobody has the right to write a proof: only what happened does
        proofs = self.sudo()
        known = proofs.search([("key", "=", vals["key"])])
        if known:
            return known
        terms = order._facturex_terms()
        # the same right as the proof it belongs to
        attachment = self.env["ir.attachment"].sudo()
        if document:
            attachment = attachment.create(
                {
                    "name": f"{order.name}.pdf".replace("/", "-"),
                    "raw": document,
                    "company_id": order.company_id.id,
                }
            )
        proof = proofs.create(
            {
                "order_id": order.id,
                "company_id": order.company_id.id,
                "currency_id": order.currency_id.id,
                "amount_total": order.amount_total,
                "partner_id": order.partner_id.id,
                "terms": terms,
                "terms_sha256": self._hash(terms),
                "attachment_id": attachment.id,
                "pdf_sha256": self._hash(document) if document else False,
                **vals,
            }
        )
        # from here on the file is evidence: see ir.attachment
        attachment.write({"res_model": self._name, "res_id": proof.id})
        return proof
