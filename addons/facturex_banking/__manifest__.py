{
    "name": "Facturex Banking",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Bank statement files imported once, matched and explained",
    "author": "Facturex",
    "license": "LGPL-3",
    "depends": ["facturex_billing", "base_iban"],
    "external_dependencies": {"python": ["lxml", "openpyxl", "python-stdnum"]},
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "views/account_bank_statement_line_views.xml",
        "views/facturex_statement_file_views.xml",
        "views/account_journal_dashboard_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_company_views.xml",
        "wizard/facturex_statement_import_views.xml",
        "views/facturex_banking_menus.xml",
    ],
    "assets": {
        "web.assets_tests": ["facturex_banking/static/tests/tours/**/*"],
    },
}
