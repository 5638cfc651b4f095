from . import test_export_batch
