{
    "name": "Facturex Portal",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "The accountant's exports and the customer's pages",
    "author": "Facturex",
    "license": "LGPL-3",
    "depends": ["facturex_billing", "facturex_banking", "portal"],
    "external_dependencies": {"python": ["xlsxwriter"]},
    "data": [
        "security/ir.model.access.csv",
        "security/rules.xml",
        "views/facturex_export_batch_views.xml",
        "views/facturex_portal_menus.xml",
        "views/portal_subscription_templates.xml",
        "views/portal_reminder_templates.xml",
    ],
    "assets": {
        "web.assets_tests": ["facturex_portal/static/tests/tours/**/*"],
    },
}
