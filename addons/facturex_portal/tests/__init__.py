from . import test_portal_reminders
from . import test_export_batch
from . import test_portal_subscriptions
