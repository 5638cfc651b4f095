from collections import defaultdict

from odoo import api, models
from odoo.exceptions import AccessError

from ..engine import capabilities


class Base(models.AbstractModel):
    _inherit = "base"

    def _facturex_check(self, codes, companies=None):
        """Refuse an act that rules do not see; call it before any own `sudo()`.

        In: capabilities (one is enough), companies (default: the records' own). Code
        that runs elevated is trusted: it was checked where it was elevated.
        """
        user = self.env.user
        if self.env.su or user._facturex_acl() is None:
            return
        if companies is None:
            # only the company, to decide about the right
            companies = self.sudo().company_id
        if denied := companies.filtered(lambda c: not user._facturex_can(codes, c)):
            raise AccessError(self._facturex_refusal(codes, denied))

    @api.model
    def _facturex_refusal(self, codes, companies):
        codes = (codes,) if isinstance(codes, str) else codes
        codes = [code.removeprefix(capabilities.SEE) for code in codes]
        known = companies & self.env.user.company_ids
        if not known:
            # a client's name is not told to whoever guesses its number
            return self.env._("This belongs to a company that you may not enter.")
        # the names of a catalogue
        names = (
            self.env["facturex.capability"]
            .sudo()
            .search([("code", "in", codes)])
            .mapped("name")
        )
        return self.env._(
            "Your role in %(companies)s does not allow this (needed: %(names)s)."
            " Ask an administrator of the company.",
            # companies of the user
            companies=", ".join(known.sudo().mapped("name")),
            names=" / ".join(names),
        )

    def _facturex_check_change(self):
        """Refuse when the role does not allow to change these documents.

        For acts that Odoo allows to whoever reads: a message, an activity, a link.
        """
        if self.env.su or not self or self.env.user._facturex_acl() is None:
            return
        domain = self.env["ir.rule"]._facturex_domain(self._name, "write")
        if domain.is_true():
            return
        # the domain decides about all, also about what the user does not see
        denied = self.sudo() - self.sudo().filtered_domain(domain)
        if denied:
            raise AccessError(
                self.env._(
                    "Your role does not allow this on %s."
                    " Ask an administrator of the company.",
                    ", ".join(denied[:3].mapped("display_name")),
                )
            )

    @api.model
    def _facturex_check_dependent(self, names):
        """A value per company on a shared record belongs to the company in use."""
        fields = self._fields
        if any(fields[name].company_dependent for name in names if name in fields):
            self._facturex_check(capabilities.WORK, self.env.company)

    @api.model_create_multi
    def create(self, vals_list):
        if self._transient:
            self._facturex_check_given(vals_list)
        if self._facturex_is_free():
            return super().create(vals_list)
        self._facturex_check_dependent(set().union(*vals_list))
        if self._name in capabilities.OWNED:
            vals_list = [self._facturex_own(vals) for vals in vals_list]
        records = super().create(vals_list)
        records._facturex_note("change")
        return records

    @api.model
    def _facturex_check_given(self, vals_list):
        """A screen shows the name of what it is given: only what one may read."""
        if self.env.su or not self.env.uid or not self.env.user.facturex_acl_key:
            return
        given = defaultdict(set)
        for vals in vals_list:
            for name, value in vals.items():
                field = self._fields.get(name)
                if field is not None and field.type == "many2one" and value:
                    given[field.comodel_name].add(value)
        for comodel, ids in given.items():
            # what does not exist is refused by the database, as always
            self.env[comodel].browse(ids).exists().check_access("read")

    @api.model
    def _facturex_own(self, vals):
        """What is created in a dossier belongs to its company.

        Odoo leaves the company of customers and products empty, which shows them to
        every company of the database.
        """
        # a flag of the company in use, and of the contact's own company
        company = self.env.company.sudo()
        if vals.get("company_id") or not company.facturex_managed:
            return vals
        if parent := vals.get("parent_id"):
            # the parent's company, no more
            company = self.browse(parent).sudo().company_id or company
        return {**vals, "company_id": company.root_id.id}

    def write(self, vals):
        if self._transient:
            self._facturex_check_given([vals])
        if self._facturex_is_free():
            return super().write(vals)
        self._facturex_check_dependent(vals)
        if self._name in capabilities.OWNED and not vals.get("company_id", True):
            self._facturex_check_kept()
        result = super().write(vals)
        if not capabilities.CARRIERS.isdisjoint(vals):
            # natively one may write oneself out of a record; not into another dossier
            self._facturex_check_change()
        self._facturex_note("change")
        return result

    def _facturex_check_kept(self):
        """What belongs to a dossier is not given to everybody."""
        # a flag of the records' companies
        if self.sudo().company_id.filtered("facturex_managed"):
            raise AccessError(
                self.env._(
                    "%s belongs to its company: make another one instead.",
                    ", ".join(self[:3].mapped("display_name")),
                )
            )

    def unlink(self):
        if not self._facturex_is_free():
            self._facturex_note("delete")
        return super().unlink()

    def _facturex_note(self, kind):
        """Tell the client what his firm's people did, by class of thing."""
        if self.env.user._facturex_acl().having(capabilities.FIRM):
            field = self._fields.get("company_id")
            if field is not None and field.comodel_name == "res.company":
                # which companies, to note it there
                companies = self.sudo().company_id
                self.env["facturex.access.log"]._note(kind, self._name, companies.ids)

    def _facturex_is_free(self):
        """No role concerns this call: elevated, a wizard, or nobody restricted."""
        return (
            self.env.su
            or self._abstract
            or self._transient
            or not self.env.uid
            or not self.env.user.facturex_acl_key
        )

    def export_data(self, fields_to_export):
        field = self._fields.get("company_id")
        if field is not None and field.comodel_name == "res.company":
            self._facturex_check("export")
            if not self._facturex_is_free():
                self._facturex_note("export")
        return super().export_data(fields_to_export)

    def _mail_get_operation_for_mail_message_operation(self, message_operation):
        """Writing on a document asks for the right to change it, dossiers only."""
        result = super()._mail_get_operation_for_mail_message_operation(
            message_operation
        )
        if message_operation == "create" and not self._facturex_is_free():
            domain = self.env["ir.rule"]._facturex_domain(self._name, "write")
            if not domain.is_true():
                allowed = self.sudo().filtered_domain(domain)  # decides, shows nothing
                # compares ids only
                result |= dict.fromkeys(self - allowed.sudo(False), "write")
        return result
