from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import capabilities

FROZEN = {"dossier_id", "user_id", "company_id"}


class FacturexDossierMember(models.Model):
    """A person's role in a dossier, from a day to a day.

    Persons come by accepting an invitation or as collaborators of the firm; here the
    role changes or ends. Whom it concerns and where is never written again.
    """

    _name = "facturex.dossier.member"
    _description = "Member of a Dossier"
    _order = "dossier_id, user_id, id"
    _check_company_auto = True

    dossier_id = fields.Many2one(
        "facturex.dossier", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="dossier_id.company_id", store=True, index=True
    )
    user_id = fields.Many2one(
        "res.users", required=True, index=True, ondelete="cascade"
    )
    role_id = fields.Many2one(
        "facturex.role",
        required=True,
        index=True,
        ondelete="restrict",
        domain="['|', ('dossier_id', '=', False), ('dossier_id', '=', dossier_id)]",
    )
    date_start = fields.Date(string="From")
    date_end = fields.Date(string="Until", help="Last day of the role, in UTC.")
    active = fields.Boolean(default=True)
    is_firm = fields.Boolean(
        string="Of the firm", compute="_compute_is_firm", compute_sudo=True
    )

    _user_dossier_unique = models.UniqueIndex(
        "(user_id, dossier_id) WHERE active",
        "This person has a role in this dossier already: change that one.",
    )
    _check_dates = models.Constraint(
        "CHECK(date_end IS NULL OR date_start IS NULL OR date_start <= date_end)",
        "The role ends before it begins.",
    )

    @api.depends("user_id", "dossier_id.firm_id.user_ids")
    def _compute_is_firm(self):
        for member in self:
            member.is_firm = member.user_id in member.dossier_id.firm_id.user_ids

    @api.depends("user_id", "dossier_id")
    def _compute_display_name(self):
        for member in self:
            member.display_name = f"{member.user_id.name} – {member.dossier_id.name}"  # noqa: RUF001

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members._check_handed_out()
        members._check_plan()
        members._after_change(members.user_id)
        return members

    def write(self, vals):
        if FROZEN & vals.keys():
            raise AccessError(
                self.env._(
                    "A role keeps its person and its dossier: end it and invite the"
                    " other person."
                )
            )
        if not self.env.su:
            self._check_handed_out()
        result = super().write(vals)
        self._check_handed_out()
        self._after_change(self.sudo().user_id)  # their rights follow the role
        self._check_administrator()
        return result

    def unlink(self):
        members = self.sudo()  # their rights follow the role
        users, dossiers = members.user_id, members.dossier_id
        result = super().unlink()
        self.browse()._after_change(users)
        if not self.env.context.get("facturex_last_admin"):
            dossiers._check_administrators()
        return result

    def _after_change(self, users):
        users = users.sudo()  # the users whose rights change
        users._facturex_bump()
        users._facturex_follow_members()
        users._facturex_bump()

    def _check_handed_out(self):
        """Nobody hands out, or takes from another, more than he holds there."""
        for member in self.sudo():  # roles and catalogues
            role, dossier = member.role_id, member.dossier_id
            if role.dossier_id not in (dossier, role.dossier_id.browse()):
                raise UserError(
                    self.env._("%s is a role of another dossier.", role.name)
                )
            if role.firm_id and role.firm_id != dossier.firm_id:
                raise UserError(self.env._("%s is a role of another firm.", role.name))
            if self.env.su:
                continue
            held = self.env.user._facturex_codes(dossier.company_id)
            if not capabilities.within(role._get_codes(), held):
                raise AccessError(
                    self.env._(
                        "The role %s allows more than yours in this dossier.",
                        role.name,
                    )
                )

    def _check_plan(self):
        for dossier in self.sudo().dossier_id:  # counts people of the firm
            limit = dossier.plan_id.max_collaborators
            people = dossier.member_ids.filtered("is_firm")
            if limit and len(people) > limit:
                raise UserError(
                    self.env._(
                        "The plan %(plan)s of %(dossier)s includes %(count)s people of"
                        " the firm: end a role or choose another plan.",
                        plan=dossier.plan_id.name,
                        dossier=dossier.name,
                        count=limit,
                    )
                )

    def _check_administrator(self):
        self.sudo().dossier_id._check_administrators()  # counts roles

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_end(self):
        """The role ends now; the line stays as a trace."""
        self.check_access("write")
        self._check_handed_out()
        self._end()

    def _end(self):
        self.write({"active": False, "date_end": fields.Datetime.now().date()})


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    def _get_member_companies(self, user):
        """Ids of the dossiers' companies where a role of the person runs today."""
        today = fields.Datetime.now().date()
        running = self.member_ids.filtered(
            lambda m: (
                m.user_id == user
                and (not m.date_start or m.date_start <= today)
                and (not m.date_end or m.date_end >= today)
            )
        )
        return set(running.dossier_id.company_id.ids)

    def _get_administrators(self):
        """Members who may manage the users today or later."""
        today = fields.Datetime.now().date()
        return self.member_ids.filtered(
            lambda m: (
                m.active
                and m.user_id.active
                and (not m.date_end or m.date_end >= today)
                and "manage_users" in m.role_id._get_codes()
            )
        )

    def _check_administrators(self):
        """A dossier keeps somebody who manages its users, without end date."""
        if self.env.context.get("facturex_last_admin"):
            return
        for dossier in self:
            lasting = dossier._get_administrators().filtered(lambda m: not m.date_end)
            if dossier.state != "draft" and not lasting:
                raise UserError(
                    self.env._(
                        "%s would have nobody left to manage its users: name another"
                        " administrator first.",
                        dossier.name,
                    )
                )
