from . import controllers
from . import models
from . import wizard

from odoo.addons.payment import reset_payment_provider


def uninstall_hook(env):
    """Odoo's own part of the payment provider goes with the add-on."""
    reset_payment_provider(env, "facturex_deferred")
