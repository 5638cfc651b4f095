from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestProductCategory(TransactionCase):
    """Categories belong to no company: no chart is needed here."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(
            cls.env, login="fx_user", groups="facturex_billing.group_facturex_user"
        )
        categories = cls.env["product.category"]
        cls.root = categories.create({"name": "Root"})
        cls.wood, cls.stone, cls.iron = categories.create(
            [{"name": name, "parent_id": cls.root.id} for name in ("B", "C", "A")]
        )
        cls.oak = categories.create({"name": "Oak", "parent_id": cls.wood.id})
        cls.env["product.template"].create(
            [
                {"name": "Beam", "categ_id": cls.oak.id},
                {"name": "Plank", "categ_id": cls.oak.id},
                {"name": "Bought", "categ_id": cls.oak.id, "sale_ok": False},
            ]
        )

    def _order(self):
        tree = self.env["product.category"].with_user(self.user).facturex_tree()
        own = (
            self.env["product.category"].search([("id", "child_of", self.root.id)]).ids
        )
        return [row["name"] for row in tree if row["id"] in own]

    def test_tree_counts_what_is_sold(self):
        tree = self.env["product.category"].with_user(self.user).facturex_tree()
        rows = {row["id"]: row for row in tree}
        self.assertEqual(rows[self.oak.id]["count"], 2)
        self.assertEqual(rows[self.oak.id]["parent"], self.wood.id)
        self.assertEqual(rows[self.oak.id]["depth"], rows[self.root.id]["depth"] + 2)
        self.assertEqual(rows[self.wood.id]["count"], 0)
        self.assertEqual(self._order(), ["Root", "A", "B", "Oak", "C"])

    def test_queries_do_not_grow(self):
        categories = self.env["product.category"].with_user(self.user)

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            categories.facturex_tree()
            return self.env.cr.sql_log_count - before

        queries()
        few = queries()
        self.env["product.category"].create(
            [{"name": f"N{i}", "parent_id": self.root.id} for i in range(40)]
        )
        self.assertEqual(queries(), few)
        # one of them is the key of the caller's roles, once per transaction
        self.assertLessEqual(few, 4)

    def test_user_moves(self):
        move = self.env["product.category"].with_user(self.user).facturex_move
        move(self.stone.id, self.root.id, self.iron.id)
        self.assertEqual(self._order(), ["Root", "C", "A", "B", "Oak"])
        move(self.iron.id, self.root.id, False)
        self.assertEqual(self._order(), ["Root", "C", "B", "Oak", "A"])
        move(self.stone.id, self.wood.id, self.oak.id)
        self.assertEqual(self._order(), ["Root", "B", "C", "Oak", "A"])
        self.assertEqual(self.stone.parent_id, self.wood)
        move(self.wood.id, False, False)
        self.assertFalse(self.wood.parent_id)
        self.assertEqual(self.oak.complete_name, "B / Oak")
        # lists and filters of Odoo follow
        found = self.env["product.category"].search([("id", "child_of", self.wood.id)])
        self.assertEqual(found.mapped("name"), ["B", "C", "Oak"])

    def test_refusals_change_nothing(self):
        move = self.env["product.category"].with_user(self.user).facturex_move
        for arguments in [
            (self.wood.id, self.oak.id),
            (self.wood.id, self.wood.id),
            (0,),
            (self.wood.id, 999_999_999),
        ]:
            with self.subTest(arguments=arguments), self.assertRaises(UserError):
                move(*arguments)
        self.assertEqual(self._order(), ["Root", "A", "B", "Oak", "C"])

    def test_user_makes_products_and_categories(self):
        """Odoo 19 keeps them for a right of their own, which our user has."""
        env = self.env(user=self.user)
        metal = env["product.category"].create(
            {"name": "Metal", "parent_id": self.root.id}
        )
        product = env["product.template"].create(
            {"name": "Gate", "categ_id": metal.id, "list_price": 250}
        )
        product.write({"list_price": 275})
        self.assertRecordValues(product, [{"name": "Gate", "list_price": 275}])

    def test_only_facturex_users(self):
        for group in ("base.group_user", "base.group_portal"):
            user = new_test_user(self.env, login=group, groups=group)
            categories = self.env["product.category"].with_user(user)
            with self.assertRaises(AccessError):
                categories.facturex_move(self.wood.id, False)
