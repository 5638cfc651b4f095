from . import account_move_send_wizard
from . import facturex_dunning_run
from . import facturex_subscription_billing
