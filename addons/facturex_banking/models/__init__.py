from . import account_bank_statement_line
from . import account_journal
from . import account_move
from . import facturex_dunning_policy
from . import facturex_match_proposal
from . import facturex_statement_file
from . import res_company
from . import res_config_settings
