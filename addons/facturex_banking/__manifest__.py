{
    "name": "Facturex Banking",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "summary": "Bank statement files imported once, matched and explained",
    "author": "Facturex",
    "license": "LGPL-3",
    "depends": ["facturex_billing", "base_iban"],
    "external_dependencies": {"python": ["lxml", "python-stdnum"]},
    "data": [],
}
