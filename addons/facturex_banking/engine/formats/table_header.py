"""The words that head the columns of bank downloads, and the role of each.

Collected from the public help pages of Belgian and French banks, in French,
Dutch, English and German.
"""

import re
import unicodedata

# the name of the other side, its account, or both
EITHER = ("contrepartie", "tegenpartij", "counterparty")
# role: headers, best first; a header is compared folded, whole, then as a prefix
_WORDS: dict[str, tuple[str, ...]] = {
    "date": (
        *("date comptable", "boekingsdatum", "booking date", "date d execution"),
        *("date de comptabilisation", "date operation", "date de l operation"),
        *("date d operation", "uitvoeringsdatum", "execution date", "posting date"),
        *("transaction date", "transactiedatum", "completed date", "buchungstag"),
        *("buchungsdatum", "boekdatum", "date", "datum", "dateop", "settlement date"),
        *("date completed", "date de fin", "datum voltooid", "operation date"),
        *("date de transaction", "date de la transaction", "verrichtingsdatum"),
        *("datum boeking", "datum verrichting"),
    ),
    "value_date": (
        *("date valeur", "date de valeur", "valutadatum", "value date", "valuta"),
        *("valeur", "wertstellung", "valutadatum", "dateval", "waardedatum"),
        *("datum valuta", "datum verrekening"),
    ),
    "amount": (
        *("total amount", "montant de l operation", "montant en eur", "montant eur"),
        "bedrag eur",
        *("bedrag in eur", "montant", "bedrag", "amount", "betrag", "umsatz"),
        *("transaction amount", "transactiebedrag", "net"),
    ),
    "debit": ("debit euros", "debit", "debet", "montant debit", "withdrawal", "af"),
    "credit": ("credit euros", "credit", "montant credit", "deposit", "bij", "krediet"),
    "sign": ("sens", "debit credit", "credit debit", "af bij", "dc", "d c"),
    "currency": (
        *("devise du compte", "devise", "munt", "currency", "devies", "wahrung"),
        *("valuta rekening", "munteenheid", "payment currency"),
    ),
    "balance": (
        *("solde apres operation", "solde", "saldo", "balance", "running balance"),
        *("saldo na transactie", "solde euros", "saldo na mutatie", "saldo na trn"),
        "saldo rekening",
    ),
    "communication": (
        *("communication", "mededeling", "mededelingen", "communications"),
        *("communication libre", "vrije mededeling", "libelle", "libelles"),
        *("libelle de l operation", "libelle operation", "description"),
        *("omschrijving", "message", "bericht", "reference", "motif", "objet"),
        *(
            "verwendungszweck",
            "memo",
            "payment reference",
            "label",
            "libelle simplifie",
        ),
        *("notifications", "beschrijving", "toelichting"),
    ),
    "details": (
        *("details", "details du mouvement", "detail de l ecriture"),
        *("details de la transaction", "transactiedetails", "informations"),
        *("informations complementaires", "detail", "remarks"),
    ),
    "structured_reference": (
        *("communication structuree", "gestructureerde mededeling"),
        *("structured communication", "structured reference", "vcs", "ogm"),
    ),
    "partner_name": (
        *("nom de la contrepartie", "naam tegenpartij", "counterparty name"),
        *("nom contrepartie", "naam van de tegenpartij", "naam tegenpartij bevat"),
        *("nom contrepartie contient", "nom de la contrepartie contient"),
        *("beneficiaire", "tiers", "name description", "payee", "nom du tiers"),
        *("begunstigde", "auftraggeber beguenstigter", "name", "partner"),
        *("naam omschrijving", "contrepartie nom", "titulaire contrepartie"),
        *("payee name", "beneficiary name", "handelaar", "commercant"),
    ),
    "partner_account": (
        *("compte contrepartie", *EITHER, "compte tiers"),
        *("rekening tegenpartij", "compte partie adverse", "tegenrekening"),
        *("rekeningnummer tegenpartij", "numero de compte contrepartie"),
        *("counterparty account", "counterparty iban", "iban contrepartie"),
        *("iban tegenpartij", "compte de la contrepartie", "partner iban"),
        *("numero de compte de la contrepartie", "iban beneficiaire"),
        *("beneficiary iban", "payee account number", "beneficiary account number"),
        *("rekening begunstigde", "tegenrekening iban bban"),
        *("iban de la contrepartie", "kontonummer iban"),
    ),
    "partner_bic": ("bic contrepartie", "bic tegenpartij", "bic", "code bic"),
    "bank_id": (
        *("numero de transaction", "transactienummer", "transaction id"),
        *("reference de l operation", "identifiant", "id transaction"),
        *("numero de mouvement", "omzetnummer", "volgnummer", "no de sequence"),
        *("numero de sequence", "n de sequence", "ref banque", "bank reference"),
        *("sequence number", "id", "transferwise id"),
    ),
    "end_to_end_id": (
        *("end to end id", "end to end reference", "reference end to end"),
        *("reference de bout en bout", "endtoendid", "e2e"),
    ),
    "transaction_code": (
        *("type de transaction", "type transaction", "transactietype"),
        *("type d operation", "type operation", "transaction type", "type", "code"),
        *("mutatiesoort", "transactie", "transaction", "nature"),
    ),
    "account": (
        *("numero de compte", "rekeningnummer", "account number", "compte"),
        *("rekening", "iban", "account", "mon compte", "mijn rekening"),
        *("compte donneur d ordre", "auftragskonto", "n de compte", "no de compte"),
        *("iban bban", "accountnum"),
    ),
    "status": ("statut", "status", "etat", "state"),
}
ROLES = tuple(_WORDS)
_EXACT = {
    word: (rank, role)
    for role, words in _WORDS.items()
    for rank, word in enumerate(words)
}
# What a guess by a part of the header must not take: the account or the money of
# somebody else, a day that names no kind of transaction.
_ELSEWHERE = {
    "account": re.compile(
        r"payee|payer|benefici|counterpart|contrepart|tegenpart|begunstigd|partner"
        r"|tiers|recipient|sender|empfanger|destinat|adverse|name|\bnom\b|naam|label"
        r"|card|carte|kaart|holder|titulaire|type"
    ),
    "amount": re.compile(
        r"orig|local|foreign|fee|charge|frais|kosten|exchange|excl|hors|ursprung"
    ),
    "transaction_code": re.compile(r"\bdat(?:e|um)\b"),
}
_ELSEWHERE["currency"] = _ELSEWHERE["amount"]
# an amount before tax, or in the money of the shop: in brackets, which fold away
_ASIDE = re.compile(r"(?i)[(\[][^)\]]*(?:excl|hors|\bHT\b|local|francs)[^)\]]*[)\]]")

# Headers that no mapping needs to name; see ``table_guess``.
FEE = ("fee", "frais", "kosten", "gebuhr")
FALLBACKS = _WORDS["communication"]
PAYER = ("payer name", "merchant")


def fold_header(cell: object) -> str:
    """A header without accents, case, punctuation nor unit in brackets.

    "Colonne 3" is "column 3", the third of a table without header.
    """
    text = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", str(cell or ""))
    text = text.replace("°", " ").replace("º", " ")
    text = unicodedata.normalize("NFKD", text).lower()
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = re.sub(r"[^a-z0-9]+", " ", text).strip()
    text = re.sub(r"^(?:colonne|kolom|spalte) (?=[0-9]+$)", "column ", text)
    return text if text or not str(cell or "").strip() else str(cell).strip().lower()


def role_of(cell: object) -> list[tuple[int, str]]:
    """(rank, role) candidates of a header; lower ranks are surer."""
    folded = fold_header(cell)
    if folded in _EXACT:
        rank, role = _EXACT[folded]
        aside = role == "amount" and _ASIDE.search(str(cell))
        return [] if aside else [(rank, role)]
    found = []
    for word, (rank, role) in _EXACT.items():
        if len(word) > 5 and (
            folded.startswith(word + " ") or folded.endswith(" " + word)
        ):
            if role not in _ELSEWHERE or not _ELSEWHERE[role].search(folded):
                found.append((100 - len(word) + rank, role))
    return sorted(found)[:1]
