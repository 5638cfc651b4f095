from odoo import api, fields, models

from ..engine import einvoice_check as engine


class AccountMove(models.Model):
    """What an invoice lacks before it can leave: shown, never raised."""

    _inherit = "account.move"

    facturex_check = fields.Json(
        string="To Complete before Sending", compute="_compute_facturex_check"
    )

    @api.depends("state", "partner_id", "is_move_sent", "move_type")
    def _compute_facturex_check(self):
        for move in self:
            to_leave = (
                move._origin.id
                and move.is_sale_document()
                and move.partner_id
                and move.invoice_line_ids
                and (move.state == "draft" or move._facturex_is_to_send())
            )
            move.facturex_check = to_leave and (
                move._facturex_alerts(move._facturex_findings()) or False
            )

    def _facturex_is_to_send(self):
        return self.state == "posted" and not self.is_move_sent

    def action_facturex_check(self):
        """Say what is missing, or that nothing is."""
        self.ensure_one()
        self.check_access("read")
        if not self._facturex_findings():
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "success",
                    "message": self.env._("Nothing is missing: it can be sent."),
                },
            }
        check = self.env["facturex.invoice.check"].create({"move_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("To complete before sending"),
            "res_model": check._name,
            "res_id": check.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    def _facturex_findings(self, edi_format=None, methods=None, recipients=None):
        """Findings of the engine for this invoice.

        :param edi_format: code of the format, False for a plain PDF, None for the
            customer's own
        :param methods: codes of the channels, None for the customer's own
        :param recipients: partners (or their ids) who get the e-mail, None for the
            default ones
        """
        self.ensure_one()
        customer = self.commercial_partner_id.with_company(self.company_id)
        if methods is None:
            # not Odoo's default: it may ask the Peppol directory, over the network
            methods = {customer.invoice_sending_method or "email"}
        if edi_format is None:
            edi_format = self.env["account.move.send"]._get_default_invoice_edi_format(
                self, sending_methods=methods
            )
        if recipients is None:
            recipients = self._facturex_recipient()
        # Odoo's batch gives ids, its screen for one invoice gives records
        ids = getattr(recipients, "ids", recipients)
        recipients = self.env["res.partner"].browse(ids)
        return engine.check(
            engine.Document(
                format=edi_format or "",
                seller=self.company_id.partner_id._facturex_party(),
                buyer=self.commercial_partner_id._facturex_party(),
                lines=self._facturex_check_lines(),
                iban=self.partner_bank_id.sanitized_acc_number or "",
                is_refund=self.move_type == "out_refund",
                by_email="email" in methods,
                recipients=sum(bool(partner.email) for partner in recipients),
                by_peppol="peppol" in methods,
                on_peppol=self.company_id._facturex_on_peppol(),
            )
        )

    def _facturex_recipient(self):
        """Who gets the invoice by e-mail: the invoice address that can be reached."""
        partner = self.partner_id
        if partner.type != "invoice":
            partner = partner._facturex_dunning_recipient()
        return partner if partner.email else self.commercial_partner_id

    def _facturex_check_lines(self):
        return tuple(
            engine.Line(
                id=line.id,
                label=line.name or line.product_id.name or "",
                # fixed taxes (eco-contributions) go beside the VAT
                taxes=sum(
                    tax.amount_type != "fixed"
                    for tax in line.tax_ids.flatten_taxes_hierarchy()
                ),
                has_unit_code=(
                    not line.product_uom_id or line.product_uom_id.facturex_has_code
                ),
            )
            # no `filtered`: its result would be fetched apart for each invoice
            for line in self.invoice_line_ids
            if line.display_type in (False, "product")
        )

    def _facturex_alerts(self, findings):
        """Findings as the native widget `actionable_errors` shows them."""
        self.ensure_one()
        alerts = {}
        for finding in findings:
            key = f"facturex_{finding.where}_{finding.what}_{finding.line}"
            alerts[key] = {
                "level": "warning" if finding.required else "info",
                "message": self._facturex_finding_message(finding),
                **self._facturex_finding_action(finding),
            }
        return alerts

    def _facturex_finding_message(self, finding):
        line = self.env["account.move.line"].browse(finding.line)
        customer = self.commercial_partner_id.display_name or ""
        company = self.company_id.display_name
        label = (line.name or line.product_id.display_name or "").split("\n")[0]
        unit = line.product_uom_id.display_name
        messages = {
            "buyer.name": self.env._("Choose a customer."),
            "buyer.country": self.env._("%s has no country.", customer),
            "buyer.address": self.env._(
                "The address of %s is incomplete: street, postcode and city.", customer
            ),
            "buyer.vat": self.env._("%s has no VAT number.", customer),
            "buyer.registry": self.env._("%s has no SIREN or SIRET.", customer),
            "buyer.endpoint": self.env._("%s has no Peppol address.", customer),
            "buyer.email": self.env._("%s has no e-mail address.", customer),
            "seller.country": self.env._("Your company %s has no country.", company),
            "seller.address": self.env._(
                "The address of your company %s is incomplete: street, postcode and "
                "city.",
                company,
            ),
            "seller.vat": self.env._("Your company %s has no VAT number.", company),
            "seller.registry": self.env._(
                "Your company %s has no SIREN or SIRET.", company
            ),
            "seller.endpoint": self.env._(
                "Your company %s has no Peppol address: its VAT number gives it.",
                company,
            ),
            "seller.phone": self.env._(
                "Your company %s has no telephone number.", company
            ),
            "seller.email": self.env._(
                "Your company %s has no e-mail address.", company
            ),
            "seller.iban": self.env._(
                "The invoice names no bank account of yours to be paid on."
            ),
            "seller.network": self.env._(
                "Your company %s is not registered with Peppol yet.", company
            ),
            "document.no_line": self.env._("The invoice has no line."),
            "line.label": self.env._("A line has no description."),
            "line.tax": self.env._("The line “%s” needs exactly one VAT rate.", label),
            "line.unit": self.env._(
                "The unit “%(unit)s” of the line “%(label)s” has no code for "
                "electronic invoices: it would leave as “one”.",
                unit=unit,
                label=label,
            ),
        }
        return messages[f"{finding.where}.{finding.what}"]

    def _facturex_finding_action(self, finding):
        """A link to the record where the missing thing is typed, or who may do it."""
        if finding.where == engine.BUYER and self.commercial_partner_id:
            partner = self.commercial_partner_id
            return {
                "action_text": self.env._("Complete the customer"),
                "action": partner._get_records_action(
                    name=self.env._("Complete the customer")
                ),
            }
        if finding.what == engine.IBAN:
            return {
                "action_text": self.env._("Add a bank account"),
                "action": self._facturex_bank_action(),
            }
        if finding.what == engine.NETWORK:
            return {
                "action_text": self.env._("Register with Peppol"),
                "action": self.company_id._facturex_peppol_action(),
            }
        if finding.where == engine.SELLER:
            if not self.company_id.has_access("write"):
                return {"message": self._facturex_ask_manager(finding)}
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "facturex_billing.res_company_action_settings"
            )
            return {
                "action_text": self.env._("Complete your company"),
                "action": action | {"res_id": self.company_id.id},
            }
        unit = self.env["account.move.line"].browse(finding.line).product_uom_id
        if finding.what == engine.UNIT and unit.has_access("write"):
            return {
                "action_text": self.env._("Complete the unit"),
                "action": unit._get_records_action(
                    name=self.env._("Complete the unit")
                ),
            }
        return {}

    def _facturex_ask_manager(self, finding):
        return self.env._(
            "%s A Facturex manager can add it under Configuration, Company Settings.",
            self._facturex_finding_message(finding),
        )

    def _facturex_bank_action(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bank accounts of your company"),
            "res_model": "res.partner.bank",
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
            "domain": [("partner_id", "=", self.company_id.partner_id.id)],
            "context": {"default_partner_id": self.company_id.partner_id.id},
        }


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _facturex_party(self):
        """This partner as a side of an electronic invoice."""
        self.ensure_one()
        return engine.Party(
            name=self.name or "",
            country=self.country_code or "",
            street=self.street or "",
            zip=self.zip or "",
            city=self.city or "",
            vat=self.vat or "",
            registry=self.company_registry or "",
            endpoint=(self.peppol_eas and self.peppol_endpoint) or "",
            phone=self.phone or "",
            email=self.email or "",
            is_company=self.is_company or bool(self.vat),
        )


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    def _get_alerts(self, moves, moves_data):
        """Odoo's own screens list what is missing as well."""
        alerts = super()._get_alerts(moves, moves_data)
        incomplete = moves.browse()
        for move in moves:
            data = moves_data[move]
            findings = move._facturex_findings(
                edi_format=data["invoice_edi_format"] or False,
                methods=data["sending_methods"],
                recipients=data.get("mail_partner_ids"),
            )
            if len(moves) == 1:
                own = move._facturex_alerts(findings)
                if any("endpoint" in key for key in own):
                    # said by ours, for the company or the customer
                    alerts.pop("account_edi_ubl_cii_configure_company", None)
                    alerts.pop("account_edi_ubl_cii_configure_partner", None)
                alerts.update(own)
            elif any(finding.required for finding in findings):
                incomplete += move
        if incomplete:
            alerts["facturex_incomplete"] = {
                "level": "warning",
                "message": self.env._(
                    "%s invoices lack something that their format needs.",
                    len(incomplete),
                ),
                "action_text": self.env._("Show them"),
                "action": incomplete._get_records_action(
                    name=self.env._("To complete before sending")
                ),
            }
        return alerts
