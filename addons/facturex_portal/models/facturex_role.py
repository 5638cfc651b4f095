from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import capabilities

FROZEN = {"capability_ids", "code", "dossier_id", "firm_id"}


class FacturexRole(models.Model):
    """A set of capabilities under a name.

    The predefined roles belong to nobody. A firm or a dossier adds its own; defining
    one gives nothing to anybody: only who may manage the users of a dossier hands it
    out, and never more than what he holds there himself. Once somebody holds a role,
    what it allows is fixed: make another one.
    """

    _name = "facturex.role"
    _description = "Role in a Dossier"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        copy=False, readonly=True, help="Set for the predefined roles only."
    )
    sequence = fields.Integer(default=50)
    capability_ids = fields.Many2many("facturex.capability", string="May")
    firm_id = fields.Many2one("facturex.firm", index=True, ondelete="cascade")
    dossier_id = fields.Many2one("facturex.dossier", index=True, ondelete="cascade")
    member_ids = fields.One2many("facturex.dossier.member", "role_id")
    is_used = fields.Boolean(compute="_compute_is_used", compute_sudo=True)
    active = fields.Boolean(default=True)

    _code_unique = models.UniqueIndex(
        "(code) WHERE code IS NOT NULL", "This role exists already."
    )
    _check_scope = models.Constraint(
        "CHECK(firm_id IS NULL OR dossier_id IS NULL)",
        "A role belongs to a firm or to a dossier, not to both.",
    )

    @api.depends("member_ids")
    def _compute_is_used(self):
        counts = dict(
            self.env["facturex.dossier.member"]
            .with_context(active_test=False)
            ._read_group([("role_id", "in", self.ids)], ["role_id"], ["__count"])
        )
        for role in self:
            role.is_used = bool(counts.get(role))

    def _get_codes(self):
        """Codes of the capabilities with those that they imply, as a frozenset."""
        # reads a catalogue
        return capabilities.closure(self.sudo().capability_ids.mapped("code"))

    @api.model_create_multi
    def create(self, vals_list):
        roles = super().create(vals_list)
        if not self.env.su:
            roles._check_owner()
        return roles

    def write(self, vals):
        if not self.env.su:
            self._check_owner()
        if FROZEN & vals.keys():
            self._check_not_used()
        result = super().write(vals)
        if not self.env.su:
            self._check_owner()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_own_unused(self):
        if not self.env.su:
            self._check_owner()
        self._check_not_used()

    def _check_not_used(self):
        # an update of the module writes the same again: predefined roles are noupdate
        if used := self.filtered("is_used"):
            raise UserError(
                self.env._(
                    "%s is in use: what it allows does not change any more."
                    " Copy it and give the copy to those concerned.",
                    ", ".join(used.mapped("name")),
                )
            )

    def _check_owner(self):
        """A role is written by who leads its firm, or manages its dossier's users."""
        user = self.env.user
        for role in self.sudo():  # the owner's fields only
            led = user in role.firm_id.manager_ids
            managed = role.dossier_id and user._facturex_can(
                "manage_users", role.dossier_id.company_id
            )
            if not led and not managed:
                raise AccessError(
                    self.env._(
                        "%s is not a role of your firm or of a dossier whose users"
                        " you manage. Copy it to make your own.",
                        role.name,
                    )
                )
