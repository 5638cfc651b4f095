from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize
from odoo.tools.misc import hash_sign, verify_hash_signed

SCOPE = "facturex.invitation"
VALID_DAYS = 14


class FacturexInvitation(models.Model):
    """A proposal that only the other side can make true.

    `link`: a firm asks a company to keep its books; `member`: a person is asked into
    a dossier; `firm`: a person is asked into a firm. Nobody's rights change before the
    person, or the company's owner, accepts, logged in or by the link of the mail.
    """

    _name = "facturex.invitation"
    _description = "Invitation"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    kind = fields.Selection(
        [
            ("link", "Keep the books"),
            ("member", "Join a dossier"),
            ("firm", "Join a firm"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("pending", "Waiting"),
            ("accepted", "Accepted"),
            ("refused", "Refused"),
            ("expired", "Expired"),
            ("revoked", "Withdrawn"),
        ],
        default="pending",
        required=True,
        readonly=True,
        tracking=True,
    )
    firm_id = fields.Many2one("facturex.firm", readonly=True, index=True)
    dossier_id = fields.Many2one(
        "facturex.dossier", readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    email = fields.Char(required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="Person", readonly=True)
    role_id = fields.Many2one("facturex.role", readonly=True)
    is_owner = fields.Boolean(readonly=True, help="The person becomes the owner.")
    date_expiry = fields.Date(string="Valid until", readonly=True)
    date_sent = fields.Datetime(readonly=True)
    # who proposes must still be allowed to when the other side accepts
    asker_id = fields.Many2one("res.users", string="Asked by", readonly=True)

    _pending_unique = models.UniqueIndex(
        "(kind, email, COALESCE(firm_id, 0), COALESCE(company_id, 0))"
        " WHERE state = 'pending'",
        "This invitation waits for an answer already: send it again instead.",
    )

    @api.depends("kind", "firm_id", "company_id")
    def _compute_display_name(self):
        for one in self:
            where = one.company_id if one.kind != "firm" else one.firm_id
            # names for those whom the rule lets read
            one.display_name = f"{where.sudo().name} ({one.email})"

    # ------------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------------

    @api.model
    def _ask(self, **vals):
        """Write an invitation and send it. The caller checked who may ask."""
        email = email_normalize(vals["email"])
        if not email:
            raise UserError(self.env._("Give a valid e-mail address."))
        users = self.env["res.users"].sudo()  # whether the person has an account
        user = users.search([("email_normalized", "=", email)], limit=1)
        user = user or users.search([("login", "=ilike", email)], limit=1)
        # the caller checked who may ask
        invitation = self.sudo().create(
            {
                **vals,
                "email": email,
                "user_id": user.id,
                "asker_id": self.env.user.id,
                "date_expiry": self._get_expiry(),
            }
        )
        invitation._send()
        # back to the user's own rights
        return invitation.sudo(False)

    def _get_expiry(self):
        today = fields.Date.context_today(self)
        return today + relativedelta(days=VALID_DAYS)

    def _send(self):
        template = self.env.ref("facturex_portal.mail_template_invitation")
        for invitation in self:
            # mails are the system's
            template.sudo().send_mail(invitation.id, force_send=False)
            # the system notes when it wrote
            invitation.sudo().date_sent = fields.Datetime.now()

    def _get_subject(self):
        self.ensure_one()
        where = self.firm_id if self.kind == "firm" else self.company_id
        if self.kind == "link":
            return self.env._(
                "%(firm)s asks to keep the books of %(company)s",
                firm=self.firm_id.name,
                company=where.name,
            )
        return self.env._("Invitation to %s", where.name)

    def _get_sentence(self):
        """What is asked, in the language of the reader."""
        self.ensure_one()
        asker, role = self.asker_id.name, self.role_id.name or ""
        if self.kind == "link":
            return self.env._(
                "%(asker)s of %(firm)s asks to work in %(company)s as %(role)s."
                " You can end this at any time.",
                asker=asker,
                firm=self.firm_id.name,
                company=self.company_id.name,
                role=role,
            )
        if self.kind == "firm":
            return self.env._(
                "%(asker)s invites you to join the firm %(firm)s.",
                asker=asker,
                firm=self.firm_id.name,
            )
        return self.env._(
            "%(asker)s invites you to work in %(company)s as %(role)s.",
            asker=asker,
            company=self.company_id.name,
            role=role,
        )

    def _get_lang(self):
        """The person's language; the company's for its owner, else the firm's."""
        self.ensure_one()
        company = self.company_id if self.is_owner else self.company_id.browse()
        return (
            self.user_id.lang
            or company.partner_id.lang
            or self.firm_id.lang
            or self.asker_id.lang
        )

    def _get_token(self):
        self.ensure_one()
        return hash_sign(
            self.env(su=True),
            SCOPE,
            [self.id, self.email],
            expiration_hours=24 * VALID_DAYS,
        )

    def _get_url(self):
        return (
            f"{self.get_base_url()}/facturex/invitation/{self.id}/{self._get_token()}"
        )

    @api.model
    def _from_token(self, invitation_id, token):
        """The waiting invitation that this link opens, elevated, or None."""
        try:
            values = verify_hash_signed(self.env(su=True), SCOPE, token)
        except (ValueError, IndexError):
            return None
        # the signature was checked: the link opens this one invitation
        invitation = self.sudo().browse(invitation_id).exists()
        if not invitation or values != [invitation.id, invitation.email]:
            return None
        return invitation if invitation._is_open() else None

    def _is_open(self):
        today = fields.Date.context_today(self)
        return self.state == "pending" and self.date_expiry >= today

    # ------------------------------------------------------------------
    # Whoever asked
    # ------------------------------------------------------------------

    def _check_asker(self):
        self.check_access("read")
        for one in self:
            record = one.sudo()  # who asked, where
            if record.kind == "member":
                # back to the user's own rights
                record.dossier_id.sudo(False)._check_invites()
            else:
                # back to the user's own rights
                record.firm_id.sudo(False)._check_led()

    def action_resend(self):
        """Send the mail again; the delay begins again, earlier links stay valid."""
        self._check_asker()
        waiting = self.sudo()  # checked above
        for one in waiting:
            if one.state not in ("pending", "expired"):
                raise UserError(self.env._("This invitation was answered already."))
        waiting.write({"state": "pending", "date_expiry": self._get_expiry()})
        waiting._send()

    def action_revoke(self):
        """Withdraw; the link of the mail opens nothing any more."""
        self._check_asker()
        for one in self.sudo():  # checked above
            if one.state == "pending":
                one.state = "revoked"

    # ------------------------------------------------------------------
    # The other side
    # ------------------------------------------------------------------

    def _check_recipient(self):
        """The logged-in user is the person, or may bind the company."""
        for one in self.sudo():  # to find out whose answer it is
            user = self.env.user
            if one.kind == "link":
                allowed = user in one._get_deciders()
            else:
                allowed = user == one.user_id
            if not allowed:
                raise AccessError(
                    self.env._("Only %s can answer this invitation.", one.email)
                )

    def action_accept(self):
        self._check_recipient()
        # the answer of the person itself
        return self.sudo()._accept(self.env.user)

    def action_refuse(self):
        self._check_recipient()
        self.sudo()._refuse()  # the person's own answer

    def _claim(self, state):
        """Of two answers one counts."""
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE facturex_invitation SET state = %s"
            " WHERE id = %s AND state = 'pending' AND date_expiry >= %s RETURNING id",
            (state, self.id, fields.Date.context_today(self)),
        )
        done = self.env.cr.fetchone()
        self.invalidate_recordset(["state"])
        if not done:
            raise UserError(
                self.env._("This invitation is not open any more. Ask for another one.")
            )

    def _refuse(self):
        for one in self:
            one._claim("refused")
            one.message_post(body=self.env._("Refused."))

    def _accept(self, user):
        """Make the proposal true; `user` answered, or the link of the mail did."""
        for one in self:
            one._claim("accepted")
            getattr(one, f"_accept_{one.kind}")(user)
            one.message_post(body=self.env._("Accepted by %s.", one.email))
        return True

    def _accept_firm(self, user):
        self._check_asker_still(self.asker_id in self.firm_id.manager_ids)
        self.firm_id.user_ids |= self._get_person(user)

    def _accept_member(self, user):
        dossier = self.dossier_id
        held = self.asker_id._facturex_codes(dossier.company_id)
        may = self.role_id._get_codes() <= held and "manage_users" in held
        led = self.is_owner and self.asker_id in dossier.firm_id.manager_ids
        self._check_asker_still(may or led)
        person = self._get_person(user)
        dossier._add_member(person, self.role_id)
        if self.is_owner:
            dossier.owner_user_id = person
            if dossier.state in ("draft", "invited"):
                dossier._start_trial()

    def _accept_link(self, user):
        self._check_asker_still(self.asker_id in self.firm_id.manager_ids)
        company = self.company_id
        owner = user if user in self._get_deciders() else self.user_id
        dossier = self.env["facturex.dossier"].search([("company_id", "=", company.id)])
        if dossier.firm_id and dossier.firm_id != self.firm_id:
            raise UserError(
                self.env._(
                    "%(company)s works with %(firm)s: disconnect that firm first.",
                    company=company.name,
                    firm=dossier.firm_id.name,
                )
            )
        dossier = dossier or dossier.create({"company_id": company.id})
        dossier.write(
            {
                "firm_id": self.firm_id.id,
                "plan_id": dossier.plan_id.id or self.firm_id.plan_id.id,
                "owner_user_id": dossier.owner_user_id.id or owner.id,
                "date_disconnected": False,
                "date_connected": fields.Date.context_today(self),
            }
        )
        administrator = dossier._role("administrator")
        dossier._add_member(dossier.owner_user_id, administrator)
        for person in self.asker_id:
            dossier._add_member(person, self.role_id or dossier._role("accountant"))
        if dossier.date_trial_end:
            # one trial is enough: who comes back goes on
            dossier.state = "active"
        else:
            dossier._start_trial()

    def _check_asker_still(self, allowed):
        if not allowed:
            raise UserError(
                self.env._(
                    "%s may not propose this any more. Ask for another invitation.",
                    self.asker_id.name,
                )
            )

    def _get_deciders(self):
        """Users who bind the company: its administrators, else its managers."""
        dossier = self.env["facturex.dossier"].search(
            [("company_id", "=", self.company_id.id)]
        )
        if dossier:
            return dossier._get_administrators().user_id
        return self._get_managers(self.company_id)

    @api.model
    def _get_managers(self, company):
        return company.user_ids.filtered(
            lambda u: (
                not u.share and u._has_group("facturex_billing.group_facturex_manager")
            )
        )

    def _get_person(self, user):
        """The user who answered, or the account made for the address of the mail."""
        if user and not user._is_public() and user in (self.user_id, user.browse()):
            return user
        if self.user_id:
            return self.user_id
        company = self.company_id or self.asker_id.company_id
        person = (
            self.env["res.users"]
            .with_context(no_reset_password=True)
            .create(
                {
                    "name": self.email.partition("@")[0],
                    "login": self.email,
                    "email": self.email,
                    "lang": self._get_lang(),
                    "company_id": company.id,
                    "company_ids": [fields.Command.set(company.ids)],
                    "group_ids": [
                        fields.Command.set(self.env.ref("base.group_user").ids)
                    ],
                }
            )
        )
        person.partner_id.signup_prepare()
        self.user_id = person
        return person

    @api.model
    def _cron_expire(self):
        """Close what was not answered in time."""
        today = fields.Date.context_today(self)
        self.search([("state", "=", "pending"), ("date_expiry", "<", today)]).write(
            {"state": "expired"}
        )


class FacturexDossier(models.Model):
    _inherit = "facturex.dossier"

    invitation_ids = fields.One2many("facturex.invitation", "dossier_id")

    def _check_invites(self):
        """Who manages the users may invite, and the firm while it sets up."""
        for dossier in self:
            if dossier.state in ("draft", "invited"):
                dossier._check_firm()
            else:
                dossier._check_manages()

    def _invite(self, email, role, owner=False):
        """Ask a person into the dossier, as owner when `owner`."""
        self.ensure_one()
        self._check_invites()
        codes = role._get_codes()
        held = self.env.user._facturex_codes(self.company_id)
        if not self.env.su and not owner and not codes <= held:
            raise AccessError(
                self.env._(
                    "The role %s allows more than yours in this dossier.", role.name
                )
            )
        dossier = self.sudo()  # checked above
        if owner and dossier.state == "draft":
            dossier.state = "invited"
        return self.env["facturex.invitation"]._ask(
            kind="member",
            dossier_id=self.id,
            company_id=dossier.company_id.id,
            firm_id=dossier.firm_id.id,
            email=email,
            role_id=role.id,
            is_owner=owner,
        )


class FacturexFirm(models.Model):
    _inherit = "facturex.firm"

    def _invite_collaborator(self, email):
        self.ensure_one()
        self._check_led()
        return self.env["facturex.invitation"]._ask(
            kind="firm", firm_id=self.id, email=email
        )

    def _ask_link(self, company):
        """Ask the owner of a company that exists to let the firm keep its books."""
        self.ensure_one()
        self._check_led()
        # whom to ask; nothing of the company is shown to the firm
        invitations = self.env["facturex.invitation"].sudo()
        invitation = invitations.new({"company_id": company.id})
        deciders = invitation._get_deciders().filtered("email")
        if not deciders:
            raise UserError(
                self.env._(
                    "Nobody can answer for this company: ask the administrator of"
                    " Odoo to name its manager."
                )
            )
        return invitations.with_user(self.env.user)._ask(
            kind="link",
            firm_id=self.id,
            company_id=company.id,
            email=deciders[0].email,
            role_id=self.role_id.id,
        )
