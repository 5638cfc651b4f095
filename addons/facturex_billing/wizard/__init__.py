from . import account_move_send_wizard
from . import facturex_dunning_run
from . import facturex_subscription_billing
from . import facturex_dunning_handover
from . import facturex_dunning_preview
from . import facturex_dunning_ready
from . import facturex_late_charge_waive
