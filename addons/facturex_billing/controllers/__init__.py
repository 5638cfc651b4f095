from . import portal
from . import deferred
