"""Opening deferred payment: the company, then its documents, then a decision."""

from datetime import timedelta

from markupsafe import Markup
from stdnum import bic as bic_number

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..engine import bank_account, identifiers

STATES = [
    ("draft", "Company"),
    ("documents", "Documents"),
    ("submitted", "To Review"),
    ("more", "More Asked"),
    ("accepted", "Accepted"),
    ("refused", "Refused"),
]
# states in which the applicant may still change what he said
EDITABLE = ("draft", "documents", "more")
COMPANY_FIELDS = (
    "company_name",
    "legal_form",
    "number",
    "street",
    "zip",
    "city",
    "country_id",
    "representative",
    "role",
    "birth_date",
    "email",
)
ADULT = 18


class FacturexCreditApplication(models.Model):
    _name = "facturex.credit.application"
    _description = "Application for Deferred Payment"
    _inherit = ["facturex.facts", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "company_name"
    _check_company_auto = True
    _facts = frozenset(
        {
            "state",
            "terms_id",
            "terms_on",
            "terms_by",
            "terms_ip",
            "terms_user_agent",
            "terms_sha256",
            "terms_method",
            "vat",
            "registry",
            "submitted_on",
            "decided_by",
            "decided_on",
            "decision_reason",
            "line_id",
        }
    )

    company_id = fields.Many2one(
        "res.company",
        string="Seller",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        domain="[('parent_id', '=', False)]",
        help="Empty: made when the application is accepted.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Reviewer",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    state = fields.Selection(
        STATES,
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
    )
    # the company
    company_name = fields.Char(required=True)
    legal_form = fields.Char()
    number = fields.Char(
        string="VAT or Enterprise Number",
        help="VAT number, enterprise number (KBO/BCE), SIREN or SIRET.",
    )
    vat = fields.Char(string="VAT", readonly=True)
    registry = fields.Char(string="Enterprise Number", readonly=True)
    street = fields.Char()
    zip = fields.Char()
    city = fields.Char()
    country_id = fields.Many2one("res.country")
    # its legal representative
    representative = fields.Char(string="Legal Representative")
    role = fields.Char()
    birth_date = fields.Date()
    email = fields.Char()
    # documents and account
    document_ids = fields.One2many("facturex.credit.document", "application_id")
    iban = fields.Char(string="IBAN")
    bic = fields.Char(string="BIC")
    iban_holder = fields.Char(string="Account Holder")
    # conditions
    terms_id = fields.Many2one(
        "facturex.credit.terms", string="Conditions", readonly=True
    )
    terms_on = fields.Datetime(string="Accepted On", readonly=True, copy=False)
    terms_by = fields.Many2one("res.users", string="Accepted By", readonly=True)
    terms_method = fields.Selection(
        [("portal", "On the portal"), ("paper", "On paper")],
        string="How",
        readonly=True,
    )
    terms_ip = fields.Char(string="IP Address", readonly=True)
    terms_user_agent = fields.Char(string="Browser", readonly=True)
    terms_sha256 = fields.Char(string="SHA-256 of the Conditions", readonly=True)
    # decision
    submitted_on = fields.Datetime(readonly=True, copy=False)
    decided_by = fields.Many2one("res.users", readonly=True, copy=False)
    decided_on = fields.Datetime(readonly=True, copy=False)
    decision_reason = fields.Char(string="Reason", readonly=True, copy=False)
    line_id = fields.Many2one(
        "facturex.credit.line", string="Deferred Payment", readonly=True, copy=False
    )
    missing = fields.Text(compute="_compute_missing")
    checklist = fields.Html(compute="_compute_missing")

    _open_uniq = models.UniqueIndex(
        "(company_id, partner_id) WHERE partner_id IS NOT NULL"
        " AND state IN ('draft', 'documents', 'submitted', 'more')",
        "This customer has an application under way: continue that one.",
    )

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    @api.constrains("number", "country_id")
    def _check_number(self):
        for application in self:
            if application.number:
                application._read_number()

    def _read_number(self):
        """:return: `engine.identifiers.Identity`
        :raise ValidationError: no number of a company
        """
        self.ensure_one()
        found = identifiers.read(self.number, self.country_id.code or "")
        if isinstance(found, identifiers.Refusal):
            raise ValidationError(
                self.env._(
                    "%s is no VAT, enterprise or SIREN number: its check digits are"
                    " wrong. A consumer cannot have deferred payment.",
                    self.number,
                )
            )
        return found

    @api.constrains("iban", "bic")
    def _check_account(self):
        for application in self:
            if application.iban and not bank_account.is_iban(application.iban):
                raise ValidationError(
                    self.env._(
                        "%s is not a valid IBAN: its check digits are wrong.",
                        application.iban,
                    )
                )
            if application.bic and not bic_number.is_valid(application.bic):
                raise ValidationError(
                    self.env._("%s is not a valid BIC.", application.bic)
                )

    @api.constrains("birth_date")
    def _check_birth_date(self):
        for application in self:
            day = application.birth_date
            youngest = fields.Date.subtract(
                fields.Date.context_today(application), years=ADULT
            )
            if day and not youngest - timedelta(days=366 * 100) < day <= youngest:
                raise ValidationError(
                    self.env._(
                        "The legal representative is of age: check his date of birth."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        applications = super().create(vals_list)
        applications._fill_numbers()
        return applications

    def write(self, vals):
        if not self.env.su and any(app.state not in EDITABLE for app in self):
            changed = vals.keys() & {*COMPANY_FIELDS, "iban", "bic", "iban_holder"}
            if changed and any(app.state != "submitted" for app in self):
                raise UserError(self.env._("This application was decided already."))
        result = super().write(vals)
        if {"number", "country_id"} & vals.keys():
            self._fill_numbers()
        return result

    def _fill_numbers(self):
        for application in self.sudo():  # what the number says is no free text
            if application.number:
                found = application._read_number()
                application.write({"vat": found.vat, "registry": found.registry})

    @api.depends(
        *COMPANY_FIELDS,
        "document_ids.state",
        "document_ids.type_id",
        "iban",
        "iban_holder",
        "terms_on",
        "state",
    )
    def _compute_missing(self):
        for application in self:
            application.missing = ", ".join(application._get_missing())
            application.checklist = application._get_checklist()

    def _get_missing_company(self):
        """The labels of what the first step still lacks."""
        self.ensure_one()
        optional = {"legal_form", "role"}
        return [
            self._fields[name]._description_string(self.env)
            for name in COMPANY_FIELDS
            if name not in optional and not self[name]
        ]

    def _get_missing(self):
        """What stands in the way of a decision, in words."""
        self.ensure_one()
        missing = self._get_missing_company()
        handed = self.document_ids.filtered(lambda d: d.state != "refused").type_id
        types = self.env["facturex.credit.document.type"]._get_for(self.company_id)
        missing += (types.filtered("required") - handed).mapped("name")
        for name in ("iban", "iban_holder"):
            if not self[name]:
                missing.append(self._fields[name]._description_string(self.env))
        if not self.terms_on:
            missing.append(self.env._("Acceptance of the conditions"))
        return missing

    def _get_checklist(self):
        """What whoever decides looks at: a mark, what was checked, what was found."""
        self.ensure_one()
        rows = [
            (bool(self.vat or self.registry), *self._check_of_number()),
            (
                not self._get_missing_company(),
                self.env._("Company and representative complete"),
                self.representative or "",
            ),
        ]
        words = dict(
            self.document_ids._fields["state"]._description_selection(self.env)
        )
        for kind in self.env["facturex.credit.document.type"]._get_for(self.company_id):
            handed = self.document_ids.filtered(lambda d, kind=kind: d.type_id == kind)
            if handed or kind.required:
                states = ", ".join(words[document.state] for document in handed)
                accepted = "accepted" in handed.mapped("state")
                rows.append((accepted, kind.name, states or self.env._("Missing")))
        rows.append((bool(self.iban), *self._check_of_account()))
        same = bool(self.iban_holder) and self._is_holder()
        rows.append((same, self.env._("Holder is the company"), self.iban_holder or ""))
        rows.append((bool(self.terms_on), *self._check_of_terms()))
        line = Markup("<li><span class='{} me-2' title='{}'></span>{}{}</li>")
        yes, no = self.env._("Yes"), self.env._("Not yet")
        return Markup("<ul class='list-unstyled mb-0'>{}</ul>").format(
            Markup().join(
                line.format(
                    "fa fa-check text-success"
                    if done
                    else "fa fa-circle-o text-warning",
                    yes if done else no,
                    what,
                    Markup(" : <strong>{}</strong>").format(found) if found else "",
                )
                for done, what, found in rows
            )
        )

    def _check_of_number(self):
        return self.env._("Number of a company, check digits right"), self.number or ""

    def _check_of_account(self):
        return self.env._("IBAN, check digits right"), self.iban or ""

    def _check_of_terms(self):
        words = self.env._("Acceptance of the conditions")
        if not self.terms_on:
            return words, ""
        day = fields.Datetime.context_timestamp(self, self.terms_on)
        return words, f"{self.terms_id.version}, {format_date(self.env, day.date())}"

    def _is_holder(self):
        """Whether the account is in the name of the company, spelling aside."""
        self.ensure_one()
        said, name = (
            "".join(filter(str.isalnum, (text or "").casefold()))
            for text in (self.iban_holder, self.company_name)
        )
        return bool(said) and (said in name or name in said)

    # ------------------------------------------------------------------
    # Steps of the applicant
    # ------------------------------------------------------------------

    def action_next(self):
        """The first step is complete."""
        for application in self:
            application.check_access("write")
            if missing := application._get_missing_company():
                raise UserError(self.env._("Still missing: %s.", ", ".join(missing)))
            if application.state == "draft":
                application.sudo().state = "documents"  # decided just above

    def action_accept_on_paper(self):
        """The applicant signed the conditions; the reviewer says so."""
        self.ensure_one()
        self.check_access("write")
        self._accept_terms("paper")

    def _accept_terms(self, method, ip=False, user_agent=False):
        """Keep which text was accepted, by whom, when and from where."""
        self.ensure_one()
        terms = self.env["facturex.credit.terms"]._current(
            self.company_id, fields.Date.context_today(self)
        )
        if not terms:
            raise UserError(
                self.env._(
                    "There are no conditions of deferred payment: write them in"
                    " Configuration."
                )
            )
        # evidence follows from what happened
        self.sudo().write(
            {
                "terms_id": terms.id,
                "terms_on": fields.Datetime.now(),
                "terms_by": self.env.uid,
                "terms_method": method,
                "terms_ip": ip,
                "terms_user_agent": (user_agent or "")[:500],
                "terms_sha256": terms._sha256(),
            }
        )

    def action_submit(self):
        """Both steps are complete: the seller decides."""
        for application in self:
            application.check_access("write")
            if application.state not in EDITABLE:
                raise UserError(self.env._("This application was submitted already."))
            if missing := application._get_missing():
                raise UserError(self.env._("Still missing: %s.", ", ".join(missing)))
            application.sudo().write(  # complete, see above
                {"state": "submitted", "submitted_on": fields.Datetime.now()}
            )
            application._tell_applicant()
            application._task_reviewer()

    def _task_reviewer(self):
        self.ensure_one()
        application = self.sudo()  # the applicant gives staff something to do
        reviewer = application.user_id or application._get_reviewer()
        if reviewer:
            application.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Review the application for deferred payment"),
                user_id=reviewer.id,
            )

    def _get_reviewer(self):
        managers = self.env.ref("facturex_billing.group_facturex_manager").all_user_ids
        return managers.filtered(
            lambda user: self.company_id in user.company_ids and not user.share
        ).sorted("id", reverse=True)[:1]

    # ------------------------------------------------------------------
    # Decision
    # ------------------------------------------------------------------

    def action_ask_more(self):
        return self._open_decision("more", self.env._("Ask for More"))

    def action_refuse(self):
        return self._open_decision("refused", self.env._("Refuse the Application"))

    def _open_decision(self, decision, title):
        self.ensure_one()
        self.check_access("write")
        self._check_submitted()
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": "facturex.credit.decide",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_application_id": self.id,
                "default_decision": decision,
            },
        }

    def _check_submitted(self):
        if any(application.state != "submitted" for application in self):
            raise UserError(self.env._("Only a submitted application is decided."))

    def _decide(self, decision, reason):
        """:param decision: `more` or `refused`; the applicant reads the reason"""
        self.ensure_one()
        self.check_access("write")
        self._check_submitted()
        self.sudo().write(  # by the buttons only
            {
                "state": decision,
                "decision_reason": reason,
                "decided_by": self.env.uid,
                "decided_on": fields.Datetime.now(),
            }
        )
        # another application may follow in the same breath
        self.flush_recordset()
        if decision == "refused":
            today = fields.Date.context_today(self)
            # a duty that follows from the decision
            self.sudo().document_ids._keep_from(today)
        self.activity_ids.action_done()
        self._tell_applicant()

    def action_accept(self):
        """Open the line; its bank account is verified by somebody else afterwards."""
        for application in self:
            application.check_access("write")
            application._check_submitted()
            if missing := application._get_missing():
                raise UserError(self.env._("Still missing: %s.", ", ".join(missing)))
            self.env["facturex.credit.line"]._check_manager()
            line = application._get_line()
            application.document_ids.filtered(
                lambda document: document.state == "new"
            ).action_accept()
            if line.state in ("draft", "closed"):
                line.action_open()
            application.sudo().write(  # by the buttons only
                {
                    "state": "accepted",
                    "line_id": line.id,
                    "decided_by": self.env.uid,
                    "decided_on": fields.Datetime.now(),
                    "decision_reason": False,
                }
            )
            application.activity_ids.action_done()
            application._tell_applicant()

    def _get_line(self):
        """The line of the applicant, with its account registered."""
        self.ensure_one()
        partner = self._get_partner()
        Line = self.env["facturex.credit.line"]
        line = Line._for_partner(partner, self.company_id).with_env(self.env)
        if not line:
            line = Line.create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company_id.id,
                    "currency_id": self.company_id.currency_id.id,
                    "user_id": self.user_id.id or self.env.uid,
                }
            )
        bank = self._get_bank(partner)
        if line.bank_id != bank:
            line.bank_id = bank
        return line

    def _get_partner(self):
        if not self.partner_id:
            self.partner_id = self.env["res.partner"].create(
                {
                    "name": self.company_name,
                    "is_company": True,
                    "vat": self.vat or False,
                    "company_registry": self.registry or False,
                    "street": self.street,
                    "zip": self.zip,
                    "city": self.city,
                    "country_id": self.country_id.id,
                    "email": self.email,
                }
            )
        partner = self.partner_id.commercial_partner_id
        values = {}
        if not partner.vat and self.vat:
            values["vat"] = self.vat
        if not partner.is_company:
            values["is_company"] = True
        if values:
            partner.write(values)
        return partner

    def _get_bank(self, partner):
        number = bank_account.compact(self.iban)
        Bank = self.env["res.partner.bank"]
        bank = Bank.search(
            [
                ("sanitized_acc_number", "=", number),
                ("partner_id", "=", partner.id),
            ],
            limit=1,
        )
        return bank or Bank.create(
            {
                "acc_number": bank_account.printed(number),
                "partner_id": partner.id,
                "acc_holder_name": self.iban_holder,
            }
        )

    # ------------------------------------------------------------------
    # Mails
    # ------------------------------------------------------------------

    def _tell_applicant(self):
        """One mail per step, in the language of the applicant."""
        template = self.env.ref("facturex_billing.mail_template_credit_application")
        for application in self:
            # the applicant is told, whoever decided
            template.sudo().send_mail(application.id)

    def _get_lang(self):
        self.ensure_one()
        return self.partner_id.lang or self.env.lang


class FacturexCreditLine(models.Model):
    _inherit = "facturex.credit.line"

    application_ids = fields.One2many(
        "facturex.credit.application", "line_id", string="Applications"
    )

    def action_view_application(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Application"),
            "res_model": "facturex.credit.application",
            "res_id": self.application_ids[:1].id,
            "view_mode": "form",
        }

    def _check_documents(self):
        """The account is verified once the documents of its opening are accepted."""
        result = super()._check_documents()
        application = self.application_ids[:1]
        waiting = application.document_ids.filtered(
            lambda document: document.state == "new"
        )
        if waiting:
            raise UserError(
                self.env._("Check the documents first: %s.", waiting[0].type_id.name)
            )
        return result

    def action_verify_iban(self):
        before = self.filtered("iban_verified")
        result = super().action_verify_iban()
        for application in (self - before).application_ids.filtered(
            lambda app: app.state == "accepted"
        ):
            application._tell_applicant()
        return result

    def action_close(self):
        result = super().action_close()
        # the years of keeping begin with the end of the relation
        documents = self.sudo().application_ids.document_ids
        documents._keep_from(fields.Date.context_today(self))
        return result
