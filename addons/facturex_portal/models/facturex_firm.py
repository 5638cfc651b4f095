from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class FacturexFirm(models.Model):
    """An accounting office: its people and what it proposes to a new client."""

    _name = "facturex.firm"
    _description = "Accounting Firm"
    _inherit = ["mail.thread"]
    _order = "name, id"

    name = fields.Char(required=True, tracking=True)
    email = fields.Char()
    active = fields.Boolean(default=True)
    color = fields.Char(default="#714B67", help="Colour of the banner in a dossier.")
    manager_ids = fields.Many2many(
        "res.users", "facturex_firm_manager_rel", string="Leading", readonly=True
    )
    user_ids = fields.Many2many(
        "res.users", "facturex_firm_user_rel", string="Collaborators", readonly=True
    )
    is_led = fields.Boolean(compute="_compute_is_led")
    dossier_ids = fields.One2many("facturex.dossier", "firm_id", string="Dossiers")
    role_id = fields.Many2one(
        "facturex.role",
        string="Role of the firm",
        default=lambda self: self.env.ref(
            "facturex_portal.role_accountant", raise_if_not_found=False
        ),
        domain="[('dossier_id', '=', False)]",
        help="What the firm's people get in the dossier of a new client.",
    )
    plan_id = fields.Many2one("facturex.plan", string="Plan proposed")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        default=lambda self: self.env.lang,
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Who opens a firm leads it; a firm alone gives access to no company."""
        if not self.env.su:
            for vals in vals_list:
                if not vals.keys().isdisjoint({"manager_ids", "user_ids"}):
                    raise AccessError(self._get_people_message())
        # the people are set by the system, the rest by the user
        firms = super().create(vals_list)
        # people are set by the system, for a firm just created
        for firm in firms.sudo():
            if not firm.manager_ids:
                firm.manager_ids = self.env.user
            firm.user_ids |= firm.manager_ids
        return firms

    def write(self, vals):
        if not self.env.su and not vals.keys().isdisjoint({"manager_ids", "user_ids"}):
            raise AccessError(self._get_people_message())
        people = self.sudo().user_ids if "user_ids" in vals else None  # who it was
        result = super().write(vals)
        if people is not None:
            (people | self.sudo().user_ids)._facturex_bump()  # whose acts are noted
        return result

    @api.model
    def _get_people_message(self):
        return self.env._(
            "People join a firm by accepting its invitation: use Invite a Collaborator."
        )

    @api.depends("manager_ids")
    @api.depends_context("uid")
    def _compute_is_led(self):
        for firm in self:
            # the people of the firm only
            firm.is_led = self.env.user in firm.sudo().manager_ids

    def _check_led(self):
        """Refuse who does not lead the firm."""
        if self.env.su:
            return
        for firm in self.sudo():  # the people of the firm only
            if self.env.user not in firm.manager_ids:
                raise AccessError(
                    self.env._("Only those who lead %s may do this.", firm.name)
                )

    def _get_current(self):
        """The firm of the user, the one he leads first; empty for a client."""
        user = self.env.user
        # people of firms only, of the asking user himself
        firms = self.sudo().search([("user_ids", "in", user.ids)])
        return firms.sorted(lambda firm: user not in firm.manager_ids)[:1].with_env(
            self.env
        )

    def action_remove_collaborator(self, user_id):
        """A person leaves the firm: his roles in its dossiers end now."""
        self.ensure_one()
        self._check_led()
        user = self.env["res.users"].browse(user_id)
        # checked above: leading the firm
        firm = self.sudo()
        if firm.manager_ids == user:
            raise UserError(self.env._("A firm keeps at least one person who leads."))
        # checked above: the user leads the firm
        members = self.env["facturex.dossier.member"].sudo()
        members.search(
            [("user_id", "=", user.id), ("dossier_id.firm_id", "=", self.id)]
        )._end()
        firm.manager_ids -= user
        firm.user_ids -= user
        return True


class ResUsers(models.Model):
    _inherit = "res.users"

    def action_facturex_leave_firm(self):
        """The button beside a collaborator in the form of his firm."""
        self.ensure_one()
        firm = self.env["facturex.firm"].browse(self.env.context.get("facturex_firm"))
        firm.check_access("read")
        return firm.action_remove_collaborator(self.id)
