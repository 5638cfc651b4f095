from . import subscriptions
from . import reminders
