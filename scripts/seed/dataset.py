"""Who and what the demo is made of: two companies, their office, customers, trade.

Every name is invented and every e-mail domain is reserved (RFC 2606); every number
carries a valid check digit, so the demo passes the checks a real file would.
Nothing is random: the same call gives the same answer on any machine and day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

BE = "be"
FR = "fr"

# Term code -> instalments as (days after the invoice, share of the total).
PAYMENT_TERMS: dict[str, tuple[tuple[int, Decimal], ...]] = {
    "immediate": ((0, Decimal(1)),),
    "30days": ((30, Decimal(1)),),
    "2x50": ((30, Decimal("0.5")), (60, Decimal("0.5"))),
}
PAYMENTS = ("paid_on_time", "paid_late", "unpaid", "partial")
# How a payer tends to behave: weights in the order of PAYMENTS.
BEHAVIOURS: dict[str, tuple[int, int, int, int]] = {
    "prompt": (85, 10, 3, 2),
    "average": (55, 30, 9, 6),
    "slow": (15, 55, 15, 15),
    "doubtful": (5, 15, 60, 20),
}
# Six months are never shorter than 181 days; two are kept to move off a weekend.
HORIZON_DAYS = 179
CENT = Decimal("0.01")


# --- numbers ------------------------------------------------------------------


def _digits(value: int, width: int, label: str) -> str:
    text = f"{value:0{width}d}"
    if value < 0 or len(text) != width:
        raise ValueError(f"{label} must fit in {width} digits: {value}")
    return text


def _mod97_check(number: int) -> str:
    """Belgian check: the remainder by 97 on two digits, 97 standing for 0."""
    return f"{number % 97 or 97:02d}"


def _luhn_check(number: str) -> str:
    total = 0
    for position, char in enumerate(reversed(number)):
        doubled = int(char) * (2 if position % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def be_kbo_from_base(base: int) -> str:
    """Belgian enterprise number: 8 digits and 97 minus their remainder by 97."""
    number = _digits(base, 8, "enterprise base")
    if number[0] not in "01" or not base:
        raise ValueError(f"an enterprise number begins with 0 or 1: {number}")
    return f"{number}{97 - base % 97:02d}"


def be_vat_from_base(base: int) -> str:
    return "BE" + be_kbo_from_base(base)


def fr_siren_from_base(base: int) -> str:
    number = _digits(base, 8, "SIREN base")
    return number + _luhn_check(number)


def fr_siret_from_base(base: int, establishment: int = 1) -> str:
    """SIREN of `base`, four digits for the establishment, one Luhn digit for all."""
    number = fr_siren_from_base(base) + _digits(establishment, 4, "establishment")
    return number + _luhn_check(number)


def fr_vat_from_base(base: int) -> str:
    siren = fr_siren_from_base(base)
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def nl_vat_from_base(base: int) -> str:
    """Eight digits, the eleven-test digit and B01; one base in eleven has none."""
    number = _digits(base, 8, "btw base")
    check = sum((9 - i) * int(char) for i, char in enumerate(number)) % 11
    if check == 10:
        raise ValueError(f"no check digit exists for {number}")
    return f"NL{number}{check}B01"


def de_vat_from_base(base: int) -> str:
    """Eight digits, the first not 0, and an ISO 7064 mod 11,10 check digit."""
    number = _digits(base, 8, "USt-IdNr base")
    if number[0] == "0":
        raise ValueError(f"a German VAT number does not begin with 0: {number}")
    product = 10
    for char in number:
        product = 2 * ((int(char) + product) % 10 or 10) % 11
    return f"DE{number}{(11 - product) % 10}"


def lu_vat_from_base(base: int) -> str:
    return f"LU{_digits(base, 6, 'TVA base')}{base % 89:02d}"


def be_ogm(base: int) -> str:
    """Structured communication as printed: +++ddd/dddd/ddddd+++."""
    if not base:
        raise ValueError("a structured communication is never all zeros")
    number = _digits(base, 10, "OGM base") + _mod97_check(base)
    return f"+++{number[:3]}/{number[3:7]}/{number[7:]}+++"


def _iban(country: str, bban: str) -> str:
    moved = "".join(str(int(char, 36)) for char in f"{bban}{country}00")
    return f"{country}{98 - int(moved) % 97:02d}{bban}"


def iban_be(bank: str, account: int) -> str:
    bban = bank + _digits(account, 7, "account")
    return _iban("BE", bban + _mod97_check(int(bban)))


def iban_fr(bank: str, branch: str, account: int) -> str:
    """The RIB key weighs bank 89, branch 15 and account 3, modulo 97."""
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * account) % 97
    return _iban("FR", f"{bank}{branch}{_digits(account, 11, 'account')}{key:02d}")


def iban_nl(bank: str, account: int) -> str:
    return _iban("NL", bank + _digits(account, 10, "account"))


def iban_de(bank: str, account: int) -> str:
    return _iban("DE", bank + _digits(account, 10, "account"))


def iban_lu(bank: str, account: int) -> str:
    return _iban("LU", bank + _digits(account, 13, "account"))


# Country and bank code as found at the head of the BBAN -> BIC.
BICS = {
    "BE001": "GEBABEBB",
    "BE068": "GKCCBEBB",
    "BE210": "GEBABEBB",
    "BE363": "BBRUBEBB",
    "BE734": "KREDBEBB",
    "FR30004": "BNPAFRPP",
    "FR10278": "CMCIFR2A",
    "FR30003": "SOGEFRPP",
    "NLINGB": "INGBNL2A",
    "DE37040044": "COBADEFF",
    "LU001": "BCEELULL",
}
_BANK_CODE_LENGTH = {"BE": 3, "FR": 5, "NL": 4, "DE": 8, "LU": 3}


def bic_of(iban: str) -> str:
    country = iban[:2]
    return BICS[country + iban[4 : 4 + _BANK_CODE_LENGTH[country]]]


# --- model --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Party:
    """`registry` is what the country's register calls it: KBO number or SIRET."""

    key: str
    name: str
    country: str
    street: str
    zip: str
    city: str
    lang: str
    email: str
    phone: str
    vat: str | None = None
    registry: str | None = None

    @property
    def peppol_id(self) -> str | None:
        """Belgian participant id, scheme 0208; elsewhere left to the e-invoicing."""
        return (
            f"0208:{self.registry}" if self.country == "BE" and self.registry else None
        )


@dataclass(frozen=True, kw_only=True)
class User:
    """`role` is collaborator, owner or portal; the login is an e-mail address."""

    key: str
    name: str
    login: str
    lang: str
    role: str
    company: str | None = None
    customer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Company(Party):
    legal_form: str
    iban: str
    bic: str
    owner: User
    currency: str = "EUR"
    siren: str | None = None
    rcs: str | None = None
    court: str  # of the register: RPM in Belgium, RCS in France
    share_capital: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Firm(Party):
    collaborators: tuple[User, ...]


@dataclass(frozen=True, kw_only=True)
class Customer(Party):
    """`kind` is company, consumer or public; `behaviour` a key of BEHAVIOURS."""

    company: str
    kind: str
    payment_term: str
    iban: str
    bic: str
    behaviour: str
    buyer_reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Supplier(Party):
    """`products` are the only ones this supplier bills."""

    company: str
    payment_term: str
    iban: str
    bic: str
    products: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Product:
    """`type` is consu or service, `uom` unit, hour or day; VAT rates in per cent."""

    key: str
    name_fr: str
    name_en: str
    name_nl: str
    price: Decimal
    type: str
    category: str
    companies: tuple[str, ...]
    uom: str = "unit"
    sale: bool = True
    purchase: bool = False
    subscription: bool = False
    vat_be: Decimal = Decimal(21)
    vat_fr: Decimal = Decimal(20)

    def vat_rate(self, company_key: str) -> Decimal:
        return {BE: self.vat_be, FR: self.vat_fr}[company_key]


@dataclass(frozen=True)
class Line:
    """`price` is None for the product's own price."""

    product: str
    quantity: Decimal
    price: Decimal | None = None


@dataclass(frozen=True)
class Payment:
    """`share` is of the total; a document's last payment takes what rounding left."""

    date: date
    days_ago: int
    share: Decimal


@dataclass(frozen=True, kw_only=True)
class Document:
    """`due_date` is that of the last instalment, `payment` one of PAYMENTS.

    `payment` says what is true today: a payer who means to pay next week is unpaid.
    """

    sequence: int
    company: str
    date: date
    days_ago: int
    due_date: date
    payment_term: str
    lines: tuple[Line, ...]
    payment: str
    payments: tuple[Payment, ...]


@dataclass(frozen=True, kw_only=True)
class InvoiceSpec(Document):
    customer: str


@dataclass(frozen=True, kw_only=True)
class BillSpec(Document):
    """`number` is the supplier's; `payment_reference` what its bank transfer bears."""

    supplier: str
    number: str
    payment_reference: str


# --- identities from a serial -------------------------------------------------

_BE_BANKS = ("001", "363", "734", "068")
_FR_BANKS = (("30004", "00812"), ("10278", "07301"), ("30003", "03210"))
_BE_AREAS = {
    "1": "2 899",
    "2": "3 299",
    "3": "16 99",
    "4": "4 299",
    "5": "81 99",
    "6": "71 99",
    "7": "65 99",
    "8": "50 99",
    "9": "9 299",
}
# Numbers the French regulator keeps for fiction, by region.
_FR_AREAS = {"75": "1 99 00", "21": "3 53 01"}


def _phone(country: str, zip_code: str, serial: int) -> str:
    tail = f"{serial // 100:02d} {serial % 100:02d}"
    if country == "BE":
        area = _BE_AREAS[zip_code[0]]
        return f"+32 {area} {tail}"
    if country == "FR":
        return f"+33 {_FR_AREAS.get(zip_code[:2], '4 65 71')} {tail}"
    return {
        "NL": f"+31 20 555 {tail}",
        "DE": f"+49 30 23125 {serial:03d}",
        "LU": f"+352 27 99 {tail}",
    }[country]


def _account(country: str, serial: int) -> str:
    if country == "BE":
        return iban_be(_BE_BANKS[serial % 4], 1_204_000 + 4_421 * serial)
    if country == "FR":
        return iban_fr(*_FR_BANKS[serial % 3], 20_114_000 + 7_919 * serial)
    if country == "NL":
        return iban_nl("INGB", 612_000 + 4_421 * serial)
    if country == "DE":
        return iban_de("37040044", 532_000 + 4_421 * serial)
    return iban_lu("001", 940_644_000 + 4_421 * serial)


def _register(country: str, serial: int) -> tuple[str, str | None]:
    """VAT number and registry, spread out so that no two look like neighbours."""
    if country == "BE":
        base = 1_000_000 + 3_571 * serial
        return be_vat_from_base(base), be_kbo_from_base(base)
    if country == "FR":
        base = 69_000_000 + 12_379 * serial
        return fr_vat_from_base(base), fr_siret_from_base(base)
    if country == "NL":
        return nl_vat_from_base(80_000_000 + 3_571 * serial), None
    if country == "DE":
        return de_vat_from_base(29_000_000 + 3_571 * serial), None
    return lu_vat_from_base(190_000 + 357 * serial), None


def _identity(country: str, zip_code: str, serial: int) -> dict:
    vat, registry = _register(country, serial)
    return {
        "country": country,
        "zip": zip_code,
        "phone": _phone(country, zip_code, serial),
        "vat": vat,
        "registry": registry,
    }


def _bank(country: str, serial: int) -> dict:
    iban = _account(country, serial)
    return {"iban": iban, "bic": bic_of(iban)}


# --- companies and people -----------------------------------------------------

_VERGER = _identity("FR", "69005", 2)
_VERGER_SIREN = _VERGER["registry"][:9]

COMPANIES = (
    Company(
        key=BE,
        name="Atelier Lumen SRL",
        legal_form="SRL",
        court="Liège, division Namur",
        street="Rue des Verriers 27",
        city="Namur",
        lang="fr_BE",
        email="bonjour@atelier-lumen.example",
        owner=User(
            key="owner_be",
            name="Claire Dumonceau",
            login="claire@atelier-lumen.example",
            lang="fr_BE",
            role="owner",
            company=BE,
        ),
        **_identity("BE", "5000", 1),
        **_bank("BE", 1),
    ),
    Company(
        key=FR,
        name="Verger & Fils SARL",
        legal_form="SARL",
        court="Lyon",
        street="12 chemin des Mirabelliers",
        city="Lyon",
        lang="fr_FR",
        email="contact@verger-et-fils.example",
        siren=_VERGER_SIREN,
        rcs=f"RCS Lyon {_VERGER_SIREN[:3]} {_VERGER_SIREN[3:6]} {_VERGER_SIREN[6:]}",
        share_capital=Decimal("15000.00"),
        owner=User(
            key="owner_fr",
            name="Étienne Verger",
            login="etienne@verger-et-fils.example",
            lang="fr_FR",
            role="owner",
            company=FR,
        ),
        **_VERGER,
        **_bank("FR", 2),
    ),
)

FIRM = Firm(
    key="delvaux",
    name="Cabinet Delvaux",
    street="Boulevard du Midi 118",
    city="Bruxelles",
    lang="fr_BE",
    email="office@cabinet-delvaux.example",
    collaborators=(
        User(
            key="collaborator_1",
            name="Sophie Delvaux",
            login="sophie@cabinet-delvaux.example",
            lang="fr_BE",
            role="collaborator",
        ),
        User(
            key="collaborator_2",
            name="Bram Peeters",
            login="bram@cabinet-delvaux.example",
            lang="nl_BE",
            role="collaborator",
        ),
    ),
    **_identity("BE", "1000", 3),
)

PORTAL_USERS = (
    User(
        key="portal_tavelle",
        name="Luc Tavelle",
        login="luc@ferronnerie-tavelle.example",
        lang="fr_BE",
        role="portal",
        company=BE,
        customer="be_tavelle",
    ),
)

USERS = (
    *FIRM.collaborators,
    *(company.owner for company in COMPANIES),
    *PORTAL_USERS,
)


# --- customers ----------------------------------------------------------------
# The three tables below are kept one party to three lines, to be read as tables.


def _customer(
    serial: int,
    key: str,
    name: str,
    place: tuple[str, str, str, str],
    email: str,
    lang: str,
    payment_term: str,
    behaviour: str,
    **values,
) -> Customer:
    """`place` is (country, street, zip, city); `values` overrides the identity."""
    country, street, zip_code, city = place
    identity = _identity(country, zip_code, serial)
    if values.setdefault("kind", "company") == "consumer":
        identity |= {"vat": None, "registry": None}
    return Customer(
        key=key,
        company=key[:2],
        name=name,
        street=street,
        city=city,
        email=email,
        lang=lang,
        payment_term=payment_term,
        behaviour=behaviour,
        **(identity | _bank(country, serial) | values),
    )


# A French commune's SIREN is 21, its INSEE code (there is no 69999) and a check.
# fmt: off
CUSTOMERS = (
    _customer(11, "be_tavelle", "Ferronnerie Tavelle SRL",
        ("BE", "Rue des Forgerons 14", "5000", "Namur"),
        "compta@ferronnerie-tavelle.example", "fr_BE", "30days", "prompt"),
    _customer(12, "be_merelwoud", "Houtbewerking Merelwoud BV",
        ("BE", "Populierendreef 8", "9820", "Merelbeke"),
        "boekhouding@merelwoud.example", "nl_BE", "30days", "average"),
    _customer(13, "be_brunelle", "Brasserie Quai Brunelle SA",
        ("BE", "Quai des Péniches 3", "4000", "Liège"),
        "factures@quai-brunelle.example", "fr_BE", "2x50", "average"),
    _customer(14, "be_duinzilver", "Hotel Duinzilver NV",
        ("BE", "Helmgraslaan 51", "8400", "Oostende"),
        "administratie@duinzilver.example", "nl_BE", "30days", "slow"),
    _customer(15, "be_charmelivre", "Librairie Charmelivre SRL",
        ("BE", "Rue du Vieux Marché 22", "5500", "Dinant"),
        "contact@charmelivre.example", "fr_BE", "immediate", "prompt"),
    _customer(16, "be_kwintlijn", "Architectenbureau Kwintlijn BV",
        ("BE", "Lindestraat 77", "2000", "Antwerpen"),
        "facturen@kwintlijn.example", "nl_BE", "30days", "prompt"),
    _customer(17, "be_garanciere", "Clinique vétérinaire Garancière SRL",
        ("BE", "Avenue du Tilleul 9", "1400", "Nivelles"),
        "accueil@garanciere-vet.example", "fr_BE", "30days", "average"),
    _customer(18, "be_voltelune", "Salle Voltelune ASBL",
        ("BE", "Rue de la Verrerie 40", "6000", "Charleroi"),
        "tresorier@voltelune.example", "fr_BE", "30days", "doubtful"),
    _customer(19, "be_valsambre", "Commune de Valsambre",
        ("BE", "Place communale 1", "5190", "Valsambre"),
        "finances@valsambre.example", "fr_BE", "30days", "slow", kind="public",
        vat=None, buyer_reference="VALS-TRAVAUX"),
    _customer(20, "be_houtain", "Amélie Houtain",
        ("BE", "Rue des Capucines 5", "7000", "Mons"),
        "amelie.houtain@courriel.example", "fr_BE", "immediate", "average",
        kind="consumer"),
    _customer(21, "be_verlinden", "Pieter Verlinden",
        ("BE", "Kersenlaan 31", "3000", "Leuven"),
        "pieter.verlinden@post.example", "nl_BE", "immediate", "slow",
        kind="consumer"),
    _customer(22, "be_belkacem", "Nadia Belkacem",
        ("BE", "Avenue des Platanes 112", "1030", "Schaerbeek"),
        "nadia.belkacem@courriel.example", "fr_BE", "2x50", "average",
        kind="consumer"),
    _customer(23, "be_wilgenvoort", "Studio Wilgenvoort B.V.",
        ("NL", "Grachtkade 18", "3511 AA", "Utrecht"),
        "finance@wilgenvoort.example", "nl_BE", "30days", "prompt"),
    _customer(24, "be_alzenberg", "Hôtel Alzenberg S.à r.l.",
        ("LU", "7 montée du Belvédère", "L-1420", "Luxembourg"),
        "comptabilite@alzenberg.example", "fr_BE", "2x50", "average"),
    _customer(41, "fr_combelune", "Épicerie Combelune SARL",
        ("FR", "8 rue des Tisserands", "69004", "Lyon"),
        "commandes@combelune.example", "fr_FR", "30days", "prompt"),
    _customer(42, "fr_ombrelle", "Restaurant Belle Ombrelle SAS",
        ("FR", "31 quai des Platanes", "69002", "Lyon"),
        "gestion@belle-ombrelle.example", "fr_FR", "2x50", "average"),
    _customer(43, "fr_orselane", "Traiteur Orselane SAS",
        ("FR", "5 place du Grésivaudan", "38000", "Grenoble"),
        "compta@orselane.example", "fr_FR", "30days", "slow"),
    _customer(44, "fr_lauzebrune", "Gîte Lauzebrune EURL",
        ("FR", "Hameau de Lauzebrune", "07000", "Privas"),
        "bienvenue@lauzebrune.example", "fr_FR", "immediate", "prompt"),
    _customer(45, "fr_ardisson", "Résidence du Clos Ardisson SAS",
        ("FR", "64 rue de la Passementerie", "42000", "Saint-Étienne"),
        "economat@clos-ardisson.example", "fr_FR", "30days", "average"),
    _customer(46, "fr_panivert", "Halle Panivert SAS",
        ("FR", "19 passage des Maraîchers", "75011", "Paris"),
        "fournisseurs@panivert.example", "fr_FR", "30days", "prompt"),
    _customer(47, "fr_vauclairon", "Cave Vauclairon SARL",
        ("FR", "3 rue du Pressoir", "21000", "Dijon"),
        "direction@vauclairon.example", "fr_FR", "30days", "doubtful"),
    _customer(48, "fr_saintloup", "Mairie de Saint-Loup-des-Vergers",
        ("FR", "1 place de la Mairie", "69700", "Saint-Loup-des-Vergers"),
        "factures@saint-loup-des-vergers.example", "fr_FR", "30days", "slow",
        kind="public", vat=None, registry=fr_siret_from_base(21_690_999, 1),
        buyer_reference="CANTINE"),
    _customer(49, "fr_roussin", "Camille Roussin",
        ("FR", "27 rue des Glycines", "69003", "Lyon"),
        "camille.roussin@courriel.example", "fr_FR", "immediate", "average",
        kind="consumer"),
    _customer(50, "fr_marchetti", "Hugo Marchetti",
        ("FR", "14 allée du Vercors", "38100", "Grenoble"),
        "hugo.marchetti@courriel.example", "fr_FR", "immediate", "slow",
        kind="consumer"),
    _customer(51, "fr_delormel", "Inès Delormel",
        ("FR", "6 impasse du Lavoir", "01000", "Bourg-en-Bresse"),
        "ines.delormel@courriel.example", "fr_FR", "2x50", "average",
        kind="consumer"),
    _customer(52, "fr_apfelhain", "Feinkost Apfelhain GmbH",
        ("DE", "Obstgartenweg 12", "79098", "Freiburg im Breisgau"),
        "buchhaltung@apfelhain.example", "en_US", "30days", "prompt"),
    _customer(53, "fr_mosambre", "Comptoir Mosambre SA",
        ("BE", "Chaussée des Forges 88", "4500", "Huy"),
        "achats@mosambre.example", "fr_BE", "30days", "average"),
)
# fmt: on


# --- products -----------------------------------------------------------------

_FOOD = {"vat_be": Decimal(6), "vat_fr": Decimal("5.5")}
_BOTH = (BE, FR)


def _product(
    key: str,
    names: tuple[str, str, str],
    price: str,
    kind: str,
    category: str,
    companies: tuple[str, ...],
    **values,
) -> Product:
    """`names` are French, English, Dutch."""
    return Product(
        key=key,
        name_fr=names[0],
        name_en=names[1],
        name_nl=names[2],
        price=Decimal(price),
        type=kind,
        category=category,
        companies=companies,
        **values,
    )


def _purchase(
    key: str,
    names: tuple[str, str, str],
    price: str,
    kind: str,
    category: str,
    companies: tuple[str, ...],
) -> Product:
    return _product(
        key,
        names,
        price,
        kind,
        f"Achats / {category}",
        companies,
        sale=False,
        purchase=True,
    )


# fmt: off
PRODUCTS = (
    _product("lum_orme",
        ("Suspension Orme", "Orme pendant lamp", "Hanglamp Orme"),
        "289.00", "consu", "Luminaires / Suspensions", (BE,)),
    _product("lum_galet",
        ("Suspension Galet", "Galet pendant lamp", "Hanglamp Galet"),
        "349.00", "consu", "Luminaires / Suspensions", (BE,)),
    _product("lum_ardoise",
        ("Applique Ardoise", "Ardoise wall lamp", "Wandlamp Ardoise"),
        "129.50", "consu", "Luminaires / Appliques et lampadaires", (BE,)),
    _product("lum_roseau",
        ("Lampadaire Roseau", "Roseau floor lamp", "Staande lamp Roseau"),
        "415.00", "consu", "Luminaires / Appliques et lampadaires", (BE,)),
    _product("lum_ampoule",
        ("Ampoule à filament LED", "LED filament bulb", "Ledfilamentlamp"),
        "12.90", "consu", "Luminaires / Accessoires", (BE,)),
    _product("lum_cable",
        ("Câble textile (3 m)", "Textile cable (3 m)", "Textielkabel (3 m)"),
        "20.25", "consu", "Luminaires / Accessoires", (BE,)),
    _product("lum_carnet",
        ("Carnet d'atelier (livre)", "Workshop notebook (book)", "Atelierboek"),
        "24.00", "consu", "Luminaires / Accessoires", (BE,), **_FOOD),
    _product("lum_etude",
        ("Étude d'éclairage", "Lighting design", "Lichtstudie"),
        "85.00", "service", "Services / Conception", (BE,), uom="hour"),
    _product("lum_pose",
        ("Pose sur chantier", "On-site installation", "Plaatsing ter plaatse"),
        "62.50", "service", "Services / Pose et entretien", (BE,), uom="hour"),
    _product("lum_entretien",
        ("Contrat d'entretien mensuel", "Monthly maintenance contract",
         "Maandelijks onderhoudscontract"),
        "79.00", "service", "Abonnements / Entretien", (BE,), subscription=True),
    _product("livraison",
        ("Livraison", "Delivery", "Levering"),
        "18.00", "service", "Services / Transport", _BOTH),
    _product("ver_pommes",
        ("Pommes, caisse de 10 kg", "Apples, 10 kg crate", "Appels, krat van 10 kg"),
        "24.50", "consu", "Verger / Fruits", (FR,), **_FOOD),
    _product("ver_poires",
        ("Poires, caisse de 10 kg", "Pears, 10 kg crate", "Peren, krat van 10 kg"),
        "28.00", "consu", "Verger / Fruits", (FR,), **_FOOD),
    _product("ver_jus",
        ("Jus de pomme, carton de 6", "Apple juice, case of 6", "Appelsap, doos van 6"),
        "19.80", "consu", "Verger / Jus et confitures", (FR,), **_FOOD),
    _product("ver_confiture",
        ("Confiture de mirabelles, carton de 12", "Mirabelle plum jam, case of 12",
         "Mirabellenconfituur, doos van 12"),
        "46.80", "consu", "Verger / Jus et confitures", (FR,), **_FOOD),
    _product("ver_cidre",
        ("Cidre brut, carton de 6", "Dry cider, case of 6", "Droge cider, doos van 6"),
        "31.20", "consu", "Verger / Cidres et coffrets", (FR,)),
    _product("ver_coffret",
        ("Coffret découverte", "Discovery gift box", "Ontdekkingspakket"),
        "39.00", "consu", "Verger / Cidres et coffrets", (FR,)),
    _product("ver_taille",
        ("Taille d'arbres fruitiers", "Fruit tree pruning", "Snoei van fruitbomen"),
        "48.00", "service", "Services / Taille et plantation", (FR,), uom="hour"),
    _product("ver_plantation",
        ("Plantation d'une haie fruitière", "Planting of a fruit hedge",
         "Aanplanting van een fruithaag"),
        "380.00", "service", "Services / Taille et plantation", (FR,), uom="day"),
    _product("ver_degustation",
        ("Dégustation au verger", "Orchard tasting", "Proeverij in de boomgaard"),
        "14.00", "service", "Services / Accueil", (FR,), vat_be=Decimal(12),
        vat_fr=Decimal(10)),
    _product("ver_panier",
        ("Panier de saison (par mois)", "Seasonal basket (monthly)",
         "Seizoensmand (per maand)"),
        "68.00", "consu", "Abonnements / Paniers", (FR,), subscription=True, **_FOOD),
    _purchase("ach_laiton",
        ("Barres de laiton", "Brass rods", "Messingstaven"),
        "14.60", "consu", "Matières", (BE,)),
    _purchase("ach_verre",
        ("Globes en verre soufflé", "Blown glass globes", "Bollen in geblazen glas"),
        "38.00", "consu", "Matières", (BE,)),
    _purchase("ach_douilles",
        ("Douilles E27", "E27 lamp holders", "E27-fittingen"),
        "3.15", "consu", "Matières", (BE,)),
    _purchase("ach_bouteilles",
        ("Bouteilles 75 cl, palette", "75 cl bottles, pallet", "Flessen 75 cl, pallet"),
        "412.00", "consu", "Matières", (FR,)),
    _purchase("ach_plants",
        ("Jeunes plants de pommier", "Young apple trees", "Jonge appelbomen"),
        "11.80", "consu", "Matières", (FR,)),
    _purchase("ach_caisses",
        ("Caisses en bois", "Wooden crates", "Houten kratten"),
        "4.90", "consu", "Matières", (FR,)),
    _purchase("ach_carburant",
        ("Gazole, 100 litres", "Diesel fuel, 100 litres", "Diesel, 100 liter"),
        "138.00", "consu", "Frais généraux", (FR,)),
    _purchase("ach_electricite",
        ("Électricité", "Electricity", "Elektriciteit"),
        "186.40", "service", "Frais généraux", _BOTH),
    _purchase("ach_telecom",
        ("Téléphone et internet", "Telephone and internet", "Telefoon en internet"),
        "64.90", "service", "Frais généraux", _BOTH),
    _purchase("ach_bureau",
        ("Fournitures de bureau", "Office supplies", "Kantoorbenodigdheden"),
        "23.70", "consu", "Frais généraux", _BOTH),
)
# fmt: on


# --- suppliers ----------------------------------------------------------------


def _supplier(
    serial: int,
    key: str,
    name: str,
    place: tuple[str, str, str, str],
    email: str,
    lang: str,
    payment_term: str,
    products: tuple[str, ...],
) -> Supplier:
    country, street, zip_code, city = place
    return Supplier(
        key=key,
        company=key[:2],
        name=name,
        street=street,
        city=city,
        email=email,
        lang=lang,
        payment_term=payment_term,
        products=products,
        **_identity(country, zip_code, serial),
        **_bank(country, serial),
    )


# fmt: off
SUPPLIERS = (
    _supplier(71, "be_laitonval", "Fonderie Laitonval SA",
        ("BE", "Rue du Haut Fourneau 6", "6200", "Châtelet"),
        "ventes@laitonval.example", "fr_BE", "30days", ("ach_laiton",)),
    _supplier(72, "be_helderbron", "Glasblazerij Helderbron BV",
        ("BE", "Zandstraat 19", "3920", "Lommel"),
        "verkoop@helderbron.example", "nl_BE", "30days", ("ach_verre",)),
    _supplier(73, "be_samblon", "Énergie Samblon SA",
        ("BE", "Avenue de la Dynamo 200", "1070", "Anderlecht"),
        "clients@samblon-energie.example", "fr_BE", "immediate",
        ("ach_electricite",)),
    _supplier(74, "be_ardelle", "Télécom Ardelle SRL",
        ("BE", "Rue des Antennes 4", "4020", "Liège"),
        "facturation@ardelle.example", "fr_BE", "immediate",
        ("ach_telecom", "ach_bureau")),
    _supplier(75, "be_lampenhain", "Lampenhain GmbH",
        ("DE", "Glühweg 33", "50667", "Köln"),
        "verkauf@lampenhain.example", "en_US", "30days", ("ach_douilles",)),
    _supplier(81, "fr_bouteillane", "Verrerie Bouteillane SAS",
        ("FR", "140 route des Fours", "42100", "Saint-Étienne"),
        "ventes@bouteillane.example", "fr_FR", "30days", ("ach_bouteilles",)),
    _supplier(82, "fr_rocheval", "Pépinières Rocheval SARL",
        ("FR", "Lieu-dit Les Greffons", "26000", "Valence"),
        "bonjour@rocheval.example", "fr_FR", "2x50", ("ach_plants",)),
    _supplier(83, "fr_sauvinel", "Énergies Sauvinel SAS",
        ("FR", "77 avenue du Barrage", "38200", "Vienne"),
        "clients@sauvinel.example", "fr_FR", "immediate",
        ("ach_carburant", "ach_electricite")),
    _supplier(84, "fr_lignelle", "Bureau Lignelle SARL",
        ("FR", "10 rue du Buvard", "69007", "Lyon"),
        "facturation@lignelle.example", "fr_FR", "30days",
        ("ach_bureau", "ach_telecom")),
    _supplier(85, "fr_krattenhof", "Krattenhof B.V.",
        ("NL", "Fruitkade 5", "4001 AB", "Tiel"),
        "sales@krattenhof.example", "en_US", "30days", ("ach_caisses",)),
)
# fmt: on


# --- look-ups -----------------------------------------------------------------

_COMPANY_BY_KEY = {item.key: item for item in COMPANIES}
_CUSTOMER_BY_KEY = {item.key: item for item in CUSTOMERS}
_SUPPLIER_BY_KEY = {item.key: item for item in SUPPLIERS}
_PRODUCT_BY_KEY = {item.key: item for item in PRODUCTS}


def company(key: str) -> Company:
    return _COMPANY_BY_KEY[key]


def customer(key: str) -> Customer:
    return _CUSTOMER_BY_KEY[key]


def supplier(key: str) -> Supplier:
    return _SUPPLIER_BY_KEY[key]


def product(key: str) -> Product:
    return _PRODUCT_BY_KEY[key]


def customers_of(company_key: str) -> tuple[Customer, ...]:
    return tuple(item for item in CUSTOMERS if item.company == company(company_key).key)


def suppliers_of(company_key: str) -> tuple[Supplier, ...]:
    return tuple(item for item in SUPPLIERS if item.company == company(company_key).key)


def sold_by(company_key: str) -> tuple[Product, ...]:
    key = company(company_key).key
    return tuple(item for item in PRODUCTS if item.sale and key in item.companies)


# --- more of the same ---------------------------------------------------------

EXTRA_LIMIT = 400_000
_TRADES = ("Menuiserie", "Garage", "Boulangerie", "Imprimerie", "Atelier", "Jardins")
_FIRST_NAMES = ("Alix", "Basile", "Coline", "Damien", "Éloïse", "Fanny", "Gaspard")
_FAMILIES = ("Corvelle", "Dansaert", "Fauvillon", "Lambrecq", "Mirandel")
_EXTRA_PLACES = {
    BE: (("5000", "Namur"), ("4000", "Liège"), ("9000", "Gent"), ("2000", "Antwerpen")),
    FR: (("69001", "Lyon"), ("38000", "Grenoble"), ("75012", "Paris")),
}


def extra_customers(
    n: int, *, company_key: str | None = None, start: int = 0
) -> Iterator[Customer]:
    """`n` more customers, the same for the same `start`, of one company or of both.

    Their numbers come from ranges of their own and never meet those of CUSTOMERS;
    the ranges end at EXTRA_LIMIT. One in four is a consumer.
    """
    if n < 0 or start < 0 or start + n > EXTRA_LIMIT:
        raise ValueError(f"extra customers are numbered 0 to {EXTRA_LIMIT - 1}")
    keys = (BE, FR) if company_key is None else (company(company_key).key,)
    for index in range(start, start + n):
        yield _extra_customer(index, keys[index % len(keys)])


def _extra_customer(index: int, company_key: str) -> Customer:
    rank = index // 2
    family = _FAMILIES[rank % len(_FAMILIES)]
    consumer = rank % 4 == 3
    zip_code, city = _pick_by(rank, _EXTRA_PLACES[company_key])
    if company_key == BE:
        base = 1_500_000 + index
        vat, registry = be_vat_from_base(base), be_kbo_from_base(base)
        iban = iban_be("210", 1 + index)
        suffix = "SRL"
    else:
        base = 68_000_000 + index
        vat, registry = fr_vat_from_base(base), fr_siret_from_base(base)
        iban = iban_fr("30004", "09999", 1 + index)
        suffix = "SARL"
    first = _pick_by(rank, _FIRST_NAMES) if consumer else _pick_by(rank, _TRADES)
    return Customer(
        key=f"{company_key}_extra_{index:06d}",
        company=company_key,
        name=f"{first} {family} {index:06d}" + ("" if consumer else f" {suffix}"),
        kind="consumer" if consumer else "company",
        country=company_key.upper(),
        vat=None if consumer else vat,
        registry=None if consumer else registry,
        street=f"{1 + index % 180} rue des Exemples",
        zip=zip_code,
        city=city,
        lang=_extra_lang(company_key, zip_code),
        email=f"facturation@client-{company_key}-{index:06d}.example",
        phone=_phone(company_key.upper(), zip_code, index % 10_000),
        payment_term=_pick_by(rank, ("30days", "30days", "immediate", "2x50")),
        iban=iban,
        bic=bic_of(iban),
        behaviour=_pick_by(index // 3, tuple(BEHAVIOURS)),
    )


def _extra_lang(company_key: str, zip_code: str) -> str:
    if company_key == FR:
        return "fr_FR"
    return "nl_BE" if zip_code[0] in "29" else "fr_BE"


def _pick_by(index: int, choices: Sequence):
    return choices[index % len(choices)]


# --- six months of trade ------------------------------------------------------


def invoice_plan(
    company_key: str,
    n: int = 40,
    *,
    today: date,
    customers: Iterable[Customer] | None = None,
) -> Iterator[InvoiceSpec]:
    """`n` invoices, oldest first, spread evenly over the six months before `today`.

    Every customer is served once before anyone is served twice.
    """
    if customers is None:
        customers = customers_of(company_key)
    rng = Random(f"invoices:{company_key}")
    goods = sold_by(company_key)
    rounds = _rounds(rng, tuple(customers))
    for sequence, day in _days(n, today):
        buyer = next(rounds)
        terms = _settle(rng, buyer.behaviour, buyer.payment_term, day, today)
        yield InvoiceSpec(
            sequence=sequence,
            company=company_key,
            customer=buyer.key,
            lines=_lines(rng, goods, 1 + _below(rng, 4)),
            **terms,
        )


def bill_plan(
    company_key: str,
    n: int = 20,
    *,
    today: date,
    suppliers: Iterable[Supplier] | None = None,
) -> Iterator[BillSpec]:
    """`n` vendor bills, oldest first, over the same six months."""
    if suppliers is None:
        suppliers = suppliers_of(company_key)
    rng = Random(f"bills:{company_key}")
    rounds = _rounds(rng, tuple(suppliers))
    for sequence, day in _days(n, today):
        seller = next(rounds)
        number = f"{seller.key[3:6].upper()}-{day.year}-{sequence:05d}"
        ogm = be_ogm(int(seller.iban[-4:]) * 1_000_000 + sequence)
        terms = _settle(rng, "average", seller.payment_term, day, today)
        goods = tuple(product(key) for key in seller.products)
        yield BillSpec(
            sequence=sequence,
            company=company_key,
            supplier=seller.key,
            number=number,
            payment_reference=ogm if seller.country == "BE" else number,
            lines=_lines(rng, goods, 1 + _below(rng, len(goods))),
            **terms,
        )


def _below(rng: Random, limit: int) -> int:
    """Only `random()` is promised to stay the same from one Python to the next."""
    return int(rng.random() * limit)


def _rounds(rng: Random, items: tuple) -> Iterator:
    """Endless rounds over `items`, each in an order of its own."""
    if not items:
        raise ValueError("a plan needs at least one party")
    while True:
        pool = list(items)
        while pool:
            yield pool.pop(_below(rng, len(pool)))


def _days(n: int, today: date) -> Iterator[tuple[int, date]]:
    """Sequence and day of each document: never a weekend, never before the last."""
    if n < 0:
        raise ValueError("a plan has no negative length")
    span = HORIZON_DAYS - 1
    for index in range(n):
        age = HORIZON_DAYS - span * index // max(n - 1, 1)
        yield index + 1, _working_day(today - timedelta(days=age))


def _working_day(day: date) -> date:
    return day - timedelta(days=max(0, day.weekday() - 4))


def _lines(rng: Random, goods: Sequence[Product], count: int) -> tuple[Line, ...]:
    pool = list(goods)
    lines = []
    for _index in range(count):
        item = pool.pop(_below(rng, len(pool)))
        lines.append(Line(item.key, _quantity(rng, item), _override(rng, item)))
    return tuple(lines)


def _quantity(rng: Random, item: Product) -> Decimal:
    if item.uom == "hour":
        return Decimal(2 + _below(rng, 15)) / 2
    if item.uom == "day":
        return Decimal(1 + _below(rng, 4)) / 2
    most = 1 if item.type == "service" else 12 if item.price < 100 else 4
    return Decimal(1 + _below(rng, most))


def _override(rng: Random, item: Product) -> Decimal | None:
    """One line in seven has a negotiated price, 5 to 15 % under the list."""
    if _below(rng, 7):
        return None
    factor = Decimal(95 - 5 * _below(rng, 3)) / 100
    return (item.price * factor).quantize(CENT, ROUND_HALF_UP)


def _settle(rng: Random, behaviour: str, term: str, day: date, today: date) -> dict:
    """When the document falls due and what has reached the bank by `today`."""
    intent = _intent(rng, behaviour)
    instalments = [
        (day + timedelta(days=days), share) for days, share in PAYMENT_TERMS[term]
    ]
    planned = [
        (_working_day(max(day, when)), share)
        for when, share in _planned(rng, intent, instalments)
    ]
    payments = tuple(
        Payment(when, (today - when).days, share)
        for when, share in sorted(planned)
        if when <= today
    )
    paid = sum(payment.share for payment in payments)
    if paid == 1:
        outcome = intent
    else:
        outcome = "partial" if payments else "unpaid"
    return {
        "date": day,
        "days_ago": (today - day).days,
        "due_date": instalments[-1][0],
        "payment_term": term,
        "payment": outcome,
        "payments": payments,
    }


def _intent(rng: Random, behaviour: str) -> str:
    weights = BEHAVIOURS[behaviour]
    drawn = _below(rng, sum(weights))
    for payment, weight in zip(PAYMENTS, weights, strict=True):
        drawn -= weight
        if drawn < 0:
            return payment
    raise AssertionError("weights are exhausted")


def _planned(
    rng: Random, intent: str, instalments: list[tuple[date, Decimal]]
) -> Iterator[tuple[date, Decimal]]:
    """A late payer is at least three days late, so a weekend does not save him."""
    if intent == "unpaid":
        return
    if intent == "partial":
        due, share = instalments[0]
        half = share / 2 if len(instalments) == 1 else share
        yield due + timedelta(days=_below(rng, 15) - 4), half
        return
    for due, share in instalments:
        delay = 3 + _below(rng, 38) if intent == "paid_late" else -_below(rng, 5)
        yield due + timedelta(days=delay), share
