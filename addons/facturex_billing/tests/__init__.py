from . import test_dunning_notice
from . import test_dunning_run
from . import test_e_invoice
from . import test_company_settings
from . import test_law
from . import test_security
from . import test_sending
from . import test_subscription
