"""A server process of its own that asks for a person's rights when it is told to.

    python -m tests.scenario.role_worker CONFIG DATABASE

Commands on stdin, one a line: `begin` opens a transaction and its snapshot, `may USER
PARTNER COMPANY` says which of read and write the rules allow on the partner (`rw`,
`r-`, `--`), `end` closes it. Caches stay, as between two requests of a server.
"""

import sys

from odoo import api
from odoo.exceptions import AccessError
from odoo.modules.registry import Registry
from odoo.tools import config


def may(cr, user_id, partner_id, company_id):
    context = {"allowed_company_ids": [company_id]}
    partner = api.Environment(cr, user_id, context)["res.partner"].browse(partner_id)
    answer = ""
    for mode in ("read", "write"):
        try:
            if mode == "read":
                # the ticked company is looked at by every request
                found = partner.search([("id", "=", partner_id)])
                allowed = bool(partner.env.companies) and bool(found)
            else:
                allowed = partner.has_access(mode)
        except AccessError:
            allowed = False
        answer += mode[0] if allowed else "-"
    return answer


def main():
    config_file, database = sys.argv[1:]
    config.parse_config(["-c", config_file, "-d", database, "--log-level=critical"])
    registry, cr = Registry(database), None
    for line in sys.stdin:
        command, *ids = line.split()
        answer = "ok"
        if command == "begin":
            registry = registry.check_signaling()
            cr = registry.cursor()
            cr.execute("SELECT 1")
        elif command == "may":
            answer = may(cr, *map(int, ids))
        elif command == "end":
            cr.rollback()
            cr.close()
        sys.stdout.write(answer + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
