from . import facturex_guards
from . import facturex_invite
