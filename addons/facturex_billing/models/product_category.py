from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class ProductCategory(models.Model):
    """Categories in the order that the user chose, the children below their parent."""

    _inherit = "product.category"
    _order = "facturex_path, id"

    facturex_sequence = fields.Integer(string="Sequence", default=10)
    # sequences and names from the root down: sorting by it draws the tree
    facturex_path = fields.Char(
        compute="_compute_facturex_path", store=True, recursive=True, index=True
    )

    @api.depends("name", "facturex_sequence", "parent_id.facturex_path")
    def _compute_facturex_path(self):
        for category in self:
            above = category.parent_id.facturex_path or ""
            own = f"{max(category.facturex_sequence, 0):06d} {category.name or ''}"
            category.facturex_path = f"{above}{own}/"

    @api.model
    def facturex_tree(self):
        """Every category, top down, with its products counted in one query.

        :return: dicts of id, name, parent (id or False), depth and count, where the
            count takes the active products to sell of the category itself
        """
        self.check_access("read")
        categories = self.search_fetch([], ["name", "parent_id", "parent_path"])
        counts = dict(
            self.env["product.template"]._read_group(
                [("categ_id", "!=", False), ("sale_ok", "=", True)],
                ["categ_id"],
                ["__count"],
            )
        )
        return [
            {
                "id": category.id,
                "name": category.name,
                "parent": category.parent_id.id,
                "depth": category.parent_path.count("/") - 1,
                "count": counts.get(category, 0),
            }
            for category in categories
        ]

    @api.model
    def facturex_move(self, category_id, parent_id=False, before_id=False):
        """Put a category under a parent, before a sister or at the end.

        Open to Facturex users: it changes where a category stands, nothing else.

        :param parent_id: id of the new parent, False for the top
        :param before_id: id of the sister it goes before, False for the last place
        """
        if not self.env.user.has_group("facturex_billing.group_facturex_user"):
            raise AccessError(
                self.env._("Only Facturex users can arrange the product categories.")
            )
        self.check_access("read")
        category = self.browse(category_id).exists()
        parent = self.browse(parent_id or []).exists()
        if not category or (parent_id and not parent):
            raise UserError(
                self.env._("This category is gone. Reload the page and try again.")
            )
        if category in parent | self.search([("id", "parent_of", parent.ids)]):
            raise UserError(self.env._("%s cannot be put below itself.", category.name))
        sisters = list(
            self.search([("parent_id", "=", parent.id), ("id", "!=", category.id)])
        )
        places = [sister.id for sister in sisters]
        place = places.index(before_id) if before_id in places else len(places)
        sisters.insert(place, category)
        if category.parent_id != parent:
            # its accounts are the manager's: users only change its place and parent
            category.sudo().parent_id = parent
        for sequence, sister in enumerate(sisters, 1):
            if sister.facturex_sequence != sequence * 10:
                # users may not write a category: only its place is written
                sister.sudo().facturex_sequence = sequence * 10
        return self.facturex_tree()
