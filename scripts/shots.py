"""Screenshots of docs/img, taken from the served demo as its three users.

Usage: shots.py URL [DIRECTORY]
"""

import datetime
import json
import pathlib
import sys
import tempfile
import time
from decimal import Decimal

from scripts.browser import Browser
from scripts.seed import dataset, office
from scripts.seed.statement_writer import Movement, Statement, write_camt053

ROOT = pathlib.Path(__file__).parents[1]
OWNER = dataset.COMPANIES[0].owner.login
ACCOUNTANT = dataset.FIRM.collaborators[0].login
CUSTOMER = dataset.PORTAL_USERS[0].login
CALL = """
    var context = {lang: "fr_BE"};
    var call = async (model, method, args) => (await (await fetch(
        `/web/dataset/call_kw/${model}/${method}`,
        {
            method: "POST",
            headers: {"Content-Type": "application/json"},
            body: JSON.stringify({params: {model, method, args, kwargs: {context}}}),
        },
    )).json()).result;
"""
FORM = "document.querySelector('.o_form_view')"
VIEW = "document.querySelector('.o_action_manager .o_view_controller')"


class Shots:
    def __init__(self, browser, url, directory):
        self.browser, self.url, self.directory = browser, url, directory

    def action(self, xmlid):
        self.browser.open(f"{self.url}/odoo/action-{xmlid}", VIEW)
        time.sleep(1.5)

    def take(self, name):
        time.sleep(1)
        self.browser.shot(self.directory / f"{name}.png")
        print(name)

    def owner(self):
        self.browser.login(self.url, OWNER, office.PASSWORD)
        # by the menu: under its address alone the screen is Odoo's own application's
        self.browser.click(".o_navbar_apps_menu button")
        app = "[data-menu-xmlid='facturex_billing.menu_root']"
        self.browser.wait_for(f"document.querySelector({json.dumps(app)})")
        self.browser.click(app)
        self.browser.wait_for("document.querySelector('.o_account_kanban')")
        time.sleep(1.5)
        self.take("dashboard")
        self.assistant(dataset.customer("be_brunelle").name)
        self.action("facturex_billing.facturex_category_tree_action")
        self.take("categories")
        self.to_chase()
        self.action("facturex_billing.facturex_dunning_notice_action")
        self.take("reminders")
        self.browser.click(".o_data_row td[name=partner_id]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.browser.click(".nav-link[name=message]")
        self.take("reminder")
        self.action("facturex_banking.facturex_match_screen_action")
        self.take("to_match")
        self.action("facturex_banking.bank_statement_line_action")
        self.browser.click(".o_data_row td[name=payment_ref]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("proposals")
        self.import_preview()
        self.action("facturex_banking.facturex_statement_file_action")
        self.take("statement_files")
        self.action("account.action_move_out_invoice")
        self.take("invoices")
        self.browser.click(".o_data_row td[name=partner_id], .o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("invoice")
        self.credit_note()
        self.deferred()
        self.quote()
        self.company()
        self.action("facturex_billing.facturex_dunning_policy_action")
        self.browser.click(".o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("policy")
        self.dunning()
        self.subscriptions()
        self.action("facturex_billing.action_move_to_send")
        self.take("to_send")
        self.action("facturex_billing.facturex_customer_action")
        self.take("customers")
        self.browser.click(".o_data_row td[name=complete_name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.browser.click(".nav-link[name=facturex_invoices]")
        self.take("client_account")

    def first(self, model, domain):
        """The id of the newest record that the user may see."""
        return self.browser.run(
            f"{CALL} call('{model}', 'search', [{json.dumps(domain)}, 0, 1, 'id desc'])"
        )[0]

    def credit_note(self):
        """The preview of chosen lines; nothing is made."""
        sent = [
            ["move_type", "=", "out_invoice"],
            ["is_move_sent", "=", True],
            ["payment_state", "=", "not_paid"],
        ]
        number = self.first("account.move", sent)
        self.browser.open(f"{self.url}/odoo/account.move/{number}", FORM)
        self.browser.click("button[name=action_facturex_cancel_by_credit_note]")
        self.browser.wait_for("document.querySelector('.modal .o_form_view')")
        self.browser.click(".modal [name=mode] input[data-value=lines]")
        self.type(".modal [name=reason] input", "Marchandise reprise")
        self.browser.click(".modal .o_data_row td[name=quantity]")
        self.browser.run(
            "document.querySelector('.modal td[name=quantity] input').select()"
        )
        self.type(".modal td[name=quantity] input", "1")
        self.browser.click(".modal [name=reason] input")
        self.take("credit_note")

    def deferred(self):
        """A line that its customer uses, and a settlement in preview: made here."""
        number = self.browser.run(f"""{CALL} (async () => {{
            var today = new Date().toISOString().slice(0, 10);
            var [partner] = await call("res.partner", "search",
                [[["is_company", "=", true], ["vat", "!=", false],
                  ["customer_rank", ">", 0]], 0, 1]);
            var [line] = await call("facturex.credit.line", "create",
                [[{{partner_id: partner}}]]);
            await call("facturex.credit.line", "action_open", [[line]]);
            var [move] = await call("account.move", "create", [[{{
                move_type: "out_invoice", partner_id: partner, invoice_date: today,
                facturex_deferred: true, invoice_line_ids: [[0, 0,
                    {{name: "Pose", price_unit: 96.8, tax_ids: []}}]]}}]]);
            await call("account.move", "action_post", [[move]]);
            var [settlement] = await call("facturex.credit.settlement", "create",
                [[{{line_id: line, amount_receipt: 60, origin: "Vente 118"}}]]);
            await call("facturex.credit.settlement", "action_preview", [[settlement]]);
            return settlement;
        }})()""")
        address = f"{self.url}/odoo/facturex.credit.settlement/{number}"
        self.browser.open(address, FORM)
        self.take("deferred_settlement")

    def quote(self):
        """A quote that was signed on the portal: its proof, and what is left."""
        signed = [["facturex_acceptance_ids", "!=", False]]
        number = self.first("sale.order", signed)
        self.browser.open(f"{self.url}/odoo/sales/{number}", FORM)
        self.browser.click(".nav-link[name=facturex_acceptance]")
        self.take("quote_acceptance")
        self.browser.click("button[name=action_facturex_view_left]")
        self.browser.wait_for("document.querySelector('.o_list_view .o_data_row')")
        self.take("left_to_invoice")

    def company(self):
        self.action("facturex_billing.res_company_action_open_settings")
        self.browser.wait_for("document.querySelector('[name=facturex_legal_form]')")
        self.browser.run(
            "document.querySelector('[name=facturex_legal_form]').scrollIntoView()"
        )
        self.take("company_document")
        self.action("facturex_billing.facturex_legal_mention_action")
        self.browser.click(".o_group_name", "Belgique")
        self.take("legal_mentions")

    def type(self, selector, text):
        self.browser.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self.browser.call("Input.insertText", text=text)
        time.sleep(1)

    def assistant(self, customer):
        """The three steps of a new invoice, which is not sent."""
        self.action("facturex_billing.facturex_invoice_assistant_action")
        self.type("[name=partner_id] input", customer)
        self.browser.click(".o-autocomplete--dropdown-item", customer)
        self.type("[name=label] input", "Toiture du garage")
        self.browser.click("[name=line_ids] .o_data_row td[name=name]")
        self.type("[name=line_ids] [name=name] textarea", "Pose de tuiles")
        self.browser.run(
            "document.querySelector('[name=line_ids] [name=price_unit] input').select()"
        )
        self.type("[name=line_ids] [name=price_unit] input", "450")
        self.browser.click(".o_facturex_assistant [name=label]")
        self.take("assistant_invoice")
        for button, then, name in [
            ("action_preview", "action_mail", "assistant_preview"),
            ("action_mail", "action_send", "assistant_mail"),
        ]:
            self.browser.click(f"button[name={button}]")
            self.browser.wait_for(f"document.querySelector('button[name={then}]')", 90)
            time.sleep(4)
            self.take(name)

    def open_first(self, action, cell, contains=None):
        """The first row of a list, or the one that holds a text."""
        self.action(action)
        self.browser.click(f".o_data_row td[name={cell}]", *filter(None, [contains]))
        self.browser.wait_for("document.querySelector('.o_form_view')")

    def subscriptions(self):
        """List, dates ahead, a change before it is applied, figures, a revision."""
        listed = "facturex_billing.facturex_subscription_action"
        self.action(listed)
        self.take("subscriptions")
        buyer = dataset.customer("be_merelwoud").name
        self.open_first(listed, "partner_id", buyer)
        self.browser.click(".nav-link[name=schedule]")
        self.take("subscription")
        self.browser.click("button[name=action_facturex_stop]")
        self.browser.wait_for("document.querySelector('[name=preview]')")
        self.take("subscription_change")
        self.action("facturex_billing.facturex_subscription_figures_action")
        self.take("subscription_figures")
        revision = "facturex.price.revision"
        day = datetime.datetime.now(datetime.UTC).date().replace(day=1)
        number = self.browser.run(
            f"{CALL} call('{revision}', 'create', [[{{name: 'Révision {day:%Y}',"
            f" date: '{day}'}}]])"
        )[0]
        self.browser.run(f"{CALL} call('{revision}', 'action_compute', [[{number}]])")
        self.browser.open(f"{self.url}/odoo/m-{revision}/{number}", VIEW)
        self.take("price_revision")

    def to_chase(self):
        """The plan of three weeks ahead: today's reminders have just left."""
        run = "facturex.dunning.run"
        number = self.browser.run(f"{CALL} call('{run}', 'action_open', [])")["res_id"]
        day = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(21)
        self.browser.run(
            f"{CALL} call('{run}', 'write', [[{number}], {{date: '{day}'}}])"
        )
        self.browser.run(f"{CALL} call('{run}', 'action_refresh', [[{number}]])")
        self.browser.open(f"{self.url}/odoo/m-{run}/{number}", VIEW)
        time.sleep(1)
        self.take("to_chase")

    def dunning(self):
        """Around the reminders: a ready-made policy, charges, a plan, a letter."""
        self.action("facturex_billing.facturex_dunning_policy_action")
        self.browser.click("button", "Ajouter une politique")
        self.browser.wait_for("document.querySelector('.modal [name=summary]')")
        self.take("policy_ready")
        self.browser.open(
            f"{self.url}/odoo/action-facturex_billing.facturex_late_charge_action_open",
            VIEW,
        )
        self.take("late_charges")
        late = [["payment_state", "=", "not_paid"], ["move_type", "=", "out_invoice"]]
        late.append(["state", "=", "posted"])
        number = self.find("account.move", late, "invoice_date_due")["id"]
        self.browser.open(f"{self.url}/odoo/account.move/{number}", VIEW)
        self.browser.click("button[name=action_facturex_payment_plan]")
        self.browser.wait_for("document.querySelector('button[name=action_agree]')")
        self.take("payment_plan")
        notice = self.find(
            "facturex.dunning.notice",
            [["state", "=", "sent"]],
            "amount_total desc",
            ["access_url", "access_token"],
        )
        self.browser.open(
            f"{self.url}/report/html/facturex_billing.report_dunning_letter/{notice['id']}"
        )
        self.take("letter")
        token = notice["access_token"]
        Shots.reminder = f"{self.url}{notice['access_url']}?access_token={token}"

    def find(self, model, domain, order, names=("id",)):
        """The first record of a search."""
        args = json.dumps([domain, list(names), 0, 1, order])
        return self.browser.run(f"{CALL} call('{model}', 'search_read', {args})")[0]

    def import_preview(self):
        """Three files: new movements after a gap, all known, another's account."""
        samples = ROOT / "addons/facturex_banking/tests/samples"
        with tempfile.TemporaryDirectory() as folder:
            new = pathlib.Path(folder, "nouveau.xml")
            new.write_bytes(self.new_statement())
            self.browser.open(
                f"{self.url}/odoo/action-facturex_banking.facturex_statement_import_action",
                "document.querySelector('.o_input_file, .o_file_input_trigger')",
            )
            self.browser.upload(
                "input[type=file]",
                [
                    new,
                    samples / "camt053/subite_LT62_2024-03-28.xml",
                    samples / "own/c053.xml",
                ],
            )
            self.browser.wait_for(
                "document.querySelectorAll('.o_attachment').length >= 3"
            )
            self.browser.click("button[name=action_preview]")
            self.browser.wait_for(
                "document.querySelector('[name=line_ids] .o_data_row')"
            )
            self.take("import_preview")

    def new_statement(self):
        company, customer = dataset.COMPANIES[0], dataset.customer("be_brunelle")
        day = datetime.datetime.now(datetime.UTC).date()
        return write_camt053(
            Statement(
                account_iban=company.iban,
                owner=company.name,
                statement_id="101",
                sequence=101,
                opening_balance=Decimal("34000.00"),
                movements=tuple(
                    Movement(
                        date=day,
                        amount=Decimal(amount),
                        bank_reference=f"N{amount}",
                        text="Acompte chantier",
                        counterparty=customer.name,
                        counterparty_iban=customer.iban,
                    )
                    for amount in ("450.00", "120.50")
                ),
            )
        )

    def accountant(self):
        self.browser.login(self.url, ACCOUNTANT, office.PASSWORD)
        self.action("facturex_portal.facturex_export_batch_action")
        self.browser.click(".o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.browser.click(".o_switch_company_menu button")
        self.take("exports")
        self.house()

    def house(self):
        """The firm: console, a dossier, roles, a lock before it is set, a request."""
        self.action("facturex_portal.facturex_dossier_action_console")
        self.browser.wait_for("document.querySelector('.o_data_row')")
        self.take("console")
        self.browser.click(".o_data_row td[name=health_reasons]")
        self.browser.wait_for(FORM)
        self.take("dossier")
        self.action("facturex_portal.facturex_role_matrix_action")
        self.take("matrix")
        dossiers = json.dumps(self.every("facturex.dossier"))
        number = self.browser.run(f"""{CALL} (async () => {{
            var day = new Date();
            day.setUTCDate(0);
            var [act] = await call("facturex.bulk.act", "create", [[{{
                kind: "lock", lock_date: day.toISOString().slice(0, 10),
                line_ids: {dossiers}.map((id) => [0, 0, {{dossier_id: id}}])}}]]);
            return act;
        }})()""")
        address = f"{self.url}/odoo/action-facturex_portal.facturex_bulk_act_action"
        self.browser.open(f"{address}/{number}", FORM)
        self.take("lock")
        self.open_first("facturex_portal.facturex_request_action", "name", "banc")
        self.take("request")
        self.action("facturex_portal.facturex_document_action")
        self.take("documents")

    def every(self, model):
        return self.browser.run(f"{CALL} call('{model}', 'search', [[]])")

    def entrepreneur(self):
        """The portal of the owner of a company that a firm looks after."""
        self.browser.login(self.url, OWNER, office.PASSWORD)
        self.browser.open(f"{self.url}/my/companies")
        self.take("portal_companies")
        self.browser.open(f"{self.url}/my/requests")
        self.browser.click("#facturex_requests .list-group-item")
        self.browser.wait_for("document.querySelector('#facturex_request')")
        self.take("portal_request")

    def customer(self):
        self.browser.login(self.url, CUSTOMER, office.PASSWORD)
        self.browser.open(f"{self.url}/my/home")
        self.take("portal_home")
        self.browser.open(f"{self.url}/my/invoices")
        self.browser.click(".o_portal_my_doc_table a, table.o_portal_my_doc_table td a")
        time.sleep(4)
        self.take("portal_invoice")
        self.browser.open(self.reminder)
        self.take("portal_reminder")


def main(url, directory=ROOT / "docs/img"):
    for who in ("owner", "accountant", "entrepreneur", "customer"):
        with Browser() as browser:
            getattr(Shots(browser, url, pathlib.Path(directory)), who)()


if __name__ == "__main__":
    main(*sys.argv[1:])
