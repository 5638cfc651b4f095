from decimal import Decimal

import psycopg2.errors

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import law
from .common import FacturexCommon


@tagged("post_install", "-at_install")
class TestLaw(FacturexCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Profile = cls.env["facturex.law.profile"]
        cls.Rate = cls.env["facturex.legal.rate"]
        cls.Policy = cls.env["facturex.dunning.policy"]
        cls.be_b2c = cls.env.ref("facturex_billing.law_profile_be_b2c")
        cls.be_b2b = cls.env.ref("facturex_billing.law_profile_be_b2b")

    def _policy(self, profile, *steps, **values):
        """:param steps: (days, {values})"""
        return self.Policy.create(
            {
                "name": "P",
                "company_id": self.company.id,
                "profile_id": profile and profile.id,
                "step_ids": [
                    fields.Command.create(
                        {"name": f"L{n}", "sequence": n, "delay_days": days, **more}
                    )
                    for n, (days, more) in enumerate(steps, 1)
                ],
                **values,
            }
        )

    # ------------------------------------------------------------------
    # Data
    # ------------------------------------------------------------------

    def test_the_shipped_law_reads_as_the_engine_wants_it(self):
        day = fields.Date.to_date("2026-03-16")
        rules = self.be_b2c._to_engine(self.company, day)
        self.assertEqual(rules.max_fee, Decimal("7.5"))
        self.assertEqual(rules.cap, Decimal(2000))
        self.assertEqual(
            rules.tiers,
            ((150, 20, 0), (500, 30, 10), (None, 65, 5)),
        )
        self.assertEqual((rules.first_free, rules.min_delay_days), (True, 14))
        self.assertEqual(self.be_b2b._to_engine(self.company, day).fixed, 40)
        french = self.env.ref("facturex_billing.law_profile_fr_b2b")
        # three times the legal rate of the half-year
        self.assertEqual(
            french._to_engine(self.company, day).contract_floor, Decimal("7.86")
        )
        neutral = self.env.ref("facturex_billing.law_profile_neutral")
        self.assertEqual(neutral._to_engine(self.company, day).max_fee, 0)

    def test_a_rate_ends_with_its_period(self):
        rates = self.be_b2b._get_rates(self.company)
        by_day = dict(rates)
        self.assertEqual(by_day[fields.Date.to_date("2025-01-01")], Decimal("11.5"))
        self.assertEqual(rates[-1], (fields.Date.to_date("2027-01-01"), None))
        self.company.facturex_use_last_rate = True
        rates = self.be_b2b._get_rates(self.company)
        self.assertEqual(rates[-1][1], Decimal("10.5"))

    def test_a_company_has_its_own_rate(self):
        own = self._as(self.Rate, self.manager).create(
            {
                "country_id": self.env.ref("base.be").id,
                "scope": "b2b",
                "date_from": "2026-07-01",
                "date_to": "2026-12-31",
                "rate": 11,
                "company_id": self.company.id,
                "source": "Read in the Moniteur belge",
            }
        )
        day = fields.Date.to_date("2026-07-01")
        self.assertEqual(dict(self.be_b2b._get_rates(self.company))[day], 11)
        other = dict(self.be_b2b._get_rates(self.other_company))
        self.assertEqual(other[day], Decimal("10.5"))
        self.assertFalse(
            self._as(self.Rate, self.other_user).search([("id", "=", own.id)])
        )

    def test_shared_law_belongs_to_all(self):
        rate = self.env.ref("facturex_billing.rate_be_b2b_2026_2")
        # the manager of one company of two adapts, he does not rewrite
        for act in (
            lambda: self._as(rate, self.manager).write({"rate": 1}),
            lambda: self._as(rate, self.manager).unlink(),
            lambda: self._as(self.be_b2c, self.manager).write({"min_delay_days": 0}),
            lambda: self._as(
                self.env.ref("facturex_billing.fee_be_b2c_tiered").tier_ids,
                self.manager,
            ).write({"amount": 500}),
            lambda: self._as(self.Rate, self.manager).create(
                {"scope": "legal_other", "date_from": "2027-01-01", "rate": 3}
            ),
        ):
            with self.assertRaises(AccessError):
                act()
        with self.assertRaises(AccessError):
            self._as(rate, self.user).action_adapt()
        action = self._as(self.be_b2c, self.manager).action_adapt()
        own = self.Profile.browse(action["res_id"])
        self.assertEqual(own.company_id, self.company)
        self.assertEqual(own.fee_rule_ids.company_id, self.company)
        self._as(own, self.manager).min_delay_days = 20
        self.assertEqual(self.Profile._get("be_b2c", self.company), own)
        self.assertEqual(self.Profile._get("be_b2c", self.other_company), self.be_b2c)
        rules = own._to_engine(self.company, fields.Date.to_date("2026-03-16"))
        self.assertEqual((rules.min_delay_days, len(rules.tiers)), (20, 3))

    def test_a_manager_of_everything_corrects_what_is_shipped(self):
        self.manager.company_ids = self.env["res.company"].search([])
        rate = self.env.ref("facturex_billing.rate_be_b2b_2026_2")
        self._as(rate, self.manager).write({"rate": 10.5, "confirmed": True})
        self.assertTrue(rate.confirmed)

    def test_overlapping_and_doubled_rates_are_refused(self):
        values = {
            "country_id": self.env.ref("base.be").id,
            "scope": "b2b",
            "date_from": "2026-03-01",
            "rate": 3,
        }
        with self.assertRaisesRegex(ValidationError, "overlaps"):
            self.Rate.create(values)
        with (
            self.assertRaises(psycopg2.errors.UniqueViolation),
            mute_logger("odoo.sql_db"),
        ):
            self.Rate.create(values | {"date_from": "2026-01-01"})

    def test_tiers_in_order(self):
        tiers = self.env.ref("facturex_billing.fee_be_b2c_tiered").tier_ids
        with self.assertRaisesRegex(ValidationError, "lowest"):
            tiers[0].up_to = 600

    # ------------------------------------------------------------------
    # Which profile
    # ------------------------------------------------------------------

    def test_the_profile_of_a_customer(self):
        partner = self.env["res.partner"]
        cases = [
            ("BE", True, False, "be_b2b"),
            ("BE", False, False, "be_b2c"),
            ("FR", False, False, "fr_b2c"),
            # between companies the seller's law
            ("FR", True, False, "be_b2b"),
            ("DE", True, False, "be_b2b"),
            ("DE", False, False, "neutral"),
            (None, False, False, "be_b2c"),
        ]
        for country, is_company, _vat, code in cases:
            customer = partner.create(
                {
                    "name": f"{country} {is_company}",
                    "is_company": is_company,
                    "country_id": country
                    and self.env.ref(f"base.{country.lower()}").id,
                }
            )
            with self.subTest(country=country, is_company=is_company):
                profile = customer._facturex_law_profile(self.company)
                self.assertEqual(profile.code, code)
        # a person with a VAT number acts as an undertaking; a contact as its company
        trader = partner.create(
            {
                "name": "T",
                "vat": "BE0477472701",
                "country_id": self.env.ref("base.be").id,
            }
        )
        contact = partner.create({"name": "C", "parent_id": trader.id})
        self.assertEqual(contact._facturex_law_profile(self.company), self.be_b2b)

    def test_the_choice_of_a_person_wins_in_its_company_only(self):
        public = self.env.ref("facturex_billing.law_profile_fr_b2g")
        mine = self._as(self.customer, self.user)
        mine.facturex_law_profile_id = public
        self.assertEqual(mine._facturex_law_profile(self.company), public)
        self.assertEqual(mine.facturex_law_profile_proposed_id, public)
        self.assertEqual(
            self.customer._facturex_law_profile(self.other_company), self.be_b2c
        )

    def test_the_profile_is_frozen_at_posting(self):
        invoice = self._invoice(post=False)
        self.assertFalse(invoice.facturex_law_profile_id)
        invoice.action_post()
        self.assertEqual(invoice.facturex_law_profile_id, self.be_b2c)
        self.customer.is_company = True
        later = self._invoice()
        self.assertEqual(invoice.facturex_law_profile_id, self.be_b2c)
        self.assertEqual(later.facturex_law_profile_id, self.be_b2b)

    # ------------------------------------------------------------------
    # Policies
    # ------------------------------------------------------------------

    def test_an_unlawful_policy_says_which_rule(self):
        cases = [
            (self.be_b2c, [(7, {"charge": "tiered"})], "free"),
            (self.be_b2c, [(7, {}), (10, {"charge": "tiered"})], "22 days"),
            (self.be_b2c, [(7, {}), (30, {"fee_amount": 7.51})], "7.5"),
            (self.be_b2c, [(7, {}), (30, {"charge": "fixed"})], "fixed compensation"),
            (self.be_b2c, [(7, {"channel": "phone"})], "written"),
            (self.be_b2c, [(7, {"text_body": "Pay {amount_due}."})], "company_number"),
            (None, [(7, {"charge": "interest"})], "no interest"),
            (
                self.env.ref("facturex_billing.law_profile_fr_b2b"),
                [(7, {"fee_amount": 1})],
                "at most 0",
            ),
            (
                self.env.ref("facturex_billing.law_profile_fr_b2c"),
                [(7, {}), (30, {"charge": "interest"})],
                "formal notice",
            ),
        ]
        self.company.facturex_penalty_clause = True
        for profile, steps, words in cases:
            with (
                self.subTest(words=words),
                self.assertRaisesRegex(ValidationError, words),
            ):
                self._policy(profile, *steps)

    def test_a_clause_is_needed_for_consumers(self):
        steps = (7, {}), (30, {"charge": "tiered", "fee_amount": 7.5})
        with self.assertRaisesRegex(ValidationError, "penalty clause"):
            self._policy(self.be_b2c, *steps)
        self.company.facturex_penalty_clause = True
        policy = self._policy(self.be_b2c, *steps)
        with self.assertRaisesRegex(ValidationError, "penalty clause"):
            self.company.facturex_penalty_clause = False
        # editing a level is checked as well
        with self.assertRaisesRegex(ValidationError, "at the earliest"):
            policy.step_ids[1].delay_days = 12
        # the charging level alone would break the law: it stays with the first
        with self.assertRaises(ValidationError):
            policy.step_ids[0].unlink()

    def test_the_agreed_rate_has_a_floor_in_france(self):
        french = self.env.ref("facturex_billing.law_profile_fr_b2b")
        with self.assertRaisesRegex(ValidationError, "7.86"):
            self._policy(french, (7, {"charge": "fixed"}), contract_rate=5)
        self._policy(french, (7, {"charge": "fixed"}), contract_rate=8)

    def test_texts_know_their_merge_fields(self):
        policy = self._policy(None, (7, {"text_body": "Dear {customer}, {amount_due}"}))
        for payload in ("{costumer}", "{{ 7*7 }}", "${object}", "{customer.name}"):
            with (
                self.subTest(payload),
                self.assertRaisesRegex(ValidationError, "merge field"),
            ):
                policy.step_ids.text_body = payload
        with self.assertRaisesRegex(ValidationError, "champ de fusion"):
            policy.step_ids.with_context(lang="fr_FR").text_subject = "{clien}"
        self.assertIn("{iban}", policy.step_ids.merge_help)

    def test_the_first_reminder_may_be_before_the_due_date(self):
        policy = self._policy(self.be_b2b, (-3, {}), (5, {"charge": "fixed"}))
        self.assertEqual(policy.step_ids[0]._get_channels(), ("email",))

    # ------------------------------------------------------------------
    # Which policy
    # ------------------------------------------------------------------

    def test_which_policy_governs(self):
        general = self._policy(None, (7, {}))
        consumers = self._policy(self.be_b2c, (7, {}))
        tag = self.env["res.partner.category"].create({"name": "VIP"})
        gentle = self._policy(None, (60, {}), category_ids=tag.ids)
        own = self._policy(None, (90, {}), sequence=99)
        third = self._policy(None, (30, {}), sequence=99)
        company = self.env["res.partner"].create({"name": "C", "is_company": True})
        vip = self.env["res.partner"].create({"name": "V", "category_id": tag.ids})
        chosen = self.env["res.partner"].create(
            {"name": "O", "facturex_dunning_policy_id": own.id, "category_id": tag.ids}
        )
        moves = [
            self._invoice(),
            self._invoice(partner=company),
            self._invoice(partner=vip),
            self._invoice(partner=chosen),
            self._invoice(facturex_dunning_policy_id=third.id),
        ]
        lines = self.env["account.move.line"].union(*map(self._receivable, moves))
        found = self.Policy._select_for(lines)
        self.assertEqual(
            [found[self._receivable(move).id] for move in moves],
            [consumers, general, gentle, own, third],
        )
        own.active = False
        found = self.Policy._select_for(lines)
        self.assertEqual(found[self._receivable(moves[3]).id], gentle)

    def test_an_instalment_is_in_one_plan_only(self):
        self._policy(None, (7, {}))
        self._policy(self.be_b2c, (7, {}))
        self._invoice()
        notices = self.Policy.search([])._run()
        self.assertEqual(len(notices), 1)
        self.assertEqual(notices.policy_id.profile_id, self.be_b2c)

    def test_selection_costs_the_same_for_many(self):
        self._policy(None, (7, {}))
        lines = self._receivable(self._invoice())
        partners = self.env["res.partner"].create([{"name": str(n)} for n in range(20)])
        many = lines.union(
            *(self._receivable(self._invoice(partner=p)) for p in partners)
        )

        def count(records):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Policy._select_for(records)
            return self.env.cr.sql_log_count - before

        count(many)
        self.assertLessEqual(count(many), count(lines) + 2)

    # ------------------------------------------------------------------
    # A missing rate
    # ------------------------------------------------------------------

    def test_a_missing_rate_makes_one_task(self):
        self.Rate.search(
            [("scope", "=", "b2b"), ("date_from", ">=", "2026-01-01")]
        ).unlink()
        self.customer.is_company = True
        lines = self._receivable(self._invoice(due="2026-02-01"))
        lines |= self._receivable(self._invoice(due="2026-02-10"))
        day = fields.Date.to_date("2026-03-16")
        for _time in range(2):
            found = self._as(lines, self.user)._facturex_charges(day)
            self._as(lines, self.user)._facturex_report_missing_rates(found)
        self.assertEqual({c.reason for c in found.values()}, {law.REASON_MISSING_RATE})
        self.assertEqual(len(self.be_b2b.activity_ids), 1)
        told = self.be_b2b.activity_ids.user_id
        self.assertIn(self.company, told.company_ids)
        self.assertTrue(told.has_group("facturex_billing.group_facturex_manager"))
