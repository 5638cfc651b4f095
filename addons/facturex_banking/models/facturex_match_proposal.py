from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class FacturexMatchProposal(models.Model):
    """What a bank line may be, and why: the sentence a bookkeeper reads."""

    _name = "facturex.match.proposal"
    _description = "Match Proposal"
    _order = "score desc, rank, id"
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
        "res.company",
        compute="_compute_company_id",
        store=True,
        index=True,
        precompute=True,
        readonly=True,
    )
    score = fields.Integer(help="From 0 to 100; 100 is certain.")
    rank = fields.Integer(default=1, help="1 is the best of its transaction.")
    certain = fields.Boolean(help="No person is needed.")
    sure = fields.Boolean(help="One look is enough.")
    reason = fields.Char(required=True)
    combination = fields.Char(help="The reasons as codes, to count what was right.")
    state = fields.Selection(
        [("open", "Proposed"), ("accepted", "Accepted"), ("superseded", "Not taken")],
        required=True,
        default="open",
    )
    outcome = fields.Selection(
        [("right", "Right"), ("wrong", "Wrong")],
        help="What a person decided on the best proposal of the transaction.",
    )
    close = fields.Selection(
        [
            ("fee", "Difference to the fee account"),
            ("discount", "Difference as a discount"),
            ("exchange", "Difference of exchange"),
        ],
        string="Difference",
    )
    rule_id = fields.Many2one(
        "account.reconcile.model", ondelete="cascade", check_company=True
    )
    account_id = fields.Many2one(
        "account.account", ondelete="cascade", check_company=True
    )
    account_partner_id = fields.Many2one("res.partner", ondelete="cascade")
    line_ids = fields.Many2many(
        "account.move.line", string="Instalments", check_company=True
    )
    move_ids = fields.Many2many(
        "account.move", string="Documents", compute="_compute_documents"
    )
    partner_id = fields.Many2one("res.partner", compute="_compute_documents")
    currency_id = fields.Many2one(related="st_line_id.currency_id")
    amount_residual = fields.Monetary(string="Open", compute="_compute_documents")

    _outcome_idx = models.Index("(company_id, combination) WHERE outcome IS NOT NULL")

    @api.depends("st_line_id")
    def _compute_company_id(self):
        for proposal in self:
            proposal.company_id = proposal.st_line_id.company_id

    @api.depends("line_ids")
    def _compute_documents(self):
        for proposal in self:
            lines = proposal.line_ids
            proposal.move_ids = lines.move_id
            proposal.partner_id = lines.partner_id[:1] or proposal.account_partner_id
            proposal.amount_residual = sum(lines.mapped("amount_residual_currency"))

    def action_accept(self):
        self.ensure_one()
        self.check_access("write")
        if self.state != "open":
            raise UserError(
                self.env._("This proposal was already accepted or set aside.")
            )
        self._accept("manual")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _accept(self, how, plan=None):
        """Book what the proposal says; the others of the line were not taken.

        :param plan: see `account.bank.statement.line._facturex_reconcile`
        """
        self.ensure_one()
        line = self.st_line_id
        if self.rule_id:
            line._facturex_reconcile_rule(self.rule_id, how)
        elif self.returned_id:
            self._take_back(how)
        elif self.account_id:
            line._facturex_reconcile(
                self.line_ids, how, extra=[self._prepare_habit_vals()]
            )
            line._facturex_join_transfer(self.account_id)
        else:
            line._facturex_reconcile(
                self.line_ids, how, close=self.close or "", plan=plan
            )
        line.facturex_match_reason = self.reason
        self._settle(how)

    def _prepare_habit_vals(self):
        suspense = self.st_line_id._seek_for_lines()[1]
        return {
            "account_id": self.account_id.id,
            "partner_id": self.account_partner_id.id,
            "balance": sum(suspense.mapped("balance")),
        }

    def _settle(self, how):
        """States, and for a person's choice what it says of the best proposal."""
        others = self.st_line_id.facturex_proposal_ids - self
        others = others.filtered(lambda p: p.state == "open")
        others.write({"state": "superseded"})
        self.state = "accepted"
        if how == "manual":
            self.st_line_id._facturex_log("match_manual", self.reason)
            (self | others)._judge(self.line_ids)

    def _judge(self, items):
        """The best proposal was right when it is what the person took."""
        for best in self.filtered(lambda p: p.rank == 1 and p.line_ids):
            best.outcome = "right" if best.line_ids == items else "wrong"

    def _accept_page(self):
        """Accept proposals one after the other; a failure never stops the rest.

        :return: (lines matched, [(proposal, reason)] of those that were not)
        """
        done, failed = self.env["account.bank.statement.line"], []
        for proposal in self:
            try:
                with self.env.cr.savepoint():
                    proposal.action_accept()
                done |= proposal.st_line_id
            except (UserError, ValidationError) as error:
                failed.append((proposal, str(error)))
        return done, failed
