from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import einvoice_check

EDIT, PREVIEW, MAIL, DONE = "edit", "preview", "mail", "done"


class FacturexInvoiceAssistant(models.TransientModel):
    """An invoice in three steps: what, how it looks, how it leaves.

    The invoice is a native draft from the first save on. These rows only hold what a
    person types until then; they may vanish, the draft stays.
    """

    _name = "facturex.invoice.assistant"
    _description = "New Invoice"
    _check_company_auto = True

    step = fields.Selection(
        [(EDIT, "Invoice"), (PREVIEW, "Preview"), (MAIL, "Sending"), (DONE, "Sent")],
        default=EDIT,
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    journal_id = fields.Many2one("account.journal", readonly=True, check_company=True)
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    move_id = fields.Many2one(
        "account.move", string="Invoice", readonly=True, check_company=True
    )

    # what
    partner_id = fields.Many2one("res.partner", string="Customer", check_company=True)
    label = fields.Char(string="Subject")
    invoice_date = fields.Date(default=fields.Date.context_today)
    payment_term_id = fields.Many2one(
        "account.payment.term",
        string="Payment Terms",
        compute="_compute_payment_term_id",
        store=True,
        readonly=False,
        check_company=True,
    )
    invoice_date_due = fields.Date(string="Due On")
    line_ids = fields.One2many("facturex.invoice.assistant.line", "assistant_id")
    tax_totals = fields.Json(compute="_compute_tax_totals")
    has_currencies = fields.Boolean(compute="_compute_has_currencies")

    # how it looks, how it leaves: filled by _look_ahead
    preview = fields.Text(readonly=True)
    number = fields.Char(readonly=True)
    # what the e-mail said before a person touched it, to tell his words from ours
    proposed = fields.Json(readonly=True)
    mail_from = fields.Char(string="Sender", readonly=True)
    mail_partner_ids = fields.Many2many("res.partner", string="Recipients")
    mail_subject = fields.Char()
    mail_body = fields.Html(string="Message", sanitize_style=True)
    attachment_names = fields.Char(string="Attachments", readonly=True)
    attachment_ids = fields.Many2many("ir.attachment", string="More Attachments")
    channels = fields.Json()
    by_email = fields.Boolean(compute="_compute_channels")
    edi_format = fields.Char(string="Format", compute="_compute_edi_format")
    plain_pdf = fields.Boolean(string="Send the PDF alone, without electronic format")
    alerts = fields.Json(compute="_compute_alerts")
    is_blocked = fields.Boolean(compute="_compute_alerts")

    # what happened
    sent_on = fields.Datetime(string="Handed over on", readonly=True)
    sent_to = fields.Char(readonly=True)
    send_state = fields.Selection(related="move_id.facturex_send_state")
    failure = fields.Char(related="move_id.facturex_send_reason")
    amount_total = fields.Monetary(related="move_id.amount_total")
    date_due = fields.Date(related="move_id.invoice_date_due", string="To be paid by")

    @api.depends("move_id.name", "step")
    def _compute_display_name(self):
        for assistant in self:
            assistant.display_name = self.env._("New invoice")

    @api.depends("partner_id", "company_id")
    def _compute_payment_term_id(self):
        for assistant in self:
            partner = assistant.partner_id.with_company(assistant.company_id)
            term = partner.property_payment_term_id
            assistant.payment_term_id = term or assistant.payment_term_id

    def _compute_has_currencies(self):
        self.has_currencies = self.env["res.currency"].search_count([], limit=2) > 1

    @api.depends(
        "currency_id", "line_ids.quantity", "line_ids.price_unit", "line_ids.tax_ids"
    )
    def _compute_tax_totals(self):
        tax_model = self.env["account.tax"]
        for assistant in self:
            lines = assistant.line_ids._to_base_lines()
            tax_model._add_tax_details_in_base_lines(lines, assistant.company_id)
            tax_model._round_base_lines_tax_details(lines, assistant.company_id)
            assistant.tax_totals = tax_model._get_tax_totals_summary(
                lines, assistant.currency_id, assistant.company_id
            )

    @api.depends("channels")
    def _compute_channels(self):
        for assistant in self:
            assistant.by_email = "email" in assistant._methods()

    @api.depends("partner_id", "channels", "plain_pdf")
    def _compute_edi_format(self):
        labels = dict(
            self.env["res.partner"]
            ._fields["invoice_edi_format"]
            ._description_selection(self.env)
        )
        for assistant in self:
            code = assistant.move_id and assistant._format()
            assistant.edi_format = labels.get(code) or self.env._("PDF")

    @api.depends("move_id", "channels", "mail_partner_ids", "plain_pdf", "step")
    def _compute_alerts(self):
        for assistant in self:
            alerts, blocked = {}, False
            if assistant.move_id and assistant.step in (PREVIEW, MAIL):
                move = assistant.move_id._origin or assistant.move_id
                findings = move._facturex_findings(
                    edi_format=assistant._format(),
                    methods=assistant._methods(),
                    recipients=(
                        assistant.mail_partner_ids if assistant.step == MAIL else None
                    ),
                )
                alerts = move._facturex_alerts(findings)
                blocked = not einvoice_check.is_ready(findings)
            assistant.alerts = alerts or False
            assistant.is_blocked = blocked

    @api.onchange("partner_id")
    def _onchange_partner_id(self):
        """Another customer may mean other taxes."""
        for line in self.line_ids:
            if not line.product_id and not line.name and not line.move_line_id:
                line.tax_ids = self._default_taxes(self.partner_id)

    # -- the draft -----------------------------------------------------------------

    @api.model
    def action_open(self):
        """A new invoice of the company in use."""
        return self._open()

    @api.model
    def _open(self, move=None, partner=None, journal=None):
        """A new invoice, or the draft `move` where somebody left it.

        :return: the action that shows the assistant
        """
        self.check_access("create")
        if move:
            return self._for_draft(move)._reopen()
        company = journal.company_id if journal else self.env.company
        assistant = self.with_company(company).create(
            {
                "company_id": company.id,
                "journal_id": journal.id if journal else False,
                "partner_id": partner.id if partner else False,
                "line_ids": [fields.Command.create({})],
            }
        )
        return assistant._reopen()

    @api.model
    def _for_draft(self, move):
        if move.state != "draft" or move.move_type != "out_invoice":
            raise UserError(
                self.env._("%s is no draft invoice any more.", move.display_name)
            )
        own = self.search(
            [("move_id", "=", move.id), ("create_uid", "=", self.env.uid)], limit=1
        )
        if own:
            own._read_draft()
            return own
        assistant = self.create({"company_id": move.company_id.id, "move_id": move.id})
        assistant._read_draft()
        return assistant

    def _read_draft(self):
        """Show what the draft says now: it may have been changed elsewhere."""
        self.ensure_one()
        move = self.move_id
        lines = move.invoice_line_ids.sorted(lambda line: (line.sequence, line.id))
        self.with_context(facturex_reading=True).write(
            {
                "step": EDIT,
                "journal_id": move.journal_id.id,
                "currency_id": move.currency_id.id,
                "partner_id": move.partner_id.id,
                "label": move.facturex_label,
                "invoice_date": move.invoice_date or fields.Date.context_today(self),
                "payment_term_id": move.invoice_payment_term_id.id,
                "invoice_date_due": (
                    not move.invoice_payment_term_id and move.invoice_date_due
                ),
                "line_ids": [
                    fields.Command.clear(),
                    *(
                        fields.Command.create(self.line_ids._from_move_line(line))
                        for line in lines
                    ),
                ],
            }
        )

    @api.model_create_multi
    def create(self, vals_list):
        assistants = super().create(vals_list)
        for assistant in assistants:
            assistant._keep_draft()
        return assistants

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys() <= self._own_fields():
            for assistant in self:
                assistant._keep_draft()
        return result

    @api.model
    def _own_fields(self):
        """Fields that say nothing of the invoice itself."""
        return {
            "step",
            "move_id",
            "preview",
            "number",
            "proposed",
            "mail_from",
            "mail_partner_ids",
            "mail_subject",
            "mail_body",
            "attachment_names",
            "attachment_ids",
            "channels",
            "plain_pdf",
            "sent_on",
            "sent_to",
        }

    def _keep_draft(self):
        """Write what was typed into a draft invoice, made at the first word."""
        self.ensure_one()
        if self.env.context.get("facturex_reading") or self.step != EDIT:
            return
        lines = self.line_ids.filtered(lambda line: not line._is_empty())
        if not (self.partner_id or lines or self.label):
            return
        if not self.move_id:
            self.move_id = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "company_id": self.company_id.id,
                    "facturex_assistant_state": "draft",
                    **({"journal_id": self.journal_id.id} if self.journal_id else {}),
                }
            )
        elif self.move_id.state != "draft":
            raise UserError(
                self.env._("The invoice %s was posted meanwhile.", self.move_id.name)
            )
        lines._write_to(self.move_id, self._draft_values())

    def _draft_values(self):
        values = {
            "partner_id": self.partner_id.id,
            "currency_id": self.currency_id.id,
            "facturex_label": self.label,
            "facturex_assistant_state": "draft",
            "invoice_date": self.invoice_date,
            "invoice_payment_term_id": self.payment_term_id.id,
        }
        if not self.payment_term_id:
            # without a term Odoo takes the day of creation
            values["invoice_date_due"] = self.invoice_date_due or self.invoice_date
        return values

    @api.model
    def _default_taxes(self, partner):
        """The usual VAT of the company, as this customer gets it."""
        company = self.env.company
        position = (
            self.env["account.fiscal.position"]
            .with_company(company)
            ._get_fiscal_position(partner)
        )
        taxes = company.account_sale_tax_id
        return position.map_tax(taxes) if position else taxes

    def _check_content(self):
        """Name what the first step still needs."""
        missing = []
        if not self.partner_id:
            missing.append(self.env._("the customer"))
        if not self.invoice_date:
            missing.append(self.env._("the date"))
        lines = self.line_ids.filtered(lambda line: not line._is_empty())
        if not lines:
            missing.append(self.env._("a line"))
        elif any(not line.name and not line.product_id for line in lines):
            missing.append(self.env._("the description of each line"))
        if missing:
            raise UserError(
                self.env._("Before going on, fill in: %s.", ", ".join(missing))
            )

    # -- steps ---------------------------------------------------------------------

    def _reopen(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New invoice"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "current",
        }

    def action_preview(self):
        """Step 2: the document itself."""
        self.ensure_one()
        self.check_access("write")
        self._check_content()
        self._keep_draft()
        self._look_ahead()
        self.step = PREVIEW

    def action_mail(self):
        """Step 3: the e-mail as it will leave."""
        self.ensure_one()
        self.check_access("write")
        self.step = MAIL

    def action_back(self):
        self.ensure_one()
        self.check_access("write")
        if self.step in (PREVIEW, MAIL):
            self.step = PREVIEW if self.step == MAIL else EDIT

    def action_another(self):
        self.check_access("write")
        return self.action_open()

    def action_show_invoice(self):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.move_id.display_name,
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }


class FacturexInvoiceAssistantLine(models.TransientModel):
    _name = "facturex.invoice.assistant.line"
    _description = "New Invoice: Line"
    _order = "sequence, id"
    _check_company_auto = True

    assistant_id = fields.Many2one(
        "facturex.invoice.assistant", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="assistant_id.company_id")
    currency_id = fields.Many2one(related="assistant_id.currency_id")
    sequence = fields.Integer(default=10)
    move_line_id = fields.Many2one("account.move.line", readonly=True)
    display_type = fields.Selection(
        [
            ("product", "Product"),
            ("line_section", "Section"),
            ("line_subsection", "Subsection"),
            ("line_note", "Note"),
        ],
        default="product",
        required=True,
    )
    product_id = fields.Many2one(
        "product.product", domain=[("sale_ok", "=", True)], check_company=True
    )
    name = fields.Text(string="Description")
    quantity = fields.Float(default=1, digits="Product Unit")
    product_uom_id = fields.Many2one("uom.uom", string="Unit")
    price_unit = fields.Float(string="Unit Price", digits="Product Price")
    discount = fields.Float(string="Discount %", digits="Discount")
    tax_ids = fields.Many2many(
        "account.tax",
        string="VAT",
        domain=[("type_tax_use", "=", "sale")],
        check_company=True,
        default=lambda self: self.env["facturex.invoice.assistant"]._default_taxes(
            self.env["res.partner"].browse(self.env.context.get("facturex_partner_id"))
        ),
    )
    price_subtotal = fields.Monetary(string="Amount", compute="_compute_price_subtotal")

    @api.depends("quantity", "price_unit", "discount", "tax_ids", "display_type")
    def _compute_price_subtotal(self):
        tax_model = self.env["account.tax"]
        for line in self:
            base = line._to_base_lines()
            tax_model._add_tax_details_in_base_lines(base, line.company_id)
            tax_model._round_base_lines_tax_details(base, line.company_id)
            line.price_subtotal = sum(
                values["tax_details"]["total_excluded_currency"] for values in base
            )

    @api.onchange("product_id")
    def _onchange_product_id(self):
        """Words, price, unit and taxes as Odoo's own invoice would propose them."""
        if not self.product_id:
            return
        assistant = self.assistant_id
        move = self.env["account.move"].new(
            {
                "move_type": "out_invoice",
                "company_id": assistant.company_id.id or self.env.company.id,
                "partner_id": assistant.partner_id.id,
                "currency_id": assistant.currency_id.id,
                "invoice_date": assistant.invoice_date,
                "invoice_line_ids": [
                    fields.Command.create({"product_id": self.product_id.id})
                ],
            }
        )
        proposed = move.invoice_line_ids[:1]
        self.name = proposed.name
        self.price_unit = proposed.price_unit
        self.product_uom_id = proposed.product_uom_id._origin
        self.tax_ids = proposed.tax_ids._origin

    def _is_empty(self):
        return not (self.product_id or self.name or self.price_unit)

    def _to_base_lines(self):
        """Values for Odoo's own tax computation."""
        return [
            self.env["account.tax"]._prepare_base_line_for_taxes_computation(
                line,
                tax_ids=line.tax_ids,
                currency_id=line.currency_id or line.company_id.currency_id,
                partner_id=line.assistant_id.partner_id,
            )
            for line in self
            if line.display_type == "product"
        ]

    @api.model
    def _from_move_line(self, line):
        return {
            "move_line_id": line.id,
            "sequence": line.sequence,
            "display_type": line.display_type or "product",
            "product_id": line.product_id.id,
            "name": line.name,
            "quantity": line.quantity,
            "product_uom_id": line.product_uom_id.id,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "tax_ids": [fields.Command.set(line.tax_ids.ids)],
        }

    def _to_move_line(self, sequence):
        values = {
            "sequence": sequence,
            "display_type": self.display_type,
            "name": self.name or self.product_id.display_name,
        }
        if self.display_type == "product":
            values |= {
                "product_id": self.product_id.id,
                "quantity": self.quantity,
                "product_uom_id": self.product_uom_id.id,
                "price_unit": self.price_unit,
                "discount": self.discount,
                "tax_ids": [fields.Command.set(self.tax_ids.ids)],
            }
        return values

    def _write_to(self, move, values):
        """Bring the draft to these lines; what they do not show of a line stays."""
        commands, kept = [], self.move_line_id
        commands += [
            fields.Command.delete(line.id) for line in move.invoice_line_ids - kept
        ]
        for sequence, line in enumerate(self.sorted(), 10):
            if line.move_line_id:
                command = fields.Command.update(
                    line.move_line_id.id, line._to_move_line(sequence)
                )
            else:
                command = fields.Command.create(line._to_move_line(sequence))
            commands.append(command)
        move.write(values | {"invoice_line_ids": commands})
        by_sequence = {line.sequence: line for line in move.invoice_line_ids}
        for sequence, line in enumerate(self.sorted(), 10):
            if not line.move_line_id:
                line.move_line_id = by_sequence[sequence]
