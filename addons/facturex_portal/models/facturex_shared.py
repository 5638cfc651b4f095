"""Records without company: everybody's to read, not everybody's to change.

Customers, suppliers, products and bank accounts that were there before the dossiers may
serve several companies. Rules see no company in them; here the documents decide: who
lacks the right in a dossier that uses the record leaves it as it is.
"""

from odoo import models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine import capabilities

# what a person's own preferences may change of his own contact
PERSONAL = {"lang", "tz", "image_1920", "notification_type"}


class Base(models.AbstractModel):
    _inherit = "base"

    def _facturex_check_shared(self):
        """Refuse to change a shared record that another dossier uses."""
        if self._facturex_is_free():
            return
        # whose record it is, to decide about the right
        shared = self.sudo().filtered(lambda one: not one._facturex_get_owner())
        if not shared:
            return
        user, acl = self.env.user, self.env.user._facturex_acl()
        if not acl.having(capabilities.MEMBER):
            return  # an ordinary company knows no roles
        codes = capabilities.cut_of(self._name, True).change
        denied = user._facturex_denied_ids(*codes)
        works = acl.having(*codes) or set(user._get_company_ids()) - acl.managed
        if not works or (denied and shared._facturex_find_use(denied)):
            raise AccessError(
                self.env._(
                    "%s serves several companies, also one where your role does not"
                    " allow this: make one of your own company.",
                    ", ".join(shared[:3].mapped("display_name")),
                )
            )

    def _facturex_get_owner(self):
        return self.company_id

    def _facturex_find_use(self, company_ids):
        """Whether documents of these companies use the records."""
        return False

    def _facturex_used_in(self, table, column, ids, company_ids):
        return self.env.execute_query(
            SQL(
                "SELECT 1 FROM %s WHERE %s IN %s AND company_id IN %s LIMIT 1",
                SQL.identifier(table),
                SQL.identifier(column),
                tuple(ids) or (0,),
                tuple(company_ids),
            )
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        if vals.keys() - PERSONAL:
            self._facturex_check_shared()
        return super().write(vals)

    def unlink(self):
        self._facturex_check_shared()
        return super().unlink()

    def _facturex_find_use(self, company_ids):
        # the whole family: an address serves who invoices its company
        ids = (self | self.commercial_partner_id).ids
        return self._facturex_used_in(
            "account_move_line", "partner_id", ids, company_ids
        ) or self._facturex_used_in("sale_order", "partner_id", ids, company_ids)


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def write(self, vals):
        self._facturex_check_shared()
        return super().write(vals)

    def unlink(self):
        self._facturex_check_shared()
        return super().unlink()

    def _facturex_get_owner(self):
        return self.company_id or self.partner_id.company_id

    def _facturex_find_use(self, company_ids):
        return self.partner_id._facturex_find_use(company_ids)


class ProductTemplate(models.Model):
    _inherit = "product.template"

    def write(self, vals):
        self._facturex_check_shared()
        return super().write(vals)

    def unlink(self):
        self._facturex_check_shared()
        return super().unlink()

    def _facturex_find_use(self, company_ids):
        ids = self.with_context(active_test=False).product_variant_ids.ids
        return self._facturex_used_in(
            "account_move_line", "product_id", ids, company_ids
        ) or self._facturex_used_in("sale_order_line", "product_id", ids, company_ids)


class ProductProduct(models.Model):
    _inherit = "product.product"

    def write(self, vals):
        self.product_tmpl_id._facturex_check_shared()
        return super().write(vals)

    def unlink(self):
        self.product_tmpl_id._facturex_check_shared()
        return super().unlink()
