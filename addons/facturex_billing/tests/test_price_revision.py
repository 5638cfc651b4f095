from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .test_subscription_change import ChangeCommon


@tagged("post_install", "-at_install")
class TestPriceRevision(ChangeCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.index = cls.env["facturex.price.index"].create(
            {
                "name": "Agoria",
                "company_id": cls.company.id,
                "source": "Agoria, monthly",
                "value_ids": [
                    fields.Command.create({"month": month, "value": value})
                    for month, value in (("2024-01-15", 121.10), ("2026-04-01", 128.42))
                ],
            }
        )
        cls.formula = cls.env["facturex.price.formula"].create(
            {
                "name": "Belgian 80 %",
                "company_id": cls.company.id,
                "index_id": cls.index.id,
            }
        )

    def _revised(self, **vals):
        return self._subscription(
            100.0,
            price_formula_id=self.formula.id,
            price_base_month="2024-01-01",
            **vals,
        )

    def _revision(self, **vals):
        return self.env["facturex.price.revision"].create(
            {
                "name": "April 2026",
                "company_id": self.company.id,
                "date": "2026-04-01",
                **vals,
            }
        )

    def test_compute_changes_nothing(self):
        subscription = self._revised()
        revision = self._revision()
        revision.action_compute()
        self.assertRecordValues(
            revision.line_ids,
            [
                {
                    "line_id": subscription.line_ids.id,
                    "price_old": 100.0,
                    "price_new": 104.84,
                    "index_base": 121.10,
                    "index_value": 128.42,
                    "limited": False,
                    "problem": False,
                }
            ],
        )
        self.assertEqual(subscription.line_ids.price_unit, 100.0)
        revision.action_compute()
        self.assertEqual(len(revision.line_ids), 1)

    def test_apply_from_the_first_whole_period(self):
        subscription = self._revised()
        revision = self._revision(date="2026-04-01")
        revision.action_compute()
        revision.action_apply()
        self.assertEqual(
            self._next_amounts(subscription, 3),
            [("2026-03-01", 100.0), ("2026-04-01", 104.84), ("2026-05-01", 104.84)],
        )
        change = revision.line_ids.change_id
        self.assertRecordValues(
            change, [{"kind": "price", "movement": "expansion", "mrr_delta": 4.84}]
        )
        with self.assertRaisesRegex(UserError, "make another"):
            revision.action_apply()

    def test_undo_until_the_first_invoice(self):
        subscription = self._revised()
        revision = self._revision()
        revision.action_compute()
        revision.action_apply()
        revision.action_undo()
        self.assertEqual(revision.state, "undone")
        self.assertEqual(subscription.line_ids.mapped("price_unit"), [100.0])
        self.assertEqual(self._next_amounts(subscription, 3)[-1], ("2026-05-01", 100.0))
        self.assertAlmostEqual(
            sum(subscription.change_ids.mapped("mrr_delta")), subscription._get_mrr()
        )
        again = self._revision()
        again.action_compute()
        again.action_apply()
        subscription._run_due("2026-04-02")
        with self.assertRaisesRegex(UserError, subscription.name):
            again.action_undo()
        self.assertEqual(again.state, "applied")

    def test_the_next_revision_starts_from_the_base_price(self):
        subscription = self._revised()
        revision = self._revision()
        revision.action_compute()
        revision.action_apply()
        self.index.value_ids = [
            fields.Command.create({"month": "2026-05-01", "value": 121.10})
        ]
        later = self._revision(date="2026-05-01")
        later.action_compute()
        self.assertRecordValues(
            later.line_ids,
            [{"price_base": 100.0, "price_old": 104.84, "price_new": 100.0}],
        )
        self.assertEqual(len(subscription.line_ids), 2)

    def test_a_missing_value_is_said_and_stops_nobody(self):
        self._revised()
        lagging = self.formula.copy({"name": "Lag", "lag_months": 1})
        late = self._subscription(50.0, price_formula_id=lagging.id)
        revision = self._revision()
        revision.action_compute()
        self.assertEqual(revision.problem_count, 1)
        problem = revision.line_ids.filtered("problem")
        self.assertEqual(problem.subscription_id, late)
        self.assertIn("February 2026", problem.problem)
        revision.action_apply()
        self.assertEqual(len(revision.line_ids.change_id), 1)

    def test_ceiling(self):
        self.formula.write({"has_cap": True, "cap": 3.0})
        self._revised()
        revision = self._revision()
        revision.action_compute()
        self.assertRecordValues(
            revision.line_ids, [{"price_new": 103.0, "limited": "cap"}]
        )

    def test_law_and_sense(self):
        bounds = {"has_cap": True, "cap": 1, "has_floor": True, "floor": 2}
        for vals, text in (
            ({"share": 81}, "80"),
            (bounds, "floor is above"),
            ({"lag_months": -1}, "lag"),
        ):
            with self.assertRaisesRegex(ValidationError, text):
                self.formula.copy(vals)

    def test_one_letter_per_subscription(self):
        subscription = self._revised(lines=[{}, {"name": "Option", "price_unit": 10.0}])
        nobody = self.env["res.partner"].create({"name": "No Address"})
        self._revised(partner_id=nobody.id)
        revision = self._revision()
        revision.action_compute()
        with self.assertRaisesRegex(UserError, "Apply"):
            revision.action_notify()
        revision.action_apply()
        for _twice in range(2):
            revision.action_notify()
        mails = self.env["mail.mail"].search(
            [("model", "=", "facturex.price.revision.line")]
        )
        self.assertEqual(len(mails), 1)
        self.assertIn("104.84", mails.body_html)
        self.assertIn("10.48", mails.body_html)
        self.assertEqual(mails.recipient_ids, subscription.partner_id)
        self.assertIn("e-mail address", revision.line_ids[-1].problem)
        # who has none is written to by post
        self.assertEqual(revision.post_count, 1)
        letter = revision._get_letters_by_post()
        self.assertEqual(letter.partner_id, nobody)
        html = self.env["ir.actions.report"]._render_qweb_html(
            "facturex_billing.report_price_letter", letter.ids
        )[0]
        self.assertIn(b"104.84", html)
        self._as(revision, self.user).action_sent_by_post()
        self.assertEqual((revision.post_count, revision.notified_count), (0, 3))
        self.assertFalse(letter.problem)

    def test_letters_leave_on_their_day(self):
        self._revised()
        revision = self._revision(notice_days=30)
        revision.action_compute()
        revision.action_apply()
        self.env["facturex.price.revision"]._cron_notify()
        self.assertEqual(revision.notified_count, 0, "44 days before")
        revision.notice_days = 60
        self.env["facturex.price.revision"]._cron_notify()
        self.assertEqual(revision.notified_count, 1)

    def test_companies_and_users(self):
        self._revised()
        revision = self._revision()
        self._as(revision, self.user).action_compute()
        self._as(revision, self.user).action_apply()
        for record in (revision, self.index, self.formula, revision.line_ids):
            self._assert_other_company_sees_nothing(record)
        self._assert_refused_to_read(self._strangers(), [revision, self.index])
