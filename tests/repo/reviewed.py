"""Exceptions to the conventions, each with the reason somebody accepted.

An entry that no longer excuses anything makes its check fail: remove it then.
"""

# own persistent model -> why its ACL lines leave the group "user" out
ACL_WITHOUT_USER: dict[str, str] = {}

# own persistent model -> why no global rule of its own cuts it by company
NO_COMPANY_RULE: dict[str, str] = {
    "facturex.bulk.act": "a person's own act over several companies: cut by its author",
    "facturex.bulk.act.line": "a person's own act: each line checks its company",
    "facturex.capability": "a catalogue that the code knows, the same everywhere",
    "facturex.dossier.creation": "the companies do not exist yet: cut by firm",
    "facturex.dossier.creation.line": "the company does not exist yet: cut by firm",
    "facturex.dossier.tag": "words of a firm, cut by firm: they stand above companies",
    "facturex.plan": "what the service sells, the same for every company",
}

# (file, start of the path after its first slash) -> why a machine's path stands there
MACHINE_PATHS: dict[tuple[str, str], str] = {
    ("scripts/postgres.sh", "tmp/facturex-"): (
        "the socket of the private PostgreSQL: its path is limited to 100 characters"
    ),
}

# (add-on, msgid) -> why fr_BE.po need not say it otherwise than fr.po
SAME_IN_BELGIUM: dict[tuple[str, str], str] = {}
