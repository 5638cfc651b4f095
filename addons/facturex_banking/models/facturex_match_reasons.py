from odoo import models
from odoo.tools.misc import format_amount, format_date

from ..engine.references import printed_reference


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    def _facturex_reason_words(self, reason):
        """One reason of the engine as a bookkeeper would say it."""
        values = self._facturex_reason_values(reason)
        words = {
            **self._facturex_words_of_documents(),
            **self._facturex_words_of_amounts(),
            **self._facturex_words_of_payers(),
        }
        return words.get(reason.code, reason.code) % values

    def _facturex_words_of_documents(self):
        return {
            "reference_equal": self.env._("reference %(reference)s"),
            "reference_shared": self.env._("%(count)s documents have this reference"),
            "reference_unknown": self.env._(
                "reference %(reference)s belongs to no document"
            ),
            "end_to_end_equal": self.env._("our payment identifier %(reference)s"),
            "run_expected": self.env._("payment run %(reference)s"),
            "number_found": self.env._("number %(number)s in the text"),
            "number_part": self.env._("the end of number %(number)s in the text"),
            "number_near": self.env._(
                "almost number %(number)s: a typing mistake is likely"
            ),
            "number_confusable": self.env._(
                "number %(number)s of the same amount looks alike"
            ),
            "item_claimed": self.env._("another transaction already pays it"),
            "item_contested": self.env._("%(count)s transactions of that day name it"),
            "item_better": self.env._("another transaction fits it better"),
            "direction_differs": self.env._("the money goes the other way"),
            "currency_differs": self.env._("the document is in %(currency)s"),
        }

    def _facturex_words_of_amounts(self):
        return {
            "amount_equal": self.env._("amount equal"),
            "amount_differs": self.env._("amount differs by %(difference)s"),
            "amount_shared": self.env._("%(count)s documents have this amount"),
            "sum_equal": self.env._("%(count)s documents add up to the amount"),
            "sums_several": self.env._("there are other ways to add up"),
            "lines_add_up": self.env._(
                "%(count)s transactions together pay it exactly"
            ),
            "discount_taken": self.env._("the early payment discount was taken"),
            "difference_small": self.env._(
                "a difference of %(difference)s, within your tolerance"
            ),
            "difference_rate": self.env._(
                "%(difference)s less, within your discount tolerance"
            ),
            "rate_near": self.env._("exchange difference of %(difference)s"),
        }

    def _facturex_words_of_payers(self):
        return {
            "iban_known": self.env._("account known for this partner"),
            "iban_other_partner": self.env._("the account belongs to another partner"),
            "name_similar": self.env._("name looks alike"),
            "name_differs": self.env._("the name on the statement is not %(name)s"),
            "name_remembered": self.env._(
                "this name paid for the partner %(count)s times before"
            ),
            "partner_given": self.env._("the transaction is of this partner"),
            "due_near": self.env._("due on %(date)s"),
            "rule": self.env._("rule “%(rule)s”"),
            "habit": self.env._("booked like this %(count)s times before"),
            "own_account": self.env._("the account is our own"),
            "payment_returned": self.env._("the payment of %(date)s comes back"),
            "past_vouches": self.env._("such matches never were wrong here"),
        }

    def _facturex_reason_values(self, reason):
        values = dict(reason.values)
        if "reference" in values:
            values["reference"] = printed_reference(values["reference"])
        if "difference" in values:
            values["difference"] = format_amount(
                self.env, float(values["difference"]), self.currency_id
            )
        if "date" in values:
            values["date"] = format_date(self.env, values["date"])
        return values
