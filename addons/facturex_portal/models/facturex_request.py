from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

REMIND_DAYS = 3


class FacturexRequest(models.Model):
    """A question between the firm and its client, kept until it is settled.

    The person asked answers by writing on it, in Odoo or by answering the mail; the
    side that asked accepts the answer or asks again.
    """

    _name = "facturex.request"
    _description = "Request"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "date_due, id"
    _check_company_auto = True

    name = fields.Char(string="Subject", required=True, tracking=True)
    kind = fields.Selection(
        [
            ("document", "Document"),
            ("question", "Question"),
            ("approval", "Approval"),
        ],
        required=True,
        default="document",
    )
    dossier_id = fields.Many2one(
        "facturex.dossier", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="dossier_id.company_id", store=True, index=True
    )
    description = fields.Text()
    user_id = fields.Many2one(
        "res.users", string="Asked to", required=True, index=True, tracking=True
    )
    asker_id = fields.Many2one(
        "res.users",
        string="Asked by",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    move_id = fields.Many2one("account.move", string="Document", check_company=True)
    st_line_id = fields.Many2one(
        "account.bank.statement.line", string="Bank line", check_company=True
    )
    state = fields.Selection(
        [
            ("requested", "Requested"),
            ("answered", "Answered"),
            ("accepted", "Accepted"),
            ("refused", "Given up"),
        ],
        default="requested",
        required=True,
        readonly=True,
        tracking=True,
        copy=False,
        index=True,
    )
    date_due = fields.Date(string="Due")
    date_reminded = fields.Date(string="Last reminder", readonly=True, copy=False)
    reminders = fields.Integer(readonly=True, copy=False)

    @api.model_create_multi
    def create(self, vals_list):
        requests = super().create(vals_list)
        for request in requests:
            members = request.sudo().dossier_id.member_ids  # who works there
            if request.user_id not in members.user_id:
                raise UserError(
                    self.env._(
                        "%(person)s has no role in %(dossier)s: invite the person"
                        " first.",
                        person=request.user_id.name,
                        dossier=request.dossier_id.name,
                    )
                )
            request.message_subscribe(
                partner_ids=(request.user_id | request.asker_id).partner_id.ids
            )
            request.message_post(
                body=request.description or request.name,
                subtype_xmlid="mail.mt_comment",
            )
        return requests

    def write(self, vals):
        if "dossier_id" in vals:
            raise AccessError(self.env._("A request stays in its dossier."))
        return super().write(vals)

    def message_post(self, **kwargs):
        message = super().message_post(**kwargs)
        for request in self:
            if (
                request.state == "requested"
                and message.message_type in ("comment", "email")
                and message.author_id == request.user_id.partner_id
            ):
                request.state = "answered"
        return message

    def _check_asker(self):
        self.check_access("write")
        for request in self:
            # the firm's people and who asked, by their membership
            members = request.sudo().dossier_id.member_ids
            side = members.filtered("is_firm").user_id | request.asker_id
            if self.env.user not in side or self.env.user == request.user_id:
                raise UserError(self.env._("The side that asked settles the request."))

    def action_accept(self):
        self._check_asker()
        self.state = "accepted"

    def action_refuse(self):
        """The answer is not the right one: ask again."""
        self._check_asker()
        self.filtered(lambda one: one.state == "answered").state = "requested"

    def action_give_up(self):
        self._check_asker()
        self.state = "refused"

    @api.model
    def _cron_remind(self):
        """Write again to who did not answer in time, every three days."""
        today = fields.Date.context_today(self)
        again = fields.Date.subtract(today, days=REMIND_DAYS)
        for request in self.search(
            [
                ("state", "=", "requested"),
                ("date_due", "<", today),
                "|",
                ("date_reminded", "=", False),
                ("date_reminded", "<=", again),
            ]
        ):
            request.write({"date_reminded": today, "reminders": request.reminders + 1})
            request.message_post(
                body=request.with_context(lang=request.user_id.lang)._get_reminder(),
                partner_ids=request.user_id.partner_id.ids,
                subtype_xmlid="mail.mt_comment",
                author_id=request.asker_id.partner_id.id,
            )

    def _get_reminder(self):
        return self.env._(
            "Reminder: “%(name)s” was due on %(day)s. Answer this message.",
            name=self.name,
            day=self.date_due,
        )


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    @api.model
    def _query_more(self, ids, today):
        self.env["facturex.request"].flush_model()
        query = SQL(
            """
            SELECT company_id AS company, count(*) AS request_count,
                   count(*) FILTER (WHERE date_due < %s) AS request_late
              FROM facturex_request
             WHERE company_id IN %s AND state IN ('requested', 'answered')
          GROUP BY company_id
            """,
            today,
            tuple(ids),
        )
        return [*super()._query_more(ids, today), query]

    def _log_entry(self):
        result = super()._log_entry()
        self.env["facturex.access.log"]._note("enter", self._name, self.company_id.ids)
        return result

    def action_open_requests(self):
        self.ensure_one()
        return self.env["ir.actions.actions"]._for_xml_id(
            "facturex_portal.facturex_request_action"
        ) | {
            "domain": [("dossier_id", "=", self.id)],
            "context": {"default_dossier_id": self.id},
        }
