"""Screenshots of docs/img, taken from the served demo as its three users.

Usage: shots.py URL [DIRECTORY]
"""

import pathlib
import sys
import time

from scripts.browser import Browser
from scripts.seed import dataset, office

ROOT = pathlib.Path(__file__).parents[1]
OWNER = dataset.COMPANIES[0].owner.login
ACCOUNTANT = dataset.FIRM.collaborators[0].login
CUSTOMER = dataset.PORTAL_USERS[0].login
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
        self.action("account.open_account_journal_dashboard_kanban")
        self.take("dashboard")
        self.action("facturex_billing.facturex_dunning_run_action")
        self.take("to_chase")
        self.action("facturex_billing.facturex_dunning_notice_action")
        self.take("reminders")
        self.browser.click(".o_data_row td[name=partner_id]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.browser.click(".nav-link[name=message]")
        self.take("reminder")
        self.action("facturex_banking.bank_statement_line_to_match_action")
        self.take("to_match")
        self.browser.click(".o_data_row td[name=payment_ref]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("proposals")
        self.action("facturex_banking.facturex_statement_file_action")
        self.take("statement_files")
        self.action("account.action_move_out_invoice")
        self.take("invoices")
        self.browser.click(".o_data_row td[name=partner_id], .o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("invoice")
        self.action("facturex_billing.facturex_dunning_policy_action")
        self.browser.click(".o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.take("policy")

    def accountant(self):
        self.browser.login(self.url, ACCOUNTANT, office.PASSWORD)
        self.action("facturex_portal.facturex_export_batch_action")
        self.browser.click(".o_data_row td[name=name]")
        self.browser.wait_for("document.querySelector('.o_form_view')")
        self.browser.click(".o_switch_company_menu button")
        self.take("exports")

    def customer(self):
        self.browser.login(self.url, CUSTOMER, office.PASSWORD)
        self.browser.open(f"{self.url}/my/home")
        self.take("portal_home")
        self.browser.open(f"{self.url}/my/invoices")
        self.browser.click(".o_portal_my_doc_table a, table.o_portal_my_doc_table td a")
        time.sleep(4)
        self.take("portal_invoice")


def main(url, directory=ROOT / "docs/img"):
    for who in ("owner", "accountant", "customer"):
        with Browser() as browser:
            getattr(Shots(browser, url, pathlib.Path(directory)), who)()


if __name__ == "__main__":
    main(*sys.argv[1:])
