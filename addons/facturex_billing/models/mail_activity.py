from odoo import fields, models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    # the cause a task of the reminders is about: the next run finds it again
    facturex_cause = fields.Char(index="btree_not_null", readonly=True)
