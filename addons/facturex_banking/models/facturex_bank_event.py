from odoo import api, fields, models


class FacturexBankEvent(models.Model):
    """The activity journal of the bank: what happened to whose account, and when.

    Append-only: written by the house, read by people, never changed.
    """

    _name = "facturex.bank.event"
    _description = "Bank Event"
    _order = "date desc, id desc"
    _rec_name = "message"
    _check_company_auto = True

    date = fields.Datetime(
        string="On",
        required=True,
        readonly=True,
        default=fields.Datetime.now,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    journal_id = fields.Many2one(
        "account.journal",
        string="Bank Journal",
        readonly=True,
        index="btree_not_null",
        check_company=True,
        ondelete="cascade",
    )
    kind = fields.Selection(
        [
            ("import", "Imported"),
            ("refused", "Refused file"),
            ("gap", "Missing statement"),
            ("doubtful", "Doubtful movement"),
            ("match_auto", "Matched by itself"),
            ("match_manual", "Matched by hand"),
            ("undo", "Match undone"),
            ("aside", "Put aside"),
            ("error", "Error"),
            ("consent", "Bank consent"),
        ],
        string="What",
        required=True,
        readonly=True,
        index=True,
    )
    message = fields.Char(readonly=True)
    count = fields.Integer(string="Movements", readonly=True)
    file_id = fields.Many2one(
        "facturex.statement.file",
        string="Statement File",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    user_id = fields.Many2one("res.users", string="By", readonly=True)

    @api.model
    def _log(self, kind, journal, message, count=1, file=None, company=None):
        """Write one line of the journal; one call for a batch, never one per line.

        :param kind: a value of the field `kind`
        :param journal: `account.journal`, or an empty recordset
        :param message: what happened, in the words of the user's language
        :param count: movements concerned
        :param file: `facturex.statement.file` when one is at the origin
        :param company: `res.company`, needed without journal
        :return: the event
        """
        company = company or journal.company_id or self.env.company
        # sudo: everybody who acts is written down, nobody may write by himself
        event = self.sudo().create(
            {
                "kind": kind,
                "company_id": company.id,
                "journal_id": journal.id,
                "message": message,
                "count": count,
                "file_id": file.id if file else False,
                "user_id": self.env.uid,
            }
        )
        return self.browse(event.id)
