from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

REMIND_DAYS = 3


class FacturexRequest(models.Model):
    """A question between the firm and its client, kept until it is settled.

    The person asked answers by writing on it, in Odoo or by answering the mail; the
    side that asked accepts the answer or asks again.
    """

    _name = "facturex.request"
    _description = "Request"
    _inherit = ["portal.mixin", "mail.thread", "mail.activity.mixin"]
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
    # opens the page of the person asked: who asks must not answer in his place
    access_token = fields.Char(groups="base.group_system")
    may_settle = fields.Boolean(compute="_compute_may_settle")
    date_reminded = fields.Date(string="Last reminder", readonly=True, copy=False)
    reminders = fields.Integer(readonly=True, copy=False)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for request in self:
            request.access_url = f"/my/requests/{request.id}"
        return result

    @api.depends("dossier_id", "user_id", "asker_id")
    @api.depends_context("uid")
    def _compute_may_settle(self):
        for request in self:
            request.may_settle = request._is_of_asking_side()

    @api.model
    def default_get(self, fields_list):
        """From an invoice or a bank line: its dossier, and who answers there."""
        result = super().default_get(fields_list)
        company = self.env["res.company"]
        for name in ("move_id", "st_line_id"):
            if result.get(name):
                document = self.env[self._fields[name].comodel_name]
                company = document.browse(result[name]).company_id
        dossiers = self.env["facturex.dossier"]
        if company or not result.get("dossier_id"):
            company = (company or self.env.company).root_id
            found = dossiers.search([("company_id", "=", company.id)], limit=1)
            result["dossier_id"] = found.id
        if result.get("dossier_id") and not result.get("user_id"):
            dossier = dossiers.browse(result["dossier_id"])
            result["user_id"] = dossier._get_answerer().id
        return result

    @api.onchange("dossier_id")
    def _onchange_dossier_id(self):
        self.user_id = self.dossier_id._get_answerer()

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

    def _is_of_asking_side(self):
        # the firm's people and who asked, by their membership
        members = self.sudo().dossier_id.member_ids
        asker = self.asker_id
        firm = members.filtered("is_firm").user_id
        # a client's question is settled by the client's side
        side = firm | asker if asker in firm else (members.user_id - firm) | asker
        return self.env.user in side and self.env.user != self.user_id

    def _message_auto_subscribe_notify(self, partner_ids, template):
        """The request itself is the message: no second one about an assignment."""

    # ------------------------------------------------------------------
    # The answer, without Odoo's screens
    # ------------------------------------------------------------------

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """The person asked gets a button that answers without logging in."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if len(self) != 1:
            return groups
        # the link goes to the person asked only
        record = self.sudo()
        asked = record.user_id.partner_id
        button = {
            "url": record.get_base_url() + record.get_portal_url(),
            "title": self.env._("Answer"),
        }
        group = (
            "facturex_asked",
            lambda recipient: recipient["id"] == asked.id,
            {"active": True, "has_button_access": True, "button_access": button},
        )
        return [group, *groups]

    def _is_open_online(self):
        """The person still has a role here: a link does not outlive it."""
        self.ensure_one()
        user = self.user_id
        if not user.active:
            return False
        if user.share:
            return user in self.dossier_id.member_ids.user_id
        return user._facturex_can("member", self.company_id)

    def _answer_online(self, text, files):
        """The person's answer from the page; access to the page was checked."""
        self.ensure_one()
        return self.message_post(
            body=text,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=self.user_id.partner_id.id,
            attachments=files,
        )

    def _check_asker(self):
        self.check_access("write")
        for request in self:
            if not request._is_of_asking_side():
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
            day=format_date(self.env, self.date_due),
        )


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    def _get_answerer(self):
        """Who of the other side answers first: the owner, or the responsible."""
        record = self.sudo()  # people of a dossier that the user sees
        firm = record.member_ids.filtered("is_firm").user_id
        if self.env.user in firm:
            own = record._get_administrators().user_id - firm
            return record.owner_user_id & record.member_ids.user_id or own[:1]
        return record.responsible_id & firm or firm[:1]

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
