from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import split_every

from .bank_copies import reference_of

BATCH = 300  # matches that share one reconciliation and one commit
ALIVE = ("none", "proposed")


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    import_key = fields.Char(
        copy=False, help="Identity of the movement; the same movement is imported once."
    )
    facturex_file_id = fields.Many2one(
        "facturex.statement.file",
        string="Statement File",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
    )
    facturex_match_state = fields.Selection(
        [
            ("none", "Nothing found"),
            ("proposed", "Proposed"),
            ("auto", "Matched by itself"),
            ("manual", "Matched by hand"),
            ("aside", "Put aside"),
        ],
        string="Match",
        default="none",
        copy=False,
        index=True,
    )
    facturex_match_reason = fields.Char(string="Why", copy=False)
    facturex_partner_found = fields.Boolean(
        copy=False, help="The match named the partner; the bank did not."
    )
    facturex_reference = fields.Char(
        string="Payer's Reference",
        compute="_compute_facturex_reference",
        store=True,
        help="The structured reference of the payer, or the identifier of the payment.",
    )
    facturex_question = fields.Char(string="Question", copy=False, readonly=True)
    facturex_asked_id = fields.Many2one(
        "res.users", string="Asked", copy=False, readonly=True
    )
    facturex_proposal_ids = fields.One2many(
        "facturex.match.proposal", "st_line_id", string="Proposals"
    )
    facturex_invoice_ids = fields.Many2many(
        "account.move", string="Documents", compute="_compute_facturex_invoice_ids"
    )

    # the law "every effect has a unique key": a re-import finds its own lines
    _import_key_uniq = models.UniqueIndex(
        "(journal_id, import_key) WHERE import_key IS NOT NULL",
        "This bank movement was already imported.",
    )

    @api.depends("transaction_details")
    def _compute_facturex_reference(self):
        for line in self:
            line.facturex_reference = reference_of(line.transaction_details) or False

    @api.depends(
        "move_id.line_ids.matched_debit_ids", "move_id.line_ids.matched_credit_ids"
    )
    def _compute_facturex_invoice_ids(self):
        for line in self:
            items = line.move_id.line_ids
            counterparts = (
                items.matched_debit_ids.debit_move_id
                | items.matched_credit_ids.credit_move_id
            )
            line.facturex_invoice_ids = counterparts.move_id - line.move_id

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_facturex_to_match(self):
        """The screen to match, with this line first."""
        self.ensure_one()
        action = self.journal_id.action_facturex_to_match()
        action["context"] = {"default_st_line_id": self.id}
        return action

    def action_facturex_match(self):
        """Look for documents again; what is certain is matched, the rest proposed."""
        self.check_access("write")
        matched = self._facturex_match()
        open_count = len(self.filtered(lambda line: not line.is_reconciled))
        return self._facturex_tell(
            self.env._(
                "%(done)s matched, %(left)s left to match",
                done=len(matched),
                left=open_count,
            ),
            "success" if matched else "info",
        )

    @api.model
    def _facturex_tell(self, message, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_facturex_aside(self):
        self.check_access("write")
        self._facturex_put_aside()

    def _facturex_log(self, kind, message):
        """One line per account in the activity journal of the bank."""
        for journal, lines in self.grouped("journal_id").items():
            self.env["facturex.bank.event"]._log(
                kind, journal, message, count=len(lines)
            )

    def _facturex_put_aside(self, question=None, user=None):
        """Not now: with a question, its reader gets an activity on the entry.

        The other side is that the line stays open: nothing is booked.
        """
        lines = self.filtered(lambda line: not line.is_reconciled)
        lines.write(
            {
                "facturex_match_state": "aside",
                "facturex_question": question,
                "facturex_asked_id": user.id if user and question else False,
            }
        )
        lines._facturex_log("aside", question or self.env._("put aside"))
        if question:
            for line in lines:
                line.move_id.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=self.env._("What is this bank transaction?"),
                    note=question,
                    user_id=(user or self.env.user).id,
                )

    def action_facturex_take_back(self):
        """Back among the transactions to match."""
        self.check_access("write")
        lines = self.filtered(lambda line: line.facturex_match_state == "aside")
        lines.write({"facturex_question": False, "facturex_asked_id": False})
        lines.facturex_match_state = "none"
        lines._facturex_match()

    def action_facturex_undo(self):
        """Back on suspense, with the proposals open again."""
        self.check_access("write")
        self._facturex_undo()

    def _facturex_undo(self):
        """The journal items as they were before the match, partner included."""
        automatic = self.filtered(lambda line: line.facturex_match_state == "auto")
        self._facturex_log("undo", self.env._("match undone"))
        self.action_undo_reconciliation()
        self.facturex_proposal_ids._give_back()
        found = self.filtered("facturex_partner_found")
        if found:
            found.write({"partner_id": False})
            found.facturex_partner_found = False
        proposals = self.facturex_proposal_ids
        proposals.filtered(lambda p: p.st_line_id in automatic and p.rank == 1).write(
            {"outcome": "wrong"}
        )
        (proposals - automatic.facturex_proposal_ids).outcome = False
        proposals.state = "open"
        self.facturex_match_reason = False
        offered = self.filtered("facturex_proposal_ids")
        offered.facturex_match_state = "proposed"
        (self - offered).facturex_match_state = "none"

    # ------------------------------------------------------------------
    # Matching
    # ------------------------------------------------------------------

    def _facturex_match(self, dry=False):
        """Find the documents that the unmatched lines pay.

        :param dry: decide only
        :return: the lines matched; with `dry` the engine's proposals by line id
        """
        matched = self.browse()
        decided = {}
        for company, lines in self.grouped("company_id").items():
            lines = lines.filtered(lambda line: not line.is_reconciled)
            lines = lines.with_company(company)
            proposals = lines._facturex_decide(company)
            decided.update(proposals)
            if not dry:
                matched |= lines._facturex_apply(proposals)
        return decided if dry else matched

    def _facturex_apply(self, proposals, alone=True):
        """Match what is certain, keep the rest as proposals with their reasons.

        :param alone: False leaves even the certain ones to a person
        """
        self.facturex_proposal_ids.filtered(lambda p: p.state == "open").unlink()
        by_line = self._facturex_create_proposals(proposals)
        matched = self.browse()
        certain = self.filtered(
            lambda line: (
                alone
                and by_line[line.id][:1].certain
                and line._facturex_may_match_alone()
            )
        )
        for batch in split_every(BATCH, certain.ids, self.browse):
            matched |= batch._facturex_accept_batch(by_line)
        matched._facturex_log("match_auto", self.env._("matched by itself"))
        waiting = (self - matched).filtered(
            lambda line: line.facturex_match_state != "aside"
        )
        offered = waiting.filtered(lambda line: by_line[line.id])
        offered.facturex_match_state = "proposed"
        (waiting - offered).facturex_match_state = "none"
        for line in waiting:
            reason = by_line[line.id][:1].reason
            if line.facturex_match_reason != reason:
                line.facturex_match_reason = reason
        return matched

    def _facturex_create_proposals(self, proposals):
        """:return: {line id: its proposals, best first}"""
        vals_list = [
            line._facturex_prepare_proposal(proposal, rank)
            for line in self
            for rank, proposal in enumerate(proposals.get(line.id, ()), start=1)
        ]
        created = self.env["facturex.match.proposal"].create(vals_list)
        by_line = dict.fromkeys(self.ids, created.browse())
        for proposal in created:
            by_line[proposal.st_line_id.id] += proposal
        return by_line

    def _facturex_accept_batch(self, by_line):
        """The best proposal of each line, all reconciled by one plan.

        When one of them fails, all are tried again, each alone.

        :return: the lines matched
        """
        plan = []
        try:
            with self.env.cr.savepoint():
                for line in self:
                    by_line[line.id][0]._accept("auto", plan)
                self.env["account.move.line"]._reconcile_plan(plan)
                self.env.flush_all()
        except (UserError, ValidationError):
            return self.filtered(
                lambda line: line._facturex_accept_safely(by_line[line.id][0])
            )
        return self

    def _facturex_accept_safely(self, proposal):
        """One line that cannot be matched never stops the others."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                proposal._accept("auto")
        except (UserError, ValidationError) as error:
            self.facturex_match_reason = str(error)
            return False
        return True

    def _facturex_may_match_alone(self):
        """A file whose sums do not add up is left to a person."""
        self.ensure_one()
        return not self.statement_id or self.statement_id.is_complete

    def _facturex_prepare_proposal(self, proposal, rank=1):
        habit = proposal.habit
        return {
            "st_line_id": self.id,
            "company_id": self.company_id.id,
            "score": proposal.score,
            "rank": rank,
            "certain": proposal.certain,
            "sure": proposal.sure,
            "close": proposal.close or False,
            "rule_id": proposal.rule_id,
            "account_id": habit.account_id if habit else False,
            "account_partner_id": habit.partner_id if habit else False,
            "returned_id": proposal.returns,
            "combination": proposal.combination,
            "reason": ", ".join(
                self._facturex_reason_words(r) for r in proposal.reasons
            ),
            "line_ids": [fields.Command.set(list(proposal.item_ids))],
        }
