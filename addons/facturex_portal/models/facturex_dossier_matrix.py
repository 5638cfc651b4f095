"""Who may do what, where: people against companies, as one page shows it."""

from odoo import api, models
from odoo.tools import format_date

COLUMNS = 12  # more people than that: only those of several dossiers have a column


class FacturexDossierMember(models.Model):
    _inherit = "facturex.dossier.member"

    @api.model
    def get_matrix(self):
        """Dossiers, people, roles and capabilities that the user may see.

        Out: plain lists for the page. A cell: member, role, capabilities, last day,
        whether the user may change it. People of one dossier only are named in their
        row when there are too many for a column each.
        """
        members = self.search([("active", "=", True)])
        dossiers = members.dossier_id.sorted("name")
        # names and catalogues; the rules chose the members
        members, roles = (
            members.sudo(),
            self.env["facturex.role"].search([("active", "=", True)]),
        )
        managed = set(self.env.user._facturex_company_ids("manage_users"))
        count = {user: len(group) for user, group in members.grouped("user_id").items()}
        people = sorted(count, key=lambda user: (-count[user], user.name or ""))
        if len(people) > COLUMNS:
            people = [user for user in people if count[user] > 1][:COLUMNS]
        return {
            "people": [{"id": user.id, "name": user.name} for user in people],
            "roles": [
                {"id": role.id, "name": role.name, "codes": sorted(role._get_codes())}
                for role in roles
            ],
            "capabilities": [
                {"code": one.code, "name": one.name}
                for one in self.env["facturex.capability"].search(
                    [("code", "!=", False)]
                )
            ],
            "dossiers": [
                {
                    "id": dossier.id,
                    "name": dossier.name,
                    "cells": [
                        self._get_cell(member, managed)
                        for member in members
                        if member.dossier_id.id == dossier.id
                    ],
                }
                for dossier in dossiers
            ],
        }

    @api.model
    def _get_cell(self, member, managed):
        return {
            "id": member.id,
            "user": member.user_id.id,
            "name": member.user_id.name,
            "role": member.role_id.id,
            "role_name": member.role_id.name,
            "codes": sorted(member.role_id._get_codes()),
            "until": member.date_end and member.date_end.isoformat(),
            "firm": member.is_firm,
            "open": member.company_id.id in managed,
        }

    def set_role(self, role_id):
        """Change one role from the page; every check is that of a write."""
        self.ensure_one()
        self.write({"role_id": int(role_id)})
        return self.get_matrix()

    # ------------------------------------------------------------------
    # A trace of each change, in the dossier
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        for member in members.sudo():  # the trace is the system's
            member._note_role(False)
        return members

    def write(self, vals):
        before = {
            member: (member.role_id, member.active, member.date_end)
            for member in self.sudo()  # the trace is the system's
        }
        result = super().write(vals)
        for member, old in before.items():
            if old != (member.role_id, member.active, member.date_end):
                member._note_role(old[0])
        return result

    def _note_role(self, old):
        name, role = self.user_id.name, self.role_id.name
        if not self.active:
            text = self.env._(
                "%(person)s: role ended (%(role)s)", person=name, role=role
            )
        elif old and old != self.role_id:
            text = self.env._(
                "%(person)s: %(old)s → %(role)s", person=name, old=old.name, role=role
            )
        elif self.date_end:
            text = self.env._(
                "%(person)s: %(role)s until %(day)s",
                person=name,
                role=role,
                day=format_date(self.env, self.date_end),
            )
        else:
            text = self.env._("%(person)s: %(role)s", person=name, role=role)
        self.dossier_id.message_post(body=text)
