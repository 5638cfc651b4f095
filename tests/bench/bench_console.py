"""The firm's console over many dossiers, held against Odoo's own list of companies.

The data is rows: companies, dossiers, roles, invoices and bank lines are copied by SQL
from one of each; making them is not measured. 300 dossiers hold 100,000 invoices.
"""

from odoo.fields import Command
from odoo.tools import SQL

from .bench_dunning import copy_rows

SIZES = (300,)
INVOICES = 333  # of each dossier
BANK_LINES = 40
REFUSED = 20
OPENS = 5
LIST = {
    "name": {},
    "number": {},
    "state": {},
    "health": {},
    "health_reasons": {},
    "date_created": {},
    "date_lock": {},
    "user_count": {},
    "plan_id": {"fields": {"display_name": {}}},
    "date_trial_end": {},
    "date_activity": {},
    "check_count": {},
    "export_count": {},
    "unmatched_count": {},
    "date_unmatched": {},
    "date_bank": {},
    "amount_overdue": {},
    "currency_id": {"fields": {}},
    "vat_period": {},
    "request_count": {},
    "responsible_id": {"fields": {"display_name": {}}},
    "tag_ids": {"fields": {"display_name": {}, "color": {}}},
}
COMPANIES = {
    "sequence": {},
    "logo": {},
    "name": {},
    "partner_id": {"fields": {"display_name": {}}},
    "child_ids": {"fields": {"display_name": {}, "color": {}}},
}


def prepare(env, size):
    """`size` dossiers of a firm, the first with a chart; the rest is copied."""
    env = env(context=dict(env.context, tracking_disable=True, install_mode=True))
    companies = env["res.company"].with_context(chart_template_load=True)
    first = companies.create({"name": "Bench", "country_id": env.ref("base.be").id})
    env["account.chart.template"].try_loading(
        "be_comp", company=first, install_demo=False
    )
    env = env(context=dict(env.context, allowed_company_ids=first.ids))
    move = make_invoice(env)
    line = make_bank_line(env, first)
    others = copy_companies(env, first, size - 1)
    user = env["res.users"].create(
        {
            "name": "Bench",
            "login": "fx_bench",
            "company_id": first.id,
            "company_ids": [Command.set((first | others).ids)],
            "group_ids": [
                Command.link(env.ref("facturex_billing.group_facturex_manager").id)
            ],
        }
    )
    firm = env["facturex.firm"].create({"name": "Bench", "manager_ids": user.ids})
    dossiers = make_dossiers(env, firm, user, first | others)
    copy_documents(env, move, line, first | others)
    env.cr.flush()  # what is left at a commit, such as the companies to count anew
    env.invalidate_all()
    env.registry.clear_cache()
    mine = env(user=user, su=False, context={"allowed_company_ids": first.ids})
    return {"env": mine, "dossiers": dossiers.with_env(mine), "first": first}


def copy_companies(env, first, count):
    """More companies as rows, with their contacts."""
    env.flush_all()
    name = SQL("'Bench ' || lpad(n::text, 3, '0')")
    copy_rows(
        env,
        "res_partner",
        SQL("t.id = %s", first.partner_id.id),
        SQL("generate_series(1, %s) AS n", count),
        {"name": name, "complete_name": name, "ref": SQL("'BENCH'")},
    )
    copy_rows(
        env,
        "res_company",
        SQL("t.id = %s", first.id),
        SQL("(SELECT id, name FROM res_partner WHERE ref = 'BENCH') p"),
        {"name": SQL("p.name"), "partner_id": SQL("p.id")},
    )
    env.cr.execute(
        "UPDATE res_company SET parent_path = id || '/' WHERE name LIKE 'Bench _%%'"
    )
    env.invalidate_all()
    return env["res.company"].search([("name", "like", "Bench ")])


def make_invoice(env):
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create({"name": "Customer"}).id,
            "invoice_date": "2026-02-01",
            "invoice_date_due": "2026-03-01",
            "invoice_line_ids": [
                Command.create({"name": "Work", "price_unit": 121, "tax_ids": []})
            ],
        }
    )
    move.action_post()
    return move


def make_bank_line(env, company):
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
    )
    return env["account.bank.statement.line"].create(
        {"journal_id": journal.id, "amount": 5, "payment_ref": "Bench"}
    )


def make_dossiers(env, firm, user, companies):
    env.flush_all()
    env.cr.execute(
        "INSERT INTO facturex_dossier (company_id, name, firm_id, state, health,"
        " plan_id, create_uid, write_uid, create_date, write_date)"
        " SELECT c.id, c.name, %s, 'active', 100, %s, 1, 1, now(), now()"
        " FROM res_company c WHERE c.id = ANY(%s)",
        [firm.id, env.ref("facturex_portal.plan_firm").id, companies.ids],
    )
    env.cr.execute(
        "UPDATE res_company SET facturex_managed = true WHERE id = ANY(%s)",
        [companies.ids],
    )
    env.cr.execute(
        "INSERT INTO facturex_dossier_member (dossier_id, company_id, user_id,"
        " role_id, active, create_uid, write_uid, create_date, write_date)"
        " SELECT d.id, d.company_id, %s, %s, true, 1, 1, now(), now()"
        " FROM facturex_dossier d WHERE d.firm_id = %s",
        [user.id, env.ref("facturex_portal.role_accountant").id, firm.id],
    )
    env.invalidate_all()
    user._facturex_bump()
    return env["facturex.dossier"].search([("firm_id", "=", firm.id)])


def copy_documents(env, move, line, companies):
    """Every company its invoices and its bank lines, some of them matched."""
    # rows that are copies: their foreign keys hold already
    env.cr.execute("SET LOCAL session_replication_role = replica")
    for document, count, name in (
        (move, INVOICES, "BENCH"),
        (line.move_id, BANK_LINES, "BANK"),
    ):
        rank = SQL("generate_series(1, %s) AS n", count * len(companies))
        company = SQL("(%s)[n %% %s + 1]", companies.ids, len(companies))
        number = SQL("%s || '/' || n", name)
        copy_rows(
            env,
            "account_move",
            SQL("t.id = %s", document.id),
            rank,
            {
                "name": number,
                "payment_reference": number,
                "sequence_prefix": SQL("%s", f"{name}/"),
                "sequence_number": SQL("n"),
                "company_id": company,
                "statement_line_id": SQL("NULL"),
                "access_token": SQL("NULL"),
            },
        )
        copy_rows(
            env,
            "account_move_line",
            SQL("t.move_id = %s", document.id),
            SQL("(SELECT id, name, company_id FROM account_move WHERE name LIKE %s) m",
                f"{name}/%"),
            {
                "move_id": SQL("m.id"),
                "move_name": SQL("m.name"),
                "company_id": SQL("m.company_id"),
            },
        )  # fmt: skip
    copy_rows(
        env,
        "account_bank_statement_line",
        SQL("t.id = %s", line.id),
        SQL("(SELECT id, company_id FROM account_move WHERE name LIKE 'BANK/%%') m"),
        {
            "move_id": SQL("m.id"),
            "company_id": SQL("m.company_id"),
            "is_reconciled": SQL("m.id %% 4 > 0"),
            "import_key": SQL("NULL"),
        },
    )
    env.cr.execute("SET LOCAL session_replication_role = origin")
    for table in ("move", "move_line", "bank_statement_line"):
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(f"account_{table}")))


def prepare_variant(env, state, size, variant):
    if variant in OPENERS:
        OPENERS[variant](state, size)  # what the first page of the day compiles
    elif variant == "bulk lock of all, 20 refused":
        members = env["facturex.dossier.member"].search(
            [("dossier_id", "in", state["dossiers"][:REFUSED].ids)]
        )
        env.cr.execute(
            "UPDATE facturex_dossier_member SET role_id = %s WHERE id = ANY(%s)",
            [env.ref("facturex_portal.role_reader").id, members.ids],
        )
        env.invalidate_all()
        state["env"].user.sudo()._facturex_bump()


def open_companies(state, size):
    """Odoo's list of companies as its menu opens it, all of them on the page."""
    state["env"].invalidate_all()
    # the page of an administrator
    found = state["env"]["res.company"].sudo()
    found.env["ir.actions.act_window"]._for_xml_id("base.action_res_company_form")
    result = found.web_search_read([], COMPANIES, limit=max(size, 80))
    if len(result["records"]) < size:
        raise SystemExit(f"{len(result['records'])} companies on the page")


def open_console(state, size):
    """The console as its menu opens it: scores refreshed, then the list."""
    state["env"].invalidate_all()
    dossiers = state["env"]["facturex.dossier"]
    dossiers.action_open_console()
    result = dossiers.web_search_read([], LIST, limit=max(size, 80))
    if len(result["records"]) != size or not result["records"][0]["amount_overdue"]:
        raise SystemExit("the console is not complete")


def repeated(opener):
    def run(env, state, size):
        for _ in range(OPENS):
            opener(state, size)

    return run


def bulk_lock(env, state, size):
    act = (
        state["env"]["facturex.bulk.act"]
        .with_context(
            active_model="facturex.dossier", active_ids=state["dossiers"].ids
        )
        .create({"kind": "lock", "lock_field": "sale_lock_date",
                 "lock_date": "2026-01-31"})
    )  # fmt: skip
    act.action_start()
    for line in act.line_ids:
        line._run()
    act._finish()
    explained = act.line_ids.filtered(
        lambda line: line.state == "refused" and line.message
    )
    if (act.state, act.done, len(explained)) != ("done", size - REFUSED, REFUSED):
        raise SystemExit(f"{act.done} done, {len(explained)} explained")


def create_dossier(env, state, size):
    """One more company with chart, journals and taxes."""
    creation = state["env"]["facturex.dossier.creation"].create(
        {
            "line_ids": [
                Command.create(
                    {
                        "name": "New",
                        "country_id": env.ref("base.be").id,
                        "number": "BE0403019261",
                    }
                )
            ]
        }
    )
    creation.action_start()
    creation.line_ids.sudo()._run()
    if creation.line_ids.state != "done":
        raise SystemExit(creation.line_ids.message)


OPENERS = {
    "Odoo's list of companies": open_companies,
    "console": open_console,
}
VARIANTS = {name: repeated(opener) for name, opener in OPENERS.items()} | {
    "bulk lock of all, 20 refused": bulk_lock,
    "one more company": create_dossier,
}
