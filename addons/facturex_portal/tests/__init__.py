from . import test_portal_reminders
from . import test_export_batch
from . import test_portal_subscriptions
from . import test_dossier_inventory
from . import test_dossier_life
from . import test_dossier_rpc
from . import test_dossier_roles
