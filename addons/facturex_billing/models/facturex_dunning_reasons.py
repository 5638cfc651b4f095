"""The words for the engine's reasons: one stable code, one sentence."""

from odoo import fields
from odoo.tools import format_date

from ..engine import dunning, preflight

# Invoices in these states claim nothing: `in_payment` counts as settled.
SETTLED_STATES = ("in_payment", "paid", "reversed", "invoicing_legacy")

# (code, label): the label is translated by the selection fields that use the list
REASONS = [
    (dunning.SKIP_NOT_YET, "Its next level is not due yet"),
    (dunning.SKIP_BLOCKED, "Blocked or excluded from follow-up"),
    (dunning.SKIP_ALL_STEPS_DONE, "Every level was sent"),
    (dunning.SKIP_GAP, "A message left a few days ago"),
    (dunning.SKIP_CREDIT, "Open credits cover it"),
    (dunning.SKIP_THRESHOLD, "Below the amount worth a message"),
    (dunning.SKIP_NO_ADDRESS, "The customer has no e-mail address"),
    (dunning.SKIP_PENDING, "A reminder is waiting to be sent"),
    (dunning.SKIP_CAP, "Enough messages for today"),
    (dunning.SKIP_NO_POLICY, "No policy reminds of it"),
    ("hold_dispute", "In dispute"),
    ("hold_promise", "Promised"),
    ("hold_plan", "In a payment plan"),
    ("hold_declared", "The customer says it is paid"),
    ("hold_manual", "On hold"),
    ("hold_deferred", "On deferred payment"),
    (preflight.PAYMENT_PENDING, "A payment is on its way"),
    (preflight.E_INVOICE_FAILED, "The invoice was not delivered"),
    (preflight.BOUNCED, "The address bounced or is blocked"),
    (preflight.BANK_STALE, "The bank lines are old"),
    (preflight.BANK_RESEMBLES, "A bank line looks like the payment"),
    (preflight.CREDIT_UNMATCHED, "A payment is not matched yet"),
    (preflight.CREDIT_DRAFT, "A credit note is in preparation"),
]

# what a person can do something about: one task per cause
ACTIONABLE = {
    preflight.BANK_STALE,
    preflight.BANK_RESEMBLES,
    preflight.CREDIT_UNMATCHED,
    preflight.CREDIT_DRAFT,
    preflight.BOUNCED,
    preflight.E_INVOICE_FAILED,
    dunning.SKIP_NO_ADDRESS,
}


def describe(env, code, detail=""):
    """A short sentence for a chip: the label, with the day or the amount if known."""
    if code == preflight.BANK_STALE:
        return env._("Newest bank line %s days old", detail)
    if code == preflight.BANK_RESEMBLES:
        return env._("Bank line of %s unmatched", detail)
    if code == preflight.CREDIT_UNMATCHED:
        return env._("Payment of %s unmatched", detail)
    if code == preflight.CREDIT_DRAFT:
        return env._("Credit note of %s in preparation", detail)
    selection = env["facturex.dunning.run.line"]._fields["reason"]
    label = dict(selection._description_selection(env)).get(code, code)
    if code == dunning.SKIP_NOT_YET or code == dunning.SKIP_GAP:
        return env._("%(why)s: from %(day)s", why=label, day=_day(env, detail))
    if code.startswith(preflight.HOLD_PREFIX):
        return env._("%(why)s until %(day)s", why=label, day=_day(env, detail))
    return label


def _day(env, iso):
    return format_date(env, fields.Date.to_date(iso)) if iso else ""
