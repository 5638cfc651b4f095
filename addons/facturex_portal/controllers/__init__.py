from . import subscriptions
