from odoo import fields, models
from odoo.tools import SQL


class FacturexStatementGap(models.Model):
    """Two statements of one account that do not follow each other.

    Read from the statements themselves at each look: a gap closes by itself
    when the missing statement comes.
    """

    _name = "facturex.statement.gap"
    _description = "Missing Statement"
    _auto = False
    _order = "date_from, id"
    _rec_name = "journal_id"

    company_id = fields.Many2one("res.company", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    kind = fields.Selection(
        [("gap", "Missing"), ("overlap", "Overlap")], string="What", readonly=True
    )
    date_from = fields.Date(string="After", readonly=True)
    date_to = fields.Date(string="Before", readonly=True)
    expected = fields.Monetary(string="Closed At", readonly=True)
    found = fields.Monetary(string="Opens At", readonly=True)
    difference = fields.Monetary(readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    previous_id = fields.Many2one(
        "account.bank.statement", string="Statement Before", readonly=True
    )
    statement_id = fields.Many2one(
        "account.bank.statement", string="Statement After", readonly=True
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT chain.id, chain.id AS statement_id, chain.previous_id,
                   chain.company_id, chain.journal_id, chain.currency_id,
                   chain.date_from, chain.date_to, chain.expected, chain.found,
                   chain.found - chain.expected AS difference,
                   CASE WHEN chain.date_to <= chain.date_from
                        THEN 'overlap' ELSE 'gap' END AS kind
              FROM (
                    SELECT st.id, st.company_id, st.journal_id,
                           COALESCE(journal.currency_id, company.currency_id)
                               AS currency_id,
                           lag(st.id) OVER chained AS previous_id,
                           lag(st.date) OVER chained AS date_from,
                           to_date(left(st.first_line_index, 8), 'YYYYMMDD') AS date_to,
                           lag(st.balance_end_real) OVER chained AS expected,
                           st.balance_start AS found
                      FROM account_bank_statement st
                      JOIN account_journal journal ON journal.id = st.journal_id
                      JOIN res_company company ON company.id = st.company_id
                     WHERE st.first_line_index IS NOT NULL
                    WINDOW chained AS (
                        PARTITION BY st.journal_id ORDER BY st.first_line_index, st.id
                    )
                   ) chain
             WHERE abs(chain.found - chain.expected) >= 0.005
            """
        )
