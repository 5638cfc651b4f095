from . import facturex_statement_import
