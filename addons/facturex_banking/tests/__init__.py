from . import test_dunning_bank
from . import test_bulk_bank
from . import test_import_wizard
from . import test_match
from . import test_match_more
from . import test_security
from . import test_statement_file
from . import test_statement_register
