"""Which capability of a person's role in a company opens what.

The table is read by the record rules and by the checks of operations that rules do
not see. A model with a company that nobody listed is closed to those who hold no
capability to work (`WORK`): forgetting a line never opens a door.
"""

from collections.abc import Iterable
from dataclasses import dataclass

CAPABILITIES = (
    "sell",
    "buy",
    "bank",
    "match",
    "pay",
    "approve_payment",
    "book",
    "lock",
    "export",
    "documents",
    "documents_sales",
    "documents_purchases",
    "documents_bank",
    "documents_contracts",
    "payroll",
    "manage_users",
    "configure",
)
# who holds the first holds the others as well
IMPLIED = {
    "documents": (
        "documents_sales",
        "documents_purchases",
        "documents_bank",
        "documents_contracts",
    ),
}
MEMBER = "member"  # held by every running member, whatever the role
FIRM = "firm"  # held where the user is one of the dossier's firm: its acts are noted

WORK = ("sell", "buy", "match", "pay", "book", "configure")
SEE = "see:"  # before a capability: reading what it opens, also while suspended
# what is left in a suspended dossier besides reading: taking one's data away
SUSPENDED = frozenset({"export", "manage_users"})

ADMINISTRATOR = frozenset(CAPABILITIES)
ACCOUNTANT = ADMINISTRATOR - {"manage_users", "payroll"}
USER = frozenset({"sell", "documents"})
READER: frozenset[str] = frozenset()


# Class of folder -> the capabilities, all of them needed, that open its documents. Who
# holds `documents` sees every folder but the salaries.
FOLDERS = {
    "sales": ("documents_sales",),
    "purchases": ("documents_purchases",),
    "bank": ("documents_bank",),
    "contracts": ("documents_contracts",),
    "payroll": ("payroll",),
    "other": ("documents",),
    # copies of everything but the salaries
    "package": ("export", "bank", "documents"),
}
FOLDER_CODES = tuple(sorted({code for codes in FOLDERS.values() for code in codes}))
FOLDER_MODELS = frozenset({"facturex.document", "facturex.folder"})


@dataclass(frozen=True)
class Cut:
    """How a model is cut.

    `change` and `read`: capabilities of which one is enough; an empty `read` leaves
    reading to Odoo's own company rules. `path`: the field that leads to the company.
    `more`: further pairs (path, capabilities) that must hold for changes as well.
    """

    change: tuple[str, ...] = WORK
    read: tuple[str, ...] = ()
    path: str = "company_id"
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()


CONFIGURE = Cut(("configure",))
SELL = Cut(("sell",))
OF_PRODUCT = Cut(("sell", "buy", "configure"), path="product_tmpl_id.company_id")

# Longest prefix wins for our own models, present and to come.
PREFIXES = {
    "facturex.": Cut(),
    "facturex.accounting.": Cut(("export", "book", "configure")),
    "facturex.archive.": Cut(("documents", "export")),
    "facturex.bank.": Cut(("match", "configure"), ("bank",)),
    "facturex.credit.": SELL,
    "facturex.document": Cut(FOLDER_CODES),
    "facturex.dunning.": SELL,
    "facturex.dunning.policy": CONFIGURE,
    "facturex.dunning.step": CONFIGURE,
    "facturex.export.": Cut(("export",)),
    "facturex.folder": CONFIGURE,
    "facturex.invoice.": SELL,
    "facturex.late.": SELL,
    "facturex.legal.": CONFIGURE,
    "facturex.match.": Cut(("match", "book"), ("bank",)),
    "facturex.payment.plan": SELL,
    "facturex.payment.run": Cut(("pay", "approve_payment")),
    "facturex.price.": SELL,
    "facturex.price.index": CONFIGURE,
    "facturex.quote.": SELL,
    "facturex.received.": Cut(("documents", "buy")),
    "facturex.retention.": Cut(("documents", "configure")),
    "facturex.sending": SELL,
    "facturex.statement.": Cut(("match",), ("bank",)),
    "facturex.subscription": SELL,
    "facturex.subscription.plan": CONFIGURE,
}

# Own models whose records say themselves who may do what: their rules are in XML.
OWN_RULES = frozenset(
    {
        "facturex.access.log",
        "facturex.capability",
        "facturex.bulk.act",
        "facturex.bulk.act.line",
        "facturex.dossier",
        "facturex.dossier.creation",
        "facturex.dossier.creation.line",
        "facturex.dossier.member",
        "facturex.dossier.tag",
        "facturex.firm",
        "facturex.invitation",
        "facturex.plan",
        "facturex.request",
        "facturex.role",
    }
)

MODELS = {
    "account.account": Cut(("configure", "book"), path="company_ids"),
    "account.analytic.account": Cut(("book", "configure")),
    "account.analytic.applicability": CONFIGURE,
    "account.analytic.distribution.model": CONFIGURE,
    "account.analytic.line": Cut(("sell", "buy", "book")),
    "account.bank.statement": Cut(("match",), ("bank",)),
    "account.bank.statement.line": Cut(("match",), ("bank",)),
    "account.fiscal.position": CONFIGURE,
    "account.fiscal.position.account": CONFIGURE,
    "account.group": CONFIGURE,
    "account.journal": CONFIGURE,
    "account.journal.group": CONFIGURE,
    "account.lock_exception": Cut(("lock",)),
    "account.partial.reconcile": Cut(("match", "pay", "book")),
    "account.payment": Cut(("pay",)),
    "account.payment.method.line": Cut(("configure",), path="journal_id.company_id"),
    "account.payment.term": CONFIGURE,
    "account.payment.term.line": Cut(("configure",), path="payment_id.company_id"),
    "account.reconcile.model": CONFIGURE,
    "account.reconcile.model.line": Cut(("configure",), path="model_id.company_id"),
    "account.tax": CONFIGURE,
    "account.tax.group": CONFIGURE,
    "account.tax.repartition.line": CONFIGURE,
    "crm.team": CONFIGURE,
    "payment.provider": CONFIGURE,
    "payment.transaction": Cut(("sell", "pay")),
    "product.pricelist": CONFIGURE,
    "product.pricelist.item": CONFIGURE,
    "facturex.fee.tier": Cut(("configure",), path="rule_id.company_id"),
    "product.attribute.custom.value": Cut(
        ("sell",), path="sale_order_line_id.company_id"
    ),
    "product.product": OF_PRODUCT,
    "product.supplierinfo": Cut(("buy", "configure")),
    "product.template": Cut(("sell", "buy", "configure")),
    "product.template.attribute.exclusion": OF_PRODUCT,
    "product.template.attribute.line": OF_PRODUCT,
    "product.template.attribute.value": OF_PRODUCT,
    "res.company": Cut(("configure",), path="id"),
    "res.currency.rate": CONFIGURE,
    "res.partner": Cut(
        ("sell", "buy", "book"), more=(("ref_company_ids", ("configure",)),)
    ),
    "res.partner.bank": Cut(
        ("buy", "pay"),
        more=(
            ("partner_id.company_id", ("buy", "pay")),
            ("partner_id.ref_company_ids", ("configure",)),
        ),
    ),
    "sale.order": SELL,
    "sale.order.line": SELL,
    "sale.order.template": Cut(("sell", "configure")),
    "sale.order.template.line": Cut(("sell", "configure")),
}

# account.move and account.move.line: by kind of document. Each tuple: the types, the
# types of journal (None: any; a leading "not": the others), the capabilities.
MOVES = (
    (("out_invoice", "out_refund", "out_receipt"), None, ("sell",)),
    (("in_invoice", "in_refund", "in_receipt"), None, ("buy",)),
    (("entry",), ("in", ("bank", "cash", "credit")), ("match", "pay", "book")),
    (("entry",), ("not in", ("bank", "cash", "credit")), ("book",)),
)

# Their company, if any, is no frontier of Odoo's: read through other rules.
NATIVE_READ = frozenset({"res.company", "res.partner"})
# Not cut here: people, files (they follow their document) and what only tells.
FREE = frozenset({"ir.attachment", "ir.default", "mail.alias", "res.users"})

# Settings that all companies of the database share: closed to those whose rights come
# from a membership.
SHARED = frozenset(
    {
        "account.account.tag",
        "account.analytic.plan",
        "account.cash.rounding",
        "account.incoterms",
        "account.payment.method",
        "account.report",
        "account.report.column",
        "account.report.expression",
        "account.report.external.value",
        "account.report.line",
        "base_import.mapping",
        "crm.tag",
        "iap.account",
        "mail.activity.plan",
        "mail.activity.plan.template",
        "mail.activity.type",
        "mail.template",
        "product.attribute",
        "product.attribute.value",
        "product.category",
        "product.tag",
        "report.layout",
        "res.bank",
        "res.country",
        "res.country.group",
        "res.country.state",
        "res.currency",
        "res.partner.category",
        "sms.template",
        "spreadsheet.dashboard.share",
        "uom.uom",
        "utm.medium",
        "utm.source",
    }
)

# Created in a dossier, they get its company.
OWNED = frozenset({"product.template", "res.partner"})

# fields whose change may carry a record into another company
CARRIERS = frozenset(
    {
        "commercial_partner_id",
        "company_id",
        "company_ids",
        "dossier_id",
        "folder_id",
        "journal_id",
        "model_id",
        "move_id",
        "move_type",
        "order_id",
        "partner_id",
        "payment_id",
        "policy_id",
        "product_tmpl_id",
        "subscription_id",
    }
)


def cut_of(model: str, has_company: bool) -> Cut | None:
    """The cut of a model, or None when memberships do not concern it.

    In: the model's name, whether it has a field `company_id` towards res.company.
    """
    if model in OWN_RULES or model in FREE:
        return None
    if cut := MODELS.get(model):
        return cut
    if not has_company:
        return None
    prefixes = [prefix for prefix in PREFIXES if model.startswith(prefix)]
    return PREFIXES[max(prefixes, key=len)] if prefixes else Cut()


def see(code: str) -> str:
    """What opens reading: a suspended dossier takes the acts away, not the sight."""
    return code if code in (MEMBER, FIRM) else SEE + code


def closure(codes: Iterable[str]) -> frozenset[str]:
    """The capabilities with those that they imply."""
    codes = frozenset(codes)
    return codes.union(*(IMPLIED.get(code, ()) for code in codes))


def within(narrow: frozenset[str], wide: frozenset[str]) -> bool:
    """One hands out only what one holds: no capability of `narrow` misses in `wide`."""
    return narrow <= wide


def group_of(capabilities: frozenset[str]) -> str:
    """Name of the add-on's group that opens the screens of these capabilities.

    The group is the most that a person may do anywhere; the rules cut per company.
    """
    if capabilities & {"configure", "manage_users"}:
        return "manager"
    if capabilities & {"book", "lock", "export", "approve_payment", "pay"}:
        return "accountant"
    return "user"
