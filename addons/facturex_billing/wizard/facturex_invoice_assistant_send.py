from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .facturex_invoice_assistant import DONE, MAIL, PREVIEW


class _SeenEnoughError(Exception):
    """Ends the savepoint of a look ahead."""


class FacturexInvoiceAssistant(models.TransientModel):
    _inherit = "facturex.invoice.assistant"

    # -- look ahead ----------------------------------------------------------------

    def _look_ahead(self):
        """Post the draft, read what the customer would get, and undo the posting.

        The number, the payment reference and the QR code only exist once posted. All
        of it happens inside a savepoint: nothing stays, and no number is used up.
        """
        self.ensure_one()
        seen, move = {}, self.move_id
        hooks = list(self.env.cr.postcommit._funcs)
        try:
            with self.env.cr.savepoint():
                quiet = move.with_context(
                    tracking_disable=True,
                    mail_notrack=True,
                    mail_create_nosubscribe=True,
                    facturex_look_ahead=True,
                )
                quiet._post(soft=False)
                seen = self._read_posted(move)
                raise _SeenEnoughError
        except _SeenEnoughError:
            # what posting wanted to do after the commit goes with it
            self.env.cr.postcommit._funcs.clear()
            self.env.cr.postcommit._funcs.extend(hooks)
        self._propose(seen)

    def _read_posted(self, move):
        """What the customer gets, as plain values: records do not outlive this."""
        send = self.env["account.move.send"]
        report = send._get_default_pdf_report_id(move)
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            report.report_name, move.ids
        )
        template = send._get_default_mail_template_id(move)
        lang = send._get_default_mail_lang(move, template)
        edi_format = self._format() or False
        attachments = send._get_default_mail_attachments_widget(
            move, template, invoice_edi_format=edi_format, pdf_report=report
        )
        sender = send._get_mail_default_field_value_from_template(
            template, lang, move, "email_from"
        )
        return {
            "preview": html.decode() if isinstance(html, bytes) else str(html),
            "number": move.name,
            "reference": move.payment_reference or "",
            "from": sender or self.env.user.email_formatted or "",
            "partners": self._default_recipients(move, template, lang).ids,
            "subject": send._get_default_mail_subject(move, template, lang) or "",
            "body": str(send._get_default_mail_body(move, template, lang) or ""),
            "attachments": ", ".join(values["name"] for values in attachments),
        }

    def _default_recipients(self, move, template, lang):
        """The invoice address of the customer, else those of the template."""
        billing = move._facturex_recipient()
        if billing.email and billing != move.partner_id:
            return billing
        return self.env["account.move.send"]._get_default_mail_partner_ids(
            move, template, lang
        )

    def _propose(self, seen):
        """Take the new proposal, except where a person wrote his own words."""
        old = self.proposed or {}
        same_customer = old.get("partner") == self.partner_id.id
        values = {
            "preview": seen["preview"],
            "number": seen["number"],
            "mail_from": seen["from"],
            "attachment_names": seen["attachments"],
        }
        if not (same_customer and self.mail_subject != old["subject"]):
            values["mail_subject"] = seen["subject"]
        if not (same_customer and str(self.mail_body) != old["body"]):
            values["mail_body"] = seen["body"]
        if not (same_customer and self.mail_partner_ids.ids != old["partners"]):
            values["mail_partner_ids"] = [fields.Command.set(seen["partners"])]
        if not (same_customer and self.channels):
            values["channels"] = self._default_channels()
        self.write(values)
        proposed = {
            "partner": self.partner_id.id,
            "number": seen["number"],
            "reference": seen["reference"],
            "subject": seen["subject"],
            "partners": seen["partners"],
            # as the field keeps it, once cleaned
            "body": str(self.mail_body) if "mail_body" in values else old["body"],
        }
        self.proposed = proposed

    def _default_channels(self):
        """Channels that this company can use, those of the customer ticked."""
        send, move = self.env["account.move.send"], self.move_id
        preferred = send._get_default_sending_methods(move)
        methods = self.env["ir.model.fields"].get_field_selection(
            "res.partner", "invoice_sending_method"
        )
        return {
            code: {
                "label": label,
                "checked": code in preferred
                and (code == "email" or send._is_applicable_to_move(code, move)),
            }
            for code, label in methods
            if code != "manual"
            and send._is_applicable_to_company(code, self.company_id)
        }

    def _methods(self):
        self.ensure_one()
        channels = self.channels or {}
        return [code for code, values in channels.items() if values.get("checked")]

    def _format(self):
        """Code of the electronic format of this sending, empty for a PDF alone."""
        self.ensure_one()
        if self.plain_pdf or not self.move_id:
            return ""
        return (
            self.env["account.move.send"]._get_default_invoice_edi_format(
                self.move_id, sending_methods=self._methods()
            )
            or ""
        )

    # -- send ----------------------------------------------------------------------

    def action_send(self):
        """Post once and hand over once, however often the button is pressed."""
        self.ensure_one()
        self.check_access("write")
        self.move_id.check_access("write")
        if self.step == DONE:
            return
        self._check_can_leave()
        if self._claim("draft", "posted"):
            self.move_id._post(soft=False)
            if self.env["account.move.send"]._can_commit():
                # from here on the invoice exists, whatever happens to its sending
                self.env.cr.commit()  # pylint: disable=invalid-commit
        self._hand_over()

    def action_retry(self):
        """Send again an invoice whose sending failed; never another invoice."""
        self.ensure_one()
        self.check_access("write")
        self.move_id.check_access("write")
        if self.move_id.facturex_send_state == "failed":
            self._claim("handed", "posted")
        self._hand_over()

    def _check_can_leave(self):
        if self.step not in (PREVIEW, MAIL) or not self.move_id:
            raise UserError(self.env._("Look at the preview before sending."))
        if not self._methods():
            raise UserError(self.env._("Choose at least one way to send the invoice."))
        if "email" in self._methods() and not self.mail_partner_ids:
            raise UserError(self.env._("The e-mail has no recipient."))
        if self.is_blocked:
            raise UserError(
                self.env._(
                    "Complete what the list asks for, or send the PDF alone, without "
                    "electronic format."
                )
            )

    def _claim(self, before, after):
        """Take the invoice from one state to the next, for one caller only.

        :return: True for the caller who got it
        """
        self.move_id.flush_recordset(["facturex_assistant_state", "state"])
        posted = before != "draft"
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE account_move SET facturex_assistant_state = %s
                 WHERE id = %s AND facturex_assistant_state = %s AND state = %s
                RETURNING id
                """,
                after,
                self.move_id.id,
                before,
                "posted" if posted else "draft",
            )
        )
        self.move_id.invalidate_recordset(["facturex_assistant_state"], flush=False)
        return bool(rows)

    def _hand_over(self):
        """Give the posted invoice to the sender, which logs what becomes of it."""
        if self._claim("posted", "handed"):
            self._send_posted()
        elif self.move_id.facturex_assistant_state == "draft":
            raise UserError(
                self.env._("The invoice %s was posted meanwhile.", self.move_id.name)
            )
        self.write(
            {
                "step": DONE,
                "number": self.move_id.name,
                "sent_on": fields.Datetime.now(),
                "sent_to": ", ".join(self.mail_partner_ids.mapped("email_formatted")),
            }
        )

    def _send_posted(self):
        """Through `account.move.send`, with the words and channels of the screen."""
        move = self.move_id
        sender = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"move_id": move.id})
        )
        sender.sending_methods = self._methods()
        settings = sender._get_sending_settings()
        settings["invoice_edi_format"] = self._format() or False
        if self.by_email:
            settings |= {
                "mail_partner_ids": self.mail_partner_ids.ids,
                "mail_subject": self._with_numbers(self.mail_subject),
                "mail_body": self._with_numbers(self.mail_body),
            }
        widget = self.env["account.move.send"]._get_default_mail_attachments_widget(
            move,
            sender.template_id,
            invoice_edi_format=settings["invoice_edi_format"],
            extra_edis=settings["extra_edis"],
            pdf_report=settings["pdf_report"],
        )
        settings["mail_attachments_widget"] = widget + [
            {
                "id": attachment.id,
                "name": attachment.name,
                "mimetype": attachment.mimetype,
                "placeholder": False,
                "manual": True,
            }
            for attachment in self.attachment_ids
        ]
        sender._facturex_send_safely(move, **settings)

    def _with_numbers(self, text):
        """Replace the number foreseen by the one that the invoice got.

        They differ when another invoice was posted between the preview and the sending.
        """
        proposed = self.proposed or {}
        move = self.move_id
        actual = {"number": move.name, "reference": move.payment_reference}
        for key, value in actual.items():
            foreseen = proposed.get(key)
            if text and value and foreseen and foreseen != value:
                text = text.replace(foreseen, value)
        return text
