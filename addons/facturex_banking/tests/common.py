import contextlib
from decimal import Decimal

from odoo.addons.facturex_billing.tests.common import FacturexCommon

DAY = "2026-03-10"


class FacturexBankingCommon(FacturexCommon):
    """A bank account in each of the two companies, and files of the bank."""

    iban = "BE68539007547034"
    other_iban = "BE71096123456769"
    payer_iban = "BE62510007547061"
    unknown_iban = "FR7630006000011234567890189"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.journal = cls.company_data["default_journal_bank"]
        cls.journal.set_bank_account(cls.iban)
        cls.other_journal = cls.other_data["default_journal_bank"]
        cls.other_journal.with_company(cls.other_company).set_bank_account(
            cls.other_iban
        )

    # ------------------------------------------------------------------
    # Bank files
    # ------------------------------------------------------------------

    @classmethod
    def _camt(cls, account, entries, opening=0, number=1, date=DAY, **vals):
        """A file of one statement; it adds up unless `closing` says otherwise."""
        statement = dict(
            vals,
            account=account,
            entries=entries,
            opening=opening,
            number=number,
            date=date,
        )
        return cls._camt_file(statement)

    @classmethod
    def _camt_file(cls, *statements, message="053"):
        root = {"053": "BkToCstmrStmt", "052": "BkToCstmrAcctRpt"}[message]
        body = "\n".join(cls._camt_statement(message, **vals) for vals in statements)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.08">'
            f"<{root}>\n<GrpHdr><MsgId>M</MsgId></GrpHdr>\n{body}\n</{root}></Document>"
        ).encode()

    @classmethod
    def _camt_statement(
        cls,
        message,
        account,
        entries,
        opening=0,
        number=1,
        date=DAY,
        closing=None,
        currency="EUR",
    ):
        """One statement; `date` is the day of each entry that gives none."""
        entries = [{"date": date, **entry} for entry in entries]
        days = [entry["date"] for entry in entries] or [date]
        if closing is None:
            closing = Decimal(str(opening)) + sum(
                Decimal(str(entry["amount"])) for entry in entries
            )
        tag = {"053": "Stmt", "052": "Rpt"}[message]
        balances = "".join(
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f"{cls._camt_amount(amount, currency)}<Dt><Dt>{day}</Dt></Dt></Bal>\n"
            for code, amount, day in [
                ("OPBD", opening, min(days)),
                ("CLBD", closing, max(days)),
            ]
        )
        return (
            f"<{tag}><Id>{account}-{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>\n"
            f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>\n"
            + balances
            + "\n".join(cls._camt_entry(currency, **entry) for entry in entries)
            + f"</{tag}>"
        )

    @staticmethod
    def _camt_amount(amount, currency):
        amount = Decimal(str(amount))
        mark = "DBIT" if amount < 0 else "CRDT"
        mark = f"<CdtDbtInd>{mark}</CdtDbtInd>"
        return f'<Amt Ccy="{currency}">{abs(amount):.2f}</Amt>{mark}'

    @classmethod
    def _camt_entry(
        cls, currency, amount, date, text="", reference="", name="", iban="", bank_id=""
    ):
        side = "Cdtr" if amount < 0 else "Dbtr"
        money = cls._camt_amount(amount, currency)
        remittance = f"<Ustrd>{text}</Ustrd>" if text else ""
        if reference:
            digits = reference.strip("+").replace("/", "")
            remittance += f"<Strd><CdtrRefInf><Ref>{digits}</Ref></CdtrRefInf></Strd>"
        parties = f"<{side}><Pty><Nm>{name}</Nm></Pty></{side}>" if name else ""
        if iban:
            parties += f"<{side}Acct><Id><IBAN>{iban}</IBAN></Id></{side}Acct>"
        return (
            f"<Ntry>{money}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{date}</Dt></BookgDt>"
            f"<ValDt><Dt>{date}</Dt></ValDt>"
            + (f"<AcctSvcrRef>{bank_id}</AcctSvcrRef>" if bank_id else "")
            + f"<NtryDtls><TxDtls>{money}<RltdPties>{parties}</RltdPties>"
            f"<RmtInf>{remittance}</RmtInf></TxDtls></NtryDtls></Ntry>"
        )

    # ------------------------------------------------------------------
    # Acts
    # ------------------------------------------------------------------

    @classmethod
    def _import(
        cls, content, user=None, name="bank.xml", journal=None, dry=False, **context
    ):
        """Import as a plain user, as the screen does."""
        file = cls._as(cls.env["facturex.statement.file"], user or cls.user)
        file = file.with_context(**context)
        return file._import(
            content, name, journal=journal and journal.with_env(file.env), dry=dry
        )

    @classmethod
    def _line(cls, amount, text="/", **vals):
        """A bank line of the plain user's company, not matched yet."""
        details = {"structured_reference": vals.pop("reference", None)}
        return cls._as(cls.env["account.bank.statement.line"], cls.user).create(
            {
                "journal_id": cls.journal.id,
                "date": DAY,
                "amount": amount,
                "payment_ref": text,
                "transaction_details": details,
                **vals,
            }
        )

    @classmethod
    def _suspense(cls, lines):
        return lines.line_ids.filtered(
            lambda item: item.account_id == cls.journal.suspense_account_id
        )

    @contextlib.contextmanager
    def assertNothingWritten(self):
        """Not one row inserted, changed or removed in the whole database."""
        before = self._count_written()
        yield
        self.assertEqual(self._count_written(), before, "rows were written")

    def _count_written(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT SUM(n_tup_ins + n_tup_upd + n_tup_del)"
            "  FROM pg_stat_xact_user_tables"
        )
        return self.env.cr.fetchone()[0]
