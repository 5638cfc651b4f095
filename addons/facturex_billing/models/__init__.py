from . import account_journal
from . import account_move
from . import facturex_dunning_policy
from . import facturex_dunning_step
from . import facturex_dunning_notice
from . import facturex_dunning_notice_line
from . import mail_mail
from . import res_partner
