from . import facturex_dunning_run
