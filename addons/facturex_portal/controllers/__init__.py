from . import subscriptions
from . import reminders
from . import invitations
from . import dossiers
from . import requests
