"""The main job, told once from the quote to the accountant.

Every step acts as the person who would do it, through the methods and routes that the
person's screen calls. The story takes seven weeks and is told in a minute: documents
bear the dates of the story, the acts happen now.
"""

import base64
import pathlib
import time
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from odoo.fields import Command

from scripts.seed import dataset, history, house, office, subscriptions
from scripts.seed.statement_writer import Movement, Statement, write_camt053

SAMPLES = (
    pathlib.Path(__file__).parents[2] / "addons/facturex_banking/tests/samples/camt053"
)
REAL_ACCOUNT = "subite_LT62_*.xml"
# a transparent dot: what matters is that the customer drew something
SIGNATURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BUYERS = {"be": "be_tavelle", "fr": "fr_combelune"}
BASKETS = {
    "be": (("lum_orme", 4), ("lum_pose", 6), ("livraison", 1)),
    "fr": (("ver_pommes", 20), ("ver_poires", 10), ("livraison", 1)),
}


class StoryError(AssertionError):
    """The story did not go as told: the product is broken, not the story."""


def expect(condition, sentence):
    if not condition:
        raise StoryError(sentence)


@dataclass
class Facts:
    """What happened, for the summary and for the tests."""

    counts: dict = field(default_factory=dict)
    amounts: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)


class Story:
    """One telling on one database.

    :param env: environment of the administrator
    :param today: the day of the story's end
    :param accept_quote: called with a sent `sale.order`; accepts it on the portal
    :param commit: called after each step, so that other processes see it
    :param volume: invoices of the history per company
    """

    def __init__(self, env, today, accept_quote, commit, say=print, volume=40):
        self.env, self.today = env, today
        self.accept_quote, self.commit, self.say = accept_quote, commit, say
        self.volume = volume
        self.facts = Facts()
        self.office = None
        self.invoices = {}
        self.balances = {}

    def run(self):
        for step in (
            self.open_the_office,
            self.tell_the_history,
            self.sell,
            self.bill_what_comes_back,
            self.remind,
            self.get_paid,
            self.import_real_statements,
            self.exchange_an_electronic_invoice,
            self.hand_over_to_the_accountant,
            self.open_the_firm,
        ):
            started = time.monotonic()
            step()
            self.commit()
            self.facts.seconds[step.__name__] = round(time.monotonic() - started, 1)
        return self.facts

    # ------------------------------------------------------------------

    def _as(self, user, key):
        """The environment of a person, in one company."""
        company = self.office.companies[key]
        person = self.office.users[user]
        return self.env(
            user=person,
            su=False,
            context={
                "allowed_company_ids": company.ids,
                "lang": person.lang,
                "tz": person.tz,
            },
        )

    def _as_owner(self, key):
        return self._as(dataset.company(key).owner.key, key)

    def as_collaborator(self, key):
        """Who leads the accounting firm."""
        return self._as(dataset.FIRM.collaborators[0].key, key)

    def _told(self, sentence, **counts):
        self.say(sentence)
        self.facts.counts.update(counts)

    # ------------------------------------------------------------------

    def open_the_office(self):
        customers = dataset.CUSTOMERS
        if self.volume > 1000:
            customers += tuple(dataset.extra_customers(self.volume // 20))
        self.office = office.create_office(self.env, customers)
        for key in self.office.companies:
            self._as_owner(key)["facturex.dunning.policy"].create(
                {"name": self.env._("Standard")}
            )
        self._told(
            f"{len(self.office.companies)} companies, {len(self.office.customers)}"
            f" customers, {len(self.office.suppliers)} suppliers,"
            f" {len(self.office.products)} products",
            customers=len(self.office.customers),
            suppliers=len(self.office.suppliers),
        )

    def tell_the_history(self):
        """Six months of trade; what was paid is found by the statement import."""
        for key in self.office.companies:
            env = self._as_owner(key)
            pairs = history.create_documents(
                env, self.office, key, self._invoice_plan(key), self.commit, self.say
            )
            pairs += history.create_documents(
                env,
                self.office,
                key,
                dataset.bill_plan(key, self._bills(), today=self.today),
                self.commit,
            )
            files, self.balances[key] = history.write_statements(
                self.office, key, pairs, self.today
            )
            imported = self._import(env, files)
            lines = imported.st_line_ids
            matched = sum(imported.mapped("matched_count"))
            self._told(
                f"{self.office.companies[key].name}: {len(pairs)} documents posted,"
                f" {len(lines)} bank lines imported, {matched}"
                " matched by themselves",
                **{
                    f"documents_{key}": len(pairs),
                    f"lines_{key}": len(lines),
                    f"matched_{key}": matched,
                },
            )

    def _bills(self):
        """Half as many as invoices; a firm that sells a lot buys from few."""
        return min(max(20, self.volume // 2), 500)

    def _invoice_plan(self, key):
        customers = None
        if self.volume > 1000:
            customers = [
                spec
                for spec in (
                    *dataset.CUSTOMERS,
                    *dataset.extra_customers(self.volume // 20),
                )
                if spec.company == key
            ]
        return dataset.invoice_plan(
            key, self.volume, today=self.today, customers=customers
        )

    def _import(self, env, files):
        imported = env["facturex.statement.file"]
        for name, content in files:
            file = env["facturex.statement.file"]._import(content, name)
            expect(file.state == "done", f"{name}: {file.message}")
            imported |= file
            self.commit()
        return imported

    # ------------------------------------------------------------------

    def sell(self):
        """Quote, accepted on the portal, order, invoice, sent with its e-invoice."""
        for key, expected in (("be", "ubl_bis3"), ("fr", "facturx")):
            order = self._send_quote(key)
            self.commit()  # the portal is another process
            self.accept_quote(order)
            self.commit()  # a new snapshot, to see what the portal wrote
            order.invalidate_recordset()
            expect(order.state == "sale", f"{order.name} was not accepted")
            invoice = self._invoice(order)
            self.invoices[key] = invoice
            partner = invoice.commercial_partner_id
            expect(partner.invoice_edi_format == expected, f"not {expected}")
            self._told(
                f"{order.name} accepted on the portal by {order.signed_by},"
                f" {invoice.name} of {invoice.amount_total:.2f} € sent to"
                f" {partner.email} with its PDF and {expected}"
            )
            self.facts.amounts[f"invoice_{key}"] = invoice.amount_total

    def _send_quote(self, key):
        env = self._as_owner(key)
        customer = self.office.customers[BUYERS[key]].with_env(env)
        order = env["sale.order"].create(
            {
                "partner_id": customer.id,
                "date_order": self.today - timedelta(days=50),
                "payment_term_id": self.office.terms["2x50"].id,
                "require_signature": True,
                "require_payment": False,
                "validity_date": self.today + timedelta(days=30),
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.office.products[product].id,
                            "product_uom_qty": quantity,
                        }
                    )
                    for product, quantity in BASKETS[key]
                ],
            }
        )
        action = order.action_quotation_send()
        composer = env["mail.compose.message"].with_context(**action["context"])
        composer.create({}).action_send_mail()
        return order

    def _invoice(self, order):
        """As billed seven weeks ago: its first half has been due for two weeks."""
        invoice = order._create_invoices()
        invoice.invoice_date = self.today - timedelta(days=45)
        invoice.action_post()
        invoice._generate_and_send(sending_methods=["email"])
        expect(invoice.is_move_sent, f"{invoice.name} was not sent")
        expect(invoice.invoice_pdf_report_id, f"{invoice.name} has no PDF")
        return invoice

    # ------------------------------------------------------------------

    def bill_what_comes_back(self):
        """A handful of subscriptions per company, and the run that bills them."""
        for key in self.office.companies:
            env = self._as_owner(key)
            made = subscriptions.create(env, self.office, key, self.today)
            run = env["facturex.subscription"]._run_due(self.today)
            expect(run.billed_count, f"nothing was billed for {key}")
            expect(not run.parked_count, f"put aside: {run.line_ids.mapped('reason')}")
            self._told(
                f"{len(made)} subscriptions of {self.office.companies[key].name},"
                f" {run.billed_count} invoices of {run.amount_untaxed:.2f} € made by"
                " the run",
                **{f"subscriptions_{key}": len(made)},
            )

    # ------------------------------------------------------------------

    def remind(self):
        """The first instalment is late: a look at the plan, then the first reminder."""
        sent = 0
        for key, invoice in self.invoices.items():
            env = self._as_owner(key)
            policy = env["facturex.dunning.policy"].search([])
            notices = policy._run(date=self.today)
            notices.action_send()
            notices.action_send_now()  # nobody waits here to undo
            self.commit()  # the mails leave after it, in a cursor of their own
            notices.invalidate_recordset()
            left = notices.filtered(lambda notice: notice.state != "sent")
            expect(not left, f"not sent: {left.mapped('reason')}")
            own = notices.line_ids & invoice.facturex_notice_line_ids
            expect(
                len(own) == 1 and own.amount_residual < invoice.amount_residual,
                f"{invoice.name}: only the instalment that is due is claimed",
            )
            sent += len(notices)
        self._told(
            f"{sent} first reminders sent, one per late customer", reminders=sent
        )

    def get_paid(self):
        """The customers pay all of it; the line finds the invoice and says why."""
        for key, invoice in self.invoices.items():
            env = self._as_owner(key)
            file = self._import(env, [self._write_payment(key, invoice)])
            line = file.st_line_ids
            invoice.invalidate_recordset()
            expect(
                invoice.payment_state == "paid",
                f"{invoice.name} is {invoice.payment_state} after {file.name}",
            )
            self._told(
                f"{invoice.name} paid: bank line of {line.amount:.2f} € matched,"
                f" because {line.facturex_match_reason}"
            )

    def _write_payment(self, key, invoice):
        spec, buyer = dataset.company(key), dataset.customer(BUYERS[key])
        statement = Statement(
            account_iban=spec.iban,
            owner=spec.name,
            statement_id=f"{self.today:%Y}-099",
            sequence=99,
            opening_balance=self.balances[key],
            movements=(
                Movement(
                    date=self.today,
                    amount=Decimal(str(invoice.amount_residual)),
                    bank_reference=f"P{invoice.id:08d}",
                    structured_reference=invoice.payment_reference,
                    counterparty=buyer.name,
                    counterparty_iban=buyer.iban,
                ),
            ),
        )
        return f"{key}-today.xml", write_camt053(statement)

    # ------------------------------------------------------------------

    def import_real_statements(self):
        """Sixteen daily statements of a real account: a chain without a gap, once."""
        paths = sorted(SAMPLES.glob(REAL_ACCOUNT))
        expect(paths, f"no sample under {SAMPLES}")
        env = self._as_owner("be")
        files = [(path.name, path.read_bytes()) for path in paths]
        journals = self._open_real_journals(env, files)
        imported = self._import(env, files)
        for journal in journals:
            self._check_chain(env, journal, imported)
        again = self._import(env, files)
        expect(not again.st_line_ids, "the second import created something")
        expect(not sum(again.mapped("new_count")), "the second import found news")
        known = sum(again.mapped("known_count"))
        lines = len(imported.st_line_ids)
        expect(known == lines, f"{known} lines recognised, {lines} imported")
        self._told(
            f"{len(files)} daily statements of a real account imported, {lines} lines,"
            f" every opening is the closing before; again: 0 new, {known} known",
            real_files=len(files),
            real_lines=lines,
            real_known=known,
        )

    def _open_real_journals(self, env, files):
        from odoo.addons.facturex_banking.engine.formats import parse

        journals = env["account.journal"]
        statements = parse(files[0][1], files[0][0]).statements
        for rank, statement in enumerate(statements, 1):
            journals |= office.open_journal(
                self.env,
                self.office.companies["be"],
                f"Compte réel {rank} (échantillon)",
                f"REEL{rank}",
                statement.account_number,
            ).with_env(env)
        return journals

    def _check_chain(self, env, journal, imported):
        statements = env["account.bank.statement"].search(
            [("journal_id", "=", journal.id)], order="date, id"
        )
        expect(statements, f"{journal.name} has no statement")
        expect(all(s.is_complete for s in statements), "a statement does not add up")
        expect(all(s.is_valid for s in statements), "a statement is missing")
        lines = imported.st_line_ids.filtered(lambda line: line.journal_id == journal)
        moved = sum(lines.mapped("amount"))
        last = statements[-1].balance_end_real
        expect(
            journal.company_id.currency_id.is_zero(
                statements[0].balance_start + moved - last
            ),
            f"{journal.name} does not end where the bank does",
        )

    def exchange_an_electronic_invoice(self):
        """What the Belgian company sends arrives as a bill of the French one."""
        seller, buyer = self.office.companies["be"], self.office.companies["fr"]
        env = self._as_owner("be")
        customer = env["res.partner"].create(
            {
                **office._address(self.env, dataset.company("fr")),
                "is_company": True,
                "lang": "fr_FR",
                "company_id": seller.id,
                "invoice_edi_format": "ubl_bis3",
                "invoice_sending_method": "email",
            }
        )
        invoice = env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_date": self.today,
                "invoice_payment_term_id": self.office.terms["30days"].id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.office.products["lum_etude"].id,
                            "quantity": 8,
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        invoice._generate_and_send(sending_methods=["email"])
        xml = invoice.ubl_cii_xml_id
        expect(xml, f"{invoice.name} has no UBL file")
        bill = self._receive(xml.raw, xml.name)
        expect(
            bill.company_id == buyer
            and bill.ref == invoice.name
            and bill.amount_total == invoice.amount_total,
            f"{xml.name} came in as {bill.ref} of {bill.amount_total}",
        )
        self._told(
            f"{xml.name}: {invoice.name} of {seller.name} is a bill of {buyer.name},"
            f" {bill.amount_total:.2f} €"
        )

    def _receive(self, content, name):
        env = self._as_owner("fr")
        journal = env["account.journal"].search(
            [("type", "=", "purchase"), ("company_id", "=", env.company.id)], limit=1
        )
        attachment = env["ir.attachment"].create({"name": name, "raw": content})
        action = journal.create_document_from_attachment(attachment.ids)
        return env["account.move"].browse(action["res_id"])

    # ------------------------------------------------------------------

    def hand_over_to_the_accountant(self):
        """One login, both companies; last month's sales journal of each."""
        collaborator = dataset.FIRM.collaborators[0]
        user = self.office.users[collaborator.key]
        expect(
            user.company_ids
            == self.env["res.company"].union(*self.office.companies.values()),
            "the accountant does not see both companies",
        )
        total = 0
        for key in self.office.companies:
            batch = self._as(collaborator.key, key)["facturex.export.batch"].create({})
            batch.action_export()
            expect(batch.content, "the export has no file")
            total += batch.item_count
        self._told(
            f"{user.name} switches between {len(user.company_ids)} companies;"
            f" sales journals of last month: {total} documents",
            exported=total,
        )

    def open_the_firm(self):
        """Dossiers on both companies, with roles, requests and documents."""
        dossiers = house.open_house(self)
        house.work(self, dossiers)
        members = sum(len(one.member_ids) for one in dossiers.values())
        self._told(
            f"{dataset.FIRM.name} keeps {len(dossiers)} dossiers with {members} roles",
            dossiers=len(dossiers),
        )


def signature():
    """What the portal's signature pad sends."""
    base64.b64decode(SIGNATURE, validate=True)
    return SIGNATURE


def today():
    """The real day: the demo must never look stale."""
    return date.today()  # noqa: DTZ011
