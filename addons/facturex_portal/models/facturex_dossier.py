from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

# what a person may write on a dossier besides the actions
OPEN_FIELDS = {"responsible_id", "tag_ids", "note"}


class FacturexDossier(models.Model):
    """One independent company under roles, and who keeps its books.

    While it exists, what a person may do in the company is decided by the running
    memberships, never by the groups alone.
    """

    _name = "facturex.dossier"
    _description = "Dossier"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(related="company_id.name", store=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('parent_id', '=', False)]",
    )
    firm_id = fields.Many2one("facturex.firm", index=True, tracking=True)
    state = fields.Selection(
        [
            ("draft", "Being set up"),
            ("invited", "Invited"),
            ("trial", "Trial"),
            ("active", "Active"),
            ("suspended", "Suspended"),
            ("disconnected", "Disconnected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    owner_user_id = fields.Many2one(
        "res.users", string="Owner", readonly=True, tracking=True
    )
    responsible_id = fields.Many2one("res.users", index=True, tracking=True)
    plan_id = fields.Many2one("facturex.plan", tracking=True, readonly=True)
    date_trial_end = fields.Date(string="Trial ends", readonly=True, copy=False)
    date_connected = fields.Date(string="Connected on", readonly=True, copy=False)
    date_disconnected = fields.Date(readonly=True, copy=False)
    member_ids = fields.One2many("facturex.dossier.member", "dossier_id")
    role_ids = fields.One2many("facturex.role", "dossier_id", string="Own roles")
    tag_ids = fields.Many2many("facturex.dossier.tag", string="Tags")
    note = fields.Text(string="Notes")

    _company_unique = models.UniqueIndex("(company_id)", "One dossier per company.")

    # ------------------------------------------------------------------
    # Creation, writing
    # ------------------------------------------------------------------

    @api.constrains("company_id")
    def _check_root(self):
        for dossier in self.sudo():  # the tree of companies only
            if dossier.company_id.parent_id:
                raise ValidationError(
                    self.env._(
                        "%s is a branch: open a dossier for its main company.",
                        dossier.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        dossiers = super().create(vals_list)
        # creating was allowed; roles follow from who works there
        for dossier in dossiers.sudo():
            # creating was allowed; the roles follow from who works there already
            dossier.company_id._facturex_set_managed(True)
            dossier._adopt_users()
        return dossiers

    def write(self, vals):
        if not self.env.su:
            # chatter, followers and activities write fields of their own mixins
            own = {name for name in vals if name in self._get_own_fields()}
            if refused := own - OPEN_FIELDS:
                raise AccessError(
                    self.env._(
                        "Use the buttons of the dossier to change this: %s.",
                        ", ".join(sorted(refused)),
                    )
                )
        result = super().write(vals)
        if "company_id" in vals:
            raise UserError(self.env._("A dossier stays with its company."))
        if {"state", "firm_id"} & vals.keys():
            self.sudo().member_ids.user_id._facturex_bump()  # rights follow the state
        return result

    @api.model
    def _get_own_fields(self):
        return {
            name
            for name, field in self._fields.items()
            if field._module == "facturex_portal" or name in ("name", "company_id")
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_only_draft(self):
        if self.filtered(lambda d: d.state not in ("draft", "disconnected")):
            raise UserError(
                self.env._("Disconnect the dossier first; it is kept until then.")
            )

    def unlink(self):
        companies = self.company_id
        members = self.sudo().member_ids  # they go with the dossier
        users = members.user_id
        members.with_context(facturex_last_admin=True).unlink()
        result = super().unlink()
        # the dossier is gone: its flag follows
        companies.sudo()._facturex_set_managed(False)
        users._facturex_follow_members()
        return result

    def _adopt_users(self):
        """Who worked in the company before keeps what his groups gave him."""
        users = self.company_id.user_ids.filtered(
            lambda user: not user.share and not user._has_group("base.group_system")
        )
        users -= self.member_ids.user_id
        self.member_ids = [
            fields.Command.create(
                {"user_id": user.id, "role_id": self._get_adopted_role(user).id}
            )
            for user in users
        ]

    @api.model
    def _get_adopted_role(self, user):
        for group, role in (
            ("facturex_billing.group_facturex_manager", "administrator"),
            ("facturex_billing.group_facturex_accountant", "accountant"),
            ("facturex_billing.group_facturex_user", "employee"),
            ("sales_team.group_sale_salesman", "user"),
        ):
            if user._has_group(group):
                return self._role(role)
        return self._role("reader")

    @api.model
    def _role(self, code):
        return self.env.ref(f"facturex_portal.role_{code}")

    # ------------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------------

    def _check_manages(self):
        """The caller manages the users of these dossiers."""
        self.check_access("read")
        self._facturex_check("manage_users")
        if not self.env.su and self.env.user._facturex_acl() is None:
            # no role concerns an operator
            if not self.env.user.has_group("base.group_system"):
                raise AccessError(self.env._("You do not manage this dossier."))

    def _check_firm(self):
        """The caller leads the firm that keeps these dossiers."""
        self.check_access("read")
        for dossier in self:
            # who leads, nothing else
            if (
                not self.env.su
                and self.env.user not in dossier.sudo().firm_id.manager_ids
            ):
                raise AccessError(
                    self.env._(
                        "Only who leads the firm of %s may do this.", dossier.name
                    )
                )

    def _add_member(self, user, role):
        """Give a user a role here, or change the one he has. Access was checked."""
        self.ensure_one()
        # roles are given by the system, after the caller's check
        member = self.env["facturex.dossier.member"].sudo()
        found = member.search([("dossier_id", "=", self.id), ("user_id", "=", user.id)])
        if found:
            found.write({"role_id": role.id, "date_end": False})
            return found
        return member.create(
            {"dossier_id": self.id, "user_id": user.id, "role_id": role.id}
        )

    # ------------------------------------------------------------------
    # States
    # ------------------------------------------------------------------

    def _start_trial(self):
        today = fields.Date.context_today(self)
        for dossier in self:
            days = dossier.plan_id.trial_days or dossier.firm_id.plan_id.trial_days
            dossier.write(
                {
                    "state": "trial",
                    "date_connected": dossier.date_connected or today,
                    "date_trial_end": today + relativedelta(days=days or 30),
                }
            )

    @api.model
    def _cron_trials(self):
        """Suspend the dossiers whose trial is over; nothing is lost, all is read."""
        today = fields.Date.context_today(self)
        over = self.search([("state", "=", "trial"), ("date_trial_end", "<", today)])
        for dossier in over:
            dossier.state = "suspended"
            dossier.message_post(
                body=self.env._(
                    "The trial ended on %s: the dossier is readable and its data can"
                    " be exported. Choose a plan to go on.",
                    format_date(self.env, dossier.date_trial_end),
                )
            )

    @api.model
    def _cron_members(self):
        """Companies of users follow roles that ended or began by their date."""
        members = self.env["facturex.dossier.member"]
        today = fields.Datetime.now().date()
        changed = members.search(
            [
                "|",
                ("date_end", "=", fields.Date.subtract(today, days=1)),
                ("date_start", "=", today),
            ]
        )
        changed.user_id._facturex_follow_members()


class FacturexDossierTag(models.Model):
    """A word of the firm to sort its dossiers."""

    _name = "facturex.dossier.tag"
    _description = "Tag of a Dossier"
    _order = "name"

    name = fields.Char(required=True)
    color = fields.Integer()
    firm_id = fields.Many2one(
        "facturex.firm",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env["facturex.firm"]._get_current(),
    )
