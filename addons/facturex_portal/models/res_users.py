from dataclasses import dataclass

from odoo import SUPERUSER_ID, fields, models, tools
from odoo.fields import Command
from odoo.tools import SQL

from ..engine import capabilities


@dataclass(frozen=True)
class Acl:
    """What memberships allow a user on one day.

    `managed`: companies with a dossier, branches included; `held`: capability ->
    managed companies where the user has it.
    """

    managed: frozenset
    held: dict

    def having(self, *codes):
        return frozenset().union(*(self.held.get(code, ()) for code in codes))


NOTHING = Acl(frozenset(), {})

GROUPS = tuple(
    f"facturex_billing.group_facturex_{name}"
    for name in ("user", "accountant", "manager")
)


class ResUsers(models.Model):
    _inherit = "res.users"

    # Renewed in the transaction that changes what the user may do. It is read in the
    # same snapshot as the memberships and is part of the key of every cached rule:
    # no cache needs clearing, and none can keep an old right. Its numbers come from a
    # sequence, which a rollback does not turn back: what was cached of a change that
    # was given up must never answer for the next one.
    facturex_acl_stamp = fields.Integer(
        default=0, readonly=True, copy=False, groups="base.group_system"
    )
    facturex_acl_key = fields.Char(
        compute="_compute_facturex_acl_key", groups="base.group_system"
    )
    facturex_member_ids = fields.One2many(
        "facturex.dossier.member",
        "user_id",
        readonly=True,
        copy=False,
        groups="base.group_system",
    )

    def init(self):
        # it goes with its column when the add-on is uninstalled
        self.env.cr.execute(
            "CREATE SEQUENCE IF NOT EXISTS facturex_acl_stamp_seq"
            " OWNED BY res_users.facturex_acl_stamp"
        )
        return super().init()

    def _compute_facturex_acl_key(self):
        """Empty for whom no dossier restricts: the system, operators, the portal."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT u.id, u.share, COALESCE(u.facturex_acl_stamp, 0), managed.ids
                  FROM res_users u,
                       (SELECT string_agg(id::text, ',' ORDER BY id) AS ids
                          FROM res_company WHERE facturex_managed) managed
                 WHERE u.id IN %s
                """,
                tuple(self.ids) or (0,),
            )
        )
        found = {uid: values for uid, *values in rows}
        for user in self:
            share, stamp, managed = found.get(user.id, (True, 0, None))
            free = share or not managed or user.id == SUPERUSER_ID
            free = free or user._has_group("base.group_system")
            user.facturex_acl_key = "" if free else f"{stamp}:{managed}"

    def _facturex_acl(self):
        """What the user's memberships allow today, None when nothing restricts him."""
        self.ensure_one()
        # the user's own rights, whoever asks
        key = self.sudo().facturex_acl_key
        if not key:
            return None
        # a role ends with a day of the server (UTC), the same one for all processes
        return self._facturex_acl_of(key, fields.Datetime.now().date())

    @tools.ormcache("self.id", "key", "day")
    def _facturex_acl_of(self, key, day):
        """Read the memberships; `key` names their version."""
        managed = frozenset(map(int, key.partition(":")[2].split(",")))
        held = {}
        for company, state, of_firm, codes in self.env.execute_query(
            SQL(
                """
                WITH tree AS MATERIALIZED (
                    SELECT id, split_part(parent_path, '/', 1)::int AS root
                      FROM res_company)
                SELECT c.id, d.state,
                       EXISTS (SELECT FROM facturex_firm_user_rel f
                                WHERE f.facturex_firm_id = d.firm_id
                                  AND f.res_users_id = %s),
                       array_remove(array_agg(cap.code), NULL)
                  FROM facturex_dossier_member m
                  JOIN facturex_dossier d ON d.id = m.dossier_id
                  JOIN tree c ON c.root = d.company_id
             LEFT JOIN facturex_capability_facturex_role_rel rel
                    ON rel.facturex_role_id = m.role_id
             LEFT JOIN facturex_capability cap ON cap.id = rel.facturex_capability_id
                 WHERE m.user_id = %s AND m.active
                   AND (m.date_start IS NULL OR m.date_start <= %s)
                   AND (m.date_end IS NULL OR m.date_end >= %s)
              GROUP BY c.id, d.state, d.firm_id
                """,
                self.id,
                self.id,
                day,
                day,
            )
        ):
            left = capabilities.closure(codes)
            seen = map(capabilities.see, left)
            if state == "suspended":
                left &= capabilities.SUSPENDED
            firm = (capabilities.FIRM,) if of_firm else ()
            for code in (capabilities.MEMBER, *firm, *seen, *left):
                held.setdefault(code, set()).add(company)
        return Acl(managed, {code: frozenset(ids) for code, ids in held.items()})

    def _facturex_company_ids(self, *codes):
        """Managed companies where the user has one of the capabilities; for rules."""
        acl = self._facturex_acl()
        if acl is not None:
            return sorted(acl.having(*codes))
        if self.sudo().share:  # the user's own kind
            return []
        # an operator, or no dossier at all
        return (
            self.env["res.company"].sudo().search([("facturex_managed", "=", True)]).ids
        )

    def _facturex_denied_ids(self, *codes):
        """Managed companies where the user has none of the capabilities."""
        acl = self._facturex_acl() or NOTHING
        return sorted(acl.managed - acl.having(*codes))

    def _facturex_can(self, capability, company):
        """Whether the user may do this kind of act in a company.

        In: a code of `facturex.capability` or a tuple of them (one is enough), and
        one company. A company without dossier restricts nobody.
        """
        codes = (capability,) if isinstance(capability, str) else capability
        return company.id not in self._facturex_denied_ids(*codes)

    def _facturex_codes(self, company):
        """Every capability of the user in a company, as a frozenset."""
        acl = self._facturex_acl()
        if acl is None or company.id not in acl.managed:
            return capabilities.ADMINISTRATOR
        return frozenset(
            code for code in capabilities.CAPABILITIES if company.id in acl.having(code)
        )

    def _get_company_ids(self):
        """A dossier where no role runs is no company of the user any more."""
        company_ids = super()._get_company_ids()
        acl = self._facturex_acl()
        if acl is None:
            return company_ids
        closed = acl.managed - acl.having(capabilities.MEMBER)
        return tuple(cid for cid in company_ids if cid not in closed)

    # ------------------------------------------------------------------
    # Following the memberships
    # ------------------------------------------------------------------

    def _facturex_bump(self):
        """Make every process read the users' rights again, from this commit on."""
        if self:
            self.env["facturex.dossier.member"].flush_model()
            self.env["facturex.dossier"].flush_model()
            self.env.cr.execute(
                SQL(
                    "UPDATE res_users SET facturex_acl_stamp ="
                    " nextval('facturex_acl_stamp_seq') WHERE id IN %s",
                    tuple(sorted(self.ids)),
                )
            )
        self.env["res.users"].invalidate_model(
            ["facturex_acl_stamp", "facturex_acl_key"]
        )

    def _facturex_follow_members(self):
        """Companies and screens of the users follow their running roles.

        A person whose only companies are dossiers gets the group that his widest
        role needs; elsewhere the groups stay what an administrator gave, because a
        group counts in his ordinary companies too.
        """
        today = fields.Datetime.now().date()
        for user in self.sudo():  # membership decides, not the rights of the caller
            members = user.facturex_member_ids.filtered(
                lambda m: not m.date_end or m.date_end >= today
            )
            # the tree of companies, to follow the roles
            running = self.env["res.company"].sudo()
            if members:
                running = running.search(
                    [("id", "child_of", members.dossier_id.company_id.ids)]
                )
            plain = user.company_ids.filtered(lambda c: not c.facturex_managed)
            wanted = plain | running
            if wanted and wanted != user.company_ids:
                vals = {"company_ids": [Command.set(wanted.ids)]}
                if user.company_id not in wanted:
                    vals["company_id"] = wanted[0].id
                user.write(vals)
            if members and not plain:
                user._facturex_follow_group(members.role_id)

    def _facturex_follow_group(self, roles):
        if self._has_group("base.group_erp_manager") or self.share:
            return
        codes = frozenset().union(*(role._get_codes() for role in roles))
        wanted = f"facturex_billing.group_facturex_{capabilities.group_of(codes)}"
        groups = {name: self.env.ref(name) for name in GROUPS}
        commands = [
            Command.link(group.id) if name == wanted else Command.unlink(group.id)
            for name, group in groups.items()
            if (group in self.group_ids) != (name == wanted)
        ]
        if commands:
            self.write({"group_ids": commands})
