from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import law, merge

CHARGES = [
    (law.CHARGE_NONE, "Nothing"),
    (law.CHARGE_INTEREST, "Interest"),
    (law.CHARGE_FIXED, "Interest and fixed compensation"),
    (law.CHARGE_TIERED, "Interest and indemnity by tiers"),
]


class FacturexDunningStep(models.Model):
    _inherit = "facturex.dunning.step"

    delay_days = fields.Integer(
        string="Days After Due Date",
        help="Days after the due date of the instalment; negative: before it.",
    )
    channel = fields.Selection("_selection_channel", default="email")
    channel_2 = fields.Selection(
        "_selection_channel",
        string="Otherwise By",
        help="Used when the customer cannot be reached by the first way.",
    )
    channel_3 = fields.Selection("_selection_channel", string="Or Else By")
    charge = fields.Selection(CHARGES, required=True, default=law.CHARGE_NONE)
    fee_amount = fields.Monetary(
        string="Cost of the Reminder",
        help="Added once to the message, never more than the law allows.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    formal_notice = fields.Boolean(
        help="The text puts the customer formally in default (mise en demeure)."
    )
    repeat_days = fields.Integer(
        string="Repeat Every (Days)", help="0: the level is sent once."
    )
    repeat_count = fields.Integer(
        string="Repetitions", default=1, help="How often it is repeated at most."
    )
    block_new_orders = fields.Boolean(
        help="No sales order of the customer is confirmed while this level is open."
    )
    hand_over = fields.Boolean(
        string="Hand Over to Collection",
        help="A task asks to make the file with all pieces for the collection agency.",
    )
    text_subject = fields.Char(
        string="Subject",
        translate=True,
        help="Empty: our own. Merge fields in braces, such as {customer}.",
    )
    text_body = fields.Text(
        string="Text",
        translate=True,
        help="Empty: our own text. Merge fields in braces, such as {customer}.",
    )
    merge_help = fields.Text(
        string="Merge Fields", compute="_compute_merge_help", store=False
    )

    # a courtesy may leave before the due date
    _check_delay = models.Constraint(
        "CHECK(delay_days BETWEEN -365 AND 3650)",
        "A reminder leaves between one year before and ten years after the due date.",
    )
    _check_repeat = models.Constraint(
        "CHECK(repeat_days >= 0 AND repeat_count >= 0 AND fee_amount >= 0)",
        "Repetitions and costs are not negative.",
    )

    @api.model
    def _selection_channel(self):
        channels = [
            ("email", self.env._("E-mail")),
            ("letter", self.env._("Letter")),
            ("phone", self.env._("Phone call")),
        ]
        if "sms.sms" in self.env:
            channels.append(("sms", self.env._("SMS")))
        return channels

    def _get_channels(self):
        """The ways to send, in the order of preference, each once."""
        self.ensure_one()
        chosen = (self.channel, self.channel_2, self.channel_3)
        return tuple(dict.fromkeys(channel for channel in chosen if channel))

    # ------------------------------------------------------------------
    # Texts
    # ------------------------------------------------------------------

    @api.model
    def _get_merge_fields(self):
        """{name in braces: what it becomes}: nothing else is ever replaced."""
        return {
            "customer": self.env._("name of the customer"),
            "company": self.env._("name of our company"),
            "company_number": self.env._("enterprise number of our company"),
            "level": self.env._("name of the level"),
            "today": self.env._("day of the message"),
            "invoices": self.env._("numbers of the invoices"),
            "description": self.env._("what was delivered"),
            "due_date": self.env._("oldest due date"),
            "amount_due": self.env._("what is open"),
            "amount_interest": self.env._("interest to date"),
            "amount_fee": self.env._("compensation and costs"),
            "amount_total": self.env._("all that is claimed"),
            "penalty_amount": self.env._("indemnity that follows if nothing is paid"),
            "date_limit": self.env._("last day to pay free of charges"),
            "iban": self.env._("our bank account"),
            "phone": self.env._("our phone number"),
            "email": self.env._("our e-mail address"),
        }

    def _compute_merge_help(self):
        lines = [
            f"{{{name}}}  {text}" for name, text in self._get_merge_fields().items()
        ]
        self.merge_help = "\n".join(lines)

    @api.model
    def _check_merge_text(self, name, *texts):
        known = self._get_merge_fields()
        for text in texts:
            if wrong := merge.problems(text or "", known):
                raise ValidationError(
                    self.env._(
                        "%(name)s: %(wrong)s is no merge field. Known are: %(known)s.",
                        name=name,
                        wrong=", ".join(wrong),
                        known=", ".join(f"{{{field}}}" for field in known),
                    )
                )

    @api.constrains("text_subject", "text_body")
    def _check_texts(self):
        # every language is looked at: a mistake in one would leave in that language
        for step in self:
            for field in ("text_subject", "text_body"):
                values = step._fields[field]._get_stored_translations(step) or {}
                self._check_merge_text(step.name, step[field], *values.values())

    def action_preview(self):
        """The level as the customer who is late the longest would read it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview"),
            "res_model": "facturex.dunning.preview",
            "view_mode": "form",
            "target": "new",
            "context": {"default_step_id": self.id},
        }

    # ------------------------------------------------------------------
    # Law
    # ------------------------------------------------------------------

    @api.constrains(
        "charge",
        "fee_amount",
        "delay_days",
        "sequence",
        "channel",
        "channel_2",
        "channel_3",
        "formal_notice",
        "hand_over",
        "text_body",
    )
    def _check_law(self):
        self.policy_id._check_law()

    def unlink(self):
        policies = self.policy_id
        result = super().unlink()
        # a charge may have been lawful only after the level that is gone
        policies.exists()._check_law()
        return result

    def _to_engine_terms(self):
        """The level as `engine.law` reads it."""
        self.ensure_one()
        texts = []
        if self.text_body:
            stored = self._fields["text_body"]._get_stored_translations(self) or {}
            texts = [text for text in stored.values() if text] or [self.text_body]
        return law.StepTerms(
            id=self.id,
            name=self.name,
            delay_days=self.delay_days,
            channels=self._get_channels(),
            charge=self.charge,
            fee=Decimal(str(self.fee_amount)),
            formal_notice=self.formal_notice,
            hand_over=self.hand_over,
            # a mention must stand in each language
            mentions=frozenset.intersection(*map(merge.used, texts)) if texts else None,
        )
