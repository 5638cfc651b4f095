from odoo import fields, models
from odoo.exceptions import UserError


class FacturexMatchProposal(models.Model):
    """What a bank line may be, and why: the sentence a bookkeeper reads."""

    _name = "facturex.match.proposal"
    _description = "Match Proposal"
    _order = "score desc, id"
    _check_company_auto = True

    st_line_id = fields.Many2one(
        "account.bank.statement.line",
        string="Transaction",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        related="st_line_id.company_id", store=True, index=True, precompute=True
    )
    score = fields.Integer(help="From 0 to 100; 100 is certain.")
    reason = fields.Char(required=True)
    state = fields.Selection(
        [("open", "Proposed"), ("accepted", "Accepted"), ("superseded", "Not taken")],
        required=True,
        default="open",
    )
    line_ids = fields.Many2many(
        "account.move.line", string="Instalments", check_company=True
    )
    move_ids = fields.Many2many(
        "account.move", string="Documents", compute="_compute_documents"
    )
    partner_id = fields.Many2one("res.partner", compute="_compute_documents")
    currency_id = fields.Many2one(related="st_line_id.currency_id")
    amount_residual = fields.Monetary(string="Open", compute="_compute_documents")

    def _compute_documents(self):
        for proposal in self:
            lines = proposal.line_ids
            proposal.move_ids = lines.move_id
            proposal.partner_id = lines.partner_id[:1]
            proposal.amount_residual = sum(lines.mapped("amount_residual_currency"))

    def action_accept(self):
        self.ensure_one()
        self.check_access("write")
        if self.state != "open":
            raise UserError(
                self.env._("This proposal was already accepted or set aside.")
            )
        self.st_line_id._facturex_reconcile(self.line_ids, "manual")
        self.state = "accepted"
        others = self.st_line_id.facturex_proposal_ids - self
        others.filtered(lambda p: p.state == "open").state = "superseded"
        return {"type": "ir.actions.client", "tag": "soft_reload"}
