from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, format_amount

from .facturex_dunning_facts import NoticeFacts

MAX_REFERENCE = 140


class FacturexDunningNotice(models.Model):
    """What a reminder says, whatever the words around it."""

    _inherit = "facturex.dunning.notice"

    def _get_message_table(self):
        """Due lines, credits, interest and costs; one way to pay. For templates."""
        self.ensure_one()
        return self.env["ir.qweb"]._render(
            "facturex_billing.dunning_message_table", self._prepare_message_values()
        )

    def _prepare_message_values(self):
        facts = self._get_facts()
        lines = facts.lines[self.id]
        account = self._get_bank_account()
        promises = [line.promise for line in lines if line.promise]
        base_url = self.get_base_url()
        return {
            "lines": [
                {
                    "name": line.name,
                    "url": base_url + line.move.get_portal_url(),
                    "date": facts.date(self.env, line.date_maturity),
                    "reference": line.reference,
                    "amount": facts.money(self.env, line.residual, line.currency),
                }
                for line in lines
            ],
            "credits": [
                {
                    "name": credit.name,
                    "date": facts.date(self.env, credit.date),
                    "amount": facts.money(self.env, -credit.amount, credit.currency_id),
                }
                for credit in self.credit_ids
            ],
            "totals": [
                self._prepare_total(*total) for total in self._get_totals().items()
            ],
            "promise": promises and facts.date(self.env, max(promises)),
            "pay_url": self._get_payment_url(),
            "account": account.acc_number,
            "reference": self._get_transfer_reference(),
            "qr_url": self._get_qr_url(),
        }

    def _prepare_letter_values(self):
        """The same on paper: the code is drawn, as nobody can follow its link."""
        self.ensure_one()
        qr = self._get_qr_values()
        image = qr and self._get_bank_account().build_qr_code_base64(**qr)
        return self._prepare_message_values() | {"qr_image": image}

    def _prepare_total(self, currency, amounts):
        interest, fee = amounts["interest"], amounts["fee"]
        return {
            "interest": interest and self._money(interest, currency),
            "fee": fee and self._money(fee, currency),
            "due": self._money(amounts["due"], currency),
        }

    def _money(self, amount, currency):
        facts = self.env.context.get("facturex_facts")
        if facts:
            return facts.money(self.env, amount, currency)
        return format_amount(self.env, amount, currency)

    def _get_facts(self):
        """What the words need: of all messages that are rendered with this one, else
        of this one as it is now.

        :return: `NoticeFacts`
        """
        facts = self.env.context.get("facturex_facts")
        if facts and self.id in facts.lines:
            return facts
        return NoticeFacts(self)

    def _with_shared_facts(self):
        """The same records; what their words ask for is read once for all."""
        moves = self.line_ids.move_id
        # a message alone would fetch its own rows only
        moves.fetch(["name", "payment_reference", "access_token"])
        return self.with_context(facturex_facts=NoticeFacts(self))

    def _get_totals(self):
        """{currency: {open, credit, interest, fee, due}}; currencies stay apart."""
        self.ensure_one()
        totals = defaultdict(lambda: defaultdict(float))
        for line in self._get_facts().lines[self.id]:
            total = totals[line.currency]
            total["open"] += line.residual
            total["interest"] += line.interest
            total["fee"] += line.fee
        for credit in self.credit_ids:
            if credit.currency_id in totals:
                totals[credit.currency_id]["credit"] += credit.amount
        for currency, total in totals.items():
            due = total["open"] - total["credit"] + total["interest"] + total["fee"]
            total["due"] = currency.round(due)
        return dict(totals)

    def _get_payment_url(self):
        """Where the customer sees and pays everything; a hook of the portal."""
        self.ensure_one()
        lines = self._get_claimed_lines()
        if len(lines.move_id) == 1:
            return lines[:1]._get_portal_link()
        return self.get_base_url() + "/my/invoices/overdue"

    def _get_transfer_reference(self):
        """One invoice: its reference. Several: their numbers, as free text."""
        self.ensure_one()
        lines = self._get_facts().lines[self.id]
        names = dict.fromkeys(line.name for line in lines)
        if len(names) == 1:
            return lines[0].reference
        return " ".join(names)[:MAX_REFERENCE]

    def _get_qr_values(self):
        """What the one QR code asks for: all that is due in euro; None when it cannot
        be made (no IBAN, another currency, nothing due)."""
        self.ensure_one()
        totals = self._get_totals()
        account = self._get_bank_account()
        euros = [currency for currency in totals if currency.name == "EUR"]
        if not account or len(euros) != 1 or totals[euros[0]]["due"] <= 0:
            return None
        reference = self._get_transfer_reference()
        single = len({line.name for line in self._get_facts().lines[self.id]}) == 1
        return {
            "amount": totals[euros[0]]["due"],
            "free_communication": reference,
            "structured_communication": reference if single else "",
            "currency": euros[0],
            "debtor_partner": self.partner_id,
            "qr_method": "sct_qr",
        }

    def _get_qr_url(self):
        """The picture is drawn when somebody looks at it, not when the mail is made."""
        values = self._get_qr_values()
        if not values:
            return None
        if "sct_qr" not in dict(
            self.env["res.partner.bank"].get_available_qr_methods_in_sequence()
        ):
            return None
        url = self._get_bank_account().build_qr_code_url(**values)
        return url and self.get_base_url() + url


class FacturexDunningNoticeLine(models.Model):
    _inherit = "facturex.dunning.notice.line"

    @api.model_create_multi
    def create(self, vals_list):
        """The links get their tokens here: who reads a preview may not write."""
        lines = super().create(vals_list)
        lines.move_id._facturex_ensure_tokens()
        return lines

    def _complete(self):
        result = super()._complete()
        self.move_id._facturex_ensure_tokens()
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _facturex_ensure_tokens(self):
        """Portal tokens of all invoices in one query: Odoo writes them one by one."""
        # a token opens the page of one's own invoice; the reminder that carries it
        # goes to its debtor
        missing = self.filtered(lambda move: not move.sudo().access_token)
        if not missing:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE account_move SET access_token = gen_random_uuid()
                 WHERE id IN %s AND access_token IS NULL
                """,
                tuple(missing.ids),
            )
        )
        missing.invalidate_recordset(["access_token"])
