from . import subscriptions
from . import reminders
from . import invitations
