from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import dossier_list


class FacturexInvite(models.TransientModel):
    """Ask a person into a dossier or a firm, a company to be linked, or hand over."""

    _name = "facturex.invite"
    _description = "Invite"

    kind = fields.Selection(
        [
            ("owner", "The entrepreneur, as owner"),
            ("member", "A person, with a role"),
            ("firm", "A collaborator of the firm"),
            ("link", "A company that works here already"),
            ("transfer", "Hand the ownership over"),
        ],
        required=True,
        default="member",
    )
    dossier_id = fields.Many2one("facturex.dossier")
    firm_id = fields.Many2one(
        "facturex.firm", default=lambda self: self.env["facturex.firm"]._get_current()
    )
    email = fields.Char(string="E-mail")
    role_id = fields.Many2one("facturex.role")
    country_id = fields.Many2one(
        "res.country", default=lambda self: self.env.company.country_id
    )
    number = fields.Char(string="VAT, KBO or SIREN")
    user_id = fields.Many2one("res.users", string="New owner")
    candidate_ids = fields.Many2many("res.users", compute="_compute_candidate_ids")

    @api.depends("dossier_id")
    def _compute_candidate_ids(self):
        for wizard in self:
            # people of a dossier that the user reads
            members = wizard.dossier_id.sudo()._get_administrators()
            wizard.candidate_ids = members.filtered(lambda m: not m.is_firm).user_id

    @api.model
    def default_get(self, fields_list):
        result = super().default_get(fields_list)
        context = self.env.context
        for model, name in (
            ("facturex.dossier", "dossier_id"),
            ("facturex.firm", "firm_id"),
        ):
            if context.get("active_model") == model:
                result[name] = context.get("active_id")
        return result

    def action_send(self):
        """Do what was chosen; each path checks the right of the user itself."""
        self.ensure_one()
        getattr(self, f"_send_{self.kind}")()
        return {"type": "ir.actions.act_window_close"}

    def _send_owner(self):
        dossier = self._need("dossier_id")
        role = dossier._role("administrator")
        dossier._invite(self._need("email"), role, owner=True)

    def _send_member(self):
        dossier = self._need("dossier_id")
        dossier._invite(self._need("email"), self._need("role_id"))

    def _send_firm(self):
        self._need("firm_id")._invite_collaborator(self._need("email"))

    def _send_link(self):
        firm = self._need("firm_id")
        firm._check_led()
        line = self.env["facturex.dossier.creation.line"].new(
            {"number": self._need("number"), "country_id": self.country_id.id}
        )
        if not dossier_list.read_number(self.number, self.country_id.code or ""):
            raise UserError(
                self.env._("The number %s is wrong: check its digits.", self.number)
            )
        company = line._get_known()
        if not company:
            raise UserError(
                self.env._("No company has this number: set it up as a new one.")
            )
        firm._ask_link(company)

    def _send_transfer(self):
        self._need("dossier_id")._transfer(self._need("user_id"))

    def _need(self, name):
        if not self[name]:
            label = self._fields[name]._description_string(self.env)
            raise UserError(self.env._("Fill in: %s.", label))
        return self[name]
