from num2words import num2words

from odoo import models

from ..engine import words


class ResCurrency(models.Model):
    _inherit = "res.currency"

    def _facturex_in_words(self, amount):
        """`amount` in words, in the language of the context.

        :param amount: a number in this currency
        """
        self.ensure_one()
        lang = self.env.context.get("lang") or self.env.user.lang or "en_US"
        value = abs(self.round(amount))
        whole = int(value)
        hundredths = round((value - whole) * 100)
        try:
            text = num2words(
                f"{value:.2f}",
                lang=lang,
                to="currency",
                currency=self.name,
                separator="|",
            )
        except (NotImplementedError, ValueError):
            return self.amount_to_text(value)
        units, _separator, part = text.partition("|")
        return words.join(
            units,
            part,
            has_whole=bool(whole),
            has_part=bool(hundredths),
            lang=lang,
        )
