from . import facturex_guards
