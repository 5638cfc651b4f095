"""The people and things of the demo, as an administrator would enter them.

Every function takes the environment of an administrator and returns records; nothing
is written but through the models' own methods.
"""

import base64
import io
from dataclasses import dataclass, field

from markupsafe import Markup
from PIL import Image, ImageDraw

from odoo.fields import Command

from scripts.seed import dataset

PASSWORD = "facturex-demo"  # noqa: S105 (a demo, on loopback)
CHARTS = {"be": "be_comp", "fr": "fr"}
LANGUAGES = ("fr_FR", "fr_BE", "nl_NL", "nl_BE")
LOGO_COLOURS = {"be": "#0f766e", "fr": "#9a3412"}
UOMS = {
    "unit": "uom.product_uom_unit",
    "hour": "uom.product_uom_hour",
    "day": "uom.product_uom_day",
}


@dataclass
class Office:
    """Records by the keys of the dataset."""

    companies: dict = field(default_factory=dict)
    users: dict = field(default_factory=dict)
    customers: dict = field(default_factory=dict)
    suppliers: dict = field(default_factory=dict)
    products: dict = field(default_factory=dict)
    terms: dict = field(default_factory=dict)
    banks: dict = field(default_factory=dict)


def create_office(env, customers=dataset.CUSTOMERS):
    """The accounting firm's own company, the two client companies, their people."""
    office = Office()
    # no look-up of companies on the internet: this demo talks to this machine only
    for service in ("iap.endpoint", "iap.partner_autocomplete.endpoint"):
        env["ir.config_parameter"].set_param(service, "http://127.0.0.1:9")
    _name_the_firm(env)
    for spec in dataset.COMPANIES:
        office.companies[spec.key] = _create_company(env, spec)
    _create_users(env, office)
    office.terms = _create_terms(env)
    for spec in dataset.COMPANIES:
        office.banks[spec.key] = _open_bank(env, office, spec)
        _create_products(env, office, spec.key)
    for spec in customers:
        office.customers[spec.key] = _create_customer(env, office, spec)
    for spec in dataset.SUPPLIERS:
        office.suppliers[spec.key] = _create_supplier(env, office, spec)
    _create_portal_users(env, office)
    return office


def _country(env, code):
    return env["res.country"].search([("code", "=", code)], limit=1)


def _address(env, spec):
    return {
        "name": spec.name,
        "street": spec.street,
        "zip": spec.zip,
        "city": spec.city,
        "country_id": _country(env, spec.country).id,
        "email": spec.email,
        "phone": spec.phone,
        "vat": spec.vat,
        "company_registry": spec.registry,
    }


def _name_the_firm(env):
    env.ref("base.main_partner").write(
        {"lang": dataset.FIRM.lang, **_address(env, dataset.FIRM)}
    )
    env.ref("base.main_company").name = dataset.FIRM.name


def _create_company(env, spec):
    """An independent company with its chart; in this context no module is installed."""
    company = (
        env["res.company"]
        .with_context(chart_template_load=True)
        .create(
            {
                **_address(env, spec),
                "currency_id": env.ref(f"base.{spec.currency}").id,
                "external_report_layout_id": env.ref("web.external_layout_bold").id,
            }
        )
    )
    company.partner_id.lang = spec.lang
    company.write(
        {
            "facturex_legal_form": spec.legal_form,
            "facturex_registry_city": spec.court,
            "facturex_capital": float(spec.share_capital or 0),
            "logo": base64.b64encode(_logo(spec)),
            "company_details": _details(spec),
            "report_footer": Markup("%s · %s") % (spec.name, spec.email),
        }
    )
    env["account.chart.template"].try_loading(
        CHARTS[spec.key], company=company, install_demo=False
    )
    # Royal Decree of 8 July 2025: VAT is computed per rate on the total
    company.tax_calculation_rounding_method = "round_globally"
    return company


def _logo(spec):
    """A square of the company's colour with its initials."""
    picture = Image.new("RGB", (240, 240), LOGO_COLOURS[spec.key])
    initials = "".join(word[0] for word in spec.name.split()[:2] if word[0].isalpha())
    ImageDraw.Draw(picture).text(
        (120, 120), initials, fill="white", anchor="mm", font_size=130
    )
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _details(spec):
    """The head of the page: short, or it runs into the customer's address.

    The numbers that the law wants are in the line under the totals.
    """
    lines = [spec.name, spec.street, f"{spec.zip} {spec.city}"]
    return Markup("<br/>").join(lines)


def _create_users(env, office):
    groups = {
        "owner": env.ref("facturex_billing.group_facturex_manager"),
        "collaborator": env.ref("facturex_billing.group_facturex_accountant"),
    }
    everything = list(office.companies.values())
    for spec in dataset.USERS:
        if spec.role not in groups:
            continue
        own = [office.companies[spec.company]] if spec.company else everything
        office.users[spec.key] = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": spec.name,
                    "login": spec.login,
                    "email": spec.login,
                    "lang": spec.lang,
                    "tz": "Europe/Brussels",
                    "password": PASSWORD,
                    "company_id": own[0].id,
                    "company_ids": [Command.set([company.id for company in own])],
                    "group_ids": [Command.link(groups[spec.role].id)],
                }
            )
        )
    # the administrator sets the companies up, so must be in them
    env.user.company_ids = [Command.link(company.id) for company in everything]


def _create_portal_users(env, office):
    for spec in dataset.PORTAL_USERS:
        company = office.companies[spec.company]
        customer = office.customers[spec.customer]
        contact = env["res.partner"].create(
            {
                "name": spec.name,
                "parent_id": customer.id,
                "email": spec.login,
                "lang": spec.lang,
                "company_id": company.id,
            }
        )
        office.users[spec.key] = (
            env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "partner_id": contact.id,
                    "login": spec.login,
                    "password": PASSWORD,
                    "lang": spec.lang,
                    "company_id": company.id,
                    "company_ids": [Command.set(company.ids)],
                    "group_ids": [Command.set(env.ref("base.group_portal").ids)],
                }
            )
        )


def _create_terms(env):
    names = {
        "immediate": ("Immediate payment", "Paiement immédiat", "Contant"),
        "30days": ("30 days", "30 jours", "30 dagen"),
        "2x50": (
            "In two halves, 30 and 60 days",
            "En deux fois, à 30 et 60 jours",
            "In twee keer, na 30 en 60 dagen",
        ),
    }
    terms = {}
    for key, instalments in dataset.PAYMENT_TERMS.items():
        english, french, dutch = names[key]
        terms[key] = env["account.payment.term"].create(
            {
                "name": english,
                "line_ids": [
                    Command.create(
                        {"value_amount": float(share * 100), "nb_days": days}
                    )
                    for days, share in instalments
                ],
            }
        )
        _translate(terms[key], french, dutch)
    return terms


def _open_bank(env, office, spec):
    """The chart's bank journal gets the company's account."""
    company = office.companies[spec.key]
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    _set_account(env, journal, spec.iban, spec.bic)
    return journal


def open_journal(env, company, name, code, iban):
    """Another bank journal of the company, for a real account of the samples."""
    journal = (
        env["account.journal"]
        .with_company(company)
        .create({"name": name, "code": code, "type": "bank", "company_id": company.id})
    )
    _set_account(env, journal, iban, None)
    return journal


def _set_account(env, journal, iban, bic):
    bank = env["res.bank"]
    if bic:
        bank = bank.search([("bic", "=", bic)], limit=1) or bank.create(
            {"name": bic, "bic": bic}
        )
    journal.set_bank_account(iban, bank.id)
    journal.bank_account_id.allow_out_payment = True


def _create_products(env, office, key):
    company = office.companies[key]
    for spec in dataset.PRODUCTS:
        if key not in spec.companies:
            continue
        product = office.products.get(spec.key) or _create_product(env, spec)
        office.products[spec.key] = product
        for kind, name in (("sale", "taxes_id"), ("purchase", "supplier_taxes_id")):
            product[name] = [
                Command.link(_tax(env, company, kind, spec.vat_rate(key)).id)
            ]


def _create_product(env, spec):
    product = env["product.product"].create(
        {
            "name": spec.name_en,
            "type": spec.type,
            "list_price": float(spec.price),
            "uom_id": env.ref(UOMS[spec.uom]).id,
            "sale_ok": spec.sale,
            "purchase_ok": spec.purchase,
            "categ_id": _category(env, spec.category).id,
            "invoice_policy": "order",
            "taxes_id": [Command.clear()],
            "supplier_taxes_id": [Command.clear()],
        }
    )
    _translate(product, spec.name_fr, spec.name_nl)
    return product


def _translate(record, french, dutch):
    # a name typed by a person has no fallback from Belgian French to French
    for lang, name in zip(LANGUAGES, (french, french, dutch, dutch), strict=True):
        record.with_context(lang=lang).name = name


def _category(env, path):
    category = env["product.category"]
    for name in path.split(" / "):
        category = env["product.category"].search(
            [("name", "=", name), ("parent_id", "=", category.id)], limit=1
        ) or env["product.category"].create({"name": name, "parent_id": category.id})
    return category


def _tax(env, company, kind, rate):
    """The company's own tax of that rate, its default one first."""
    default = company[f"account_{kind}_tax_id"]
    if default.amount == float(rate):
        return default
    tax = (
        env["account.tax"]
        .with_context(active_test=False)
        .search(
            [
                ("company_id", "=", company.id),
                ("type_tax_use", "=", kind),
                ("amount_type", "=", "percent"),
                ("amount", "=", float(rate)),
                ("country_id", "=", company.account_fiscal_country_id.id),
            ],
            order="active desc, sequence, id",
            limit=1,
        )
    )
    if not tax:
        raise ValueError(f"{company.name} has no {kind} tax of {rate} %")
    # charts come with their rarer rates switched off
    tax.active = True
    return tax


def _create_customer(env, office, spec):
    company = office.companies[spec.company]
    return (
        env["res.partner"]
        .with_company(company)
        .create(
            {
                **_address(env, spec),
                "is_company": spec.kind != "consumer",
                "lang": spec.lang,
                "company_id": company.id,
                "ref": spec.buyer_reference,
                "property_payment_term_id": office.terms[spec.payment_term].id,
                "invoice_sending_method": "email",
            }
        )
    )


def _create_supplier(env, office, spec):
    company = office.companies[spec.company]
    return (
        env["res.partner"]
        .with_company(company)
        .create(
            {
                **_address(env, spec),
                "is_company": True,
                "lang": spec.lang,
                "company_id": company.id,
                "supplier_rank": 1,
                "property_supplier_payment_term_id": office.terms[spec.payment_term].id,
                "bank_ids": [Command.create({"acc_number": spec.iban})],
            }
        )
    )
