from . import facturex_dunning_notice
from . import facturex_export_batch
from . import facturex_export_item
