from odoo import api, fields, models
from odoo.tools import SQL


class FacturexMatchMemory(models.Model):
    """What people decided about a counterparty: the next line is known by it."""

    _name = "facturex.match.memory"
    _description = "Learned Counterparty"
    _order = "times desc, id desc"
    _rec_name = "key"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, index=True)
    key = fields.Char(
        required=True,
        readonly=True,
        help="A name, an account number or the words of a text, with the direction of"
        " the money.",
    )
    partner_id = fields.Many2one(
        "res.partner", ondelete="cascade", check_company=True, readonly=True
    )
    account_id = fields.Many2one(
        "account.account", ondelete="cascade", check_company=True, readonly=True
    )
    times = fields.Integer(default=1, readonly=True)
    last_date = fields.Date(readonly=True)

    _key_uniq = models.UniqueIndex(
        "(company_id, key, COALESCE(partner_id, 0), COALESCE(account_id, 0))",
        "This is remembered already.",
    )

    @api.model
    def _remember(self, company, facts, sign=1):
        """Counts what was decided: one statement, whoever else does the same.

        :param facts: list of (key, partner id or None, account id or None)
        :param sign: -1 when a decision was undone
        """
        counts = {}
        for fact in facts:
            counts[fact] = counts.get(fact, 0) + 1
        if not counts:
            return
        facts = sorted(counts, key=str)
        columns = [list(column) for column in zip(*facts, strict=True)]
        self.flush_model()
        # a counter that several people may raise at once: in SQL, in a fixed order
        self.env.execute_query(
            SQL(
                """
                INSERT INTO facturex_match_memory AS m
                       (company_id, key, partner_id, account_id, times, last_date,
                        create_uid, create_date, write_uid, write_date)
                SELECT %(company)s, f.key, f.partner, f.account, f.times, %(today)s,
                       %(uid)s, now() at time zone 'UTC',
                       %(uid)s, now() at time zone 'UTC'
                  FROM unnest(%(keys)s::varchar[], %(partners)s::int[],
                              %(accounts)s::int[], %(times)s::int[])
                       AS f(key, partner, account, times)
           ON CONFLICT (company_id, key,
                        COALESCE(partner_id, 0), COALESCE(account_id, 0))
             DO UPDATE SET times = GREATEST(m.times + EXCLUDED.times, 0),
                           last_date = EXCLUDED.last_date
             RETURNING id
                """,
                company=company.id,
                today=fields.Date.context_today(self),
                uid=self.env.uid,
                keys=columns[0],
                partners=columns[1],
                accounts=columns[2],
                times=[sign * counts[fact] for fact in facts],
            )
        )
        self.invalidate_model()

    @api.model
    def _recall(self, company, keys):
        """:return: ({name key: {partner id: times}}, {key: (account, partner, times)})

        One query. An account counts when it was chosen most often for the key; a tie
        decides nothing.
        """
        names, habits, ties = {}, {}, set()
        found = self.search_fetch(
            [
                ("company_id", "=", company.id),
                ("key", "in", sorted(keys)),
                ("times", ">", 0),
            ],
            ["key", "partner_id", "account_id", "times"],
            order="times desc, id desc",
        )
        for memory in found:
            if not memory.account_id:
                own = names.setdefault(memory.key.removeprefix("name:"), {})
                own[memory.partner_id.id] = memory.times
            elif memory.key not in habits:
                habits[memory.key] = (
                    memory.account_id.id,
                    memory.partner_id.id or None,
                    memory.times,
                )
            elif habits[memory.key][2] == memory.times:
                ties.add(memory.key)
        for key in ties:
            del habits[key]
        return names, habits
